//! Who may use which address: DNS rebinding and forms of other sites.

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::client::{App, http, start};

#[tokio::test]
async fn page_and_control_refuse_foreign_hosts_and_origins() {
    let running = start().await;
    let ready = running.ready();
    let port = ready.ui_url.trim_end_matches('/').rsplit_once(':').unwrap().1.to_owned();
    let status = async |url: &str, header: &str, value: &str| {
        let request = http().get(url).bearer_auth(ready.control_token.expose_secret()).header(header, value);
        request.send().await.unwrap().status()
    };
    let journal = format!("{}journal", ready.control_url);
    for url in [&ready.ui_url, &journal] {
        for host in ["evil.example", "evil.example:4100", "127.0.0.1:1", "localhost.evil.example"] {
            assert_eq!(status(url, "host", host).await, StatusCode::FORBIDDEN, "{url} {host}");
        }
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
            assert_eq!(status(url, "origin", origin).await, StatusCode::FORBIDDEN, "{url} {origin}");
        }
        assert_eq!(status(url, "sec-fetch-site", "cross-site").await, StatusCode::FORBIDDEN);
    }
    assert_eq!(status(&journal, "host", &format!("localhost:{port}")).await, StatusCode::OK);
    assert_eq!(status(&journal, "origin", &format!("http://127.0.0.1:{port}")).await, StatusCode::OK);
}

#[tokio::test]
async fn the_web_api_takes_any_host() {
    let running = start().await;
    let app = App::new(&running);
    for host in ["127.0.0.1", "slack.com", "host.docker.internal:99"] {
        let request = app.http.post(app.url("auth.test")).header("host", host);
        let answer = request.bearer_auth(app.token.expose_secret()).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["ok"], true, "{host}");
    }
}

#[tokio::test]
async fn another_site_of_this_machine_is_another_site() {
    let running = start().await;
    let ready = running.ready();
    let form = [
        ("client_id", ready.client_id.as_str()),
        ("scope", "chat:write"),
        ("redirect_uri", "http://127.0.0.1:9/x"),
        ("user", ready.users["alice"].as_str()),
        ("decision", "allow"),
    ];
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let own = ready.ui_url.trim_end_matches('/');
    for (origin, expected) in [
        ("http://localhost", StatusCode::FORBIDDEN),
        ("http://127.0.0.1", StatusCode::FORBIDDEN),
        ("https://127.0.0.1", StatusCode::FORBIDDEN),
        ("http://evil.example", StatusCode::FORBIDDEN),
        (own, StatusCode::FOUND),
    ] {
        let request = browser.post(format!("{}oauth/v2/authorize", ready.ui_url)).form(&form);
        let request = request.header("origin", origin).header("sec-fetch-site", "same-site");
        let answer = request.header("sec-fetch-mode", "navigate").send().await.unwrap();
        assert_eq!(answer.status(), expected, "{origin}");
    }
}

#[tokio::test]
async fn at_the_root_only_methods_are_calls() {
    let running = start().await;
    let app = App::new(&running);
    let root = |path: &str| format!("{}{path}", running.ready().ui_url);
    for path in ["favicon.ico", "robots.txt", "a.b.c"] {
        assert_eq!(app.http.get(root(path)).send().await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert!(running.journal().iter().all(|entry| entry.kind != "api"));
    let answer = app.http.post(root("auth.test")).bearer_auth(app.token.expose_secret()).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["ok"], true);
    let unknown = app.http.post(root("chat.sing")).send().await.unwrap();
    assert_eq!(unknown.json::<Value>().await.unwrap()["error"], "unknown_method");
}
