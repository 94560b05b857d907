//! A server that does nothing but answer: the most that the load client can ask for.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::Endpoint;

/// As many bytes as `auth.test` answers with, about.
const ANSWER: &str = r#"{"ok":true,"url":"http://127.0.0.1:4100/","team":"Countersign","user":"countersign","team_id":"T0AAAAAAAAA","user_id":"U0AAAAAAAAA","bot_id":"B0AAAAAAAAA","is_enterprise_install":false}"#;

/// The server in a process of its own.
#[derive(Debug)]
pub(crate) struct Bare {
    child: Child,
    /// Where it is.
    pub(crate) endpoint: Endpoint,
    _stdout: BufReader<ChildStdout>,
}

impl Bare {
    /// Starts it.
    pub(crate) fn start() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("bare-server").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("stdout is a pipe")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        Ok(Self { child, endpoint: Endpoint::parse(line.trim())?, _stdout: stdout })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until killed.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "http://{}/api/", listener.local_addr()?)?;
        stdout.flush()?;
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\r\n{ANSWER}",
            ANSWER.len()
        );
        let answer: &'static [u8] = answer.leak().as_bytes();
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await?;
            connections.spawn(connection(stream, answer));
        }
    })
}

/// The load client sends one request at a time, in one piece.
async fn connection(mut stream: TcpStream, answer: &'static [u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut received = [0; 4096];
    while stream.read(&mut received).await? > 0 {
        stream.write_all(answer).await?;
    }
    Ok(())
}
