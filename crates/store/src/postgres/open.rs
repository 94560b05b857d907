//! Connecting to a database.

use std::time::Duration;

use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::schema;
use crate::{
    location::Address,
    open_error::{OpenError, SchemaError},
};

/// Connections at most. More than a few for each core of the server make it slower.
const CONNECTIONS: u32 = 16;

/// How long a change or a read waits for one of them.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// One that was idle for longer is asked whether it still lives before it is used.
const IDLE_UNASKED: Duration = Duration::from_secs(1);

/// One that is not needed is closed after this long.
const IDLE: Duration = Duration::from_mins(5);

/// More than the statements there are: each is prepared once for a connection.
const STATEMENT_CACHE: usize = 256;

/// `off` would lose what was answered (postgresql.org/docs/current/runtime-config-wal.html). Whatever else an administrator has
/// chosen stays.
const DURABLE: &str =
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Nothing waits for ever: not for a lock of a node that hangs, nor does a node that hangs keep its locks.
const SESSION: &str = "SET lock_timeout = '10s'; SET statement_timeout = '30s'; \
     SET idle_in_transaction_session_timeout = '30s'; SET default_transaction_isolation = 'read committed'";

/// What tells of a node that it is there: the lock of its number, held by the session that listens, which has nothing else to
/// do. Whoever is gone without a word is found out by the server within a minute.
const PRESENT: &str = "SELECT pg_advisory_lock_shared(1129531215, $1)";
const FOUND_OUT: &str = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

const NUMBER: &str = "SELECT hashtext(gen_random_uuid()::text) & 2147483647";

/// A node's number: no other that is there has it.
pub(super) type Node = i32;

/// The connections of a node.
pub(super) struct Opened {
    pub(super) node: Node,
    /// For changes and reads.
    pub(super) pool: PgPool,
    /// One, for whoever listens: it does nothing else.
    pub(super) listening: PgPool,
}

/// Connects, with the schema up to date.
pub(super) async fn open(address: &Address) -> Result<Opened, SchemaError> {
    let options = options(address);
    let mut conn = options.connect().await?;
    schema::migrate(&mut conn).await?;
    let node = sqlx::query_scalar(NUMBER).fetch_one(&mut conn).await?;
    conn.close().await?;
    let pool = pool(node, Use::Work).max_connections(CONNECTIONS).connect_lazy_with(options.clone());
    let listening = self::pool(node, Use::Listening).max_connections(1).connect_lazy_with(options);
    Ok(Opened { node, pool, listening })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Work,
    Listening,
}

/// One connection, without a limit on how long a statement may take.
pub(crate) async fn connect_directly(address: &Address) -> Result<PgConnection, OpenError> {
    let connect = async {
        let mut conn = options(address).connect().await?;
        sqlx::raw_sql(DURABLE).execute(&mut conn).await?;
        Ok(conn)
    };
    connect.await.map_err(|error: sqlx::Error| SchemaError::Sql(error).of(address))
}

fn pool(node: Node, used: Use) -> PgPoolOptions {
    PgPoolOptions::new()
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE)
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                // An error closes it, and another one is taken.
                if meta.idle_for > IDLE_UNASKED {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |conn, _| {
            Box::pin(async move {
                sqlx::raw_sql(SESSION).execute(&mut *conn).await?;
                sqlx::raw_sql(DURABLE).execute(&mut *conn).await?;
                let number = "SELECT set_config('countersign.node', $1::text, false)";
                sqlx::query(number).bind(node).execute(&mut *conn).await?;
                if used == Use::Listening {
                    sqlx::raw_sql(FOUND_OUT).execute(&mut *conn).await?;
                    sqlx::query(PRESENT).bind(node).execute(conn).await?;
                }
                Ok(())
            })
        })
}

fn options(address: &Address) -> PgConnectOptions {
    let options = address.options().clone().statement_cache_capacity(STATEMENT_CACHE).disable_statement_logging();
    match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("countersign"),
    }
}
