//! A running hook.

use std::process::Stdio;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time::timeout,
};

use crate::app::WITHIN;

/// A hook that was started and waits for its answer.
#[derive(Debug)]
pub struct Hook {
    child: Child,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Hook {
    pub(crate) async fn start(mut command: Command, input: &[u8]) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        // A hook that refuses its input early closes the pipe: that is its answer, not our failure.
        let _ = stdin.write_all(input).await;
        drop(stdin);
        Self { child }
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        let pid = self.child.id().expect("the hook still runs");
        i32::try_from(pid).expect("a process id")
    }

    /// Kills it without any warning.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the hook can be killed");
    }

    /// Waits for its end.
    pub async fn finish(mut self) -> Finished {
        let mut stdout = self.child.stdout.take().expect("stdout is a pipe");
        let mut stderr = self.child.stderr.take().expect("stderr is a pipe");
        let (mut out, mut err) = (String::new(), String::new());
        let end = async {
            let (read_out, read_err, status) =
                tokio::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err), self.child.wait());
            read_out.expect("stdout is text");
            read_err.expect("stderr is text");
            status.expect("the hook's status").code()
        };
        let code = timeout(WITHIN, end).await.expect("the hook ends in time");
        Finished { code, stdout: out, stderr: err }
    }

    /// Waits for its end and reads its answer.
    pub async fn answer(self) -> Value {
        let finished = self.finish().await;
        assert_eq!(finished.code, Some(0), "{finished:?}");
        serde_json::from_str(&finished.stdout).expect("stdout is one JSON value")
    }
}
