//! How the workspace looks with everything in it: each view fits its window and can be read, in both colours.

use countersign_testkit::{Browser, Device, Key};
use serde_json::{Value, json};

use crate::{assert_quiet, bounded, look::fits, picture, space::Space};

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

fn button(text: &str) -> Value {
    json!({ "type": "button", "action_id": text, "text": plain(text) })
}

fn option(text: &str) -> Value {
    json!({ "text": plain(text), "value": text, "description": plain("About it") })
}

/// Blocks of all times.
fn blocks() -> [Value; 4] {
    let cell = |text: &str| json!({ "type": "raw_text", "text": text });
    let card = |n: usize| json!({ "type": "card", "title": plain(&format!("Card {n}")), "body": plain("What it is about."), "actions": [{ "type": "button", "action_id": format!("take{n}"), "text": plain("Take") }] });
    [
        json!([
            { "type": "header", "text": plain("Deploy report") },
            { "type": "section", "text": { "type": "mrkdwn", "text": "*All* is _well_ :tada:" }, "accessory": { "type": "overflow", "action_id": "o", "options": [option("Edit")] } },
            { "type": "actions", "elements": [button("Approve"), { "type": "external_select", "action_id": "e", "placeholder": plain("Find…") }, { "type": "datepicker", "action_id": "d" }, { "type": "checkboxes", "action_id": "c", "options": [option("One")] }] },
        ]),
        json!([
            { "type": "table", "rows": [[cell("City"), cell("Degrees")], [cell("Oslo"), cell("-4")]] },
            { "type": "markdown", "text": "## Notes\n- **one**\n\n| a | b |\n|---|---|\n| 1 | 2 |" },
        ]),
        json!([
            { "type": "plan", "title": "Ship it", "tasks": [{ "task_id": "1", "title": "Build", "status": "complete", "output": "done" }, { "task_id": "2", "title": "Test", "status": "in_progress" }, { "task_id": "3", "title": "Tell", "status": "error" }] },
            { "type": "alert", "level": "warning", "text": plain("Disk is nearly full.") },
            { "type": "alert", "level": "error", "text": plain("Disk is full.") },
            { "type": "carousel", "elements": [card(1), card(2), card(3)] },
            { "type": "context_actions", "elements": [{ "type": "feedback_buttons", "action_id": "f", "positive_button": { "text": plain("Good") }, "negative_button": { "text": plain("Bad") } }] },
        ]),
        json!([
            { "type": "video", "title": plain("How"), "alt_text": "a talk", "thumbnail_url": "https://a.example/t", "video_url": "https://a.example/v" },
            { "type": "data_visualization" },
        ]),
    ]
}

async fn furnish(space: &Space) {
    let first = space.say("bob", "Hello *everyone*, see #approvals and @alice\n- first\n- second\n> quoted");
    let channel = space.general();
    space.call("pins.add", &json!({ "channel": channel, "timestamp": first })).await;
    space
        .call(
            "bookmarks.add",
            &json!({ "channel_id": channel, "title": "Runbook", "type": "link", "link": "https://a.example" }),
        )
        .await;
    for name in ["alice", "bob"] {
        let user = space.running.user(name).unwrap();
        let at = (&channel, countersign_slack_workspace::model::Ts::parse(&first).unwrap());
        space.running.workspace().react(&user, at, "tada", countersign_slack_workspace::person::Reacting::Add).unwrap();
    }
    space.call("chat.postMessage", &json!({ "channel": channel, "thread_ts": first, "text": "A reply." })).await;
    for blocks in blocks() {
        space.post(blocks).await;
    }
    let alice = space.user("alice");
    space.call("chat.postEphemeral", &json!({ "channel": channel, "user": alice, "text": "Just for you." })).await;
    let home = json!({ "type": "home", "blocks": [{ "type": "header", "text": plain("Welcome") }, { "type": "actions", "elements": [button("Plan")] }] });
    space.call("views.publish", &json!({ "user_id": alice, "view": home })).await;
}

async fn tour(space: &Space, device: Device, theme: &str) {
    let name = |view: &str| picture(&format!("workspace-{view}-{device:?}-{theme}").to_lowercase());
    let browser = Browser::start(device).await;
    let home = space.address("alice");
    browser.open(&home).await;
    browser.execute(&format!("document.cookie = 'countersign_theme={theme}; path=/'")).await;
    for (view, query) in [("channel", ""), ("journal", "?dev=all")] {
        browser.open(&format!("{home}{query}")).await;
        browser.execute(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        browser.see_text("//li", "Just for you.").await;
        for (part, top) in [("", "1e6"), ("-middle", "700"), ("-top", "0")] {
            browser.execute(&format!("document.querySelector('[data-main]').scrollTop = {top}")).await;
            fits(&browser, device, view).await;
            browser.save(&name(&format!("{view}{part}"))).await;
        }
    }
    browser.open(&home).await;
    browser.execute(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
    for sheet in ["react", "more", "shortcuts", "goto", "new", "members", "pins", "channel"] {
        browser.execute(&format!("document.querySelector('a[data-sheet][href*=\"show={sheet}\"]').click()")).await;
        browser.see("dialog.sheet:modal [data-sheet-body] > *").await;
        fits(&browser, device, sheet).await;
        browser.save(&name(&format!("sheet-{sheet}"))).await;
        browser.press(Key::Escape).await;
        browser.see_no("dialog.sheet:modal").await;
    }
    browser
        .execute(
            "[...document.querySelectorAll('.side-link')].find((node) => node.textContent.includes('Weather')).click()",
        )
        .await;
    browser.see_text("//h3", "Welcome").await;
    browser.execute(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
    fits(&browser, device, "home").await;
    browser.save(&name("home")).await;
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_fits_and_can_be_read_in_both_colours() {
    bounded(async {
        let space = Space::start().await;
        furnish(&space).await;
        for device in [Device::Desktop, Device::Phone] {
            for theme in ["light", "dark"] {
                tour(&space, device, theme).await;
            }
        }
    })
    .await;
}
