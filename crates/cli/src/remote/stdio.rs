//! Standard input and outputs of a session.

use std::{
    io::{Cursor, IsTerminal as _},
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use anyhow::Context as _;
use countersign_gateway::client::Streams;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, Stdin, stderr, stdin, stdout};

use super::Input;
use crate::output;

/// The room of a pipe at standard output.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 256 * 1024;

/// Where input comes from: an argument, a file, or standard input unless it is a terminal.
pub(crate) async fn input_of(text: Option<String>, file: Option<&Path>) -> anyhow::Result<Option<Input>> {
    match (text, file) {
        (Some(_), Some(_)) => anyhow::bail!("input is given as an argument and as a file: give one"),
        (Some(text), None) => Ok(Some(Input::Text(Cursor::new(text.into_bytes())))),
        (None, Some(path)) => {
            let file = tokio::fs::File::open(path).await;
            Ok(Some(Input::File(file.with_context(|| format!("could not open {}", path.display()))?)))
        }
        (None, None) if std::io::stdin().is_terminal() => Ok(None),
        (None, None) => Ok(Some(Input::Stdin(stdin()))),
    }
}

/// The program's own outputs.
pub(crate) fn standard_streams<I>(stdin: Option<I>) -> Streams<I, tokio::io::Stdout, tokio::io::Stderr> {
    // Whoever reads the pipe is not woken for each half of a frame.
    #[cfg(target_os = "linux")]
    if rustix::pipe::fcntl_getpipe_size(rustix::stdio::stdout()).is_ok_and(|room| room < PIPE_BYTES) {
        // It stays as it is when the user's share of the memory of pipes is used up.
        let _ = rustix::pipe::fcntl_setpipe_size(rustix::stdio::stdout(), PIPE_BYTES);
    }
    Streams { stdin, stdout: stdout(), stderr: stderr() }
}

/// Outputs that become JSON lines.
pub(crate) fn json_streams<I>(stdin: Option<I>) -> Streams<I, JsonLines, JsonLines> {
    Streams { stdin, stdout: JsonLines("stdout"), stderr: JsonLines("stderr") }
}

/// Writes what it gets as events: `text` where it is UTF-8, else `hex`.
#[derive(Debug)]
pub(crate) struct JsonLines(&'static str);

impl AsyncWrite for JsonLines {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let data = match std::str::from_utf8(bytes) {
            Ok(text) => json!({ "event": "output", "stream": self.0, "text": text }),
            Err(_) => json!({ "event": "output", "stream": self.0, "hex": countersign_approval::to_hex(bytes) }),
        };
        output::json(&data);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Input {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Text(text) => Pin::new(text).poll_read(context, buffer),
            Self::File(file) => Pin::new(file).poll_read(context, buffer),
            Self::Stdin(stdin) => Pin::<&mut Stdin>::new(stdin).poll_read(context, buffer),
        }
    }
}
