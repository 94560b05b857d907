//! An app that any workspace can install: `/slack/install` begins, tokens are kept in files, and each workspace is answered
//! with its own.
//!
//! ```text
//! cargo run -p countersign-slack-sdk --example multi_workspace
//! ```
//!
//! runs it on a local workspace of its own and says where to click. With `SLACK_CLIENT_ID`, `SLACK_CLIENT_SECRET`,
//! `SLACK_SIGNING_SECRET` and `PUBLIC_URL` it runs on Slack. With `--check` it installs itself, is spoken to, and ends.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use countersign_slack::client::{ApiBase, Client, ClientCredentials, Token};
use countersign_slack::signature::SigningKey;
use countersign_slack_sdk::cli::Environment;
use countersign_slack_sdk::installation::{FileStore, Installations, Place};
use countersign_slack_sdk::oauth::OAuth;
use countersign_slack_sdk::{App, Command, Context};
use countersign_slack_workspace::person::Invocation;
use countersign_slack_workspace::{Config, Running, Workspace};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

type Failed = Box<dyn Error + Send + Sync>;

/// What the app has to be told.
struct Settings {
    api: ApiBase,
    credentials: ClientCredentials,
    signing_secret: SecretString,
    public_url: Url,
    directory: std::path::PathBuf,
}

async fn whoami(command: Command, context: Context) -> countersign_slack::client::Reply<'static> {
    let team = context.team_id().map_or("nowhere", |team| team.as_str());
    countersign_slack::client::Reply::ephemeral(format!("{} from {team}", command.text))
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let here: Url = format!("http://{}/", listener.local_addr()?).parse()?;
    let environment = Environment::snapshot();
    let stop = CancellationToken::new();
    let (settings, workspace) = match of_slack(&environment)? {
        Some(settings) => (settings, None),
        None => of_workspace(here).await.map(|(settings, workspace)| (settings, Some(workspace)))?,
    };
    let (oauth, site) = site(&settings)?;
    let install = settings.public_url.join("slack/install")?;
    let served = axum::serve(listener, site).with_graceful_shutdown(stop.clone().cancelled_owned()).into_future();
    let is_check = std::env::args().any(|argument| argument == "--check");
    let work = async {
        match workspace.as_ref().filter(|_| is_check) {
            Some(workspace) => check(workspace, &oauth, &install).await,
            None => wait(&install).await,
        }
    };
    let worked = tokio::select! {
        served = served => served.map_err(Failed::from),
        worked = work => worked,
    };
    stop.cancel();
    worked
}

/// The app, and both ends of its installation, as one web site.
fn site(settings: &Settings) -> Result<(OAuth, axum::Router), Failed> {
    let client = Client::new(settings.api.clone())?;
    let store = Arc::new(FileStore::new(&settings.directory)?);
    let installations = Installations::new(client.clone(), settings.credentials.clone(), store);
    let redirect = settings.public_url.join("slack/oauth_redirect")?;
    let oauth =
        OAuth::builder(installations.clone())?.scopes(["chat:write", "commands"]).redirect_uri(redirect).build();
    let app: App = App::new().command("/whoami", whoami).authorizer(client, installations);
    let (events, _dispatcher) = app.into_router(SigningKey::new(&settings.signing_secret));
    let router = events.merge(oauth.router());
    Ok((oauth, router))
}

async fn wait(install: &Url) -> Result<(), Failed> {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "Install the app at {install}, then try /whoami. Ctrl-C ends it.")?;
    Ok(tokio::signal::ctrl_c().await?)
}

/// The settings for Slack itself, where they are given.
fn of_slack(environment: &Environment) -> Result<Option<Settings>, Failed> {
    let names = ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_SIGNING_SECRET", "PUBLIC_URL"];
    let given: BTreeMap<&str, &str> = names.iter().filter_map(|name| Some((*name, environment.text(name)?))).collect();
    let [Some(id), Some(secret), Some(signing), Some(url)] = names.map(|name| given.get(name)) else { return Ok(None) };
    Ok(Some(Settings {
        api: ApiBase::default(),
        credentials: ClientCredentials { client_id: (*id).to_owned(), client_secret: Some((*secret).into()) },
        signing_secret: (*signing).into(),
        public_url: url.parse()?,
        directory: "installations".into(),
    }))
}

/// A workspace of its own with this app in it.
async fn of_workspace(public_url: Url) -> Result<(Settings, Running), Failed> {
    let workspace = Workspace::start(Config::default()).await?;
    let ready = workspace.ready();
    let api: ApiBase = ready.api_url.parse()?;
    let manifest = json!({
        "display_information": {"name": "Who am I"},
        "features": {"slash_commands": [{"command": "/whoami", "url": public_url.join("slack/events")?.as_str(), "description": "Says who"}]},
        "oauth_config": {"redirect_urls": [public_url.as_str()], "scopes": {"bot": ["chat:write", "commands"]}},
    });
    let token: Token = ready.cli_token.expose_secret().parse()?;
    let made = Client::new(api.clone())?;
    let made =
        made.call::<Value>(&token, "apps.manifest.create", &json!({"manifest": manifest.to_string()})).await?.body;
    let text = |name: &str| made.pointer(&format!("/credentials/{name}")).and_then(Value::as_str).unwrap_or_default();
    let settings = Settings {
        api,
        credentials: ClientCredentials {
            client_id: text("client_id").to_owned(),
            client_secret: Some(text("client_secret").into()),
        },
        signing_secret: text("signing_secret").into(),
        public_url,
        directory: std::env::temp_dir().join(format!("multi-workspace-{}", std::process::id())),
    };
    Ok((settings, workspace))
}

/// Installs the app as bob would, and asks it something.
async fn check(workspace: &Running, oauth: &OAuth, install: &Url) -> Result<(), Failed> {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    let begun = browser.get(install.clone()).send().await?;
    let header = |response: &reqwest::Response, name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let (page, cookie): (Url, String) = (header(&begun, "location").parse()?, header(&begun, "set-cookie"));
    let bob = workspace.user("bob").ok_or("nobody is called bob")?;
    let mut form: Vec<(String, String)> = page.query_pairs().into_owned().collect();
    form.extend([("user".to_owned(), bob.as_str().to_owned()), ("decision".to_owned(), "allow".to_owned())]);
    let allowed = browser.post(page).form(&form).send().await?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let back = browser.get(header(&allowed, "location")).header("cookie", cookie).send().await?;
    if !back.status().is_success() {
        return Err(format!("the app was not installed: {}", back.text().await?).into());
    }
    let team = Place::team(workspace.ready().team_id.as_str().into());
    oauth.installations().with_bot(&team).await?;
    let channel = workspace.channel("general").ok_or("there is no channel")?;
    let (whom, place) = (bob.clone(), channel.clone());
    let asked = Invocation { user: bob, channel, command: "/whoami".to_owned(), text: "bob".to_owned() };
    workspace.workspace().command(asked).await?;
    let answered =
        |message: &Value| message.get("text").and_then(Value::as_str).is_some_and(|text| text.contains("bob from T"));
    workspace.wait_for_ephemeral(&place, &whom, answered, Duration::from_secs(10)).await?;
    Ok(())
}
