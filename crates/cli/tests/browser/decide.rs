//! Deciding in the page, and being told why one cannot.

use countersign_testkit::{Browser, Device, permission_request};

use crate::{address, assert_quiet, behavior, bounded, button, ids, in_channel, picture};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_else_is_told_why_not_and_only_they_see_it() {
    bounded(async {
        let app = in_channel().await;
        let channel = app.channel("approvals");
        let hook = app.ask(&permission_request("ls")).await;
        app.message_with(&channel, ids::APPROVE).await;
        app.connected().await;
        let (bob, alice) = tokio::join!(Browser::start(Device::Desktop), Browser::start(Device::Desktop));
        bob.open(&address(&app, "bob", &channel)).await;
        alice.open(&address(&app, "alice", &channel)).await;

        bob.click(&button(ids::APPROVE)).await;
        bob.see_text("//li[contains(@class, 'ephemeral')]", "You cannot decide this").await;
        assert!(bob.text().await.contains("Only visible to you"));
        bob.save(&picture("not-an-approver")).await;

        alice.click(&button(ids::APPROVE)).await;
        alice.see_text("//li", "Approved by alice").await;
        bob.see_text("//li", "Approved by alice").await;
        assert!(!alice.text().await.contains("You cannot decide this"));
        assert_eq!(behavior(&hook.answer().await), Some("allow"));
        assert_quiet(&bob).await;
        assert_quiet(&alice).await;
    })
    .await;
}
