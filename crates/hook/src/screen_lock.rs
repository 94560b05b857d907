//! Whether the screen is locked.
//!
//! Linux: logind's `LockedHint` of the session, which the desktop's locker sets. macOS: the console user's session
//! dictionary, where `CGSSessionScreenIsLocked` appears while the screen is locked; untested on a Mac.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::text::one_line;

/// How long finding out may take in all.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How often a program that closed its output is looked at for its end.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How much of a program's output is read: macOS' session dictionary is some kilobytes.
const OUTPUT_MAX_BYTES: u64 = 1024 * 1024;

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum LockState {
    /// Nobody sees the screen.
    Locked,
    /// Somebody may be there.
    Unlocked,
    /// It could not be found out, and why. Callers take it as locked, and say so.
    Unknown(String),
}

/// How to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockProbe {
    /// Ask logind.
    Logind {
        /// The program `loginctl`.
        loginctl: PathBuf,
        /// The session (`XDG_SESSION_ID`); without it the caller's, else the one on the user's display.
        session: Option<String>,
    },
    /// Ask the I/O registry of macOS.
    Ioreg {
        /// The program `ioreg`.
        ioreg: PathBuf,
    },
}

impl LockProbe {
    /// The way of this system, with the session of the environment.
    pub fn native(session: Option<String>) -> Self {
        if cfg!(target_os = "macos") {
            Self::Ioreg { ioreg: PathBuf::from("/usr/sbin/ioreg") }
        } else {
            Self::Logind { loginctl: PathBuf::from("loginctl"), session }
        }
    }

    /// Finds out, in two seconds at most.
    pub fn check(&self) -> LockState {
        self.check_within(TIMEOUT)
    }

    fn check_within(&self, time: Duration) -> LockState {
        let deadline = Instant::now() + time;
        let found = match self {
            Self::Logind { loginctl, session } => ask_logind(loginctl, session.as_deref(), deadline),
            Self::Ioreg { ioreg } => {
                run(ioreg, &["-n", "Root", "-d1", "-a"], deadline).and_then(|output| read_registry(&output))
            }
        };
        found.unwrap_or_else(LockState::Unknown)
    }
}

/// Asks for the named session; `auto` is the caller's own or, without one, the session on the user's display
/// (loginctl(1)). A named session that is gone, as in a long-lived multiplexer, is no reason to give up.
fn ask_logind(loginctl: &Path, session: Option<&str>, deadline: Instant) -> Result<LockState, String> {
    let show = |session: &str| {
        let args = ["show-session", session, "-p", "LockedHint", "--value"];
        run(loginctl, &args, deadline).and_then(|output| read_hint(&output))
    };
    match session.filter(|id| is_session_id(id)) {
        Some(id) => show(id).or_else(|_| show("auto")),
        None => show("auto"),
    }
}

/// A session id is letters and digits: anything else could be an option.
fn is_session_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn read_hint(output: &str) -> Result<LockState, String> {
    match output.trim() {
        "yes" => Ok(LockState::Locked),
        "no" => Ok(LockState::Unlocked),
        other => Err(format!("logind says `{}`", one_line(other, 40))),
    }
}

/// The key is there only while the screen is locked; the console users are there while somebody is logged in.
fn read_registry(output: &str) -> Result<LockState, String> {
    if !output.contains("<key>IOConsoleUsers</key>") {
        return Err("the registry lists no console users".to_owned());
    }
    let Some((_, after)) = output.split_once("<key>CGSSessionScreenIsLocked</key>") else {
        return Ok(LockState::Unlocked);
    };
    let value = after.trim_start();
    if value.starts_with("<true/>") {
        Ok(LockState::Locked)
    } else if value.starts_with("<false/>") {
        Ok(LockState::Unlocked)
    } else {
        Err("the registry's lock state cannot be read".to_owned())
    }
}

/// Runs a program for its output, at most until the deadline.
fn run(program: &Path, args: &[&str], deadline: Instant) -> Result<String, String> {
    let name = program.display();
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("could not run {name}: {error}"))?;
    let output = read_until(&mut child, deadline);
    let succeeded = wait_until(&mut child, deadline);
    match (output, succeeded) {
        (Some(output), Some(true)) => Ok(output),
        (_, Some(false)) => Err(format!("{name} failed")),
        _ => Err(format!("{name} took longer than {} s", TIMEOUT.as_secs())),
    }
}

