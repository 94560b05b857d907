//! One server, from its making to its end.

use std::{
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::programs::Programs;

/// It is for tests, on the loopback address: what matters is that there is one, which must be shown nowhere.
const PASSWORD: &str = "countersign-test";

/// Longest time until it takes connections.
const PATIENCE: Duration = Duration::from_mins(1);

/// Pause between two looks whether it does.
const PAUSE: Duration = Duration::from_millis(20);

/// A free port may be taken by somebody else before the server has it.
const TRIES: usize = 5;

/// Runs the server until the pipe on its stdin is closed, which it is when whoever holds the other end ends, even by
/// `kill -9`; then ends the server and removes its directory.
const KEEPER: &str = r#"
dir=$1; shift
{ "$@" </dev/null >>"$dir/log" 2>&1; : >"$dir/ended"; } &
read -r _
kill -QUIT "$(head -n 1 "$dir/data/postmaster.pid")" 2>/dev/null
wait
rm -rf "$dir"
"#;

/// Whether what was committed outlives a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// It does not: nothing is flushed to the disk. For tests.
    Fast,
    /// It does, as PostgreSQL's own defaults are. For benchmarks.
    Durable,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// PostgreSQL is not installed.
    #[error("PostgreSQL is not installed (on Debian: apt-get install postgresql)")]
    Missing,
    /// We are root, and there is nobody else to run it as.
    #[error("the server refuses to run as root, and there is no user {user}")]
    NoAccount {
        /// Who is missing.
        user: &'static str,
    },
    /// A file or a program could not be handled.
    #[error("could not {doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One of PostgreSQL's programs failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// Which.
        program: &'static str,
        /// The end of what it said.
        said: String,
    },
}

/// A server that runs. Dropping it ends it and removes all it has written.
#[derive(Debug)]
pub struct Cluster {
    keeper: Child,
    port: u16,
}

impl Cluster {
    /// Makes a server and starts it; takes a second or two.
    pub fn start(safety: Safety) -> Result<Self, StartError> {
        let programs = Programs::find()?;
        let directory =
            tempfile::Builder::new().prefix("countersign-postgres-").tempdir().map_err(io("make a directory"))?;
        let path = directory.path();
        initialise(&programs, path)?;
        let mut ended = String::new();
        for _ in 0..TRIES {
            let port = free_port().map_err(io("find a free port"))?;
            let mut cluster = Self { keeper: keep(&programs, path, port, safety)?, port };
            if cluster.is_ready(&programs, path)? {
                // From now on the keeper removes it.
                let _ = directory.keep();
                return Ok(cluster);
            }
            ended = end_of(&path.join("log"));
            cluster.keeper.kill().and_then(|()| cluster.keeper.wait()).map_err(io("end the server's keeper"))?;
        }
        Err(StartError::Failed { program: "postgres", said: ended })
    }

    /// The address of its database `postgres`.
    pub fn url(&self) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// Waits until it takes connections; `false` when it has ended instead.
    fn is_ready(&self, programs: &Programs, path: &Path) -> Result<bool, StartError> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let mut probe = programs.command("pg_isready");
            probe.args(["--quiet", "--host=127.0.0.1"]).arg(format!("--port={}", self.port));
            if probe.status().map_err(io("run pg_isready"))?.success() {
                return Ok(true);
            }
            if path.join("ended").exists() {
                fs::remove_file(path.join("ended")).map_err(io("remove a mark"))?;
                return Ok(false);
            }
            thread::sleep(PAUSE);
        }
        Err(StartError::Failed { program: "postgres", said: end_of(&path.join("log")) })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nothing to be done if it cannot be waited for: it ends by itself.
        let _ = self.keeper.wait();
    }
}

/// Makes the files of a server. Its language is not that of its bytes, as it is on most servers: what relies on an order has to
/// say which.
fn initialise(programs: &Programs, path: &Path) -> Result<(), StartError> {
    let password = path.join("password");
    let mut file = fs::File::create(&password).map_err(io("write the password"))?;
    file.write_all(PASSWORD.as_bytes()).map_err(io("write the password"))?;
    for owned in [path, &password] {
        programs.give(owned).map_err(io("give the directory away"))?;
    }
    let mut initdb = programs.command("initdb");
    initdb
        .arg("--pgdata")
        .arg(path.join("data"))
        .arg("--pwfile")
        .arg(&password)
        .args(["--username=postgres", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"])
        .args(["--locale-provider=icu", "--icu-locale=en"]);
    let done = initdb.output().map_err(io("run initdb"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(StartError::Failed { program: "initdb", said: String::from_utf8_lossy(&done.stderr).trim().to_owned() })
}

fn keep(programs: &Programs, path: &Path, port: u16, safety: Safety) -> Result<Child, StartError> {
    let mut keeper = programs.as_account(Command::new("/bin/sh"));
    keeper.arg("-c").arg(KEEPER).arg("keeper").arg(path).arg(programs.path("postgres"));
    keeper.arg("-D").arg(path.join("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"]).arg(path);
    let always = ["max_connections=400", "shared_buffers=64MB", "jit=off"];
    let fast = ["fsync=off", "full_page_writes=off", "max_wal_size=4GB", "checkpoint_timeout=30min"];
    let fast: &[&str] = if safety == Safety::Fast { &fast } else { &[] };
    for setting in always.iter().chain(fast) {
        keeper.args(["-c", setting]);
    }
    keeper.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // Not ended by a Ctrl-C that is meant for us: we end, and it with us.
    keeper.process_group(0).spawn().map_err(io("start the server"))
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The last lines of a log.
fn end_of(log: &PathBuf) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn io(doing: &'static str) -> impl Fn(io::Error) -> StartError {
    move |source| StartError::Io { doing, source }
}
