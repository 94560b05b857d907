//! Calling hooks.

mod processes;
mod responses;

use std::{path::PathBuf, time::Duration};

use countersign_slack::hooks::HookName;
use countersign_slack_cli::{Failure, hooks::HookCall};
use serde_json::{Value, json};

use crate::world::World;

/// A project with one hook.
pub(crate) struct One {
    pub(crate) world: World,
    hook: HookName,
}

impl One {
    /// A hook that speaks the default protocol.
    pub(crate) async fn plain(hook: HookName, command: &str) -> Self {
        Self::of(hook, json!({"hooks": {(hook.as_str()): command}})).await
    }

    /// A hook that is asked for message boundaries.
    pub(crate) async fn bounded(hook: HookName, command: &str) -> Self {
        let config = json!({"protocol-version": ["message-boundaries"]});
        Self::of(hook, json!({"hooks": {(hook.as_str()): command}, "config": config})).await
    }

    /// A hook that is asked for message boundaries, and writes this. `$B` is the boundary.
    pub(crate) async fn writes(text: &str) -> Self {
        let one = Self::bounded(HookName::Doctor, "sh hook.sh").await;
        one.world.write("hook.sh", &format!("B=${{2#--boundary=}}\n{text}\n"));
        one
    }

    async fn of(hook: HookName, hooks: Value) -> Self {
        Self { world: World::with_hooks(&hooks).await, hook }
    }

    pub(crate) async fn call(&self) -> HookCall {
        self.world.open().await.hook(&self.world.session, self.hook).unwrap()
    }

    pub(crate) async fn answer(&self) -> String {
        text(self.call().await).await
    }

    pub(crate) async fn failure(&self) -> Failure {
        self.call().await.answer().await.unwrap_err()
    }

    /// A named pipe in the project.
    pub(crate) fn pipe(&self, name: &str) -> Pipe {
        let path = self.world.root().join(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        Pipe(path)
    }
}

pub(crate) async fn text(call: HookCall) -> String {
    String::from_utf8(call.answer().await.unwrap().bytes).unwrap()
}

/// Everything that a failure tells.
pub(crate) fn told(failure: &Failure) -> String {
    format!("{failure}\n{}\n{}", failure.details().join("\n"), failure.remedies().join("\n"))
}

/// A named pipe: it has ended when nobody who holds it lives any more.
#[derive(Debug, Clone)]
pub(crate) struct Pipe(PathBuf);

impl Pipe {
    /// Opens it, whether or not anybody writes.
    pub(crate) fn open(&self) -> Reading {
        use std::os::unix::fs::OpenOptionsExt as _;

        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let pipe = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(&self.0).unwrap();
        rustix::fs::fcntl_setfl(&pipe, rustix::fs::OFlags::empty()).unwrap();
        Reading { line: String::new(), reader: std::io::BufReader::new(pipe) }
    }

    /// Waits until somebody has written a line, and goes on holding the pipe.
    pub(crate) async fn line(&self) -> Reading {
        let path = self.0.clone();
        soon(move || {
            let mut reader = std::io::BufReader::new(std::fs::File::open(path).unwrap());
            let mut line = String::new();
            std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
            Reading { line: line.trim().to_owned(), reader }
        })
        .await
    }
}

/// An open pipe, and the line that was read from it.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) line: String,
    reader: std::io::BufReader<std::fs::File>,
}

impl Reading {
    /// Waits until nobody holds the other end; what was written until then.
    pub(crate) async fn end(mut self) -> String {
        soon(move || {
            let mut rest = String::new();
            std::io::Read::read_to_string(&mut self.reader, &mut rest).unwrap();
            rest
        })
        .await
    }
}

/// Does what happens soon; a test that needs the whole time has failed.
async fn soon<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    // Not on the runtime, which would wait for it even when the test has failed.
    let (sender, done) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || sender.send(what()).map_err(drop));
    tokio::time::timeout(Duration::from_mins(1), done).await.unwrap().unwrap()
}
