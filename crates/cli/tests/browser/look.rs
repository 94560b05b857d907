//! How the page looks: one picture of every view, none is wider than its window, and all can be read.

use countersign_testkit::{Browser, Device, TestApp, permission_request};
use serde_json::{Value, json};

use crate::{address, api::Api, assert_quiet, bounded, button, ids, picture, start};

/// Whether something has to be scrolled sideways: the page, a conversation, a pane or a dialog.
const TOO_WIDE: &str =
    "return [document.documentElement, ...document.querySelectorAll('.scroll, .dialog-body, .sidebar')]
    .filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.className)";

/// Texts with less contrast to what is behind them than WCAG 2.2 asks for (4.5:1), as far as they can be seen.
const TOO_PALE: &str = r"
    // Mixed colours come as color(srgb 0.9 0.5 0.1 / 0.5), the others as rgb(230, 128, 26).
    const channels = (colour) => {
        const [r, g, b, ...alpha] = colour.match(/[\d.]+(e-\d+)?/g).map(Number);
        return [...[r, g, b].map((value) => colour.startsWith('color(') ? value * 255 : value), ...alpha];
    };
    const over = ([r, g, b, a = 1], under) => [r, g, b].map((value, i) => value * a + under[i] * (1 - a));
    const behind = (node) => {
        if (!node) return [255, 255, 255];
        const own = channels(getComputedStyle(node).backgroundColor);
        return (own[3] ?? 1) === 1 ? own : over(own, behind(node.parentElement));
    };
    const light = (colour) => {
        const [r, g, b] = colour.map((value) => value / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const node of document.querySelectorAll('body, body *')) {
        const says = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
        if (!says || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (node.matches('script, noscript, .sr') || node.closest('.team-mark')) continue;
        const colour = channels(getComputedStyle(node).color);
        if (colour[3] === 0) continue;
        const back = behind(node);
        const [far, near] = [light(over(colour, back)), light(back)].sort((a, b) => b - a);
        const ratio = (far + 0.05) / (near + 0.05);
        if (ratio < 4.5) found.push(`${node.tagName}.${node.className} ${ratio.toFixed(2)} ${node.textContent.slice(0, 40)}`);
    }
    return [...new Set(found)];
";

/// What a finger has to hit and is less than 44 px high.
const TOO_LOW: &str = "return [...document.querySelectorAll('button, .btn, .icon-btn, .menu-item, .side-link, .head-link, .side-search, .tabs a, .input, .bookmarks a, [role=option]')]
    .filter((node) => node.checkVisibility({ visibilityProperty: true }) && !node.matches('.copy, .sr, [type=checkbox], .sr *') && node.getBoundingClientRect().height < 43.5)
    .map((node) => `${node.tagName}.${node.className} ${node.getBoundingClientRect().height} ${node.textContent.slice(0, 30)}`)";

/// A command with a line that has no place to break, one that reads backwards, and text that looks like markup.
const COMMAND: &str = "curl -fsSL https://example.test/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.sh\n\
    echo '\u{202e}gnp.exe' <b>&amp;</b>";

/// Everything that one person may have in front of them, in one look.
async fn tour(app: &TestApp, device: Device, theme: &str) {
    let name = |view: &str| picture(&format!("{view}-{device:?}-{theme}").to_lowercase());
    let browser = Browser::start(device).await;
    let home = address(app, "alice", &app.direct_message("alice"));
    browser.open(&home).await;
    // Reading it back makes sure that it is stored before the next page is asked for.
    let store = format!("document.cookie = 'countersign_theme={theme}; path=/'; return document.cookie");
    let stored = browser.execute(&store).await;
    assert!(stored.as_str().is_some_and(|cookies| cookies.contains(theme)), "{stored}");
    wear(&browser, &home, theme).await;

    for (view, query) in [("message", ""), ("developer", "?dev=all"), ("problems", "?dev=problems"), ("thread", "")] {
        browser.open(&format!("{home}{query}")).await;
        browser.see(&format!("html[data-theme={theme}]")).await;
        if view == "thread" {
            browser.click(".msg-tools a").await;
            browser.see("[data-testid=thread]").await;
        }
        fits(&browser, device, view).await;
        browser.save(&name(view)).await;
    }
    browser.open(&home).await;
    browser.click(&button(ids::DENY_WHY)).await;
    browser.see("dialog.modal:modal textarea:focus").await;
    fits(&browser, device, "dialog").await;
    browser.save(&name("dialog")).await;
    browser.click("dialog.modal [data-close] button").await;
    browser.see_no("dialog.modal").await;
    assert_quiet(&browser).await;
}

/// Opens the page until it comes in the colours that were chosen: the browser may send a cookie a moment late.
async fn wear(browser: &Browser, home: &str, theme: &str) {
    for _ in 0..5 {
        browser.open(home).await;
        if browser.execute("return document.documentElement.dataset.theme || ''").await == theme {
            return;
        }
    }
    panic!("five pages did not come in {theme} colours");
}

pub(crate) async fn fits(browser: &Browser, device: Device, view: &str) {
    if device == Device::Phone {
        assert_eq!(browser.execute(TOO_LOW).await, Value::Array(Vec::new()), "{view} can be touched");
    }
    assert_eq!(browser.execute(TOO_WIDE).await, Value::Array(Vec::new()), "{view} fits");
    assert_eq!(browser.execute(TOO_PALE).await, Value::Array(Vec::new()), "{view} can be read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_view_fits_its_window_and_can_be_read_in_both_colours() {
    bounded(async {
        let app = start().await;
        let dm = app.direct_message("alice");
        let _hook = app.ask(&permission_request(COMMAND)).await;
        app.message_with(&dm, ids::DENY_WHY).await;
        app.connected().await;
        let api = Api::new(&app);
        api.post_button(&dm, "A further button").await;
        api.refused("chat.postMessage", &json!({ "channel": "C0NOWHERE", "text": "-" })).await;
        for device in [Device::Desktop, Device::Phone] {
            for theme in ["light", "dark"] {
                tour(&app, device, theme).await;
            }
        }
    })
    .await;
}
