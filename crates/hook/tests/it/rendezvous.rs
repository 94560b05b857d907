//! Finding, starting and stopping the daemon.

use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use countersign_hook::rendezvous::{
    ConnectError, Ended, MeetError, Seat, StartError, StopError, connect, meet, read_pid, stop, wait_until_gone,
};

use crate::support::{Home, LONG, example};

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(200)
}

fn later() -> Instant {
    Instant::now() + LONG
}

fn meet_by(home: &Home, deadline: Instant) -> Result<(), MeetError> {
    let config = &home.config;
    meet(&config.paths, &config.spawn, &config.spec, deadline).map(drop)
}

#[test]
fn eight_clients_at_once_start_one_daemon() {
    let home = Home::with_daemon("answers");
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| meet_by(&home, later()))).collect();
        for client in clients {
            client.join().unwrap().unwrap();
        }
    });
    assert_eq!(home.starts(), 1);
}

#[test]
fn what_a_dead_daemon_left_does_not_stand_in_the_way() {
    let home = Home::with_daemon("answers");
    let paths = &home.config.paths;
    drop(UnixListener::bind(paths.socket()).unwrap());
    std::fs::write(paths.pid_file(), "1\n").unwrap();
    assert!(matches!(connect(paths), Err(ConnectError::Absent)));
    meet_by(&home, later()).unwrap();
    let pid = read_pid(paths).unwrap();
    assert_ne!(u32::try_from(pid).unwrap(), std::process::id());
}

#[test]
fn the_daemons_directory_and_environment_are_its_own() {
    let home = Home::with_daemon("answers");
    meet_by(&home, later()).unwrap();
    let process = format!("/proc/{}", read_pid(&home.config.paths).unwrap());
    if std::fs::exists(&process).unwrap() {
        let cwd = std::fs::read_link(format!("{process}/cwd")).unwrap();
        assert_eq!(cwd.to_str(), Some("/"));
        let environment = std::fs::read(format!("{process}/environ")).unwrap();
        assert!(environment.is_empty());
        let arguments = std::fs::read(format!("{process}/cmdline")).unwrap();
        assert!(!String::from_utf8_lossy(&arguments).contains("xoxb"));
    }
}

#[test]
fn a_daemon_that_cannot_start_says_why() {
    let home = Home::with_daemon("fails");
    let error = meet_by(&home, later()).unwrap_err();
    assert_eq!(error.to_string(), "the daemon could not start: the store is locked by another program");
}

#[test]
fn a_daemon_that_ends_without_a_word_is_reported() {
    let home = Home::with_daemon("silent");
    assert!(matches!(meet_by(&home, later()), Err(MeetError::Start(StartError::Silent))));
}

#[test]
fn a_daemon_that_never_says_ready_is_ended() {
    let home = Home::with_daemon("never_ready");
    assert!(matches!(meet_by(&home, soon()), Err(MeetError::Start(StartError::Late))));
    assert!(connect(&home.config.paths).is_err());
}

#[test]
fn a_program_that_is_missing_is_named() {
    let home = Home::without_daemon();
    let error = meet_by(&home, later()).unwrap_err();
    assert_eq!(error.to_string(), "could not run /nonexistent/countersign");
}

#[test]
fn a_start_lock_held_by_a_living_client_is_not_waited_for_past_the_deadline() {
    let home = Home::with_daemon("answers");
    let lock = std::fs::File::create(home.config.paths.start_lock()).unwrap();
    lock.lock().unwrap();
    let error = meet_by(&home, soon()).unwrap_err();
    assert!(error.to_string().contains("still starting"), "{error}");
    assert_eq!(home.starts(), 0);
    drop(lock);
    meet_by(&home, later()).unwrap();
}

#[test]
fn a_leaving_daemon_is_waited_for_and_succeeded() {
    let home = Home::with_daemon("answers");
    let mut seat = Seat::take(&home.config.paths).unwrap();
    seat.close_door();
    let error = meet_by(&home, soon()).unwrap_err();
    assert!(error.to_string().contains("holds its lock"), "{error}");
    assert_eq!(home.starts(), 0);
    std::thread::scope(|scope| {
        let client = scope.spawn(|| meet_by(&home, later()));
        drop(seat);
        client.join().unwrap().unwrap();
    });
    assert_eq!(home.starts(), 1);
}

