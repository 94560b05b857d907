//! What an agent and a client say, word for word.

use countersign_approval::{Entropy as _, RequestKey};
use countersign_gateway::{
    SessionId,
    wire::{
        CONTROL_PATH, DATA_PATH, RUN_PATH,
        control::{FromAgent, Start, ToAgent, WindowSize},
        frame::Channel,
        run::{FromClient, FromServer, Open, Refusal, Terminal, WantedInput, WantedVerb},
    },
};
use tokio_tungstenite::tungstenite::Bytes;

use super::node::{End, Node};
use crate::fixture::SystemEntropy;

/// An agent's control connection.
pub(super) struct ScriptedAgent(pub(super) End);

impl ScriptedAgent {
    pub(super) async fn join(node: &Node) -> Self {
        Self::join_as(node, "agent-token", "one").await
    }

    pub(super) async fn join_as(node: &Node, token: &str, instance: &str) -> Self {
        let mut end = node.dial(CONTROL_PATH, token).await.unwrap();
        end.say(&FromAgent::Hello { version: "0.0.0".into(), instance: instance.into(), running: vec![] }).await;
        let ToAgent::Welcome { nodes, .. } = end.heard().await else { panic!("no welcome") };
        assert_eq!(nodes, std::slice::from_ref(&node.url));
        Self(end)
    }

    /// The next message that is no greeting.
    pub(super) async fn told(&mut self) -> ToAgent {
        loop {
            match self.0.heard().await {
                ToAgent::Welcome { .. } => {}
                other => return other,
            }
        }
    }

    pub(super) async fn start(&mut self) -> Start {
        match self.told().await {
            ToAgent::Start(start) => *start,
            other => panic!("{other:?} where a start is due"),
        }
    }

    /// Dials the data connection and says that it runs.
    pub(super) async fn run(&mut self, node: &Node, start: &Start) -> End {
        let data = node.dial(DATA_PATH, &start.ticket).await.unwrap();
        self.0.say(&FromAgent::Started { session: start.session }).await;
        data
    }
}

/// Opens a session as somebody.
pub(super) async fn open(node: &Node, name: &str, connection: &str, verb: WantedVerb) -> End {
    open_with(node, name, open_message(connection, verb)).await
}

pub(super) async fn open_with(node: &Node, name: &str, open: Open) -> End {
    let mut client = node.dial(RUN_PATH, &format!("token-of-{name}")).await.unwrap();
    client.say(&FromClient::Open(open)).await;
    client
}

pub(super) fn open_message(connection: &str, verb: WantedVerb) -> Open {
    Open { key: fresh_key(), connection: connection.parse().unwrap(), verb, reason: None, break_glass: false }
}

pub(super) fn fresh_key() -> RequestKey {
    RequestKey::generate(&SystemEntropy)
}

pub(super) fn exec(args: &[&str], input: WantedInput) -> WantedVerb {
    WantedVerb::Exec { args: args.iter().map(|&arg| arg.to_owned()).collect(), input }
}

pub(super) fn connect() -> WantedVerb {
    let terminal = Terminal { term: "xterm".into(), size: WindowSize { rows: 24, cols: 80 } };
    WantedVerb::Connect { args: vec![], duration_s: Some(1800), terminal: Some(terminal) }
}

pub(super) async fn started(client: &mut End) -> (SessionId, bool) {
    match client.heard().await {
        FromServer::Started { session, stdin, .. } => (session, stdin),
        other => panic!("{other:?} where it is to start"),
    }
}

pub(super) async fn refused(client: &mut End) -> Refusal {
    match client.heard().await {
        FromServer::Refused(refusal) => refusal,
        other => panic!("{other:?} where it is to be refused"),
    }
}

/// The end that the client is told, past whatever output there is.
pub(super) async fn ended(client: &mut End) -> countersign_gateway::SessionEnd {
    loop {
        if let Some(tokio_tungstenite::tungstenite::Message::Text(text)) = client.next().await {
            match serde_json::from_str(&text).unwrap() {
                FromServer::Ended { end, .. } => return end,
                other => panic!("{other:?} where it is to end"),
            }
        }
    }
}

pub(super) fn exited(code: u8) -> Bytes {
    Channel::Status.frame(format!(r#"{{"how":"exited","code":{code}}}"#).as_bytes())
}

/// Sixteen bytes that are in nobody's store.
pub(super) fn guess() -> String {
    countersign_approval::to_hex(&[SystemEntropy.bytes16(), SystemEntropy.bytes16()].concat())
}
