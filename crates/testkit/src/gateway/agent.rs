//! An agent.

use std::{
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::program::Program;

/// A running `countersign agent`.
#[derive(Debug)]
pub struct AgentProcess {
    binary: PathBuf,
    home: PathBuf,
    name: String,
    server: String,
    program: Program,
}

impl AgentProcess {
    /// Starts one with a token, and waits until it is connected. `home` is its own.
    pub(super) async fn start(binary: &Path, home: &Path, server: &str, name: &str, token: &str) -> Self {
        use std::io::Write as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(home).expect("a home");
        let file =
            std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(home.join("token"));
        file.expect("a file").write_all(token.as_bytes()).expect("it is written");
        let program = launch(binary, home, server, name);
        program.says("connected to ").await;
        Self {
            binary: binary.to_owned(),
            home: home.to_owned(),
            name: name.to_owned(),
            server: server.to_owned(),
            program,
        }
    }

    /// Its process.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The home directory of the commands that it runs.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Kills it without any warning.
    pub async fn kill(&mut self) {
        self.program.kill().await;
    }

    /// Starts it again, with the state it had, and waits until it is connected.
    pub async fn restart(&mut self) {
        self.program.kill().await;
        self.program = launch(&self.binary, &self.home, &self.server, &self.name);
        self.program.says("connected to ").await;
    }

    /// Everything that it has logged since it was started.
    pub fn log(&self) -> String {
        self.program.stderr()
    }

    /// Waits for its end by itself.
    pub async fn ended(self) -> super::program::Ended {
        self.program.ended().await
    }
}

fn launch(binary: &Path, home: &Path, server: &str, name: &str) -> Program {
    let mut command = Command::new(binary);
    command.args(["agent", "--server", server, "--name", name]);
    command.arg("--token-file").arg(home.join("token")).arg("--state-dir").arg(home.join("journal"));
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").env("PGPASSFILE_OF_AGENT", "from the agent");
    command.current_dir(home);
    Program::start(command)
}
