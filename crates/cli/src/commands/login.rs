//! `countersign login`, `logout` and `whoami`: which server, and who you are there.

use std::io::{IsTerminal as _, Read as _};

use anyhow::Context as _;
use countersign_gateway::wire::api::{Bootstrap, SignedIn, Whoami, WireSecret};
use secrecy::SecretString;

use super::Context;
use crate::{
    exit, output,
    output::Hinted,
    remote::{Api, CredentialsFile, ServerOptions, Stored, parse_url, server_of},
};

/// Options of `countersign login`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The token is asked for, or read from stdin; so it stands in no argument and no
shell's history. A server that is set up for the first time prints a link whose
part after the # is a one-time token; it makes you its administrator.

Examples:
  countersign login https://countersign.example
  countersign login 'http://127.0.0.1:8009/#csb_…' --email you@example.com
  pass show countersign | countersign login https://countersign.example
")]
pub(crate) struct LoginOptions {
    /// The server's URL, or the link that it printed.
    #[arg(value_name = "URL", env = "COUNTERSIGN_SERVER", required_unless_present = "web")]
    server: Option<String>,
    /// Signed in already: print a link that opens the pages in a browser, good once and for ten minutes.
    #[arg(long, conflicts_with_all = ["email", "name"])]
    web: bool,
    /// With the one-time link: the e-mail address that you will be known by.
    #[arg(long)]
    email: Option<String>,
    /// With the one-time link: what to call you.
    #[arg(long)]
    name: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Options of `countersign logout`.
#[derive(Debug, clap::Args)]
pub(crate) struct LogoutOptions {}

/// Options of `countersign whoami`.
#[derive(Debug, clap::Args)]
pub(crate) struct WhoamiOptions {
    #[command(flatten)]
    server: ServerOptions,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl LoginOptions {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        if self.web {
            return web(context, &ServerOptions { server: self.server });
        }
        let runtime = super::runtime()?;
        let mut url = parse_url(&self.server.unwrap_or_default())?;
        let one_time = url.fragment().filter(|token| !token.is_empty()).map(str::to_owned);
        url.set_fragment(None);
        let (token, whoami) = if let Some(token) = one_time {
            let email = self.email.context("--email is needed: the address that you will be known by")?;
            let token = WireSecret::new(token);
            let body = Bootstrap { token, email, name: self.name, token_name: Some(machine()) };
            let api = Api::new(url.clone(), None)?;
            let SignedIn { token, whoami } = runtime.block_on(api.post(&["bootstrap"], &body))?;
            (token.expose().to_owned(), whoami)
        } else {
            let token = read_token()?;
            let api = Api::new(url.clone(), Some(SecretString::from(token.clone())))?;
            (token, runtime.block_on(api.get::<Whoami>(&["whoami"]))?)
        };
        let file = CredentialsFile::of(context);
        file.write(&Stored { server: url.to_string(), token, person: whoami.user.email.clone() })?;
        show(&whoami, url.as_str(), self.json)?;
        if !self.json {
            output::say(&format!("the token is in {}, which only you can read", file.path().display()));
        }
        Ok(exit::OK)
    }
}

impl LogoutOptions {
    #[expect(clippy::unused_self, reason = "every command has its options")]
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let file = CredentialsFile::of(context);
        let stored = file.read().ok().flatten();
        if !file.remove()? {
            output::say("you were not signed in");
            return Ok(exit::OK);
        }
        let name = stored.map_or_else(String::new, |stored| format!(" from {}", stored.server));
        output::say(&format!("signed out{name}; the token itself is good until `countersign admin delete token`"));
        Ok(exit::OK)
    }
}

impl WhoamiOptions {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let server = server_of(context, &self.server)?;
        let whoami: Whoami = super::runtime()?.block_on(Api::of(&server)?.get(&["whoami"]))?;
        show(&whoami, server.url().as_str(), self.json)?;
        Ok(exit::OK)
    }
}

/// Prints a link of one's own to the pages.
fn web(context: &Context<'_>, server: &ServerOptions) -> anyhow::Result<u8> {
    let api = Api::of(&server_of(context, server)?)?;
    let link: serde_json::Value = super::runtime()?.block_on(api.post(&["web"], &serde_json::json!({})))?;
    let url = link.get("url").and_then(serde_json::Value::as_str).context("the server answered no link")?;
    output::data(url);
    output::say("open it in your browser: it is yours alone, works once, and for ten minutes");
    Ok(exit::OK)
}

fn show(whoami: &Whoami, server: &str, json: bool) -> anyhow::Result<()> {
    if json {
        let mut value = serde_json::to_value(whoami).context("could not write JSON")?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("server".to_owned(), server.into());
        }
        output::json(&value);
        return Ok(());
    }
    let groups = if whoami.user.groups.is_empty() { "none".to_owned() } else { whoami.user.groups.join(", ") };
    output::data(&format!("{} at {server}", whoami.user.email));
    output::data(&format!("groups: {groups}{}", if whoami.admin { " (administrator)" } else { "" }));
    match whoami.user.slack.as_slice() {
        [] => output::data("slack: not linked; /countersign link in Slack tells how"),
        accounts => {
            let ids: Vec<&str> = accounts.iter().map(|account| account.user.as_str()).collect();
            output::data(&format!("slack: {}", ids.join(", ")));
        }
    }
    Ok(())
}

/// The token, from a person who types it unseen, or from stdin.
fn read_token() -> anyhow::Result<String> {
    let token = if std::io::stdin().is_terminal() {
        rpassword::prompt_password("Token: ").context("could not read the token")?
    } else {
        let mut text = String::new();
        std::io::stdin().lock().take(4096).read_to_string(&mut text).context("could not read the token from stdin")?;
        text
    };
    let token = token.trim().to_owned();
    if token.is_empty() {
        let error = Hinted::new("no token was given")
            .hint("an administrator makes one: countersign admin create token --user YOUR-ADDRESS");
        return Err(error.into());
    }
    Ok(token)
}

/// What the token of this machine is called.
fn machine() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "first".to_owned())
}
