//! Lines that started apps write, and when they come.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{sys::stat::Mode, unistd::mkfifo};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    net::unix::pipe,
    time::timeout,
};

/// Longest time until an app has started.
const START_WITHIN: Duration = Duration::from_secs(30);

/// A named pipe.
#[derive(Debug)]
pub(crate) struct Told {
    lines: Lines<BufReader<pipe::Receiver>>,
    path: PathBuf,
}

impl Told {
    /// A pipe at this path.
    pub(crate) fn at(path: &Path) -> Result<Self> {
        mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).context("could not make a pipe")?;
        // Open for writing as well: it has no end while we read.
        let receiver = pipe::OpenOptions::new().read_write(true).open_receiver(path)?;
        Ok(Self { lines: BufReader::new(receiver).lines(), path: path.to_owned() })
    }

    /// An app that says its number, then does nothing until it is ended; not for ever, should nobody do so.
    pub(crate) fn app(&self) -> String {
        format!("echo $$ > '{}'\nexec sleep 600\n", self.path.display())
    }

    /// The next line, and when it came.
    pub(crate) async fn next(&mut self) -> Result<(String, Instant)> {
        let line = timeout(START_WITHIN, self.lines.next_line()).await.context("no app says that it has started")??;
        let at = Instant::now();
        match line {
            Some(line) => Ok((line, at)),
            None => bail!("the pipe has ended"),
        }
    }
}
