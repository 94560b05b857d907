//! Both stores keep what they are given.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_slack::client::{Client, ClientCredentials};
use countersign_slack::ids::UserId;
use countersign_slack_sdk::installation::{
    Bot, Expiry, FileStore, Grant, Installation, InstallationStore, Installations, MemoryStore, Place, StoreError,
    Tenant, Webhook,
};
use countersign_slack_sdk::{Authorizer, Source};
use secrecy::ExposeSecret;
use tokio_util::task::TaskTracker;

fn grant(token: &str) -> Grant {
    let expiry = Some(Expiry { at: 1_700_000_000, refresh_token: "xoxe-1-r".into() });
    Grant { token: token.into(), scopes: vec!["chat:write".to_owned()], expiry }
}

fn installation(tenant: Tenant, token: &str) -> Installation {
    Installation {
        enterprise_id: Some("E0000000001".into()),
        name: Some("Place".to_owned()),
        app_id: Some("A0000000001".into()),
        bot: Some(Bot { user_id: "U0000000001".into(), id: Some("B0000000001".into()), grant: grant(token) }),
        users: BTreeMap::from([(UserId::from("U0000000002"), grant("xoxp-1"))]),
        webhook: Some(Webhook { url: "https://hooks.slack.com/x".into(), channel_id: None }),
        installed_at: 7,
        tenant,
    }
}

fn stores(directory: &tempfile::TempDir) -> Vec<Arc<dyn InstallationStore>> {
    vec![Arc::new(MemoryStore::new()), Arc::new(FileStore::new(directory.path().join("kept")).unwrap())]
}

fn team(id: &str) -> Tenant {
    Tenant::Team(id.into())
}

fn organisation() -> Tenant {
    Tenant::Organisation("E0000000001".into())
}

#[tokio::test]
async fn places_are_kept_apart_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    for store in stores(&directory) {
        for (tenant, token) in [(team("T1"), "xoxb-1"), (team("T2"), "xoxb-2"), (organisation(), "xoxb-3")] {
            store.save(&installation(tenant, token)).await.unwrap();
        }
        store.save(&installation(team("T1"), "xoxb-1b")).await.unwrap();
        let found = store.find(&team("T1")).await.unwrap().unwrap();
        let bot = found.bot.unwrap();
        assert_eq!(bot.grant.token.expose_secret(), "xoxb-1b");
        assert_eq!(bot.grant.expiry.unwrap().refresh_token.expose_secret(), "xoxe-1-r");
        assert_eq!((found.installed_at, found.users.len(), found.webhook.is_some()), (7, 1, true));
        assert_eq!(store.find(&organisation()).await.unwrap().unwrap().tenant, organisation());
        store.delete(&team("T1")).await.unwrap();
        store.delete(&team("T1")).await.unwrap();
        assert!(store.find(&team("T1")).await.unwrap().is_none());
        assert!(store.find(&team("T2")).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn an_organisations_installation_counts_in_its_workspaces() {
    let directory = tempfile::tempdir().unwrap();
    for store in stores(&directory) {
        let credentials = ClientCredentials { client_id: "1.2".to_owned(), client_secret: None };
        let client = Client::new("http://127.0.0.1:1/api/".parse().unwrap()).unwrap();
        let installations = Installations::new(client, credentials, Arc::clone(&store));
        let lasting = |tenant, token| {
            let mut installation = installation(tenant, token);
            installation.bot.as_mut().unwrap().grant.expiry = None;
            installation
        };
        store.save(&lasting(organisation(), "xoxb-org")).await.unwrap();
        store.save(&lasting(team("T1"), "xoxb-t1")).await.unwrap();
        let authorized = async |team: &str, is_enterprise_install| {
            let source = Source {
                team_id: Some(team.into()),
                enterprise_id: Some("E0000000001".into()),
                is_enterprise_install,
                user_id: None,
            };
            installations.authorize(&source).await.unwrap().token.secret().expose_secret().to_owned()
        };
        assert_eq!(authorized("T9", true).await, "xoxb-org");
        assert_eq!(authorized("T9", false).await, "xoxb-org");
        assert_eq!(authorized("T1", true).await, "xoxb-org");
        assert_eq!(authorized("T1", false).await, "xoxb-t1");
        assert!(installations.find(&Place::team("T9".into())).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_name_that_is_no_id_never_becomes_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path()).unwrap();
    for hostile in ["../../etc/passwd", "", "T1/x", "t1", "T1\0", &"T".repeat(65)] {
        let error = store.find(&team(hostile)).await.unwrap_err();
        assert!(matches!(error, StoreError::Id(_)), "{hostile:?}");
        assert!(store.save(&installation(team(hostile), "x")).await.is_err());
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_not_an_installation() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path()).unwrap();
    for text in ["", "{}", "{\"version\": 9}", "not json"] {
        std::fs::write(directory.path().join("team-T1.json"), text).unwrap();
        assert!(matches!(store.find(&team("T1")).await, Err(StoreError::Damaged { .. })), "{text}");
    }
    store.save(&installation(team("T1"), "xoxb-1")).await.unwrap();
    assert!(store.find(&team("T1")).await.unwrap().is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("kept");
    let store = FileStore::new(&place).unwrap();
    store.save(&installation(team("T1"), "xoxb-1")).await.unwrap();
    store.save(&installation(team("T1"), "xoxb-2")).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    assert_eq!(mode(&place.join("team-T1.json")), 0o600);
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_do_not_meet_beside_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let stores: Vec<_> = (0..2).map(|_| FileStore::new(directory.path()).unwrap()).collect();
    let writes = (0..200).map(|n| {
        let store = stores[n % 2].clone();
        let written = installation(team("T1"), &format!("xoxb-{n}"));
        TaskTracker::new().spawn(async move { store.save(&written).await })
    });
    for written in futures_util::future::join_all(writes.collect::<Vec<_>>()).await {
        written.unwrap().unwrap();
    }
    let left = stores[0].find(&team("T1")).await.unwrap().unwrap();
    assert!(left.bot.unwrap().grant.token.expose_secret().starts_with("xoxb-"));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
}
