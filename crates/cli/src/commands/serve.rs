//! `countersign serve`: the server of a team.

mod parts;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, bail, ensure};
use countersign_agent::{Agent, AgentConfig, AgentLimits, NodeUrl, Plaintext, SupervisorProgram};
use countersign_gateway::AgentName;
use countersign_server::gateway::{self, Gateway, Tls};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Context, agent::surroundings, workspace::ended};
use crate::{
    config::{self, make_private},
    daemon, exit, logging, output,
    output::Hinted,
};

/// The agent of `--with-agent`.
const OWN_AGENT: &str = "default";

/// Options of `countersign serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The first start prints a link with a one-time token; `countersign login LINK --email
YOU` makes you the administrator. Everything else can be done from there.

With --tls-cert and --tls-key the server does TLS itself; behind a proxy that does it,
listen on 127.0.0.1 and say --public-url. Without either the server listens on this
machine only.

Examples:
  countersign serve --with-agent                      a single machine
  countersign serve --database postgres://cs@db/cs --advertise https://node1.internal
  countersign serve --listen 0.0.0.0:443 --tls-cert server.pem --tls-key server-key.pem \\
      --advertise https://countersign.example
")]
pub(crate) struct Options {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// A file, or postgres://USER:PASSWORD@HOST/DATABASE. Better in COUNTERSIGN__SERVE__DATABASE than in an argument, when it
    /// has a password.
    #[arg(long, value_name = "DATABASE")]
    database: Option<String>,
    /// The URL by which agents and other nodes reach this node.
    #[arg(long, value_name = "URL")]
    advertise: Option<String>,
    /// The URL by which people reach the servers.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Where keys and recordings are.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The server's certificate with its chain, as PEM: it does TLS itself.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Listen on other addresses than this machine's without TLS: only where a proxy does it.
    #[arg(long)]
    behind_proxy: bool,
    /// Run the agent `default` as well, for a single machine.
    #[arg(long)]
    with_agent: bool,
    /// One line of JSON on stdout when ready.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        crate::system::install_tls_provider();
        let mut config = context.load()?.config;
        logging::to_stderr(&config.log.level)?;
        self.override_config(&mut config.serve);
        // An agent in this process does so itself, and gives its commands what was before.
        if !self.with_agent {
            daemon::raise_file_limit();
        }
        super::runtime()?.block_on(self.serve(context, config))
    }

    /// Flags before everything else.
    fn override_config(&self, serve: &mut config::Serve) {
        serve.listen = self.listen.unwrap_or(serve.listen);
        serve.database = self.database.as_deref().map(config::Secret::new).or(serve.database.take());
        serve.advertise = self.advertise.clone().or(serve.advertise.take());
        serve.public_url = self.public_url.clone().or(serve.public_url.take());
        serve.data_dir = self.data_dir.clone().or(serve.data_dir.take());
        serve.tls_certificate_file = self.tls_cert.clone().or(serve.tls_certificate_file.take());
        serve.tls_key_file = self.tls_key.clone().or(serve.tls_key_file.take());
    }

    async fn serve(self, context: &Context<'_>, config: config::Config) -> anyhow::Result<u8> {
        let tls = tls(&config.serve)?;
        if !config.serve.listen.ip().is_loopback() && !self.behind_proxy && tls.is_none() {
            let error =
                Hinted::new(format!("{} can be reached from elsewhere, and there is no TLS", config.serve.listen))
                    .hint("give a certificate with --tls-cert and --tls-key")
                    .hint("or listen on 127.0.0.1 behind a proxy that does TLS")
                    .hint("or say --behind-proxy, when nobody but the proxy can reach it");
            return Err(error.into());
        }
        let data_dir = config.serve.data_dir.clone().unwrap_or_else(|| context.dirs.state.join("serve"));
        make_private(&data_dir).with_context(|| format!("could not create {}", data_dir.display()))?;
        let listener = TcpListener::bind(config.serve.listen)
            .await
            .with_context(|| format!("could not listen on {}", config.serve.listen))?;
        let here = listener.local_addr().context("the listener has no address")?;
        let shutdown = CancellationToken::new();
        let parts::Node { gateway, public_url, held } =
            parts::assemble(&config, &data_dir, here, shutdown.clone()).await?;
        let own = if self.with_agent {
            Some(own_agent(context, &gateway, &config.serve, &data_dir, here).await?)
        } else {
            None
        };
        let link = gateway::bootstrap_token(&gateway).await.context("could not look for an administrator")?;
        self.introduce(&public_url, &url_of(&config.serve, here), link.as_ref());
        let leaving = shutdown.clone();
        let served = gateway::serve(gateway, listener, tls);
        tokio::pin!(served);
        tokio::select! {
            served = &mut served => served.context("the server failed")?,
            failed = run_agent(own, shutdown.clone()) => return Err(failed),
            () = ended() => {
                leaving.cancel();
                served.await.context("the server failed")?;
            }
        }
        drop(held);
        Ok(exit::OK)
    }

    fn introduce(&self, public: &str, url: &str, link: Option<&SecretString>) {
        let link = link.map(|token| format!("{public}/#{}", token.expose_secret()));
        if self.json {
            output::json(&json!({ "url": url, "public_url": public, "login_link": link }));
            return;
        }
        output::data(&format!("Countersign serves at {public}"));
        if let Some(link) = link {
            output::data("There is no administrator yet. Whoever uses this link first becomes it:");
            output::data(&format!("  countersign login '{link}' --email YOUR-ADDRESS"));
        }
        output::say("Ctrl-C ends it.");
    }
}

/// The agent of this very machine: its token is made anew with each start, and never leaves the process.
async fn own_agent(
    context: &Context<'_>,
    gateway: &Gateway,
    serve: &config::Serve,
    data_dir: &std::path::Path,
    here: SocketAddr,
) -> anyhow::Result<AgentConfig> {
    let name: AgentName = OWN_AGENT.parse()?;
    let token = gateway::enroll_agent(gateway, name.clone()).await.context("could not register the agent")?;
    let state_dir = data_dir.join("agent");
    make_private(&state_dir).with_context(|| format!("could not create {}", state_dir.display()))?;
    Ok(AgentConfig {
        server: NodeUrl::parse(&own_url(serve, here)?, Plaintext::LoopbackOnly)?,
        plaintext: Plaintext::LoopbackOnly,
        token,
        name: Some(name),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        state_dir,
        // Our own certificate is the one to be met there, whoever signed it.
        ca_file: serve.tls_certificate_file.clone(),
        cgroup: None,
        supervisor: SupervisorProgram::this_program(),
        surroundings: surroundings(context),
        limits: AgentLimits::default(),
    })
}

/// Runs the agent, if there is one; completes only when it fails.
async fn run_agent(config: Option<AgentConfig>, shutdown: CancellationToken) -> anyhow::Error {
    let Some(config) = config else { return std::future::pending().await };
    match Agent::run(config, shutdown).await {
        // It leaves with the server.
        Ok(()) => std::future::pending().await,
        Err(error) => anyhow::Error::new(error).context("the agent of this machine stopped"),
    }
}

/// What TLS needs, where the server does it itself.
fn tls(serve: &config::Serve) -> anyhow::Result<Option<Tls>> {
    match (&serve.tls_certificate_file, &serve.tls_key_file) {
        (Some(certificate), Some(key)) => Ok(Some(Tls::read(certificate, key)?)),
        (None, None) => Ok(None),
        (Some(_), None) => bail!("serve.tls_certificate_file needs serve.tls_key_file (--tls-key)"),
        (None, Some(_)) => bail!("serve.tls_key_file needs serve.tls_certificate_file (--tls-cert)"),
    }
}

/// Where the agent of this process finds the server. A certificate is for the name that is advertised, not for the address.
fn own_url(serve: &config::Serve, here: SocketAddr) -> anyhow::Result<String> {
    if serve.tls_certificate_file.is_some() { advertised(serve, here, false) } else { Ok(url_of(serve, here)) }
}

/// The URL of the very address that is listened on.
fn url_of(serve: &config::Serve, here: SocketAddr) -> String {
    let scheme = if serve.tls_certificate_file.is_some() { "https" } else { "http" };
    format!("{scheme}://{here}")
}

/// The advertised URL of a node that listens there. Port 0 in it is the one that it listens on.
fn advertised(serve: &config::Serve, here: SocketAddr, on_postgres: bool) -> anyhow::Result<String> {
    match &serve.advertise {
        Some(url) => {
            let mut parsed = Url::parse(url).with_context(|| format!("serve.advertise: {url:?} is no URL"))?;
            let is_web = matches!(parsed.scheme(), "http" | "https") && parsed.has_host();
            ensure!(is_web, "serve.advertise: {url:?} is not the URL of a server");
            if parsed.port() == Some(0) && parsed.set_port(Some(here.port())).is_err() {
                bail!("serve.advertise: {url:?} takes no port");
            }
            Ok(parsed.as_str().trim_end_matches('/').to_owned())
        }
        None if on_postgres => {
            bail!("on PostgreSQL there may be other nodes: --advertise says by which URL agents reach this one")
        }
        None => Ok(url_of(serve, here)),
    }
}
