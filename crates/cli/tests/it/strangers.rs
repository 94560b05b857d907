//! Clicks that are none of ours: of another team, of another app.

use countersign_server::render::ids;
use countersign_slack_workspace::model::ChannelId;
use countersign_testkit::{Relay, Settings, TestApp, WITHIN, permission_request};
use serde_json::{Value, json};

use crate::{behavior, start_with};

/// A machine whose daemon hears of Slack what the relay lets it hear; asking goes to a channel that others see too.
async fn overheard() -> (TestApp, Relay) {
    let relay = Relay::start().await;
    let settings = Settings { api_url: Some(relay.api_url()), channel: Some("approvals"), ..Settings::default() };
    let app = start_with(&settings).await;
    relay.lead_to(&app.workspace().ready().api_url);
    (app, relay)
}

/// The same id with another last letter.
fn other(id: &str) -> String {
    let (rest, last) = id.split_at(id.len() - 1);
    format!("{rest}{}", if last == "X" { "Y" } else { "X" })
}

/// Whoever acts from now on is a user of another team, with the same user id.
fn as_another_team(app: &TestApp, relay: &Relay) -> String {
    let team = app.workspace().ready().team_id.to_string();
    let stranger = other(&team);
    // The team of the user alone: that of the place stays ours, as in a channel that two organisations share.
    relay.disguise(&format!("\"team_id\":\"{team}\""), &format!("\"team_id\":\"{stranger}\""));
    stranger
}

/// Whatever comes from now on is of another app.
fn as_another_app(app: &TestApp, relay: &Relay) -> String {
    let app_id = app.workspace().ready().app_id.to_string();
    let stranger = other(&app_id);
    relay.disguise(&format!("\"api_app_id\":\"{app_id}\""), &format!("\"api_app_id\":\"{stranger}\""));
    stranger
}

/// Opens the dialog that asks why, as alice, and submits it once the disguise is on. Answers what the dialog shows then.
async fn submit(app: &TestApp, channel: &ChannelId, message: &Value, disguise: impl FnOnce()) -> Value {
    let alice = app.user("alice");
    app.click("alice", channel, message, ids::DENY_WHY).await;
    let view = app.workspace().wait_for_view(&alice, |_| true, WITHIN).await.unwrap();
    let id = view.get("id").and_then(Value::as_str).unwrap().into();
    disguise();
    let values = json!({ ids::REASON: { ids::REASON: "because" } });
    app.workspace().submit_view(&alice, &id, values.as_object().cloned().unwrap_or_default()).await.unwrap();
    app.workspace().views(&alice).pop().expect("the dialog stays, and says why")
}

/// The audit rows of a kind, once the daemon has left.
async fn trail(app: &TestApp, kind: &str) -> Vec<(String, Value)> {
    app.run(&["hook", "--stop"]).await;
    assert!(app.daemon_gone().await);
    let store = app.open_store().await;
    let rows = countersign_approval::Store::chain_page(&store, 0, 1000).await.unwrap();
    countersign_approval::Store::close(&store).await;
    let rows = rows.into_iter().map(|row| row.row).filter(|row| row.kind == kind);
    rows.map(|row| (row.actor, serde_json::from_str(&row.detail).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_of_another_teams_user_is_refused_told_and_recorded() {
    let (app, relay) = overheard().await;
    let channel = app.channel("approvals");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&channel, ids::APPROVE).await;
    app.settled().await;
    let stranger = as_another_team(&app, &relay);
    for action in [ids::APPROVE, ids::DENY] {
        app.click("alice", &channel, &message, action).await;
    }
    app.whisper(&channel, "alice", "You cannot decide this").await;
    relay.undisguise();
    app.click("alice", &channel, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"), "nothing was decided before");
    let refused = trail(&app, "vote.refused").await;
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(
        refused.iter().all(|(actor, _)| *actor == format!("slack:{stranger}/{}", app.user("alice"))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_submitted_by_another_teams_user_is_refused_told_and_recorded() {
    let (app, relay) = overheard().await;
    let channel = app.channel("approvals");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&channel, ids::DENY_WHY).await;
    app.settled().await;
    let shown = submit(&app, &channel, &message, || drop(as_another_team(&app, &relay))).await;
    assert!(shown.to_string().contains("You cannot decide this"), "{shown}");
    relay.undisguise();
    app.click("alice", &channel, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"), "nothing was decided before");
    assert_eq!(trail(&app, "vote.refused").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_of_another_app_is_refused_told_and_recorded() {
    let (app, relay) = overheard().await;
    let channel = app.channel("approvals");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&channel, ids::APPROVE).await;
    app.settled().await;
    let stranger = as_another_app(&app, &relay);
    app.click("alice", &channel, &message, ids::APPROVE).await;
    app.whisper(&channel, "alice", "belongs to another Countersign").await;
    relay.undisguise();
    app.click("alice", &channel, &message, ids::DENY).await;
    assert_eq!(behavior(&hook.answer().await), Some("deny"), "nothing was decided before");
    let refused = trail(&app, "interaction.refused").await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].1["app"], json!(stranger));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_of_another_app_is_refused_told_and_recorded() {
    let (app, relay) = overheard().await;
    let channel = app.channel("approvals");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&channel, ids::DENY_WHY).await;
    app.settled().await;
    let shown = submit(&app, &channel, &message, || drop(as_another_app(&app, &relay))).await;
    assert!(shown.to_string().contains("belongs to another Countersign"), "{shown}");
    relay.undisguise();
    app.click("alice", &channel, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"), "nothing was decided before");
    assert_eq!(trail(&app, "interaction.refused").await.len(), 1);
}
