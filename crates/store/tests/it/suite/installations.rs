//! Installations: what Slack told of its teams.

use countersign_approval::Installation;

use crate::fixture::{Database, after};

fn team(id: &str, scope: &str) -> Installation {
    Installation {
        team: id.into(),
        enterprise: None,
        team_name: id.to_lowercase(),
        bot_user: "UBOT".into(),
        scopes: vec![scope.into()],
    }
}

pub(crate) async fn what_slack_told_is_kept_the_latest_first(database: &impl Database) {
    let store = database.open().await;
    assert!(store.installations().await.unwrap().is_empty());
    store.put_installation(team("T1", "chat:write"), after(1)).await.unwrap();
    store.put_installation(team("T2", "chat:write"), after(2)).await.unwrap();
    assert_eq!(store.installations().await.unwrap(), [team("T2", "chat:write"), team("T1", "chat:write")]);
    store.put_installation(team("T1", "files:write"), after(3)).await.unwrap();
    assert_eq!(store.installations().await.unwrap(), [team("T1", "files:write"), team("T2", "chat:write")]);
}
