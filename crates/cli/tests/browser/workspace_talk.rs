//! Talking at the page: reactions, threads, files, completions, what is one's own, what is unread.

use std::path::PathBuf;

use countersign_testkit::{Browser, Device, Key};
use serde_json::{Value, json};

use crate::{assert_quiet, bounded, picture, space::Space};

/// The sheet that is open over the page.
const SHEET: &str = "dialog.sheet:modal";

fn enter() -> String {
    char::from(Key::Enter).to_string()
}

/// A file that a browser can choose.
fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

/// Opens a tool of the only message of somebody.
async fn tool(browser: &Browser, ts: &str, show: &str) {
    let link = format!("li[data-ts=\"{ts}\"] .msg-tools a[href*=\"show={show}\"]");
    // What a mouse reveals is there for the keyboard too.
    browser.execute(&format!("document.querySelector('{link}').focus()")).await;
    browser.press(Key::Enter).await;
    browser.see(SHEET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reaction_is_found_by_its_name_shown_to_others_and_taken_back() {
    bounded(async {
        let space = Space::start().await;
        let ts = space.say("bob", "Lunch?");
        let (alice, bob) = tokio::join!(space.browser("alice", Device::Desktop), space.browser("bob", Device::Desktop));
        tool(&alice, &ts, "react").await;
        alice.save(&picture("workspace-react")).await;
        alice.type_into("dialog [data-filter]", "tada").await;
        alice.press(Key::Enter).await;
        alice.see_no(SHEET).await;
        let chip = "[data-testid=reaction][value=tada]";
        bob.see(&format!("{chip}[aria-pressed=false][aria-label=\"alice reacted with :tada:\"]")).await;
        bob.click(chip).await;
        alice.see(&format!("{chip}[aria-label=\"alice and bob reacted with :tada:\"]")).await;
        alice.click(&format!("{chip}[aria-pressed=true]")).await;
        bob.see(&format!("{chip}[aria-label=\"bob reacted with :tada:\"]")).await;
        assert_quiet(&alice).await;
        assert_quiet(&bob).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ones_own_message_is_edited_pinned_and_deleted() {
    bounded(async {
        let space = Space::start().await;
        let (mine, other) = (space.say("alice", "Helo *world*"), space.say("bob", "Hi"));
        let browser = space.browser("alice", Device::Desktop).await;
        tool(&browser, &other, "more").await;
        assert_eq!(browser.count("dialog a[href*='show=edit'], dialog a[href*='show=delete']").await, 0);
        browser.press(Key::Escape).await;
        browser.see_no(SHEET).await;

        // The arrow in an empty message box edits what was written last.
        browser.type_into("#composer", &char::from(Key::Up).to_string()).await;
        browser.see("dialog #edit-text:focus").await;
        browser.execute("document.querySelector('#edit-text').value = 'Hello *world*'").await;
        browser.press(Key::Enter).await;
        browser.see_no(SHEET).await;
        browser.see_text(&format!("//li[@data-ts='{mine}']"), "(edited)").await;
        browser.see_text("//li//strong", "world").await;

        tool(&browser, &mine, "more").await;
        browser.save(&picture("workspace-more")).await;
        browser.see_text("//dialog//button", "Pin to this conversation").await.click().await.unwrap();
        browser.see_text("//header//a", "1 pinned").await;
        tool(&browser, &mine, "more").await;
        browser.click("dialog a[href*='show=delete']").await;
        browser.see_text("//dialog//button", "Delete").await.click().await.unwrap();
        browser.see_no(&format!("li[data-ts=\"{mine}\"]")).await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_goes_to_the_thread_and_to_the_channel_when_asked() {
    bounded(async {
        let space = Space::start().await;
        let ts = space.say("bob", "Lunch?");
        let browser = space.browser("alice", Device::Desktop).await;
        browser.open(&format!("{}?thread={ts}", space.address("alice"))).await;
        browser.type_into("#thread-composer", &format!("yes{}", enter())).await;
        browser.see_text("//aside//li", "yes").await;
        assert_eq!(browser.count(".room .msg").await, 1 + browser.count(".room .notice-line").await);
        browser.type_into("#thread-composer", "at noon").await;
        browser.click("input[name=broadcast]").await;
        browser.type_into("#thread-composer", &enter()).await;
        browser.see_text("//main//li", "at noon").await;
        browser.see_text("//main//a[@data-testid='thread-link']", "2 replies").await;
        browser.save(&picture("workspace-thread")).await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_with_a_message_and_pictures_are_shown() {
    const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\x00\x00\x00\x00\x00!\xf9\x04\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    bounded(async {
        let space = Space::start().await;
        let (_kept, path) = file("dot.gif", PICTURE);
        let (_kept_too, text) = file("notes.txt", b"first line <script>");
        let browser = space.browser("alice", Device::Desktop).await;
        browser.type_into(".room [data-attach]", path.to_str().unwrap()).await;
        browser.type_into(".room [data-attach]", text.to_str().unwrap()).await;
        browser.see_text("//main//button", "notes.txt").await;
        browser.type_into("#composer", &format!("two files{}", enter())).await;
        browser.see_text("//li//pre", "first line <script>").await;
        browser.see(".file-picture img").await;
        let loaded = "return document.querySelector('.file-picture img').complete && document.querySelector('.file-picture img').naturalWidth";
        browser.see(".composer-files:empty").await;
        assert_eq!(browser.execute(loaded).await, Value::from(1));
        browser.save(&picture("workspace-files")).await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_channels_emoji_and_commands_are_completed() {
    bounded(async {
        let space = Space::start().await;
        let browser = space.browser("alice", Device::Desktop).await;
        let open = "#completions:not([hidden])";
        for typed in ["@bo", "see #app", ":tad"] {
            browser.type_into("#composer", typed).await;
            browser.see(open).await;
            browser.save(&picture("workspace-completions")).await;
            browser.press(Key::Enter).await;
            browser.see_no(open).await;
        }
        browser.press(Key::Enter).await;
        browser.see_text("//li//span[contains(@class, 'mention')]", "@bob").await;
        browser.see_text("//li//a[contains(@class, 'mention')]", "#approvals").await;
        browser.see_text("//li[@data-testid='message']", "🎉").await;

        browser.type_into("#composer", "/wea").await;
        browser.see(open).await;
        browser.press(Key::Tab).await;
        browser.type_into("#composer", &format!("Oslo{}", enter())).await;
        let heard = space.hears("the command", |heard| heard["command"] == "/weather").await;
        assert_eq!(heard["text"], "Oslo");
        let whisper = browser.see_text("//li[contains(@class, 'ephemeral')]", "Sunny in Oslo.").await;
        browser.save(&picture("workspace-ephemeral")).await;
        drop(whisper);
        browser.execute("document.querySelector('.ephemeral .msg-tools button').click()").await;
        browser.see_no("li.ephemeral").await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_new_is_marked_until_it_was_read() {
    bounded(async {
        let space = Space::start().await;
        space.say("alice", "I was here");
        let bobs = space.browser("bob", Device::Desktop).await;
        let browser = Browser::start(Device::Desktop).await;
        let elsewhere = space.address("alice").replace("general", "approvals");
        browser.open(&elsewhere).await;
        space.say("bob", "just so");
        let alice = space.user("alice");
        space.say("bob", &format!("<@{alice}> look"));
        let general = format!("[data-channel-link=\"{}\"]", space.general());
        browser.see_text(&format!("//a[@data-channel-link='{}']//span[@class='badge']", space.general()), "1").await;
        browser.save(&picture("workspace-unread")).await;
        browser.click(&general).await;
        browser.see_text("//li[@class='unread-mark']", "New").await;
        browser.save(&picture("workspace-new")).await;
        // Having been looked at, it is not new the next time.
        browser.open(&elsewhere).await;
        browser.see(&format!("{general}:not(.unread)")).await;
        browser.click(&general).await;
        browser.see_text("//li", "just so").await;
        assert_eq!(browser.count(".unread-mark").await, 0);
        assert_quiet(&browser).await;
        assert_quiet(&bobs).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_and_a_channel_are_made_and_found_by_keys() {
    bounded(async {
        let space = Space::start().await;
        let browser = space.browser("alice", Device::Desktop).await;
        browser.click("[data-testid=add-new]").await;
        browser.see(SHEET).await;
        for name in ["bob", "carol"] {
            browser.see_text("//dialog//label", name).await.click().await.unwrap();
        }
        browser.see_text("//dialog//button", "Open").await.click().await.unwrap();
        browser.see_text("//h1", "bob, carol").await;
        browser.see_text("//nav//a[@aria-current='page']", "bob, carol").await;

        browser.click("[data-testid=add-channel]").await;
        browser.type_into("dialog #channel-name", &format!("lunch{}", enter())).await;
        browser.see_text("//h1", "#lunch").await;
        browser.click("[data-testid=members]").await;
        browser.see_text("//dialog//li", "alice").await;
        browser.see_text("//dialog//label", "bob").await.click().await.unwrap();
        browser.see_text("//dialog//button", "Add").await.click().await.unwrap();
        browser.see_text("//li", "has joined the channel").await;

        browser
            .execute("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', ctrlKey: true, bubbles: true}))")
            .await;
        browser.type_into("dialog [data-filter]", "security").await;
        browser.save(&picture("workspace-goto")).await;
        browser.press(Key::Enter).await;
        browser.see_text("//h1", "#security-alerts").await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_script_sheets_are_pages_and_forms_do_the_same() {
    bounded(async {
        let space = Space::start().await;
        let ts = space.say("alice", "Helo");
        let select = json!({ "type": "external_select", "action_id": "city", "min_query_length": 0 });
        space.post(json!([{ "type": "actions", "block_id": "b", "elements": [select] }])).await;
        let browser = space.browser("alice", Device::NoScript).await;
        browser.click(&format!("li[data-ts=\"{ts}\"] a[href*='show=react']")).await;
        browser.click("button[value=tada]").await;
        browser.see("[data-testid=reaction][value=tada][aria-pressed=true]").await;
        browser.click(&format!("li[data-ts=\"{ts}\"] a[href*='show=more']")).await;
        browser.click("a[href*='show=edit']").await;
        browser.type_into("#edit-text", &format!("{}!", char::from(Key::End))).await;
        browser.see_text("//button", "Save").await.click().await.unwrap();
        browser.see_text("//li", "Helo!").await;
        browser.type_into("#composer", "Written without it.").await;
        browser.click(".composer button[type=submit]").await;
        browser.see_text("//li[@data-testid='message']", "Written without it.").await;

        browser.type_into("input[type=search]", "north").await;
        browser.click("button[name=find]").await;
        browser.see_text("//option", "Oslo (north)").await.click().await.unwrap();
        browser.save(&picture("workspace-no-script")).await;
        browser.click("noscript button[name=press], button[name=press]").await;
        let heard = space.hears_type("block_actions").await;
        assert_eq!(heard["actions"][0]["selected_option"]["text"]["text"], "Oslo (north)");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_searched_for_is_found_and_leads_to_its_place() {
    bounded(async {
        let space = Space::start().await;
        let ts = space.say("bob", "The orange one is ready");
        for number in 0..60 {
            space.say("bob", &format!("later {number}"));
        }
        let alice = space.browser("alice", Device::Desktop).await;
        alice.click("[data-testid=open-search]").await;
        alice.see(SHEET).await;
        alice.type_into("dialog [data-testid=search]", "ORANGE").await;
        alice.press(Key::Enter).await;
        alice.see("dialog [data-testid=result]").await;
        alice.save(&picture("workspace-search")).await;
        alice.click("dialog [data-testid=result]").await;
        alice.see_no(SHEET).await;
        alice.see(&format!("li[data-ts=\"{ts}\"]:target")).await;
        alice.save(&picture("workspace-found")).await;
        assert_quiet(&alice).await;
    })
    .await;
}