#[test]
fn a_running_daemon_is_asked_to_stop() {
    let home = Home::with_daemon("answers");
    meet_by(&home, later()).unwrap();
    let paths = &home.config.paths;
    assert_eq!(stop(paths, "0.1.0", later()).unwrap(), Ended::Asked);
    assert!(!paths.socket().exists());
    assert!(!paths.pid_file().exists());
    assert_eq!(stop(paths, "0.1.0", later()).unwrap(), Ended::WasNotRunning);
}

#[test]
fn a_pid_file_without_a_held_lock_stops_nobody() {
    let home = Home::without_daemon();
    let paths = &home.config.paths;
    std::fs::write(paths.pid_file(), format!("{}\n", std::process::id())).unwrap();
    assert_eq!(stop(paths, "0.1.0", later()).unwrap(), Ended::WasNotRunning);
}

#[cfg(target_os = "linux")]
#[test]
fn a_hung_daemon_is_signalled_by_its_proven_pid() {
    let home = Home::with_daemon("hangs");
    // The daemon closes its door right after it was ready, so the connection may come too late.
    let _ = meet_by(&home, later());
    let paths = &home.config.paths;
    let pid = read_pid(paths).unwrap();
    // Its socket still stands for an instant.
    while connect(paths).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(stop(paths, "0.1.0", later()).unwrap(), Ended::Signalled { pid });
    assert!(wait_until_gone(paths, later()).unwrap());
}

#[test]
fn a_pid_that_is_not_proven_to_hold_the_lock_is_not_signalled() {
    let home = Home::without_daemon();
    let paths = &home.config.paths;
    let mut seat = Seat::take(paths).unwrap();
    seat.close_door();
    let mut bystander = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    std::fs::write(paths.pid_file(), format!("{}\n", bystander.id())).unwrap();
    let error = stop(paths, "0.1.0", soon()).unwrap_err();
    assert!(matches!(error, StopError::Unproven { .. }), "{error}");
    assert!(bystander.try_wait().unwrap().is_none());
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

/// Nobody's user id on any machine that runs tests.
const STRANGER: u32 = 12_345;

/// Ends with the test, whatever becomes of it.
struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A daemon of another user at our socket: what the directory's check is there to prevent.
fn strangers_daemon(home: &Home) -> Stranger {
    let open = std::fs::Permissions::from_mode(0o711);
    std::fs::set_permissions(home.path(), open.clone()).unwrap();
    let program = home.path().join("daemon");
    std::fs::copy(example(), &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let dir = home.config.paths.dir();
    chown(dir, Some(STRANGER), None).unwrap();
    let mut spec = home.config.spec.clone();
    spec.extra["journal"] = dir.join("journal").to_str().into();
    let child = Command::new(program).uid(STRANGER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let spec = serde_json::to_vec(&spec).unwrap();
    let mut stranger = Stranger(child);
    stranger.0.stdin.take().unwrap().write_all(&spec).unwrap();
    let mut ready = String::new();
    stranger.0.stdout.take().unwrap().read_to_string(&mut ready).unwrap();
    assert_eq!(ready, "ready\n");
    stranger
}

#[test]
fn another_users_daemon_is_refused_and_refuses_us() {
    if !nix::unistd::geteuid().is_root() {
        // Only root can be two users.
        return;
    }
    let home = Home::without_daemon();
    let stranger = strangers_daemon(&home);
    let paths = &home.config.paths;
    assert!(matches!(connect(paths), Err(ConnectError::Peer(_))));
    assert!(matches!(meet_by(&home, later()), Err(MeetError::Connect(ConnectError::Peer(_)))));
    let mut unchecked = UnixStream::connect(paths.socket()).unwrap();
    let mut answer = Vec::new();
    unchecked.read_to_end(&mut answer).unwrap();
    assert!(answer.is_empty());
    drop(stranger);
    chown(paths.dir(), Some(nix::unistd::geteuid().as_raw()), None).unwrap();
}
