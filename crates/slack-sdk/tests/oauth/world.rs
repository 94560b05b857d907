//! A workspace, and apps that people install in it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use countersign_slack::client::{Client, ClientCredentials};
use countersign_slack_sdk::Clock;
use countersign_slack_sdk::installation::{Installation, InstallationStore, Installations, MemoryStore, Place};
use countersign_slack_sdk::oauth::OAuth;
use countersign_slack_workspace::{Config, Running, Workspace};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use url::Url;

/// A workspace.
pub(crate) struct World {
    pub(crate) workspace: Running,
    pub(crate) http: reqwest::Client,
    pub(crate) client: Client,
}

/// An app of the workspace with its web server, which ends with it.
pub(crate) struct Site {
    pub(crate) oauth: OAuth,
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

/// The workspace's clock.
struct WorkspaceClock(Workspace);

impl fmt::Debug for WorkspaceClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkspaceClock")
    }
}

impl Clock for WorkspaceClock {
    fn now_ms(&self) -> u64 {
        self.0.clock().now_ms()
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        let workspace = Workspace::start(Config::default()).await.unwrap();
        let client = Client::new(workspace.ready().api_url.parse().unwrap()).unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { workspace, http, client }
    }

    /// Makes an app and serves its side of the installation.
    pub(crate) async fn site(&self, name: &str, settings: Value) -> Site {
        self.site_with(name, settings, Arc::new(MemoryStore::new()), false).await
    }

    pub(crate) async fn site_with(
        &self,
        name: &str,
        settings: Value,
        store: Arc<dyn InstallationStore>,
        pkce: bool,
    ) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let redirect: Url = format!("http://{address}/slack/oauth_redirect").parse().unwrap();
        let credentials = self.create(name, &redirect, settings).await;
        let clock = Arc::new(WorkspaceClock(self.workspace.workspace().clone()));
        let installations = Installations::with_clock(self.client.clone(), credentials, store, clock);
        let oauth = OAuth::builder(installations).unwrap().scopes(["chat:write", "commands"]);
        let oauth = oauth.user_scopes(["users:read"]).redirect_uri(redirect);
        let oauth = if pkce { oauth.pkce() } else { oauth }.build();
        let stop = CancellationToken::new();
        let (router, stopped) = (oauth.router(), stop.clone().cancelled_owned());
        TaskTracker::new().spawn(axum::serve(listener, router).with_graceful_shutdown(stopped).into_future());
        Site { oauth, address, _stop: stop.drop_guard() }
    }

    async fn create(&self, name: &str, redirect: &Url, settings: Value) -> ClientCredentials {
        let manifest = json!({
            "display_information": {"name": name},
            "oauth_config": {"redirect_urls": [redirect.as_str()], "scopes": {"bot": ["chat:write", "commands"]}},
            "settings": settings,
        });
        let ready = self.workspace.ready();
        let token = ready.cli_token.expose_secret().parse().unwrap();
        let args = json!({"manifest": manifest.to_string()});
        let made = self.client.call::<Value>(&token, "apps.manifest.create", &args).await.unwrap().body;
        let text = |name: &str| made["credentials"][name].as_str().unwrap().to_owned();
        ClientCredentials { client_id: text("client_id"), client_secret: Some(text("client_secret").into()) }
    }

    pub(crate) fn place(&self) -> Place {
        Place::team(self.workspace.ready().team_id.as_str().into())
    }

    /// The app's name by which the workspace knows a token.
    pub(crate) async fn bot_of(&self, installation: &Installation) -> Result<String, countersign_slack::client::Error> {
        let token = countersign_slack::client::Token::new(&installation.bot.as_ref().unwrap().grant.token).unwrap();
        Ok(self.client.auth_test(&token).await?.body.user_id.into_string())
    }
}
