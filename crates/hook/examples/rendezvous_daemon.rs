//! The smallest daemon: everything that the rendezvous asks of one, and nothing else.
//!
//! It reads its specification from stdin, takes its seat, says `ready` and answers every question with yes. The tests
//! start it; `extra.behaviour` makes it misbehave in a named way.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use countersign_hook::input::HookInput;
use countersign_hook::rendezvous::{DaemonSpec, Readiness, Seat, detach, verify_peer};
use countersign_hook::text::chain;
use countersign_hook::wire::{
    FIRST_LINE_MAX_BYTES, Final, FirstLine, Hello, INPUT_MAX_BYTES, Op, Outcome, Progress, ProgressEvent,
    read_line_capped,
};

/// A forgotten example ends by itself.
const LIFE_MAX: Duration = Duration::from_mins(2);

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let readiness = Readiness::from_stdout()?;
    let spec = DaemonSpec::read(std::io::stdin())?;
    detach()?;
    let daemon = Daemon::new(spec);
    daemon.note("start")?;
    match daemon.behaviour.as_str() {
        "never_ready" => wait(),
        "silent" => {}
        "fails" => readiness.failed("the store is locked by\nanother program")?,
        _ => daemon.serve(readiness)?,
    }
    Ok(())
}

/// Waits for a signal or for the end of an example's life.
fn wait() {
    let (_keep, never) = mpsc::channel::<()>();
    // Nobody sends: it is the timeout that is wanted.
    let _ = never.recv_timeout(LIFE_MAX);
}

struct Daemon {
    spec: DaemonSpec,
    behaviour: String,
    journal: PathBuf,
    /// Misbehaves only while this is the first daemon of its journal.
    is_first: bool,
}

impl Daemon {
    fn new(spec: DaemonSpec) -> Self {
        let text = |name: &str| spec.extra[name].as_str().unwrap_or_default().to_owned();
        let (behaviour, journal) = (text("behaviour"), PathBuf::from(text("journal")));
        let is_first = !journal.exists();
        Self { spec, behaviour, journal, is_first }
    }

    /// What happened, for the test to read.
    fn note(&self, what: &str) -> Fallible<()> {
        let mut journal = OpenOptions::new().create(true).append(true).open(&self.journal)?;
        Ok(writeln!(journal, "{what}")?)
    }

    fn serve(self, readiness: Readiness) -> Fallible<()> {
        let mut seat = match self.spec.paths().map(|paths| Seat::take(&paths)) {
            Ok(Ok(seat)) => seat,
            Ok(Err(error)) => return Ok(readiness.failed(&chain(&error))?),
            Err(error) => return Ok(readiness.failed(&chain(&error))?),
        };
        let listener = seat.take_listener().ok_or("no listener")?;
        readiness.ready()?;
        if self.behaviour == "hangs" {
            seat.close_door();
            wait();
            return Ok(());
        }
        let (leave, left) = mpsc::channel();
        std::thread::spawn(move || self.accept(&listener, &leave));
        // An end of life is an end like another.
        let _ = left.recv_timeout(LIFE_MAX);
        seat.close_door();
        Ok(())
    }

    fn accept(&self, listener: &UnixListener, leave: &mpsc::Sender<()>) {
        for stream in listener.incoming().flatten() {
            // Somebody else is not answered, and no reason to leave.
            let stays = verify_peer(&stream).is_err() || self.answer(stream).unwrap_or(true);
            if !stays {
                // The other end only goes with the process.
                let _ = leave.send(());
                return;
            }
        }
    }

    /// Answers one connection; `false` means that the daemon leaves.
    fn answer(&self, mut stream: UnixStream) -> Fallible<bool> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = |cap| read_line_capped(&mut reader, &mut Vec::new(), cap);
        let first = line(FIRST_LINE_MAX_BYTES)?.ok_or("no first line")?;
        let FirstLine::Hello(hello) = FirstLine::parse(&first)? else {
            return Ok(true);
        };
        if hello.op.has_input() {
            let input = HookInput::parse(&line(INPUT_MAX_BYTES)?.ok_or("no input")?)?;
            self.note(&format!("{} {}", input.event, hello.request_key))?;
        }
        match (self.behaviour.as_str(), self.is_first, hello.op) {
            (_, _, Op::Stop) => {
                stream.write_all(&Final::new(Outcome::Ok, "0.1.0").to_line())?;
                Ok(false)
            }
            ("dies_once", true, Op::Ask) => std::process::abort(),
            ("outdated_once", true, Op::Ask) => {
                stream.write_all(&Final::new(Outcome::Outdated, "0.0.9").to_line())?;
                Ok(false)
            }
            _ => self.approve(stream, &hello),
        }
    }

    fn approve(&self, mut stream: UnixStream, hello: &Hello) -> Fallible<bool> {
        let version = &self.spec.version;
        let accepted = Progress::new(ProgressEvent::Accepted, version);
        stream.write_all(&accepted.to_line())?;
        let answer = Final::new(Outcome::Approved, version).by("Alice").request(hello.request_key.to_string());
        stream.write_all(&answer.to_line())?;
        Ok(true)
    }
}
