//! `countersign sessions`: what happened on connections.

mod replay;

use anyhow::Context as _;
use countersign_approval::{RequestId, Timestamp};
use countersign_gateway::{
    ConnectionName, SessionId,
    wire::api::{List, SessionView},
};

use super::Context;
use crate::{
    exit, output,
    remote::{Api, ServerOptions, server_of},
};

/// Options of `countersign sessions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  countersign sessions list --connection bash
  countersign sessions show 0190…
  countersign sessions replay 0190… --speed 4
  countersign sessions replay 0190… --raw > session.cast
")]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List sessions, newest first.
    List {
        /// Of one person.
        #[arg(long, value_name = "EMAIL")]
        person: Option<String>,
        /// On one connection.
        #[arg(long)]
        connection: Option<ConnectionName>,
        /// Of one request.
        #[arg(long, value_name = "ID")]
        request: Option<RequestId>,
        /// Those that run now.
        #[arg(long)]
        open: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one session.
    Show {
        /// Its id.
        id: SessionId,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Play a recording.
    Replay(replay::Options),
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let api = Api::of(&server_of(context, &self.server)?)?;
        super::runtime()?.block_on(async {
            match self.verb {
                Verb::List { person, connection, request, open, limit, json } => {
                    let mut query = vec![("limit", limit.to_string())];
                    query.extend(person.map(|person| ("person", person)));
                    query.extend(connection.map(|name| ("connection", name.to_string())));
                    query.extend(request.map(|id| ("request", id.to_string())));
                    query.extend(open.then(|| ("open", "true".to_owned())));
                    list(&api, &query, json).await
                }
                Verb::Show { id, json } => show(&api, id, json).await,
                Verb::Replay(options) => options.run(&api).await,
            }
        })?;
        Ok(exit::OK)
    }
}

async fn list(api: &Api, query: &[(&str, String)], json: bool) -> anyhow::Result<()> {
    let sessions: List<SessionView> = api.find(&["sessions"], query).await?;
    if json {
        output::json(&serde_json::to_value(&sessions.items).context("could not write JSON")?);
        return Ok(());
    }
    if sessions.items.is_empty() {
        output::say("No session fits. One appears here with each `countersign exec` and `connect`.");
        return Ok(());
    }
    let row = |view: &SessionView| {
        let session = &view.session;
        vec![
            session.id.to_string(),
            session.connection.to_string(),
            session.verb.as_str().to_owned(),
            session.person.to_string(),
            when(session.opened_at),
            view.status.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = sessions.items.iter().map(row).collect();
    output::table(&["ID", "CONNECTION", "VERB", "PERSON", "OPENED", "STATUS"], &rows);
    Ok(())
}

async fn show(api: &Api, id: SessionId, json: bool) -> anyhow::Result<()> {
    let view: SessionView = api.get(&["sessions", &id.to_string()]).await?;
    if json {
        output::json(&serde_json::to_value(&view).context("could not write JSON")?);
        return Ok(());
    }
    let session = &view.session;
    let request = session.request.map_or_else(|| "none: no review applied".to_owned(), |id| id.to_string());
    let lines = [
        ("Session", session.id.to_string()),
        ("Request", request),
        ("Connection", format!("{} (revision {})", session.connection, session.revision)),
        ("Agent", session.agent.to_string()),
        ("Person", session.person.to_string()),
        ("Command", session.command.join(" ")),
        ("Opened", when(session.opened_at)),
        ("Ended", view.ended_at.map(when).unwrap_or_default()),
        ("Status", view.status.clone()),
        ("Recording", session.recording.clone().unwrap_or_else(|| "none".to_owned())),
    ];
    for (label, text) in lines {
        output::data(&format!("{label:<12}{text}"));
    }
    Ok(())
}

/// A time as people and programs read it alike.
fn when(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_secs()).map(|at| at.to_string()).unwrap_or_default()
}
