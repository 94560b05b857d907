//! Using apps at the page: menus that ask, every input, Home tabs, agents, shortcuts, and the developer pane.

use countersign_testkit::{Browser, Device, Key};
use serde_json::{Value, json};

use crate::{assert_quiet, bounded, button, look::fits, picture, space::Space};

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

fn option(text: &str) -> Value {
    json!({ "text": plain(text), "value": text.to_lowercase() })
}

fn input(block: &str, label: &str, mut element: Value) -> Value {
    element["action_id"] = "a".into();
    json!({ "type": "input", "block_id": block, "label": plain(label), "optional": true, "element": element })
}

/// A modal with the inputs that need more than a field of the browser.
fn modal() -> Value {
    let cities: Vec<Value> =
        ["Oslo", "Rome", "Paris", "Lima", "Quito", "Cairo", "Tokyo", "Delhi", "Seoul"].map(option).into();
    json!({ "type": "modal", "callback_id": "trip", "title": plain("Plan"), "submit": plain("Save"), "blocks": [
        input("city", "City", json!({ "type": "static_select", "options": cities })),
        input("tags", "Tags", json!({ "type": "multi_static_select", "options": [option("Red"), option("Green"), option("Blue")], "max_selected_items": 2 })),
        input("station", "Station", json!({ "type": "external_select", "min_query_length": 1 })),
        input("day", "Day", json!({ "type": "datepicker", "initial_date": "2026-11-20" })),
        input("files", "Files", json!({ "type": "file_input" })),
        input("words", "Words", json!({ "type": "rich_text_input" })),
    ] })
}

