//! TLS with the generated certificate.

use std::path::Path;
use std::sync::Arc;

use countersign_slack_workspace::{Config, Running, Workspace};
use futures_util::StreamExt;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use crate::client::start;

async fn start_tls(directory: &Path) -> Running {
    start().await.stop().await;
    Workspace::start(Config { tls: Some(directory.to_owned()), ..Config::default() }).await.unwrap()
}

/// A client that trusts this authority and no other.
fn client(ca_file: &Path) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(&std::fs::read(ca_file).unwrap()).unwrap();
    reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap()
}

#[tokio::test]
async fn a_client_that_trusts_only_the_authority_can_use_everything() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_tls(&folder.path().join("certs")).await;
    let ready = running.ready();
    for url in [&ready.api_url, &ready.ui_url, &ready.control_url] {
        assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    }
    let ca_file = ready.ca_file.clone().unwrap();
    assert!(ca_file.is_absolute());
    let http = client(&ca_file);
    let port = ready.ui_url.trim_end_matches('/').rsplit_once(':').unwrap().1;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{port}/api/auth.test");
        let request = http.post(url).bearer_auth(ready.bot_token.expose_secret());
        assert_eq!(request.send().await.unwrap().json::<Value>().await.unwrap()["ok"], true, "{host}");
    }
    let page = http.get(&ready.ui_url).header("origin", ready.ui_url.trim_end_matches('/')).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let plain = ready.api_url.replacen("https", "http", 1);
    assert!(http.post(format!("{plain}auth.test")).send().await.is_err());
    let stranger = reqwest::Client::builder().tls_certs_only(std::iter::empty()).build().unwrap();
    assert!(stranger.post(format!("{}auth.test", ready.api_url)).send().await.is_err());
}

#[tokio::test]
async fn socket_mode_works_over_wss() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_tls(folder.path()).await;
    let ready = running.ready();
    let ca_file = ready.ca_file.clone().unwrap();
    let request = client(&ca_file).post(format!("{}apps.connections.open", ready.api_url));
    let opened = request.bearer_auth(ready.app_token.expose_secret()).send().await.unwrap();
    let opened: Value = opened.json().await.unwrap();
    let url = opened["url"].as_str().unwrap();
    assert!(url.starts_with("wss://127.0.0.1:"), "{url}");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&ca_file).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = Connector::Rustls(Arc::new(config));
    let (mut socket, _) = connect_async_tls_with_config(url, None, false, Some(connector)).await.unwrap();
    let hello = socket.next().await.unwrap().unwrap();
    assert!(hello.to_text().unwrap().contains("\"type\":\"hello\""));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_reads_the_key_even_where_an_old_one_could_be() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("server-key.pem");
    std::fs::write(&key, "old").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let _running = start_tls(folder.path()).await;
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&key).unwrap().contains("PRIVATE KEY"));
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["ca.pem", "server-key.pem", "server.pem"]);
}

#[tokio::test]
async fn a_client_that_never_shakes_hands_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_tls(folder.path()).await;
    let ready = running.ready();
    let address = ready.ui_url.trim_start_matches("https://").trim_end_matches('/');
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let http = client(ready.ca_file.as_deref().unwrap());
    assert_eq!(http.post(format!("{}api.test", ready.api_url)).send().await.unwrap().status(), 200);
}

/// Calls as Slack's own command line does: JSON with the token in the header.
async fn json_call(http: &reqwest::Client, base: &str, method: &str, token: &str, body: Value) -> Value {
    let request = http.post(format!("{base}{method}")).bearer_auth(token).json(&body);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["ok"], true, "{method}: {answer}");
    answer
}

