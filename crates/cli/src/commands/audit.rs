//! `countersign audit`.

use std::path::PathBuf;

use anyhow::Context as _;
use countersign_approval::{
    Hints, Store,
    audit::{Link, SignedHead, Verifier, head_message},
};
use countersign_server::signature_holds;
use countersign_store::{Database, Location};
use serde_json::json;

use super::{Context, personal, personal::Credentials};
use crate::{daemon, exit, output, output::Hinted};

/// Rows read at once.
const PAGE: u32 = 1000;

/// Heads that are checked; older ones are covered by the chain up to them.
const HEADS: u32 = 100_000;

/// Options of `countersign audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Prove that no row was changed, removed or added.
    Verify(VerifyOptions),
}

/// Options of `countersign audit verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every row is checked against the one before it, and every signed head against
the chain. Whoever can write the database and the key can make a new chain: keep
a head elsewhere, and give it as --anchor, to notice that too.

Examples:
  countersign audit verify
  countersign audit verify --json
  countersign audit verify --anchor 1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
")]
struct VerifyOptions {
    /// The database; by default that of this configuration's daemon. A server's is the file `countersign.db` in its data
    /// directory, or its postgres:// address.
    #[arg(long, value_name = "FILE|URL")]
    database: Option<String>,

    /// A head that was kept elsewhere: SEQUENCE:LINK. Repeat it for several.
    #[arg(long, value_name = "SEQ:LINK")]
    anchor: Vec<String>,

    /// Accept only heads signed by this key (its public half, hex). Repeat it for several.
    #[arg(long, value_name = "HEX")]
    key: Vec<String>,

    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What was proven.
struct Proof {
    rows: u64,
    head: Option<(u64, Link)>,
    heads: usize,
    keys: Vec<String>,
    unchained: u64,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        match self.verb {
            Verb::Verify(options) => options.run(context),
        }
    }
}

impl VerifyOptions {
    fn run(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        let location = match &self.database {
            Some(database) => database.parse()?,
            None => Location::Sqlite(own_database(context)?),
        };
        if let Location::Sqlite(path) = &location
            && !path.is_file()
        {
            let error = Hinted::new(format!("there is no database {}", path.display()))
                .hint("it is made with the first request; `countersign demo` makes one in a temporary place");
            return Err(error.into());
        }
        let anchors = self.anchor.iter().map(|anchor| parse_anchor(anchor)).collect::<Result<Vec<_>, _>>()?;
        let proof = super::runtime()?.block_on(async {
            let store = Database::open(location, Hints::default()).await.context("could not open the database")?;
            let proof = verify(&store, anchors, &self.key).await;
            Store::close(&store).await;
            proof
        })?;
        self.report(&proof);
        Ok(exit::OK)
    }

    fn report(&self, proof: &Proof) {
        let head = proof.head.map(|(seq, link)| format!("{seq}:{link}"));
        if self.json {
            output::json(&json!({
                "ok": true,
                "rows": proof.rows,
                "head": head,
                "signed_heads": proof.heads,
                "keys": proof.keys,
                "unchained": proof.unchained,
            }));
            return;
        }
        output::data(&format!("{} rows, each linked to the one before it: nothing was changed.", proof.rows));
        output::data(&format!("{} signed heads hold, by the keys: {}", proof.heads, proof.keys.join(", ")));
        if proof.unchained > 0 {
            output::data(&format!("{} newer rows are not linked yet, and so not proven.", proof.unchained));
        }
        if let Some(head) = head {
            output::data(&format!("Head, to be kept elsewhere as an anchor: {head}"));
        }
    }
}

/// The database of this configuration's daemon.
pub(super) fn own_database(context: &Context<'_>) -> anyhow::Result<PathBuf> {
    let config = context.load()?.config;
    let credentials = Credentials::of(&config, None, None)?;
    let client = personal::client(context, &config, &credentials)?;
    Ok(daemon::store_path(&client.spec.state_dir, &client.spec))
}

fn parse_anchor(anchor: &str) -> anyhow::Result<(u64, Link)> {
    let parsed = anchor.split_once(':').and_then(|(seq, link)| Some((seq.parse().ok()?, link.parse().ok()?)));
    parsed.with_context(|| format!("{anchor:?} is not an anchor: SEQUENCE:LINK, the link 64 hex digits"))
}

async fn verify(store: &dyn Store, anchors: Vec<(u64, Link)>, keys: &[String]) -> anyhow::Result<Proof> {
    // The heads are read first: rows may be added meanwhile, and a head must not be newer than the rows read.
    let heads = store.heads(HEADS).await?;
    let signers = check_signatures(&heads, keys)?;
    let expected = heads.iter().map(|head| (head.seq, head.link)).chain(anchors).collect();
    let mut verifier = Verifier::expecting(expected);
    let (mut after, mut rows) = (0, 0);
    loop {
        let page = store.chain_page(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in &page {
            verifier.push(row).context("the audit trail does not hold")?;
            rows += 1;
        }
    }
    let head = verifier.finish().context("the audit trail does not hold")?;
    Ok(Proof { rows, head, heads: heads.len(), keys: signers, unchained: store.unchained().await? })
}

/// Checks every signature; answers the keys that signed.
fn check_signatures(heads: &[SignedHead], keys: &[String]) -> anyhow::Result<Vec<String>> {
    let mut signers: Vec<String> = Vec::new();
    for head in heads {
        let message = head_message(head.seq, head.link, head.at);
        anyhow::ensure!(
            signature_holds(&head.key, &message, &head.signature),
            "the audit trail does not hold: the signature of head {} is not its key's",
            head.seq
        );
        anyhow::ensure!(
            keys.is_empty() || keys.contains(&head.key),
            "the audit trail does not hold: head {} was signed by {}, which is none of the keys given",
            head.seq,
            head.key
        );
        if !signers.contains(&head.key) {
            signers.push(head.key.clone());
        }
    }
    Ok(signers)
}
