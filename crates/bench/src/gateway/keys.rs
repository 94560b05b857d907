//! Keys that are typed on a terminal, and how soon they are on the screen.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::Stdio,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};
use tokio::{
    process::{Child, Command},
    sync::mpsc,
    time::timeout,
};

use super::team::{STEP_WITHIN, Team};
use crate::{samples, stats::Samples};

/// Keys on a terminal of this machine, with `cat` on it.
pub(crate) async fn bare(count: usize) -> Result<Samples> {
    let mut screen = Screen::start(Command::new("cat"))?;
    type_keys(&mut screen, count).await
}

/// Keys through `connect`.
pub(crate) async fn measure(team: &Team, count: usize) -> Result<Samples> {
    let mut screen = Screen::start(team.client(&["connect", "cat"]))?;
    screen.wait_for("connected to cat").await?;
    type_keys(&mut screen, count).await
}

/// The terminal echoes each key as it comes.
async fn type_keys(screen: &mut Screen, count: usize) -> Result<Samples> {
    // The first one may come before everything is set up.
    screen.press(b'.').await?;
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        // Now and then a new line: a terminal takes no line without end.
        let key = if number % 60 == 59 { b'\n' } else { b'a' };
        let begun = Instant::now();
        screen.press(key).await?;
        if key != b'\n' {
            times.push(begun.elapsed());
        }
    }
    Ok(samples(times))
}

/// A program on a terminal.
struct Screen {
    _child: Child,
    master: File,
    seen: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl Screen {
    fn start(mut command: Command) -> Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let slave: OwnedFd = rustix::fs::open(
            ptsname(&master, Vec::new())?,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(Stdio::from(slave));
        let child = command.kill_on_drop(true).spawn()?;
        drop(command);
        let master = File::from(master);
        let mut reader = master.try_clone()?;
        let (sender, seen) = mpsc::unbounded_channel();
        // Ends with the terminal.
        std::thread::spawn(move || {
            let mut chunk = vec![0; 4096];
            while let Ok(bytes @ 1..) = reader.read(&mut chunk) {
                if sender.send(chunk.get(..bytes).unwrap_or_default().to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { _child: child, master, seen })
    }

    /// Presses a key, and waits until something new is on the screen. What a new line brings is waited for whole.
    async fn press(&mut self, key: u8) -> Result<()> {
        self.master.write_all(&[key])?;
        let mut seen = self.next().await?;
        if key == b'\n' {
            // The line comes back: what was typed, and a new line.
            while !String::from_utf8_lossy(&seen).trim_start_matches(['\r', '\n']).ends_with('\n') {
                seen.extend(self.next().await?);
            }
        }
        ensure!(!seen.is_empty(), "the terminal has gone");
        Ok(())
    }

    async fn wait_for(&mut self, text: &str) -> Result<()> {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            seen.extend(self.next().await.with_context(|| String::from_utf8_lossy(&seen).into_owned())?);
        }
        // The rest of its line.
        while !seen.ends_with(b"\n") {
            seen.extend(self.next().await?);
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Vec<u8>> {
        let seen = timeout(STEP_WITHIN, self.seen.recv()).await.context("nothing comes")?;
        seen.context("the terminal has gone")
    }
}