#[tokio::test]
async fn slacks_command_line_can_log_in_and_install_an_app() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_tls(folder.path()).await;
    let ready = running.ready();
    let http = client(ready.ca_file.as_deref().unwrap());
    let (base, token) = (ready.api_url.as_str(), ready.cli_token.expose_secret());
    let call = async |method: &str, body: Value| json_call(&http, base, method, token, body).await;
    // `login --token`: a form.
    let login = http.post(format!("{base}auth.test")).form(&[("token", token)]).send().await.unwrap();
    let login: Value = login.json().await.unwrap();
    for field in ["url", "team", "team_id", "user", "user_id"] {
        assert!(login[field].is_string(), "{field}");
    }
    // `app install`: in the order of its calls.
    let manifest = json!({
        "display_information": {"name": "Greeter (local)"}, "features": {"bot_user": {"display_name": "Greeter"}},
        "oauth_config": {"scopes": {"bot": ["chat:write"]}}, "settings": {"socket_mode_enabled": true},
    });
    call("apps.status", json!({"app_ids": [], "team_id": ready.team_id})).await;
    call("apps.manifest.validate", json!({"manifest": manifest})).await;
    let created = call("apps.manifest.create", json!({"manifest": manifest})).await;
    let app = created["app_id"].clone();
    assert_eq!(call("apps.manifest.export", json!({"app_id": app})).await["manifest"], manifest);
    let install =
        json!({"app_id": app, "bot_scopes": ["chat:write"], "outgoing_domains": [], "team_id": ready.team_id});
    let tokens = call("apps.developerInstall", install).await["api_access_tokens"].clone();
    // `run`: again, for an app that is known.
    let status = call("apps.status", json!({"app_ids": [app], "team_id": ready.team_id})).await;
    assert_eq!(status["apps"][0]["is_installed"], true);
    let update = json!({"app_id": app, "manifest": manifest, "force_update": true, "consent_breaking_changes": true});
    call("apps.manifest.update", update).await;
    let opened =
        json_call(&http, base, "apps.connections.open", tokens["app_level"].as_str().unwrap(), json!({})).await;
    assert!(opened["url"].as_str().unwrap().starts_with("wss://"));
    // `activity`: a GET with a query.
    let activities = format!("{base}apps.activities.list?app_id={}&limit=100", app.as_str().unwrap());
    let activities = http.get(activities).bearer_auth(token).send().await.unwrap();
    assert_eq!(activities.json::<Value>().await.unwrap()["activities"], json!([]));
    // `delete`.
    call("apps.developerUninstall", json!({"app_id": app, "team_id": ready.team_id})).await;
    call("apps.delete", json!({"app_id": app})).await;
}

/// Calls as Slack's own command line does where it sends forms.
async fn form_call(http: &reqwest::Client, base: &str, method: &str, form: &[(&str, &str)]) -> Value {
    let answer = http.post(format!("{base}{method}")).form(form).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{method}");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["ok"], true, "{method}: {answer}");
    answer
}

/// Slack's own command line, signed in.
struct CommandLine<'a> {
    running: &'a Running,
    http: reqwest::Client,
    token: String,
}

impl CommandLine<'_> {
    async fn call(&self, method: &str, body: Value) -> Value {
        json_call(&self.http, &self.running.ready().api_url, method, &self.token, body).await
    }

    async fn form(&self, method: &str, form: &[(&str, &str)]) -> Value {
        form_call(&self.http, &self.running.ready().api_url, method, form).await
    }
}

/// `login --no-prompt`, then `login --challenge C --ticket T`: forms.
async fn signed_in(running: &Running) -> CommandLine<'_> {
    let ready = running.ready();
    let http = client(ready.ca_file.as_deref().unwrap());
    let base = ready.api_url.as_str();
    let ticket = form_call(&http, base, "apps.hosted.generateAuthTicket", &[("slack_cli_version", "4.0.0")]).await;
    let ticket = ticket["ticket"].as_str().unwrap();
    let alice = running.person("alice").unwrap();
    let confirmed = alice.command("general", "/slackauthticket", ticket).await.unwrap().response.unwrap();
    let challenge = confirmed["text"].as_str().unwrap().rsplit(' ').next().unwrap();
    let exchange = [("ticket", ticket), ("challenge", challenge), ("slack_cli_version", "4.0.0")];
    let signed_in = form_call(&http, base, "apps.hosted.exchangeAuthTicket", &exchange).await;
    assert_eq!(signed_in["is_ready"], true);
    for field in ["token", "refresh_token", "team_id", "team_domain", "team_name", "user_id"] {
        assert!(signed_in[field].is_string(), "{field}");
    }
    assert!(signed_in["exp"].is_u64());
    let refresh = [("refresh_token", signed_in["refresh_token"].as_str().unwrap())];
    let renewed = form_call(&http, base, "tooling.tokens.rotate", &refresh).await;
    let token = renewed["token"].as_str().unwrap().to_owned();
    CommandLine { running, http, token }
}

