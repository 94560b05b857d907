//! A program on a terminal of its own.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::Stdio,
    time::Duration,
};

use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use tokio::{
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

use crate::app::WITHIN;

/// A program whose stdin, stdout and stderr are one terminal, and what is on its screen.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    master: File,
    seen: watch::Receiver<Vec<u8>>,
}

impl Terminal {
    /// Starts a program on a new terminal of 24 lines and 80 columns, which it controls.
    pub fn start(command: &Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).expect("a terminal of ours");
        unlockpt(&master).expect("a terminal that can be used");
        let path = ptsname(&master, Vec::new()).expect("a terminal with a name");
        let slave = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        let slave: OwnedFd = slave.expect("its other end");
        resize(&master, 24, 80);
        let end = || Stdio::from(slave.try_clone().expect("another descriptor of it"));
        // The terminal has to be the program's own, so that it hears of its size and of Ctrl-C.
        let mut own = Command::new("setsid");
        own.arg("--ctty").arg(command.as_std().get_program()).args(command.as_std().get_args()).env_clear();
        for (name, value) in command.as_std().get_envs() {
            if let Some(value) = value {
                own.env(name, value);
            }
        }
        own.env("TERM", "xterm-256color");
        if let Some(directory) = command.as_std().get_current_dir() {
            own.current_dir(directory);
        }
        let child = own.stdin(end()).stdout(end()).stderr(end()).kill_on_drop(true).spawn().expect("it starts");
        let master = File::from(master);
        let mut reader = master.try_clone().expect("another descriptor of it");
        let (sender, seen) = watch::channel(Vec::new());
        // Ends with the terminal.
        std::thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(bytes @ 1..) = reader.read(&mut chunk) {
                sender.send_modify(|all| all.extend_from_slice(chunk.get(..bytes).unwrap_or_default()));
            }
        });
        Self { child, master, seen }
    }

    /// Types something.
    pub fn types(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).expect("the terminal takes it");
    }

    /// Gives the window another size.
    pub fn resize(&self, rows: u16, cols: u16) {
        resize(&self.master, rows, cols);
    }

    /// What has been on the screen until now.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.seen.borrow()).into_owned()
    }

    /// Waits until this has been on the screen.
    pub async fn shows(&self, text: &str) -> String {
        self.shows_within(text, WITHIN).await
    }

    /// The same, for what takes its time.
    pub async fn shows_within(&self, text: &str, within: Duration) -> String {
        let mut seen = self.seen.clone();
        let there = |all: &Vec<u8>| String::from_utf8_lossy(all).contains(text);
        match timeout(within, seen.wait_for(there)).await {
            Ok(Ok(all)) => String::from_utf8_lossy(&all).into_owned(),
            _ => panic!("{text:?} is not on the screen:\n{}", self.screen()),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        let pid = self.child.id().expect("the program still runs");
        i32::try_from(pid).expect("a process id")
    }

    /// Waits for the program's end; answers its exit code.
    pub async fn finish(mut self) -> Option<i32> {
        let Ok(status) = timeout(2 * WITHIN, self.child.wait()).await else {
            panic!("it does not end:\n{}", self.screen());
        };
        status.expect("its status").code()
    }
}

fn resize(master: impl std::os::fd::AsFd, rows: u16, cols: u16) {
    let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(master, size).expect("a terminal has a size");
}
