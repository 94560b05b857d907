//! The page in a browser that runs no scripts.

use countersign_testkit::{Device, permission_request};

use crate::{alice, behavior, bounded, button, deny_message, ids, picture, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_approves_and_the_page_comes_back() {
    bounded(async {
        let app = start().await;
        let hook = app.ask(&permission_request("make deploy")).await;
        let dm = app.direct_message("alice");
        let message = app.message_with(&dm, ids::APPROVE).await;
        app.connected().await;
        let browser = alice(&app, Device::NoScript).await;
        let before = browser.address().await;
        browser.save(&picture("no-script")).await;
        browser.click(&button(ids::APPROVE)).await;
        assert_eq!(behavior(&hook.answer().await), Some("allow"));
        app.closed(&dm, &message).await;
        assert_eq!(browser.address().await, before, "a redirect leads back");
        browser.click(".still a").await;
        browser.see_text("//li", "Approved by alice").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_is_a_form_too() {
    bounded(async {
        let app = start().await;
        let hook = app.ask(&permission_request("make deploy")).await;
        app.message_with(&app.direct_message("alice"), ids::DENY_WHY).await;
        app.connected().await;
        let browser = alice(&app, Device::NoScript).await;
        browser.click(&button(ids::DENY_WHY)).await;
        // The app opens the dialog after it acknowledged: the page that came back may not have it yet.
        let user = app.user("alice");
        app.workspace().wait_for_view(&user, |_| true, countersign_testkit::WITHIN).await.expect("a dialog");
        browser.click(".still a").await;
        browser.type_into("dialog textarea", "Not on a Friday.").await;
        browser.save(&picture("no-script-dialog")).await;
        browser.click("dialog [data-testid=submit]").await;
        let answer = hook.answer().await;
        assert!(deny_message(&answer).unwrap().contains("Not on a Friday."), "{answer}");
        assert_eq!(browser.count("dialog.modal").await, 0);
    })
    .await;
}
