//! The server that the tests of one program share.

use std::{
    process::{Command, id},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{
    cluster::{Cluster, Safety},
    programs::Programs,
};

/// The environment variable with the address of a server to be used instead of one of our own: of any database there, by somebody who may
/// make others. What tests make there stays.
pub const VARIABLE: &str = "COUNTERSIGN_TEST_POSTGRES";

/// A server that tests may use.
#[derive(Debug)]
pub struct Server {
    url: String,
    /// Ends with the program.
    _own: Option<Cluster>,
}

/// The server of this program's tests: that of [`VARIABLE`], or one of its own. Why there is none, otherwise.
pub fn shared() -> Result<&'static Server, &'static str> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "only tests are told by it which server they may use")]
        if let Ok(url) = std::env::var(VARIABLE) {
            return Ok(Server { url, _own: None });
        }
        let own = Cluster::start(Safety::Fast).map_err(|error| error.to_string())?;
        Ok(Server { url: own.url(), _own: Some(own) })
    });
    server.as_ref().map_err(String::as_str)
}

/// The address of a fresh database on the [`shared`] server; or `None`, and `not run` is said for whoever reads the output of
/// the test.
pub async fn database() -> Option<String> {
    // Blocks, once for all: the other tests wait for the same.
    match shared() {
        Ok(server) => Some(server.database().await),
        Err(why) => {
            #[expect(clippy::print_stderr, reason = "a test that was not run must say so")]
            {
                eprintln!("not run: {why}");
            }
            None
        }
    }
}

impl Server {
    /// Makes a fresh database; answers its address.
    ///
    /// # Panics
    /// When the server does not make one.
    pub async fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("countersign_test_{}_{}", id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let made = self.execute(format!("CREATE DATABASE {name}")).await;
        assert!(made.is_ok(), "could not make a database: {made:?}");
        let (before, after) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let server = before.rsplit_once('/').map_or(before, |(server, _)| server);
        if after.is_empty() { format!("{server}/{name}") } else { format!("{server}/{name}?{after}") }
    }

    /// Runs a statement on the server, as an administrator would.
    pub async fn execute(&self, statement: String) -> Result<(), String> {
        let url = self.url.clone();
        let run = move || {
            let programs = Programs::find().map_err(|error| error.to_string())?;
            let mut psql = Command::new(programs.path("psql"));
            psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", &statement, "--dbname", &url]);
            let done = psql.output().map_err(|error| error.to_string())?;
            if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
        };
        tokio::task::spawn_blocking(run).await.unwrap_or_else(|error| Err(error.to_string()))
    }
}