fn read_until(child: &mut Child, deadline: Instant) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (send, read) = mpsc::channel();
    let reader = thread::Builder::new().name("lock probe".to_owned());
    let reading = reader.spawn(move || {
        let mut bytes = Vec::new();
        let done = stdout.take(OUTPUT_MAX_BYTES).read_to_end(&mut bytes);
        // Nobody listens once the deadline has passed.
        let _ = send.send(done.map(|_| String::from_utf8_lossy(&bytes).into_owned()));
    });
    reading.ok()?;
    let time = deadline.saturating_duration_since(Instant::now());
    read.recv_timeout(time).ok()?.ok()
}

/// Waits for the end, and says whether it was a good one; ends the program at the deadline.
fn wait_until(child: &mut Child, deadline: Instant) -> Option<bool> {
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) => thread::sleep(LOOK_EVERY),
            Err(_) => break,
        }
    }
    // It is our own child and not reaped yet, so the pid is its own.
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::os::unix::fs::OpenOptionsExt;

    /// A stand-in for `loginctl`.
    fn script(dir: &tempfile::TempDir, body: &str) -> PathBuf {
        use std::io::Write;
        let path = dir.path().join("loginctl");
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o700).open(&path).unwrap();
        write!(file, "#!/bin/sh\n{body}\n").unwrap();
        path
    }

    /// A script that was just written can be "busy" while another test's thread forks.
    fn check(body: &str, session: Option<&str>, time: Duration) -> LockState {
        let dir = tempfile::tempdir().unwrap();
        let probe = LockProbe::Logind { loginctl: script(&dir, body), session: session.map(str::to_owned) };
        loop {
            match probe.check_within(time) {
                LockState::Unknown(why) if why.contains("busy") => thread::yield_now(),
                state => return state,
            }
        }
    }

    const LONG: Duration = Duration::from_secs(30);

    #[rstest]
    #[case::locked("echo yes", LockState::Locked)]
    #[case::unlocked("echo no", LockState::Unlocked)]
    fn logind_is_believed(#[case] body: &str, #[case] expected: LockState) {
        assert_eq!(check(body, Some("c2"), LONG), expected);
    }

    #[rstest]
    #[case::nonsense("echo maybe", "logind says `maybe`")]
    #[case::nothing("true", "logind says ``")]
    #[case::failure("echo no; exit 1", "failed")]
    fn what_logind_does_not_say_is_unknown(#[case] body: &str, #[case] expected: &str) {
        let LockState::Unknown(why) = check(body, None, LONG) else { panic!("known") };
        assert!(why.contains(expected), "{why}");
    }

    #[test]
    fn the_session_is_asked_for_and_then_the_users_own() {
        let only_c2 = r#"[ "$*" = "show-session c2 -p LockedHint --value" ] && echo yes || exit 1"#;
        assert_eq!(check(only_c2, Some("c2"), LONG), LockState::Locked);
        let only_auto = r#"[ "$2" = auto ] && echo no || exit 1"#;
        assert_eq!(check(only_auto, Some("c2"), LONG), LockState::Unlocked);
        assert_eq!(check(only_auto, None, LONG), LockState::Unlocked);
        assert_eq!(check(only_auto, Some("--all"), LONG), LockState::Unlocked);
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_unknown() {
        let state = check("exec sleep 600", None, Duration::from_millis(50));
        assert!(matches!(state, LockState::Unknown(why) if why.contains("took longer")));
    }

    #[test]
    fn a_program_that_is_missing_is_unknown() {
        let probe = LockProbe::Logind { loginctl: PathBuf::from("/nonexistent/loginctl"), session: None };
        assert!(matches!(probe.check(), LockState::Unknown(why) if why.contains("could not run")));
    }

    #[rstest]
    #[case::locked(
        "<key>IOConsoleUsers</key><array><dict><key>CGSSessionScreenIsLocked</key>\n\t<true/>",
        Ok(LockState::Locked)
    )]
    #[case::unlocked("<key>IOConsoleUsers</key><array><dict></dict>", Ok(LockState::Unlocked))]
    #[case::spelled_out(
        "<key>IOConsoleUsers</key><key>CGSSessionScreenIsLocked</key><false/>",
        Ok(LockState::Unlocked)
    )]
    #[case::nobody("<plist/>", Err("the registry lists no console users".to_owned()))]
    fn the_session_dictionary_is_read(#[case] output: &str, #[case] expected: Result<LockState, String>) {
        assert_eq!(read_registry(output), expected);
    }
}
