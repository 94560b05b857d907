//! The access gateway: real servers, agents and clients; approvers in the workspace; both databases.

mod administration;
mod connect;
mod crash;
mod exec;
mod guard;
mod nodes;
mod page;
mod port;
mod review;
mod revoke;
mod secrets;
mod tamper;
mod tls;

use countersign_testkit::{Backend, GatewayApp, GatewaySettings, Program};

use crate::{BINARY, ids};

/// The usual team on SQLite.
async fn team() -> GatewayApp {
    GatewayApp::start(BINARY, Backend::Sqlite).await.expect("SQLite is always there")
}

/// The usual team, with further things applied: top-level sections of the declarative file.
async fn team_with(more: &str) -> GatewayApp {
    let settings = GatewaySettings::on(Backend::Sqlite);
    let app = GatewayApp::start_with(BINARY, &settings).await.expect("SQLite is always there");
    app.apply(more).await;
    app
}

/// A test that is run on every database there is: the body gets the usual team.
macro_rules! on_every_database {
    (async fn $name:ident($app:ident: GatewayApp) $body:block) => {
        async fn $name($app: countersign_testkit::GatewayApp) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let app = countersign_testkit::GatewayApp::start(crate::BINARY, countersign_testkit::Backend::Sqlite).await;
                super::$name(app.expect("SQLite is always there")).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let app = countersign_testkit::GatewayApp::start(crate::BINARY, countersign_testkit::Backend::Postgres).await;
                if let Some(app) = app {
                    super::$name(app).await;
                }
            }
        }
    };
}
use on_every_database;

/// Approves what waits in the channel, as carol, who is in both groups.
async fn approve(app: &GatewayApp, text: &str) {
    let message = app.asked("approvals", text).await;
    let answer = app.click("carol", "approvals", &message, ids::APPROVE).await;
    assert!(answer.acked);
    app.closed("approvals", &message).await;
}

/// A command on `bash` that waits for approval.
async fn waiting(app: &GatewayApp, args: &[&str]) -> (Program, String) {
    let program = app.ada().begin(&[&["exec", "bash"], args].concat());
    let request = program.request().await;
    (program, request)
}

/// Whether a process with this text in its command line runs.
fn runs(text: &str) -> bool {
    processes().iter().any(|(_, line)| line.contains(text))
}

/// Waits until no process with this text in its command line runs.
async fn gone(app: &GatewayApp, text: &str) {
    app.until(&format!("the end of {text:?}"), || async { (!runs(text)).then_some(()) }).await;
}

/// Every process, with its arguments separated by spaces; not ours.
fn processes() -> Vec<(i32, String)> {
    let own = std::process::id();
    let pids =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| u32::try_from(*pid) != Ok(own))
        .filter_map(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            Some((pid, String::from_utf8_lossy(&line).replace('\0', " ")))
        })
        .collect()
}

/// A text that no other test uses.
fn unique(word: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{word}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
