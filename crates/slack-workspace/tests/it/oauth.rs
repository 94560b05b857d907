//! Installing through the authorize page, and signing in with Slack.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_slack_workspace::Running;
use reqwest::{StatusCode, Url};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::{App, start, user};

const REDIRECT: &str = "http://127.0.0.1:9/slack/oauth";

/// A browser in which bob answers, and the app that asks.
struct Visit<'a> {
    running: &'a Running,
    app: App<'a>,
    client_id: String,
    client_secret: String,
    http: reqwest::Client,
}

impl<'a> Visit<'a> {
    async fn new(running: &'a Running, manifest: Value) -> Self {
        let cli = App::new(running).with_token(&running.ready().cli_token);
        let made = cli.ok("apps.manifest.create", json!({"manifest": manifest})).await["credentials"].clone();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let app = App::new(running).with_token(&"".into());
        Self { running, app, client_id: text("client_id"), client_secret: text("client_secret"), http }
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.running.ready().ui_url)
    }

    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> (StatusCode, String) {
        let own = [("client_id", self.client_id.as_str())];
        let url = Url::parse_with_params(&self.address(path), own.iter().chain(query)).unwrap();
        let answer = self.http.get(url).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// Answers the form; returns the query that the app gets.
    async fn decide(&self, decision: &str, form: &[(&str, &str)]) -> Vec<(String, String)> {
        let bob = user(self.running, "bob");
        let own = [("client_id", self.client_id.as_str()), ("user", bob.as_str()), ("decision", decision)];
        let all: Vec<(&str, &str)> = own.into_iter().chain(form.iter().copied()).collect();
        let answer = self.http.post(self.address("oauth/v2/authorize")).form(&all).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND, "{:?}", answer.text().await);
        let target = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert!(target.as_str().starts_with(REDIRECT), "{target}");
        target.query_pairs().into_owned().collect()
    }

    async fn code(&self, form: &[(&str, &str)]) -> String {
        let query = self.decide("allow", form).await;
        query.into_iter().find(|(name, _)| name == "code").unwrap().1
    }

    fn exchange(&self, code: &str) -> Value {
        json!({"client_id": self.client_id, "client_secret": self.client_secret, "code": code, "redirect_uri": REDIRECT})
    }
}

fn manifest() -> Value {
    json!({
        "display_information": {"name": "Installed"},
        "oauth_config": {"redirect_urls": ["http://127.0.0.1:9/slack"], "scopes": {"bot": ["chat:write"]}},
    })
}

const ASKED: [(&str, &str); 4] =
    [("scope", "chat:write,commands"), ("user_scope", "users:read"), ("redirect_uri", REDIRECT), ("state", "s&t")];

#[tokio::test]
async fn a_person_allows_and_the_app_gets_its_tokens_once() {
    let running = start().await;
    let visit = Visit::new(&running, manifest()).await;
    let (status, page) = visit.ask("oauth/v2/authorize", &ASKED).await;
    assert_eq!(status, 200);
    for text in ["Installed wants to use Countersign", "chat:write", "users:read", "s&amp;t", ">bob<"] {
        assert!(page.contains(text), "{text}");
    }
    let query = visit.decide("allow", &ASKED).await;
    assert!(query.contains(&("state".to_owned(), "s&t".to_owned())));
    let code = &query.iter().find(|(name, _)| name == "code").unwrap().1;
    let mut wrong = visit.exchange(code);
    wrong["redirect_uri"] = "http://127.0.0.1:9/slack/other".into();
    assert_eq!(visit.app.error("oauth.v2.access", wrong.clone()).await, "bad_redirect_uri");
    wrong["client_secret"] = "x".into();
    assert_eq!(visit.app.error("oauth.v2.access", wrong).await, "bad_client_secret");
    let answer = visit.app.ok("oauth.v2.access", visit.exchange(code)).await;
    assert_eq!((&answer["token_type"], &answer["scope"]), (&json!("bot"), &json!("chat:write,commands")));
    assert_eq!(answer["authed_user"]["id"], user(&running, "bob").as_str());
    assert_eq!(answer["team"]["id"], running.ready().team_id.as_str());
    assert!(answer.get("expires_in").is_none());
    let bot = visit.app.with_token(&answer["access_token"].as_str().unwrap().into());
    assert_eq!(bot.ok("auth.test", json!({})).await["user_id"], answer["bot_user_id"]);
    let person = visit.app.with_token(&answer["authed_user"]["access_token"].as_str().unwrap().into());
    assert_eq!(person.ok("auth.test", json!({})).await["user"], "bob");
    assert_eq!(visit.app.error("oauth.v2.access", visit.exchange(code)).await, "invalid_code");
}