/// `deploy`: as install, in the deployed environment. The app's id.
async fn deployed(cli: &CommandLine<'_>) -> Value {
    let team = cli.running.ready().team_id.clone();
    cli.form("auth.test", &[("token", cli.token.as_str())]).await;
    let manifest = json!({
        "display_information": {"name": "Greeter"}, "oauth_config": {"scopes": {"bot": ["chat:write"]}},
        "settings": {"function_runtime": "remote", "socket_mode_enabled": true},
        "functions": {"greet": {"title": "Greet", "input_parameters": {"properties": {}, "required": []},
            "output_parameters": {"properties": {}, "required": []}}},
        "workflows": {"hello": {"title": "Hello", "steps": [{"id": "0", "function_id": "#/functions/greet", "inputs": {}}]}},
    });
    cli.call("apps.status", json!({"app_ids": [], "team_id": team})).await;
    cli.call("apps.manifest.validate", json!({"manifest": manifest})).await;
    let created = cli.call("apps.manifest.create", json!({"manifest": manifest})).await;
    for field in ["client_id", "client_secret", "verification_token", "signing_secret"] {
        assert!(created["credentials"][field].is_string(), "{field}");
    }
    assert!(created["oauth_authorize_url"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    let app = created["app_id"].clone();
    let exported = cli.call("apps.manifest.export", json!({"app_id": app})).await["manifest"].clone();
    assert_eq!(exported, manifest);
    let install = json!({"app_id": app, "bot_scopes": ["chat:write"], "outgoing_domains": [], "team_id": team});
    let tokens = cli.call("apps.developerInstall", install).await["api_access_tokens"].clone();
    assert!(tokens["bot"].is_string() && tokens["app_level"].is_string());
    app
}

#[tokio::test]
async fn slacks_command_line_can_sign_in_with_a_ticket_deploy_and_sign_out() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_tls(folder.path()).await;
    let cli = signed_in(&running).await;
    deployed(&cli).await;
    // `auth list` of an organisation's, and `logout`.
    let teams = cli.call("auth.teams.list", json!({})).await["teams"].clone();
    assert_eq!(teams[0]["id"], running.ready().team_id.as_str());
    assert_eq!(cli.form("auth.revoke", &[("token", cli.token.as_str())]).await["revoked"], true);
}

#[tokio::test]
async fn slacks_command_line_can_look_after_triggers() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_tls(folder.path()).await;
    let cli = signed_in(&running).await;
    let app = deployed(&cli).await;
    let wanted = json!({
        "type": "shortcut", "name": "Hello", "description": "Says hello.", "shortcut": {},
        "workflow": "#/workflows/hello", "workflow_app_id": app, "inputs": {},
    });
    let trigger = cli.call("workflows.triggers.create", wanted.clone()).await["trigger"].clone();
    assert_eq!((&trigger["workflow"]["callback_id"], &trigger["workflow"]["app_id"]), (&json!("hello"), &app));
    assert!(trigger["shortcut_url"].as_str().unwrap().starts_with("https://"));
    let mut update = wanted;
    update["trigger_id"] = trigger["id"].clone();
    update["name"] = "Hello again".into();
    assert_eq!(cli.call("workflows.triggers.update", update).await["trigger"]["name"], "Hello again");
    let list = cli.call("workflows.triggers.list", json!({"app_id": app, "limit": 4, "cursor": "", "type": ""})).await;
    assert_eq!(list["triggers"][0]["id"], trigger["id"]);
    cli.call("workflows.triggers.info", json!({"trigger_id": trigger["id"]})).await;
    let asked = [("token", cli.token.as_str()), ("app_id", app.as_str().unwrap())];
    let owners = cli.form("developer.apps.owners.list", &asked).await;
    assert_eq!(owners["owners"][0]["username"], "alice");
    let permissions = cli.call("workflows.triggers.permissions.list", json!({"trigger_id": trigger["id"]})).await;
    assert_eq!(permissions["permission_type"], "everyone");
    cli.call("workflows.triggers.delete", json!({"trigger_id": trigger["id"]})).await;
}

#[tokio::test]
async fn slacks_command_line_can_look_after_variables_and_activity() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_tls(folder.path()).await;
    let (cli, ready) = (signed_in(&running).await, running.ready());
    let app = deployed(&cli).await;
    let variables = json!([{"name": "KEY", "value": "v"}]);
    cli.call("apps.hosted.variables.add", json!({"app_id": app, "variables": variables})).await;
    let names = cli.call("apps.hosted.variables.list", json!({"app_id": app})).await["variable_names"].clone();
    assert_eq!(names, json!(["KEY"]));
    cli.call("apps.hosted.variables.remove", json!({"app_id": app, "variable_name": "KEY"})).await;

    // After a run there is something to see.
    let run = json!({"app_id": app, "callback_id": "greet"});
    let (url, token) = (format!("{}function", ready.control_url), ready.control_token.expose_secret());
    assert_eq!(cli.http.post(url).bearer_auth(token).json(&run).send().await.unwrap().status(), 200);
    let app = app.as_str().unwrap();
    let url = format!("{}apps.activities.list?app_id={app}&limit=100&min_log_level=info", ready.api_url);
    let log: Value = cli.http.get(url).bearer_auth(&cli.token).send().await.unwrap().json().await.unwrap();
    assert_eq!(log["activities"][0]["event_type"], "function_execution_started", "{log}");
    assert!(log["activities"][0]["created"].as_u64().unwrap() > 1_000_000_000_000_000);
}
