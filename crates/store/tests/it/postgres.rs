//! PostgreSQL keeps every promise of the suite.

use std::sync::Arc;

use countersign_approval::{Hints, Store};
use countersign_store::{Database as Opened, Location};

use sqlx::{AssertSqlSafe, ConnectOptions as _, postgres::PgConnectOptions};

use crate::{
    fixture::{Database, Nodes},
    suite::every_case,
};

/// A fresh database on the tests' server.
pub(crate) struct PostgresDatabase {
    url: String,
}

impl PostgresDatabase {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The database's name on its server.
    pub(crate) fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap()
    }

    /// Changes it as somebody would who has its address.
    pub(crate) async fn execute(&self, statement: &str) {
        let mut conn = self.url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut conn).await.unwrap();
    }

    /// Completes when nobody is connected any more.
    pub(crate) async fn is_left(&self) {
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        let mut conn = self.url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut conn).await.unwrap() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn location(&self) -> Location {
        self.url.parse().unwrap()
    }
}

impl Database for PostgresDatabase {
    const NODES: Nodes = Nodes::Many;

    async fn create() -> Option<Self> {
        Some(Self { url: countersign_postgres_cluster::database().await? })
    }

    async fn open(&self) -> Arc<dyn Store> {
        self.open_whole().await
    }

    async fn open_whole(&self) -> Arc<Opened> {
        Arc::new(Opened::open(self.location(), Hints::default()).await.unwrap())
    }
}

every_case!(PostgresDatabase);
