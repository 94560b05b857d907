//! A program that a test has started.

use std::{os::unix::process::ExitStatusExt as _, process::Stdio};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::task::TaskTracker;

use crate::app::WITHIN;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// A program that runs; its outputs are read all the time. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Output,
    stderr: Output,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: String,
}

#[derive(Debug)]
struct Output {
    seen: watch::Receiver<Vec<u8>>,
    reading: JoinHandle<()>,
}

impl Ended {
    /// What it wrote to stdout, as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("stdout is text")
    }

    /// The lines of JSON that it wrote to stdout.
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// It, when it ended with this exit code.
    #[expect(clippy::return_self_not_must_use, reason = "a check, whether its result is used or not")]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.shown());
        self
    }

    /// It, when it ended well.
    #[expect(clippy::return_self_not_must_use, reason = "a check, whether its result is used or not")]
    pub fn well(self) -> Self {
        self.with_code(0)
    }

    fn shown(&self) -> String {
        let stdout = String::from_utf8_lossy(&self.stdout);
        let beginning: String = stdout.chars().take(2000).collect();
        format!("signal {:?}\n--- stdout\n{beginning}\n--- stderr\n{}", self.signal, self.stderr)
    }
}

impl Output {
    fn read(mut from: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let (sender, seen) = watch::channel(Vec::new());
        let reading = TaskTracker::new().spawn(async move {
            let mut chunk = vec![0; CHUNK_BYTES];
            while let Ok(bytes @ 1..) = from.read(&mut chunk).await {
                sender.send_modify(|all| all.extend_from_slice(chunk.get(..bytes).unwrap_or_default()));
            }
        });
        Self { seen, reading }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen.borrow()).into_owned()
    }
}

impl Program {
    /// Starts it, with a pipe as its stdin.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let stdin = child.stdin.take();
        let stdout = Output::read(child.stdout.take().expect("stdout is a pipe"));
        let stderr = Output::read(child.stderr.take().expect("stderr is a pipe"));
        Self { child, stdin, stdout, stderr }
    }

    /// Writes to its stdin.
    pub async fn type_in(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(bytes).await.expect("the program reads");
        stdin.flush().await.expect("the program reads");
    }

    /// Takes its stdin, to write to it elsewhere.
    pub fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("stdin is open")
    }

    /// Ends its stdin.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        let pid = self.child.id().expect("the program still runs");
        i32::try_from(pid).expect("a process id")
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("its status").is_none()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("a signal can be sent");
    }

    /// Kills it without any warning, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// What it has written to stdout until now.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to stderr until now.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until it has written this to stdout.
    pub async fn prints(&self, text: &str) -> String {
        self.wait_for(&self.stdout, text).await
    }

    /// Waits until it has said this on stderr.
    pub async fn says(&self, text: &str) -> String {
        self.wait_for(&self.stderr, text).await
    }

    async fn wait_for(&self, output: &Output, text: &str) -> String {
        let mut seen = output.seen.clone();
        let there = |all: &Vec<u8>| String::from_utf8_lossy(all).contains(text);
        let found = timeout(WITHIN, seen.wait_for(there)).await;
        match found {
            Ok(Ok(all)) => String::from_utf8_lossy(&all).into_owned(),
            _ => {
                panic!("{text:?} did not come\n--- stdout\n{}\n--- stderr\n{}", self.stdout.text(), self.stderr.text())
            }
        }
    }

    /// The id of the request that it waits for.
    pub async fn request(&self) -> String {
        let said = self.says("waiting for approval: request ").await;
        let (_, rest) = said.split_once("waiting for approval: request ").expect("it was found");
        rest.chars().take_while(char::is_ascii_hexdigit).collect()
    }

    /// Ends its stdin, and waits for its end.
    pub async fn finish(mut self) -> Ended {
        self.stdin = None;
        self.ended().await
    }

    /// Waits for its end; its stdin stays as it is.
    pub async fn ended(mut self) -> Ended {
        let end = async {
            let status = self.child.wait().await.expect("its status");
            (&mut self.stdout.reading).await.expect("stdout was read");
            (&mut self.stderr.reading).await.expect("stderr was read");
            status
        };
        let Ok(status) = timeout(2 * WITHIN, end).await else {
            panic!("it does not end\n--- stdout\n{}\n--- stderr\n{}", self.stdout.text(), self.stderr.text());
        };
        let stdout = self.stdout.seen.borrow().clone();
        Ended { code: status.code(), signal: status.signal(), stdout, stderr: self.stderr.text() }
    }
}
