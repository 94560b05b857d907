//! The page over HTTP, as a browser without scripts and a browser with them see it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::model::{Author, ChannelId, ChannelKind, Draft, State, Ts, UserId};
use crate::{Config, Running, Workspace};

/// A workspace and the way to it.
struct Page {
    running: Running,
    host: String,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Page {
    async fn start() -> Self {
        let running = Workspace::start(Config::default()).await.unwrap();
        let host = running.ready().ui_url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { running, host }
    }

    fn workspace(&self) -> &Workspace {
        self.running.workspace()
    }

    fn user(&self, name: &str) -> UserId {
        self.running.user(name).unwrap()
    }

    fn approvals(&self) -> ChannelId {
        self.running.ready().channels["approvals"].clone()
    }

    /// A message of the app's.
    fn posted(&self, text: &str, blocks: &Value) -> Ts {
        let ready = self.running.ready();
        let author = Author { user: ready.bot_user_id.clone(), app: Some(ready.app_id.clone()) };
        let blocks = blocks.as_array().cloned();
        let draft = Draft { text: text.to_owned(), blocks, ..Draft::default() };
        self.workspace().update(|state, now| state.post(&self.approvals(), &author, draft, now)).unwrap().ts
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = format!("http://{}", self.host);
        self.send("POST", path, &[("origin", &origin)], &serde_urlencoded::to_string(fields).unwrap()).await
    }

    async fn fragment(&self, path: &str, fields: &[(&str, &str)]) -> Value {
        let origin = format!("http://{}", self.host);
        let body = serde_urlencoded::to_string(fields).unwrap();
        let answer = self.send("POST", path, &[("origin", &origin), ("x-fragment", "1")], &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = self.open(method, path, headers, body).await;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    async fn open(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

fn approval() -> Value {
    let button =
        |id: &str| json!({"type": "button", "action_id": id, "value": "v", "text": {"type": "plain_text", "text": id}});
    let mut risky = button("wipe");
    risky["confirm"] = json!({"title": {"type": "plain_text", "text": "Really wipe?"}, "text": {"type": "plain_text", "text": "Gone."},
        "confirm": {"type": "plain_text", "text": "Wipe"}, "deny": {"type": "plain_text", "text": "Keep"}});
    json!([
        {"type": "header", "block_id": "h", "text": {"type": "plain_text", "text": "Run <script>alert(1)</script>\u{202E}?"}},
        {"type": "actions", "block_id": "a", "elements": [button("approve"), risky]},
    ])
}

#[tokio::test]
async fn the_front_page_leads_to_a_person_and_a_conversation() {
    let page = Page::start().await;
    let answer = page.get("/").await;
    assert!(answer.status == 303 && answer.head.contains("location: /u/alice"), "{}", answer.head);
    let answer = page.get("/u/bob").await;
    assert!(answer.head.contains("location: /u/bob/c/c"), "{}", answer.head);
    assert!(page.get("/u/bob/c/approvals").await.body.contains("You are: <strong>bob</strong>"));
    for missing in ["/u/nobody", "/u/alice/c/nowhere", "/u/alice/c/%3Cscript%3E", "/u/alice/file/F1"] {
        assert_eq!(page.get(missing).await.status, 404, "{missing}");
    }
}

#[tokio::test]
async fn pages_carry_no_inline_code_and_a_policy_against_it() {
    let page = Page::start().await;
    page.posted("x", &approval());
    let answer = page.get("/u/alice/c/approvals?dev=all").await;
    assert!(answer.head.contains("content-security-policy: default-src 'none'; script-src 'self';"), "{}", answer.head);
    assert!(answer.head.contains("x-content-type-options: nosniff") && answer.head.contains("cache-control: no-store"));
    for inline in ["<script>", "<style", " style=", " onclick=", " onload=", "<img", "<iframe", "\u{202E}"] {
        assert!(!answer.body.contains(inline), "{inline}");
    }
    assert!(answer.body.contains("Run &lt;script&gt;alert(1)&lt;/script&gt;"));
    let script = answer.body.split("src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(page.get(&script).await.head.contains("content-type: text/javascript"));
}

#[tokio::test]
async fn a_message_is_written_by_a_form_and_shown_escaped() {
    let page = Page::start().await;
    let answer = page.form("/u/alice/c/approvals/post", &[("text", "hello <script>alert(1)</script>")]).await;
    assert_eq!(answer.status, 303);
    let shown = page.get("/u/bob/c/approvals").await.body;
    assert!(shown.contains("hello &lt;script&gt;alert(1)&lt;/script&gt;"), "{shown}");
}

#[tokio::test]
async fn forms_of_other_pages_and_of_no_page_are_refused() {
    let page = Page::start().await;
    for headers in [&[("origin", "http://evil.example")][..], &[("origin", "null")], &[]] {
        let answer = page.send("POST", "/u/alice/c/approvals/post", headers, "text=forged").await;
        assert_eq!(answer.status, 403, "{headers:?}");
    }
    assert!(!page.get("/u/alice/c/approvals").await.body.contains("forged"));
}

#[tokio::test]
async fn private_conversations_and_ephemeral_messages_are_for_their_people_only() {
    let page = Page::start().await;
    let (alice, bob) = (page.user("alice"), page.user("bob"));
    let members = std::iter::once(bob.clone()).collect();
    let make =
        |state: &mut crate::model::State, now| state.create_channel("secret", ChannelKind::Private, members, &bob, now);
    let secret = page.workspace().update(make).unwrap();
    assert_eq!(page.get(&format!("/u/bob/c/{secret}")).await.status, 200);
    assert_eq!(page.get(&format!("/u/alice/c/{secret}")).await.status, 404);
    assert_eq!(page.get(&format!("/u/alice/c/{secret}/live")).await.status, 404);
    assert!(!page.get("/u/alice/c/approvals").await.body.contains("secret"));

    let ready = page.running.ready();
    let author = Author { user: ready.bot_user_id.clone(), app: Some(ready.app_id.clone()) };
    let draft = Draft { text: "between us".to_owned(), blocks: approval().as_array().cloned(), ..Draft::default() };
    let channel = page.approvals();
    let ts = page.workspace().update(|state, now| state.post_ephemeral(&channel, &alice, &author, draft, now)).unwrap();
    assert!(page.get("/u/alice/c/approvals").await.body.contains("Only visible to you"));
    assert!(!page.get("/u/bob/c/approvals").await.body.contains("Only visible to you"));
    let fields = [("ts", &*ts.to_string()), ("press", r#"["a","approve"]"#)];
    let answer = page.fragment("/u/bob/c/approvals/act", &fields).await;
    assert!(answer["note"].as_str().unwrap().contains("This message is gone"), "{answer}");
}

#[tokio::test]
async fn a_click_that_no_app_hears_says_so() {
    let page = Page::start().await;
    let ts = page.posted("x", &approval()).to_string();
    let fields = [("ts", ts.as_str()), ("press", r#"["a","approve"]"#)];
    let answer = page.fragment("/u/alice/c/approvals/act", &fields).await;
    let note = answer["note"].as_str().unwrap();
    assert!(note.contains("The app did not answer in time") && note.contains("it is not connected"), "{note}");
    let shown = page.form("/u/alice/c/approvals/act", &fields).await;
    assert!(shown.status == 200 && shown.body.contains("The app did not answer in time"));
}

#[tokio::test]
async fn what_is_not_on_the_message_cannot_be_pressed() {
    let page = Page::start().await;
    let ts = page.posted("x", &approval()).to_string();
    for press in [r#"["a","grant_all"]"#, r#"["b","approve"]"#, "approve", "", "[]"] {
        let answer = page.fragment("/u/alice/c/approvals/act", &[("ts", &ts), ("press", press)]).await;
        assert!(answer["note"].as_str().unwrap().contains("This button is gone"), "{press}");
    }
}

#[tokio::test]
async fn without_the_script_a_confirmation_is_a_page() {
    let page = Page::start().await;
    let ts = page.posted("x", &approval()).to_string();
    let asked = page.form("/u/alice/c/approvals/act", &[("ts", &ts), ("press", r#"["a","wipe"]"#)]).await.body;
    assert!(asked.contains("Really wipe?") && asked.contains("name=\"confirmed\""), "{asked}");
    assert!(page.workspace().journal(0).iter().all(|entry| entry.kind != "person"));
    page.form("/u/alice/c/approvals/act", &[("ts", &ts), ("confirmed", r#"["a","wipe"]"#)]).await;
    assert!(page.workspace().journal(0).iter().any(|entry| entry.kind == "person"));
}

#[tokio::test]
async fn a_modal_is_drawn_refused_and_closed_without_the_script() {
    let page = Page::start().await;
    let view = json!({"type": "modal", "title": {"type": "plain_text", "text": "Deny"}, "submit": {"type": "plain_text", "text": "Send"}, "blocks": [
        {"type": "input", "block_id": "w", "label": {"type": "plain_text", "text": "Reason"}, "element": {"type": "plain_text_input", "action_id": "t"}},
        {"type": "input", "block_id": "k", "optional": true, "label": {"type": "plain_text", "text": "Note"}, "element": {"type": "plain_text_input", "action_id": "n"}},
    ]});
    let (app, alice) = (page.running.ready().app_id.clone(), page.user("alice"));
    let content = view.as_object().cloned().unwrap();
    let id = page.workspace().update(|state, _| state.place(&app, &alice, content)).unwrap().id.to_string();
    assert!(page.get("/u/alice/c/approvals").await.body.contains("<dialog class=\"modal\" open"));
    assert!(!page.get("/u/bob/c/approvals").await.body.contains("<dialog class=\"modal\""));
    let fields = [("view_id", &*id), ("submit", "1"), (r#"["k","n"]"#, "kept <b>")];
    let refused = page.form("/u/alice/c/approvals/view", &fields).await.body;
    assert!(
        refused.contains("data-testid=\"field-error\"") && refused.contains("value=\"kept &lt;b&gt;\""),
        "{refused}"
    );
    let answer = page.fragment("/u/alice/c/approvals/view", &fields).await;
    assert!(answer["modal"]["html"].as_str().unwrap().contains("field-error"));
    assert_eq!(page.form("/u/alice/c/approvals/close", &[("view_id", &id)]).await.status, 303);
    assert!(!page.get("/u/alice/c/approvals").await.body.contains("<dialog class=\"modal\""));
}

#[tokio::test]
async fn the_theme_is_kept_in_a_cookie() {
    let page = Page::start().await;
    let answer = page.form("/u/alice/c/approvals/theme", &[("theme", "dark")]).await;
    assert!(answer.head.contains("set-cookie: countersign_theme=dark"), "{}", answer.head);
    let cookie = [("cookie", "a=b; countersign_theme=dark")];
    assert!(page.send("GET", "/u/alice/c/approvals", &cookie, "").await.body.contains("data-theme=\"dark\""));
    let forged = [("cookie", "countersign_theme=\"><script>")];
    assert!(page.send("GET", "/u/alice/c/approvals", &forged, "").await.body.contains("data-theme=\"auto\""));
}

#[tokio::test]
async fn an_open_page_hears_of_messages_as_fragments_and_ends_with_the_workspace() {
    let page = Page::start().await;
    let mut stream = page.open("GET", "/u/alice/c/approvals/live", &[], "").await;
    let mut heard = String::new();
    hear(&mut stream, &mut heard, "\"region\":\"modal\"").await;
    assert!(heard.contains("content-type: text/event-stream") && heard.contains("event: region"), "{heard}");
    heard.clear();
    let ts = page.posted("live &lt;news&gt;", &Value::Null);
    hear(&mut stream, &mut heard, "live &lt;news&gt;").await;
    assert!(heard.contains(&format!("data-ts=\\\"{ts}\\\"")), "{heard}");
    assert!(!heard.contains("\"region\":\"head\""), "what did not change is not sent: {heard}");
    page.running.stop().await;
    while stream.read_buf(&mut Vec::with_capacity(4096)).await.unwrap_or(0) > 0 {}
}

#[tokio::test]
async fn whoever_is_taken_out_of_a_private_channel_reads_on_no_more() {
    let page = Page::start().await;
    let (alice, bob) = (page.user("alice"), page.user("bob"));
    let members = BTreeSet::from([alice.clone(), bob.clone()]);
    let make = |state: &mut State, now| state.create_channel("secret", ChannelKind::Private, members, &alice, now);
    let secret = page.workspace().update(make).unwrap();
    let mut stream = page.open("GET", &format!("/u/bob/c/{secret}/live"), &[], "").await;
    let mut heard = String::new();
    page.running.post_message(&alice, &secret, "for both").unwrap();
    hear(&mut stream, &mut heard, "for both").await;
    page.workspace().update(|state, now| {
        state.channels.get_mut(&secret).unwrap().members.remove(&bob);
        let author = Author { user: alice.clone(), app: None };
        let draft = Draft { text: "TOPSECRET".to_owned(), ..Draft::default() };
        state.post(&secret, &author, draft, now).unwrap();
    });
    hear(&mut stream, &mut heard, "event: reload").await;
    page.running.post_message(&alice, &secret, "TOPSECRET too").unwrap();
    page.running.stop().await;
    let mut rest = Vec::new();
    while stream.read_buf(&mut rest).await.unwrap_or(0) > 0 {}
    heard.push_str(&String::from_utf8_lossy(&rest));
    assert!(!heard.contains("TOPSECRET"), "{heard}");
}

/// Longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads from a stream until something was heard.
async fn hear(stream: &mut TcpStream, heard: &mut String, wanted: &str) {
    while !heard.contains(wanted) {
        let mut bytes = Vec::with_capacity(65_536);
        let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut bytes)).await;
        let read = read.unwrap_or_else(|_| panic!("{wanted} was never sent: {heard}"));
        assert!(read.unwrap() > 0, "the stream ended: {heard}");
        heard.push_str(&String::from_utf8_lossy(&bytes));
    }
}

#[tokio::test]
async fn a_permalink_opens_the_page_at_its_message() {
    let page = Page::start().await;
    let old = page.posted("the first", &Value::Null);
    for number in 0..250 {
        page.posted(&format!("later {number}"), &Value::Null);
    }
    let new = page.posted("the last", &Value::Null);
    let channel = page.approvals();
    let link = |ts: Ts| format!("/archives/{channel}/p{:016}", ts.micros());
    let location = |answer: &Answer| {
        assert_eq!(answer.status, 303, "{}", answer.body);
        let found = answer.head.lines().find(|header| header.starts_with("location: ")).unwrap();
        found.trim_start_matches("location: ").replace(&channel.as_str().to_lowercase(), channel.as_str())
    };
    let at_new = location(&page.get(&link(new)).await);
    assert_eq!(at_new, format!("/u/alice/c/{channel}#m{new}"));
    let at_old = location(&page.get(&link(old)).await);
    assert!(at_old.starts_with(&format!("/u/alice/c/{channel}?before=")), "{at_old}");
    for (address, ts, words) in [(&at_new, new, "the last"), (&at_old, old, "the first")] {
        let shown = page.get(address.split('#').next().unwrap()).await.body;
        assert!(shown.contains(&format!("id=\"m{ts}\"")) && shown.contains(words), "{address}");
    }
    // Whoever followed it from a page of theirs stays who they are.
    let from = format!("http://{}/u/bob/c/general", page.host);
    let answer = page.send("GET", &link(new), &[("referer", &from)], "").await;
    assert!(location(&answer).starts_with("/u/bob/c/"));
    let reply = page.workspace().update(|state, now| {
        let author = Author { user: page.user("alice"), app: None };
        let draft = Draft { text: "a reply".to_owned(), thread: Some(new), ..Draft::default() };
        state.post(&channel, &author, draft, now).unwrap().ts
    });
    let at_reply = location(&page.get(&format!("{}?thread_ts={new}&cid={channel}", link(reply))).await);
    assert_eq!(at_reply, format!("/u/alice/c/{channel}?thread={new}#t{reply}"));
    assert!(location(&page.get(&format!("/archives/{channel}")).await).ends_with(&channel.to_string()));
    for gone in
        ["/archives/C0/p1700000000123456", &format!("/archives/{channel}/p17"), &format!("/archives/{channel}/x")]
    {
        assert_eq!(page.get(gone).await.status, 404, "{gone}");
    }
}

#[tokio::test]
async fn search_finds_what_one_may_read_and_leads_there() {
    let page = Page::start().await;
    let ts = page.posted("The deploy of Orange went <b>well</b>", &Value::Null);
    page.posted("something else", &Value::Null);
    let channel = page.approvals();
    let sheet = |user: &str, words: &str| format!("/u/{user}/c/{channel}/sheet?show=search&q={words}");
    let found = page.get(&sheet("alice", "orange+DEPLOY")).await.body;
    assert!(found.contains(&format!("href=\"/u/alice/c/{channel}#m{ts}\"")), "{found}");
    assert!(found.contains("1 message") && !found.contains("<b>well") && !found.contains("something else"), "{found}");
    assert!(page.get(&sheet("alice", "orange+grapefruit")).await.body.contains("Nothing that you can read"));
    let im = page.workspace().update(|state, now| {
        let (alice, bob) = (page.user("alice"), page.user("bob"));
        let (room, _) = state.open_im(&alice, &bob, now).unwrap();
        let draft = Draft { text: "a secret mango".to_owned(), ..Draft::default() };
        state.post(&room, &Author { user: alice, app: None }, draft, now).unwrap();
        room
    });
    assert!(page.get(&sheet("bob", "mango")).await.body.contains(&im.to_string()));
    assert!(page.get(&sheet("carol", "mango")).await.body.contains("Nothing that you can read"));
}

#[tokio::test]
async fn a_long_message_is_folded_and_a_short_one_is_not() {
    let page = Page::start().await;
    page.posted("short", &Value::Null);
    let path = format!("/u/alice/c/{}", page.approvals());
    assert!(!page.get(&path).await.body.contains("Show all of it"));
    page.posted(&"line\n".repeat(100), &Value::Null);
    let shown = page.get(&path).await.body;
    assert_eq!(shown.matches("Show all of it").count(), 1);
    assert!(shown.matches("line").count() >= 100, "what is folded is there");
}
