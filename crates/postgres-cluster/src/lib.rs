//! A private PostgreSQL server for tests and benchmarks, on a free port of the loopback address, in a temporary directory.
//!
//! It uses Debian's programs (`/usr/lib/postgresql/*/bin`), runs as `postgres` when we are root, and ends with whoever started
//! it, however that ends. Tests share one: [`shared()`]. The program of this crate, `postgres-cluster`, starts one for a shell.
//!
//! Not here: which tests there are, and what is stored.

mod cluster;
mod programs;
mod shared;

pub use cluster::{Cluster, Safety, StartError};
pub use shared::{Server, VARIABLE, database, shared};
