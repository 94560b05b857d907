//! Requests on a server that one is signed in to.

use anyhow::Context as _;
use countersign_approval::RequestId;
use countersign_gateway::{
    client::Server,
    wire::api::{List, RequestLine, RequestView, Words},
};

use super::Verb;
use crate::{exit, output, output::Hinted, remote::Api};

/// Requests that are listed.
const LISTED: u32 = 200;

pub(super) fn run(server: &Server, verb: Verb) -> anyhow::Result<u8> {
    let api = Api::of(server)?;
    crate::commands::runtime()?.block_on(async {
        match verb {
            Verb::List { all, json } => list(&api, all, json).await,
            Verb::Show { id, json } => {
                let view: RequestView = api.get(&["requests", &whole(&api, &id).await?]).await?;
                if json {
                    output::json(&serde_json::to_value(&view).context("could not write JSON")?);
                } else {
                    show(&view);
                }
                Ok(())
            }
            Verb::Approve { id, reason, digest } => act(&api, &id, "approve", Words { reason, digest }).await,
            Verb::Deny { id, reason } => act(&api, &id, "deny", Words { reason, digest: None }).await,
            Verb::Cancel { id } => act(&api, &id, "cancel", Words::default()).await,
            Verb::Revoke { id, reason } => act(&api, &id, "revoke", Words { reason, digest: None }).await,
        }
    })?;
    Ok(exit::OK)
}

async fn act(api: &Api, id: &str, verb: &str, words: Words) -> anyhow::Result<()> {
    let id = whole(api, id).await?;
    let view: RequestView = api.post(&["requests", &id, verb], &words).await?;
    let line = &view.line;
    let missing = if line.missing.is_empty() || line.state != "pending" {
        String::new()
    } else {
        format!("; still needed: {}", line.missing.join(", "))
    };
    let grant = line.grant.as_deref().map(|grant| format!(" ({grant})")).unwrap_or_default();
    output::say(&format!("request {} is {}{grant}{missing}", line.id, line.state));
    Ok(())
}

async fn list(api: &Api, all: bool, json: bool) -> anyhow::Result<()> {
    let lines = lines(api, all).await?;
    if json {
        output::json(&serde_json::to_value(&lines).context("could not write JSON")?);
        return Ok(());
    }
    if lines.is_empty() {
        output::say("Nothing is waiting. A request appears here when somebody runs `countersign exec` or `connect`.");
        return Ok(());
    }
    let row = |line: &RequestLine| {
        let grant = line.grant.as_deref().map(|grant| format!("/{grant}")).unwrap_or_default();
        let what = countersign_hook::text::one_line(&line.what, 80);
        vec![line.id.short(), format!("{}{grant}", line.state), line.requester.clone(), line.target.clone(), what]
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    output::table(&["ID", "STATE", "REQUESTER", "ON", "WHAT"], &rows);
    Ok(())
}

async fn lines(api: &Api, all: bool) -> anyhow::Result<Vec<RequestLine>> {
    let state = if all { "all" } else { "pending" };
    let query = [("state", state.to_owned()), ("limit", LISTED.to_string())];
    Ok(api.find::<List<RequestLine>>(&["requests"], &query).await?.items)
}

/// The whole id of what people call by its last digits.
async fn whole(api: &Api, id: &str) -> anyhow::Result<String> {
    if id.parse::<RequestId>().is_ok() {
        return Ok(id.to_owned());
    }
    let fitting: Vec<RequestLine> =
        lines(api, true).await?.into_iter().filter(|line| id.len() >= 4 && line.id.to_string().ends_with(id)).collect();
    match fitting.as_slice() {
        [one] => Ok(one.id.to_string()),
        [] => Err(Hinted::new(format!("there is no request {id}"))
            .hint("`countersign requests list --all` shows them")
            .into()),
        several => {
            let mut error = Hinted::new(format!("{id} fits several requests"));
            for line in several {
                error = error.hint(line.id.to_string());
            }
            Err(error.into())
        }
    }
}

fn show(view: &RequestView) {
    let line = &view.line;
    let mut facts = vec![
        ("Request", line.id.to_string()),
        ("State", line.state.clone()),
        ("Approval", line.grant.clone().unwrap_or_else(|| "none".to_owned())),
        ("Requester", line.requester.clone()),
        ("On", line.target.clone()),
        ("Reason", line.reason.clone().unwrap_or_else(|| "none given".to_owned())),
        ("Digest", view.digest.clone()),
        ("Page", view.url.clone()),
    ];
    if !line.missing.is_empty() {
        facts.push(("Still needed", line.missing.join(", ")));
    }
    if !view.eligible.is_empty() {
        facts.push(("May approve", view.eligible.join(", ")));
    }
    if let Some(code) = view.exit_code {
        facts.push(("Exit code", code.to_string()));
    }
    for (label, text) in facts {
        output::data(&format!("{label:<14}{text}"));
    }
    output::data(&format!("\nCommand:\n{}", line.what));
    if let Some(input) = &view.input {
        output::data(&format!("\nInput ({} bytes, SHA-256 {}):", input.bytes, input.sha256));
        output::data(input.text.as_deref().unwrap_or("not text; requests show --json tells where it is"));
        if !input.whole {
            output::data("… more; the page has the whole input");
        }
    }
    for vote in &view.votes {
        let reason = vote.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        output::data(&format!("\n{} by {}{reason}", vote.verdict, vote.name));
    }
}
