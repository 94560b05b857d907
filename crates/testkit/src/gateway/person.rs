//! A person at their own machine.

use std::{
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::{
    program::{Ended, Program},
    terminal::Terminal,
};

/// A person with a home of their own; what `login` keeps is there.
#[derive(Clone, Debug)]
pub struct Person {
    binary: PathBuf,
    home: PathBuf,
    email: String,
}

impl Person {
    pub(super) fn new(binary: &Path, homes: &Path, name: &str) -> Self {
        let home = homes.join(name);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&home).expect("a home");
        Self { binary: binary.to_owned(), home, email: email(name) }
    }

    /// The e-mail address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The home directory.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The binary in this person's environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(args)
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", "/usr/bin:/bin")
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .env("XDG_STATE_HOME", self.home.join("state"))
            .current_dir(&self.home);
        command
    }

    /// Starts the binary.
    pub fn start(&self, args: &[&str]) -> Program {
        Program::start(self.command(args))
    }

    /// Starts the binary with nothing on its stdin.
    pub fn begin(&self, args: &[&str]) -> Program {
        let mut program = self.start(args);
        program.close_stdin();
        program
    }

    /// Runs the binary to its end, with nothing on its stdin.
    pub async fn run(&self, args: &[&str]) -> Ended {
        self.start(args).finish().await
    }

    /// Runs the binary to its end, with this on its stdin.
    pub async fn run_with(&self, args: &[&str], input: &[u8]) -> Ended {
        use tokio::io::AsyncWriteExt as _;
        let mut program = self.start(args);
        let mut stdin = program.take_stdin();
        let write = async move {
            // A program that refuses its input closes the pipe: that is its answer.
            let _ = stdin.write_all(input).await;
        };
        let ((), ended) = tokio::join!(write, program.ended());
        ended
    }

    /// Runs the binary to its end, wants it to end well, and answers what it wrote.
    pub async fn does(&self, args: &[&str]) -> String {
        self.run(args).await.well().text().to_owned()
    }

    /// Starts the binary on a terminal.
    pub fn terminal(&self, args: &[&str]) -> Terminal {
        Terminal::start(&self.command(args))
    }
}

/// The e-mail address of somebody in a test.
pub(super) fn email(name: &str) -> String {
    format!("{name}@example.com")
}