#[tokio::test]
async fn the_secret_may_come_as_basic_authorization() {
    let running = start().await;
    let visit = Visit::new(&running, manifest()).await;
    let code = visit.code(&ASKED).await;
    let request =
        visit.http.post(visit.app.url("oauth.v2.access")).basic_auth(&visit.client_id, Some(&visit.client_secret));
    let answer = request.form(&[("code", code.as_str()), ("redirect_uri", REDIRECT)]).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["ok"], true);
}

#[tokio::test]
async fn a_person_who_declines_sends_no_code() {
    let running = start().await;
    let visit = Visit::new(&running, manifest()).await;
    let query = visit.decide("deny", &ASKED).await;
    let expected =
        [("error", "access_denied"), ("state", "s&t")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(query, expected);
}

#[tokio::test]
async fn what_is_wrong_is_told_to_the_person_and_nobody_is_sent_anywhere() {
    let running = start().await;
    let visit = Visit::new(&running, manifest()).await;
    for (query, code) in [
        (vec![("scope", "chat:write"), ("redirect_uri", "https://evil.example/slack")], "bad_redirect_uri"),
        (vec![("scope", "chat:write"), ("redirect_uri", "http://127.0.0.1:9/slackish")], "bad_redirect_uri"),
        (vec![("scope", "")], "no_scopes"),
        (vec![("scope", "<script>")], "invalid_scope"),
        (
            vec![("scope", "chat:write"), ("code_challenge", "x"), ("code_challenge_method", "plain")],
            "invalid_code_challenge",
        ),
        (vec![("scope", "chat:write"), ("response_type", "token")], "invalid_response_type"),
    ] {
        let (status, page) = visit.ask("oauth/v2/authorize", &query).await;
        assert_eq!(status, 400, "{code}");
        assert!(page.contains(code) && !page.contains("<script>"), "{code}: {page}");
        let request = visit.http.post(visit.address("oauth/v2/authorize"));
        let all: Vec<(&str, &str)> =
            query.iter().copied().chain([("client_id", visit.client_id.as_str()), ("decision", "deny")]).collect();
        assert_eq!(request.form(&all).send().await.unwrap().status(), 400, "{code}");
    }
    let request = visit.http.post(visit.address("oauth/v2/authorize")).header("origin", "https://evil.example");
    assert_eq!(request.form(&ASKED).send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_code_works_for_ten_minutes() {
    let running = start().await;
    let visit = Visit::new(&running, manifest()).await;
    let code = visit.code(&ASKED).await;
    running.advance_clock(Duration::from_mins(10)).unwrap();
    assert_eq!(visit.app.error("oauth.v2.access", visit.exchange(&code)).await, "invalid_code");
}

#[tokio::test]
async fn a_challenge_wants_its_verifier() {
    let running = start().await;
    let visit = Visit::new(&running, manifest()).await;
    let verifier = "a-verifier-that-nobody-else-can-know-0123456789";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let mut form = ASKED.to_vec();
    form.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
    let code = visit.code(&form).await;
    let mut exchange = visit.exchange(&code);
    assert_eq!(visit.app.error("oauth.v2.access", exchange.clone()).await, "invalid_code_verifier");
    exchange["code_verifier"] = verifier.to_uppercase().into();
    assert_eq!(visit.app.error("oauth.v2.access", exchange.clone()).await, "invalid_code_verifier");
    exchange["code_verifier"] = verifier.into();
    let other = Visit::new(&running, manifest()).await;
    let mut stolen = other.exchange(&code);
    stolen["code_verifier"] = verifier.into();
    assert_eq!(visit.app.error("oauth.v2.access", stolen).await, "invalid_code");
    visit.app.ok("oauth.v2.access", exchange).await;
}

#[tokio::test]
async fn tokens_that_expire_are_refreshed_once() {
    let running = start().await;
    let mut rotating = manifest();
    rotating["settings"] = json!({"token_rotation_enabled": true});
    let visit = Visit::new(&running, rotating).await;
    let code = visit.code(&ASKED).await;
    let answer = visit.app.ok("oauth.v2.access", visit.exchange(&code)).await;
    assert_eq!(answer["expires_in"], 43200);
    assert!(answer["access_token"].as_str().unwrap().starts_with("xoxe.xoxb-1-"));
    let bot = visit.app.with_token(&answer["access_token"].as_str().unwrap().into());
    bot.ok("auth.test", json!({})).await;
    running.advance_clock(Duration::from_hours(12)).unwrap();
    assert_eq!(bot.error("auth.test", json!({})).await, "token_expired");
    let refresh = json!({
        "client_id": visit.client_id, "client_secret": visit.client_secret, "grant_type": "refresh_token",
        "refresh_token": answer["refresh_token"],
    });
    let other = Visit::new(&running, manifest()).await;
    let mut stolen = refresh.clone();
    stolen["client_id"] = other.client_id.as_str().into();
    stolen["client_secret"] = other.client_secret.as_str().into();
    assert_eq!(visit.app.error("oauth.v2.access", stolen).await, "invalid_refresh_token");
    let fresh = visit.app.ok("oauth.v2.access", refresh.clone()).await;
    let bot = visit.app.with_token(&fresh["access_token"].as_str().unwrap().into());
    assert_eq!(bot.ok("auth.test", json!({})).await["user_id"], answer["bot_user_id"]);
    assert_eq!(visit.app.error("oauth.v2.access", refresh).await, "invalid_refresh_token");
}

#[tokio::test]
async fn signing_in_with_slack_tells_who_it_is() {
    let running = start().await;
    // However far it is moved: who checks the token looks at another clock.
    running.advance_clock(Duration::from_hours(48)).unwrap();
    let visit = Visit::new(&running, manifest()).await;
    let asked =
        [("scope", "openid email profile"), ("redirect_uri", REDIRECT), ("nonce", "n1"), ("response_type", "code")];
    let (status, page) = visit.ask("openid/connect/authorize", &asked).await;
    assert!(status == 200 && page.contains("openid"));
    let mut form = asked.to_vec();
    form.push(("openid", "1"));
    let code = visit.code(&form).await;
    let answer = visit.app.ok("openid.connect.token", visit.exchange(&code)).await;
    assert_eq!(answer["token_type"], "Bearer");
    let parts: Vec<&str> = answer["id_token"].as_str().unwrap().split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!((&claims["nonce"], &claims["aud"]), (&json!("n1"), &json!(visit.client_id)));
    assert_eq!(claims["email"], "bob@countersign.example");
    let system = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let claim = |name: &str| claims[name].as_u64().unwrap();
    assert!(claim("iat") <= system && claim("auth_time") <= system && claim("exp") > system, "{claims}");

    let keys: Value = visit.http.get(visit.address("openid/connect/keys")).send().await.unwrap().json().await.unwrap();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, point);
    let signed = format!("{}.{}", parts[0], parts[1]);
    key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(parts[2]).unwrap()).unwrap();

    let person = visit.app.with_token(&answer["access_token"].as_str().unwrap().into());
    let info = person.ok("openid.connect.userInfo", json!({})).await;
    assert_eq!((&info["sub"], &info["name"]), (&claims["sub"], &json!("Bob")));
    let discovery = visit.http.get(visit.address(".well-known/openid-configuration")).send().await.unwrap();
    assert_eq!(discovery.json::<Value>().await.unwrap()["id_token_signing_alg_values_supported"], json!(["ES256"]));
}

#[tokio::test]
async fn an_exchange_puts_an_expiring_token_in_the_place_of_the_old_one() {
    let running = start().await;
    let ready = running.ready();
    let mut rotating = manifest();
    rotating["settings"] = json!({"token_rotation_enabled": true, "socket_mode_enabled": true});
    let made = crate::control::Control::new(&running).post("apps", json!({"manifest": rotating})).await["app"].clone();
    let old = App::new(&running).with_token(&made["bot_token"].as_str().unwrap().into());
    let exchange = json!({"client_id": made["client_id"], "client_secret": made["client_secret"]});
    let answer = old.ok("oauth.v2.exchange", exchange).await;
    assert_eq!(answer["bot_user_id"], made["bot_user_id"]);
    assert_ne!(old.call("auth.test", json!({})).await["ok"], true);
    let fresh = old.with_token(&answer["access_token"].as_str().unwrap().into());
    fresh.ok("auth.test", json!({})).await;
    let not_rotating = json!({"client_id": ready.client_id, "client_secret": ready.client_secret.expose_secret()});
    let bot = App::new(&running);
    assert_eq!(bot.error("oauth.v2.exchange", not_rotating).await, "token_rotation_not_enabled");
}
