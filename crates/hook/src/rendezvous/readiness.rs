//! The one line a daemon says when it starts: `ready`, or `error: …`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crate::text::one_line;
use crate::wire::read_line_capped;

/// Longest readiness line, in bytes.
const LINE_MAX_BYTES: usize = 4 * 1024;

/// What follows `error: ` is shown to a person as it is.
const ERROR: &str = "error: ";

/// The daemon's end of the readiness pipe.
///
/// Ready means that the socket accepts and the store is open. It does not mean that Slack was reached: a
/// question may wait for that, and its answer says if it cannot be.
#[derive(Debug)]
pub struct Readiness {
    pipe: File,
}

impl Readiness {
    /// Takes over standard output; from here on, what is written there goes nowhere.
    pub fn from_stdout() -> io::Result<Self> {
        let pipe = io::stdout().as_fd().try_clone_to_owned()?;
        let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
        nix::unistd::dup2_stdout(nowhere)?;
        Ok(Self::new(pipe))
    }

    /// Uses a given pipe.
    pub fn new(pipe: impl Into<OwnedFd>) -> Self {
        Self { pipe: File::from(pipe.into()) }
    }

    /// Says that clients may connect, and closes the pipe.
    pub fn ready(mut self) -> io::Result<()> {
        self.pipe.write_all(b"ready\n")
    }

    /// Says why there will be no daemon, in one line, and closes the pipe.
    pub fn failed(mut self, reason: &str) -> io::Result<()> {
        let line = format!("{ERROR}{}\n", one_line(reason, LINE_MAX_BYTES / 8));
        self.pipe.write_all(line.as_bytes())
    }
}

/// Why a daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program could not be run.
    #[error("could not run {program}")]
    Spawn {
        /// The program.
        program: std::path::PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The specification could not be put together.
    #[error("the daemon's specification cannot be written")]
    Spec(#[source] serde_json::Error),
    /// The daemon said why.
    #[error("the daemon could not start: {0}")]
    Refused(String),
    /// The daemon ended, or closed its output, without a word.
    #[error("the daemon ended before it was ready")]
    Silent,
    /// The daemon said something else.
    #[error("the daemon's first words were `{0}`, expected `ready`")]
    Garbled(String),
    /// The daemon said nothing in time; it was ended.
    #[error("the daemon was not ready in time")]
    Late,
}

/// Hands the daemon its specification and waits for its line until `deadline`.
///
/// Writing and reading are done by a thread: neither may outlast the deadline, whatever the daemon does.
pub(super) fn wait(child: &mut Child, spec: Vec<u8>, deadline: Instant) -> Result<(), StartError> {
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(StartError::Silent);
    };
    let (send, said) = mpsc::channel();
    let talk = thread::Builder::new().name("readiness".to_owned());
    let talking = talk.spawn(move || {
        // Nobody listens once the deadline has passed.
        let _ = send.send(talk_to(input, &spec, output));
    });
    if talking.is_err() {
        return Err(StartError::Silent);
    }
    let time = deadline.saturating_duration_since(Instant::now());
    match said.recv_timeout(time) {
        Ok(line) => understand(line),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(StartError::Late),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(StartError::Silent),
    }
}

/// `None` when there was no line.
fn talk_to(mut input: ChildStdin, spec: &[u8], output: ChildStdout) -> Option<Vec<u8>> {
    // A daemon that failed early may have closed its end; its line says why.
    let _ = input.write_all(spec);
    drop(input);
    read_line_capped(&mut BufReader::new(output), &mut Vec::new(), LINE_MAX_BYTES).ok().flatten()
}

fn understand(line: Option<Vec<u8>>) -> Result<(), StartError> {
    let line = line.ok_or(StartError::Silent)?;
    let text = String::from_utf8_lossy(&line);
    match text.strip_prefix(ERROR) {
        _ if text == "ready" => Ok(()),
        Some(reason) => Err(StartError::Refused(one_line(reason, 500))),
        None => Err(StartError::Garbled(one_line(&text, 80))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn said(say: impl FnOnce(Readiness)) -> String {
        let (mut reader, writer) = io::pipe().unwrap();
        say(Readiness::new(writer));
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_daemon_says_one_line() {
        assert_eq!(said(|r| r.ready().unwrap()), "ready\n");
        assert_eq!(said(|r| r.failed("store:\n  locked").unwrap()), "error: store:   locked\n");
        assert_eq!(said(drop), "");
    }

    #[test]
    fn only_ready_is_ready() {
        assert!(understand(Some(b"ready".to_vec())).is_ok());
        assert!(matches!(understand(None), Err(StartError::Silent)));
        assert!(matches!(
            understand(Some(b"error: no\x1b token".to_vec())),
            Err(StartError::Refused(reason)) if reason == "no token"
        ));
        assert!(matches!(understand(Some(b"already".to_vec())), Err(StartError::Garbled(_))));
    }
}
