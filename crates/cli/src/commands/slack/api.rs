//! `countersign slack api`.

use std::io::IsTerminal as _;

use countersign_slack::client::{RawAnswer, RawCall};
use countersign_slack_cli::{
    AppChoice, Code, Failure, Session,
    account::Account,
    api::{self, Api},
    app::{self, App, AppKind},
    project::Project,
};
use secrecy::SecretString;
use serde_json::Value;

use crate::{exit, output};

/// Options of `countersign slack api`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
In whose name: --token; else with --app the app's bot; else with --team the person who is signed in there; else
SLACK_BOT_TOKEN; else SLACK_USER_TOKEN; else the person who is signed in; else nobody.

  countersign slack api auth.test
  countersign slack api chat.postMessage channel=C0123456 text=Hello
  countersign slack api chat.postMessage '{\"channel\": \"C0123456\", \"text\": \"Hello\"}'
")]
pub(super) struct Options {
    /// The method, such as chat.postMessage.
    method: String,
    /// Arguments as key=value, or one JSON object.
    #[arg(value_name = "KEY=VALUE")]
    arguments: Vec<String>,
    /// Arguments as JSON.
    #[arg(long, value_name = "JSON", conflicts_with_all = ["data", "arguments"])]
    json: Option<String>,
    /// Arguments as a form, such as a=1&b=2.
    #[arg(long, value_name = "FORM", conflicts_with = "arguments")]
    data: Option<String>,
    /// The HTTP method.
    #[arg(long = "method", short = 'X', value_name = "VERB", default_value = "POST")]
    verb: String,
    /// A further header, such as 'X-Own: 1'.
    #[arg(long = "header", short = 'H', value_name = "HEADER")]
    headers: Vec<String>,
    /// Print the answer's status and headers too.
    #[arg(long, short = 'i')]
    include: bool,
    /// Send no token.
    #[arg(long)]
    no_auth: bool,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let call = self.call()?;
        let caller = self.caller(session).await?;
        let answer = match &caller {
            Some(api) => api.raw(&self.method, call).await?,
            None => api::raw_without_token(session, &self.method, call).await?,
        };
        if self.include {
            print_head(&answer);
        }
        output::raw(&printed(&answer.body));
        verdict(&self.method, &answer)
    }

    fn call(&self) -> Result<RawCall, Failure> {
        let invalid = |error: &dyn std::fmt::Display| Failure::new(Code::InvalidArguments, error.to_string());
        let mut call = RawCall::new(&self.verb).map_err(|error| invalid(&error))?;
        call = match (&self.json, &self.data, self.arguments.as_slice()) {
            (Some(json), _, _) => call.json(json.clone()),
            (None, Some(form), _) => call.form(form.clone()),
            (None, None, [only]) if only.starts_with(['{', '[']) => call.json(only.clone()),
            (None, None, pairs) => call.form(form(pairs)?),
        };
        for header in &self.headers {
            let (name, value) = header
                .split_once(':')
                .ok_or_else(|| invalid(&format!("{header:?} is no header")).remedy("write it as 'Name: value'"))?;
            call = call.header(name.trim(), value.trim()).map_err(|error| invalid(&error))?;
        }
        Ok(call)
    }

    /// In whose name the call is made.
    async fn caller(&self, session: &Session) -> Result<Option<Api>, Failure> {
        let settings = &session.settings;
        if self.no_auth {
            if settings.token.is_some() || settings.app.is_some() {
                return Err(Failure::new(Code::MismatchedFlags, "--no-auth goes with neither --token nor --app"));
            }
            return Ok(None);
        }
        if let Some(token) = &settings.token {
            return Api::connect(session, None, token).map(Some);
        }
        if settings.app.is_some() {
            return bot(session).await.map(Some);
        }
        if settings.team.is_some() {
            return Account::choose(session).await.map(|account| Some(account.api));
        }
        for name in ["SLACK_BOT_TOKEN", "SLACK_USER_TOKEN"] {
            if let Some(token) = session.environment.text(name) {
                return Api::connect(session, None, &SecretString::from(token)).map(Some);
            }
        }
        match Account::choose(session).await {
            Ok(account) => Ok(Some(account.api)),
            Err(failure) if *failure.code() == Code::NotAuthed => {
                session.talk.warn("nobody is signed in: no token is sent");
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// The bot of the app that is named. It is installed again, with what it may do already.
async fn bot(session: &Session) -> Result<Api, Failure> {
    let account = Account::choose(session).await?;
    let app = match &session.settings.app {
        Some(AppChoice::Id(id)) => App::of(&account, id.clone(), AppKind::Deployed),
        _ => app::find(session, &Project::open(session).await?, &account, None)?,
    };
    let token = app::tokens(&account, &app).await?.bot.ok_or_else(|| {
        Failure::new(Code::NotAuthed, format!("the app {app} has no bot")).remedy("give a bot scopes in the manifest")
    })?;
    account.api.with_token(&token)
}

fn form(pairs: &[String]) -> Result<String, Failure> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for pair in pairs {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Failure::new(Code::InvalidArguments, format!("{pair:?} is no argument")).remedy("write it as key=value")
        })?;
        form.append_pair(key, value);
    }
    Ok(form.finish())
}

fn print_head(answer: &RawAnswer) {
    output::data(&format!("HTTP {}", answer.status));
    let mut lines: Vec<String> = answer
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort_unstable();
    for line in lines {
        output::data(&line);
    }
    output::data("");
}

/// For a person with line breaks, for a program as it came; with a line's end either way.
fn printed(body: &[u8]) -> Vec<u8> {
    let pretty = || serde_json::from_slice::<Value>(body).ok().map(|value| format!("{value:#}").into_bytes());
    let mut bytes = if std::io::stdout().is_terminal() { pretty() } else { None }.unwrap_or_else(|| body.to_vec());
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes
}

/// What Slack refused is a failure for the shell, too.
fn verdict(method: &str, answer: &RawAnswer) -> Result<u8, Failure> {
    if !(200..300).contains(&answer.status) {
        let message = format!("{method}: Slack answered with HTTP status {}", answer.status);
        return Err(Failure::new(Code::HttpRequestFailed, message));
    }
    let said = serde_json::from_slice::<Value>(&answer.body).ok();
    let is_refused = said.as_ref().and_then(|said| said.get("ok")?.as_bool()) == Some(false);
    Ok(if is_refused { exit::FAULT } else { exit::OK })
}
