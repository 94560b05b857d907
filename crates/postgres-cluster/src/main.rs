//! Starts a private PostgreSQL server, prints its address when it is ready, and ends it when stdin does.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a shell")]

use std::{
    io::{Read as _, Write as _},
    process::ExitCode,
};

use countersign_postgres_cluster::{Cluster, Safety};

fn main() -> ExitCode {
    let safety = match std::env::args().nth(1).as_deref() {
        None => Safety::Fast,
        Some("--durable") => Safety::Durable,
        Some(_) => {
            eprintln!("usage: postgres-cluster [--durable]\n\nRuns until its stdin is closed.");
            return ExitCode::from(2);
        }
    };
    let cluster = match Cluster::start(safety) {
        Ok(cluster) => cluster,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", cluster.url());
    // Whoever waits for the line may have gone; then stdin has ended too.
    let _ = std::io::stdout().flush();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    ExitCode::SUCCESS
}
