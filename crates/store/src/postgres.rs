//! What is PostgreSQL's alone: the pool, its schema, changes that are tried again, and hints from node to node.

pub(crate) mod open;
mod pool;
pub(crate) mod schema;
mod telling;

pub(crate) use pool::Postgres;
