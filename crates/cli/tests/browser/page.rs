//! The rest of the page: who one is, what one writes, colours, the developer pane.

use countersign_testkit::{Browser, Device, permission_request};
use serde_json::Value;

use crate::{address, alice, api::Api, assert_quiet, behavior, bounded, button, ids, in_channel, picture, start};

/// The colour behind the page.
const BACKGROUND: &str = "return getComputedStyle(document.body).backgroundColor";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_person_is_a_click_away_and_sees_what_is_written() {
    bounded(async {
        let app = in_channel().await;
        let channel = app.channel("approvals");
        let browser = Browser::start(Device::Desktop).await;
        browser.open(&address(&app, "alice", &channel)).await;
        browser.type_into("#composer", "Is anybody here?\u{e007}").await;
        browser.see_text("//li[@data-testid='message']", "Is anybody here?").await;
        browser.see("#composer:placeholder-shown").await;

        browser.click("[data-testid=switcher] summary").await;
        browser.save(&picture("switcher")).await;
        browser.click("[data-testid=be-bob]").await;
        browser.see_text("//summary", "You are: bob").await;
        assert_eq!(browser.address().await, address(&app, "bob", &channel));
        browser.see_text("//li[@data-testid='message']", "alice").await;
        browser.type_into("#composer", "I am.").await;
        browser.click(".composer button[type=submit]").await;
        browser.see_text("//li[@data-testid='message']", "I am.").await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_colours_can_be_chosen_and_stay() {
    bounded(async {
        let app = start().await;
        let browser = alice(&app, Device::Desktop).await;
        let mut seen = Vec::new();
        for theme in ["light", "dark"] {
            browser.click(".side-foot summary").await;
            browser.click(&format!(".side-foot button[value={theme}]")).await;
            browser.see(&format!("html[data-theme={theme}]")).await;
            let chosen = browser.execute(BACKGROUND).await;
            browser.open(&browser.address().await).await;
            browser.see(&format!("html[data-theme={theme}]")).await;
            assert_eq!(browser.execute(BACKGROUND).await, chosen, "{theme} is drawn at once");
            seen.push(chosen);
        }
        assert_ne!(seen.first(), seen.last());
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_that_no_app_hears_is_told_below_the_message() {
    bounded(async {
        let app = start().await;
        Api::new(&app).post_button(&app.direct_message("alice"), "Anybody?").await;
        let browser = alice(&app, Device::Desktop).await;
        browser.click(&button("Anybody?")).await;
        browser.see_text("//*[@data-testid='unanswered']", "it is not connected").await;
        browser.see(&format!("{}:not([aria-busy])", button("Anybody?"))).await;
        browser.save(&picture("unanswered")).await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_further_up_is_not_moved_but_told() {
    bounded(async {
        let app = in_channel().await;
        let channel = app.channel("general");
        let bob = app.user("bob");
        for n in 0..60 {
            app.workspace().post_message(&bob, &channel, &format!("line {n}")).unwrap();
        }
        let browser = Browser::start(Device::Desktop).await;
        browser.open(&address(&app, "alice", &channel)).await;
        browser.see_text("//li", "line 59").await;
        let at = "return document.querySelector('[data-main]').scrollTop";
        assert_ne!(browser.execute(at).await, Value::from(0), "the newest is in view");
        browser.execute("document.querySelector('[data-main]').scrollTop = 0").await;
        app.workspace().post_message(&bob, &channel, "something new").unwrap();
        browser.see_text("//button[@data-pill]", "1 new").await;
        assert_eq!(browser.execute(at).await, Value::from(0));
        browser.click("[data-pill]").await;
        browser.see("[data-pill][hidden]").await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_developer_pane_shows_calls_and_acknowledgements() {
    bounded(async {
        let app = start().await;
        let hook = app.ask(&permission_request("ls")).await;
        app.message_with(&app.direct_message("alice"), ids::APPROVE).await;
        app.connected().await;
        let browser = alice(&app, Device::Desktop).await;
        browser.click("[data-testid=developer]").await;
        let entry = "//aside//li[contains(@class, 'entry')]";
        browser.see_text(entry, "chat.postMessage").await;
        browser.click(&button(ids::APPROVE)).await;
        let path = format!("{entry}[contains(., 'block_actions')]");
        let acked = browser.see_text(&path, "ack").await.text().await.unwrap();
        let ms: Option<u64> = acked.split("ack ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        assert!(ms.is_some(), "the acknowledgement has its milliseconds: {acked}");
        assert_eq!(behavior(&hook.answer().await), Some("allow"));
        browser.see_text(entry, "chat.update").await;
        browser.save(&picture("developer")).await;

        browser.see_text(&format!("{path}//summary"), "interactive").await.click().await.unwrap();
        browser.see_text(&format!("{path}//button"), "Send again").await.click().await.unwrap();
        browser.see_text(&format!("({path})[2]"), "ack").await;
        browser.see_text("//li[contains(@class, 'ephemeral')]", "pproved").await;

        let call = format!("{entry}[contains(., 'chat.postMessage')]//summary");
        browser.see_text(&call, "chat.postMessage").await.click().await.unwrap();
        browser.see("aside details[open] pre.code").await;
        browser.save(&picture("developer-open")).await;
        browser.click("aside [data-close-pane]").await;
        browser.see_no("aside").await;
        assert_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_shows_the_message_and_its_buttons_without_scrolling_sideways() {
    bounded(async {
        let app = start().await;
        let hook = app.ask(&permission_request("git push --force origin main")).await;
        app.message_with(&app.direct_message("alice"), ids::APPROVE).await;
        app.connected().await;
        let browser = alice(&app, Device::Phone).await;
        browser.see(&button(ids::APPROVE)).await;
        browser.save(&picture("phone")).await;
        let wide = browser.execute("return document.documentElement.scrollWidth > innerWidth").await;
        assert_eq!(wide, Value::Bool(false));
        let low = "return [...document.querySelectorAll('.msg .btn')].map((button) => button.offsetHeight)";
        let heights = browser.execute(low).await;
        let heights = heights.as_array().unwrap().iter().filter_map(Value::as_u64);
        assert!(heights.min().unwrap() >= 44, "a finger finds the buttons");

        browser.click("a.menu-button").await;
        browser.see("#sidebar:target").await;
        browser.save(&picture("phone-menu")).await;
        browser.click("a.close-nav").await;
        browser.click(&button(ids::DENY_WHY)).await;
        browser.see("dialog.modal:modal textarea:focus").await;
        browser.save(&picture("phone-dialog")).await;
        browser.click("dialog.modal [data-close] button").await;
        browser.see_no("dialog.modal").await;
        browser.click(&button(ids::APPROVE)).await;
        browser.see_text("//li", "Approved by alice").await;
        assert_eq!(behavior(&hook.answer().await), Some("allow"));
        assert_quiet(&browser).await;
    })
    .await;
}
