//! A home for one test: directories, a configuration, and a daemon that ends with it.

use std::io::{BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use countersign_hook::client::{ClientConfig, Mode};
use countersign_hook::host::Host;
use countersign_hook::rendezvous::{DaemonKey, DaemonSpec, Paths, SpawnCommand, stop};
use countersign_hook::wire::{FirstLine, Hello, INPUT_MAX_BYTES, read_line_capped};

/// Long enough that only a hang exceeds it.
pub(crate) const LONG: Duration = Duration::from_mins(1);

pub(crate) const ASK: &str = r#"{"session_id":"s1","cwd":"/w","hook_event_name":"PermissionRequest","tool_name":"Bash","tool_input":{"command":"ls"}}"#;

pub(crate) const ALLOW: &str = concat!(
    r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","#,
    r#""decision":{"behavior":"allow"}}}"#,
    "\n"
);

pub(crate) struct Home {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) config: ClientConfig,
}

impl Home {
    /// A home whose daemon is the example, behaving as named.
    pub(crate) fn with_daemon(behaviour: &str) -> Self {
        Self::new(behaviour, example())
    }

    /// A home whose daemon cannot be started.
    pub(crate) fn without_daemon() -> Self {
        Self::new("", PathBuf::from("/nonexistent/countersign"))
    }

    fn new(behaviour: &str, program: PathBuf) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = DaemonKey::derive("https://slack.com/api/", "xapp-1-A1-1-x");
        let paths = Paths::in_dir(&dir.path().join("run"), key).unwrap();
        let journal = dir.path().join("journal");
        let config = ClientConfig {
            spawn: SpawnCommand {
                program,
                args: Vec::new(),
                env: Vec::new(),
                log: Some(dir.path().join("daemon.log")),
            },
            spec: DaemonSpec {
                runtime_dir: paths.dir().to_owned(),
                key,
                version: "0.1.0".to_owned(),
                api_url: "https://slack.com/api/".to_owned(),
                bot_token: "xoxb-1".into(),
                app_token: "xapp-1-A1-1-x".into(),
                state_dir: dir.path().to_owned(),
                log_level: "info".to_owned(),
                idle_ms: None,
                extra: serde_json::json!({ "behaviour": behaviour, "journal": journal }),
            },
            paths,
            approvers: vec!["U0ALICE".to_owned()],
            channel: None,
            deadline: LONG,
            mode: Mode::Advise,
            host: Host::Claude,
            version: "0.1.0".to_owned(),
            only_screen_lock: None,
        };
        Self { dir, config }
    }

    /// What the example daemons wrote down.
    pub(crate) fn journal(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.dir.path().join("journal")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// How many daemons were started.
    pub(crate) fn starts(&self) -> usize {
        self.journal().iter().filter(|line| *line == "start").count()
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let stopped = stop(&self.config.paths, "0.1.0", Instant::now() + LONG);
        if !std::thread::panicking() {
            stopped.unwrap();
        }
    }
}

/// The example beside this test: `target/<profile>/examples`.
pub(crate) fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let path = profile.join("examples/rendezvous_daemon");
    assert!(path.is_file(), "hint: cargo test builds {}", path.display());
    path
}

/// The daemon's end of one connection, played by the test.
pub(crate) struct Peer {
    pub(crate) stream: UnixStream,
    pub(crate) hello: Hello,
    pub(crate) input: Vec<u8>,
}

impl Peer {
    /// Accepts a client and reads what it sends first.
    pub(crate) fn accept(listener: &UnixListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut line = || read_line_capped(&mut reader, &mut Vec::new(), INPUT_MAX_BYTES).unwrap().unwrap();
        let FirstLine::Hello(hello) = FirstLine::parse(&line()).unwrap() else { panic!("a bare input") };
        let input = if hello.op.has_input() { line() } else { Vec::new() };
        Self { stream, hello: *hello, input }
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.stream.write_all(line.as_bytes()).unwrap();
    }

    /// Waits until the client has gone.
    pub(crate) fn until_gone(mut self) {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).unwrap();
    }
}
