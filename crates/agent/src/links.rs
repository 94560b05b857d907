//! A control connection for every live node.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    address::NodeUrl,
    agent::Shared,
    link::{self, Link, Notice},
};

/// Most nodes that an agent connects to; a longer list is a mistake.
const MOST_NODES: usize = 64;

/// The links there are, by address.
pub(crate) struct Links {
    core: Shared,
    notices: mpsc::Sender<Notice>,
    open: HashMap<NodeUrl, (Arc<Link>, CancellationToken)>,
}

impl Links {
    pub(crate) fn new(core: Shared, notices: mpsc::Sender<Notice>) -> Self {
        Self { core, notices, open: HashMap::new() }
    }

    /// Connects to the address that the agent was given, unless there is a connection to some node.
    pub(crate) fn ensure_one(&mut self) {
        if !self.open.values().any(|(link, _)| link.is_up()) {
            self.add(self.core.config().server.clone());
        }
    }

    /// Makes the links those that the server names. Addresses that may not be dialled are left out, aloud.
    pub(crate) fn become_those(&mut self, welcomed_by: &NodeUrl, nodes: &[String]) {
        let plaintext = self.core.config().plaintext;
        let mut wanted: Vec<NodeUrl> = Vec::new();
        for text in nodes.iter().take(MOST_NODES) {
            match NodeUrl::parse(text, plaintext) {
                Ok(node) if wanted.contains(&node) => {}
                Ok(node) => wanted.push(node),
                Err(error) => tracing::error!(error = %error, "the server names a node that is not dialled: {error}"),
            }
        }
        if wanted.is_empty() {
            wanted.push(welcomed_by.clone());
        }
        // First those that go: the node behind two addresses is not to see the agent twice. A connection that is up to another
        // node stays: that node lives, whatever this one has heard.
        self.open.retain(|node, (link, cancel)| {
            let stays = wanted.contains(node) || (node != welcomed_by && link.is_up());
            if !stays {
                tracing::info!(%node, "the control connection to {node} is closed: the server names other nodes");
                cancel.cancel();
            }
            stays
        });
        for node in wanted {
            self.add(node);
        }
    }

    fn add(&mut self, node: NodeUrl) {
        if self.open.contains_key(&node) {
            return;
        }
        let link = Arc::new(Link::new(node.clone()));
        let cancel = CancellationToken::new();
        self.open.insert(node, (Arc::clone(&link), cancel.clone()));
        let keeping = link::keep(Arc::clone(&self.core), link, self.notices.clone(), cancel);
        self.core.link_tasks().spawn(keeping);
    }

    /// Closes every link, after what waits was sent.
    pub(crate) fn close(&mut self) {
        self.open.drain().for_each(|(_, (_, cancel))| cancel.cancel());
    }
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.open.keys()).finish()
    }
}