/// The combobox in front of the menu of a block.
fn combo(label: &str) -> String {
    format!("dialog [role=combobox][aria-label^=\"{label}\"]")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn menus_with_search_files_and_rich_text_reach_the_app() {
    bounded(async {
        let space = Space::start().await;
        let open = json!({ "type": "button", "action_id": "open", "text": plain("Open") });
        space.post(json!([{ "type": "actions", "elements": [open] }])).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "kept").unwrap();
        let browser = space.browser("alice", Device::Desktop).await;
        browser.click(&button("open")).await;
        let trigger = space.hears_type("block_actions").await["trigger_id"].clone();
        space.call("views.open", &json!({ "trigger_id": trigger, "view": modal() })).await;
        browser.see("dialog.modal:modal").await;
        browser.type_into(&combo("City"), "ro").await;
        browser.see_text("//li[@role='option']", "Rome").await;
        browser.press(Key::Enter).await;
        for letter in ["r", "b"] {
            browser.type_into(&combo("Tags"), letter).await;
            browser.see(".combo-option.active").await;
            browser.press(Key::Enter).await;
            browser.see_no(".combo-list:not([hidden])").await;
        }
        browser.type_into(&combo("Station"), "cen").await;
        browser.see_text("//li[@role='option']", "Rome (cen)").await;
        browser.save(&picture("workspace-external")).await;
        browser.press(Key::Down).await;
        browser.press(Key::Enter).await;
        browser.type_into("dialog input[type=file]", path.to_str().unwrap()).await;
        browser.type_into("dialog textarea", "*bold* for @bob").await;
        browser.press(Key::Escape).await;
        browser.save(&picture("workspace-modal")).await;
        assert_eq!(browser.count("dialog.modal:modal").await, 1, "Escape closes only the list of completions");
        browser.click("dialog.modal [data-testid=submit]").await;
        browser.see_no("dialog.modal").await;
        let heard = space.hears_type("view_submission").await;
        let at = |pointer: &str| heard.pointer(&format!("/view/state/values{pointer}")).cloned().unwrap_or_default();
        assert_eq!(at("/city/a/selected_option/value"), "rome");
        assert_eq!(at("/tags/a/selected_options/0/value"), "red");
        assert_eq!(at("/tags/a/selected_options/1/value"), "blue");
        assert_eq!(at("/station/a/selected_option/text/text"), "Rome (cen)");
        assert_eq!(at("/day/a/selected_date"), "2026-11-20");
        assert_eq!(at("/files/a/files/0/name"), "notes.txt");
        let words = at("/words/a/rich_text_value/elements/0/elements");
        assert_eq!(words[0]["style"]["bold"], true);
        assert_eq!(words[2]["user_id"], space.user("bob"));
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_menu_with_search_opens_within_a_phones_screen() {
    bounded(async {
        let space = Space::start().await;
        let open = json!({ "type": "button", "action_id": "open", "text": plain("Open") });
        space.post(json!([{ "type": "actions", "elements": [open] }])).await;
        let browser = space.browser("alice", Device::Phone).await;
        browser.click(&button("open")).await;
        let trigger = space.hears_type("block_actions").await["trigger_id"].clone();
        space.call("views.open", &json!({ "trigger_id": trigger, "view": modal() })).await;
        browser.see("dialog.modal:modal").await;
        fits(&browser, Device::Phone, "modal").await;
        browser.click(&combo("City")).await;
        browser.see(".combo-option.active").await;
        let inside = "const at = document.querySelector('.combo-list:not([hidden])').getBoundingClientRect();
            return at.left >= 0 && at.top >= 0 && at.right <= innerWidth && at.bottom <= innerHeight";
        assert_eq!(browser.execute(inside).await, Value::Bool(true));
        fits(&browser, Device::Phone, "menu").await;
        browser.save(&picture("workspace-combo-phone")).await;
        browser.see_text("//li[@role='option']", "Paris").await.click().await.unwrap();
        browser.see_no(".combo-list:not([hidden])").await;
        browser.save(&picture("workspace-modal-phone")).await;
        browser.click("dialog.modal [data-testid=submit]").await;
        browser.see_no("dialog.modal").await;
        let heard = space.hears_type("view_submission").await;
        assert_eq!(heard["view"]["state"]["values"]["city"]["a"]["selected_option"]["value"], "paris");
        assert_quiet(&browser).await;
    })
    .await;
}

/// Opens the app from the sidebar.
async fn open_app(browser: &Browser) {
    browser.see_text("//nav//button", "Weather").await.click().await.unwrap();
    browser.see_text("//h1", "Weather").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_hears_that_its_home_is_opened_and_what_is_typed_there() {
    bounded(async {
        let space = Space::start().await;
        let mut search = input("q", "Search", json!({ "type": "plain_text_input" }));
        search["dispatch_action"] = true.into();
        let home =
            |title: &str| json!({ "type": "home", "blocks": [{ "type": "header", "text": plain(title) }, search] });
        let alice = space.user("alice");
        space.call("views.publish", &json!({ "user_id": alice, "view": home("Welcome") })).await;
        let browser = space.browser("alice", Device::Desktop).await;
        open_app(&browser).await;
        browser.see_text("//h3", "Welcome").await;
        browser.save(&picture("workspace-home")).await;
        let opened = space.hears_type("app_home_opened").await;
        assert_eq!(opened["event"]["tab"], "home");
        browser.type_into("[data-testid=home] input[type=text]", "Oslo").await;
        browser.press(Key::Enter).await;
        let heard = space.hears_type("block_actions").await;
        assert_eq!(heard["actions"][0]["value"], "Oslo");
        assert_eq!(heard["view"]["type"], "home");
        space.call("views.publish", &json!({ "user_id": alice, "view": home("Found") })).await;
        browser.see_text("//h3", "Found").await;
        browser.click("[data-testid=tab-messages]").await;
        browser.see("#composer").await;
        space.hears("the other tab", |heard| heard["event"]["tab"] == "messages").await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_with_an_agent_has_prompts_a_status_and_an_answer_that_grows() {
    bounded(async {
        let space = Space::start().await;
        let browser = space.browser("alice", Device::Desktop).await;
        open_app(&browser).await;
        browser.click("[data-testid=new-chat]").await;
        browser.see("[data-testid=thread]").await;
        let started = space.hears_type("assistant_thread_started").await["event"]["assistant_thread"].clone();
        let (channel, thread) = (&started["channel_id"], &started["thread_ts"]);
        let prompts = json!([{ "title": "Oslo", "message": "Weather in Oslo?" }]);
        let about = |more: Value| {
            let mut args = json!({ "channel_id": channel, "thread_ts": thread });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            args
        };
        space
            .call("assistant.threads.setSuggestedPrompts", &about(json!({ "prompts": prompts, "title": "Ask" })))
            .await;
        space.call("assistant.threads.setTitle", &about(json!({ "title": "Weather talk" }))).await;
        browser.see_text("//aside//h2", "Weather talk").await;
        browser.save(&picture("workspace-prompts")).await;
        browser.see_text("//aside//button", "Oslo").await.click().await.unwrap();
        browser.see_text("//aside//li", "Weather in Oslo?").await;
        browser.see_no("[data-testid=prompts]").await;
        space.call("assistant.threads.setStatus", &about(json!({ "status": "is thinking…" }))).await;
        browser.see_text("//*[@data-testid='agent-status']", "Weather is thinking…").await;
        browser.save(&picture("workspace-thinking")).await;

        let begin = json!({ "channel": channel, "thread_ts": thread, "markdown_text": "It is **sunny**" });
        let stream = space.call("chat.startStream", &begin).await;
        browser.see("aside .msg[aria-busy=true] [data-testid=growing]").await;
        browser.save(&picture("workspace-streaming")).await;
        let more = json!({ "channel": channel, "ts": stream["ts"], "markdown_text": " and warm." });
        space.call("chat.appendStream", &more).await;
        browser.see_text("//aside//li", "It is sunny and warm.").await;
        space.call("chat.stopStream", &json!({ "channel": channel, "ts": stream["ts"] })).await;
        browser.see_no("[data-testid=growing]").await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shortcuts_are_chosen_anywhere_and_on_a_message() {
    bounded(async {
        let space = Space::start().await;
        let ts = space.say("bob", "Keep me");
        let browser = space.browser("alice", Device::Desktop).await;
        browser.click("[data-testid=shortcuts]").await;
        browser.see("dialog.sheet:modal").await;
        browser.save(&picture("workspace-shortcuts")).await;
        browser.see_text("//dialog//button", "Plan a trip").await.click().await.unwrap();
        let heard = space.hears_type("shortcut").await;
        assert_eq!(heard["callback_id"], "trip");
        space.call("views.open", &json!({ "trigger_id": heard["trigger_id"], "view": modal() })).await;
        browser.see("dialog.modal:modal").await;
        browser.press(Key::Escape).await;
        browser.see_no("dialog.modal").await;
        browser.execute(&format!("document.querySelector('li[data-ts=\"{ts}\"]').focus()")).await;
        browser.press(Key::Enter).await;
        browser.see_text("//dialog//button", "Keep this").await.click().await.unwrap();
        let heard = space.hears_type("message_action").await;
        assert_eq!(heard["message"]["ts"], ts);
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_and_called_is_done_again_from_the_developer_pane() {
    bounded(async {
        let space = Space::start().await;
        let open = json!({ "type": "button", "action_id": "open", "text": plain("Open") });
        space.post(json!([{ "type": "actions", "elements": [open] }])).await;
        let browser = space.browser("alice", Device::Desktop).await;
        browser.open(&format!("{}?dev=all", space.address("alice"))).await;
        browser.click(&button("open")).await;
        space.hears_type("block_actions").await;
        let row = "//aside//li[contains(., 'interactive') and contains(., 'open')]";
        browser.see_text(&format!("{row}//summary"), "200").await.click().await.unwrap();
        browser.save(&picture("workspace-developer")).await;
        browser.see_text(&format!("{row}//button"), "Send again").await.click().await.unwrap();
        let before = space.hears_type("block_actions").await["trigger_id"].clone();
        let again = space
            .hears("the same again", |heard| heard["type"] == "block_actions" && heard["trigger_id"] != before)
            .await;
        assert_eq!(space.count("block_actions"), 2);
        // Its trigger is a fresh one: it opens a modal.
        space.call("views.open", &json!({ "trigger_id": again["trigger_id"], "view": modal() })).await;
        browser.see("dialog.modal:modal").await;
        browser.press(Key::Escape).await;
        browser.see_no("dialog.modal").await;

        let messages = browser.count(".room .msg").await;
        let call = "//aside//li[contains(., 'chat.postMessage')]";
        browser.see_text(&format!("{call}//summary"), "chat.postMessage").await.click().await.unwrap();
        browser.see_text(&format!("{call}//button"), "Call again").await.click().await.unwrap();
        browser.see(&format!(".room ol > {}.msg", ".msg ~ ".repeat(messages))).await;
        assert_quiet(&browser).await;
    })
    .await;
}
