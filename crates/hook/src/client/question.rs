//! A question for a decision, asked until it is answered or the deadline has passed.

use std::thread;
use std::time::{Duration, Instant};

use super::ClientConfig;
use super::connection::{Connection, Interrupted};
use crate::host::Decision;
use crate::rendezvous::meet;
use crate::text::chain;
use crate::wire::{Op, ProgressEvent, RequestKey, ServerLine, Verdict, host_line};

/// How much longer than the daemon we wait: it closes the message as expired and says so.
const GRACE: Duration = Duration::from_secs(1);

/// First pause before asking again.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// Longest pause. Well below the ten seconds after which the daemon takes a client for gone.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// How often in a row a daemon may go away without having accepted the question.
///
/// With the pauses about twelve seconds: enough for a daemon that is replaced, an end for one that dies of the
/// question itself.
const FAILURES_MAX: u32 = 18;

/// How many of them are forgotten no more once a daemon accepted the question: pauses of 0.6 seconds.
const FAILURES_ACCEPTED: u32 = 6;

/// What came of one attempt.
enum Attempt {
    Done(Decision),
    /// Ask again with the same key, because of this.
    Again(String),
}

/// Asks with one key, as often as daemons come and go.
pub(super) fn decide(input: Vec<u8>, config: &ClientConfig, deadline: Instant) -> Decision {
    let key = match RequestKey::random() {
        Ok(key) => key,
        Err(error) => return Decision::none(error.to_string()),
    };
    let line = host_line(input);
    let mut pauses = Pauses::default();
    loop {
        let why = match attempt(key, &line, config, deadline, &mut pauses) {
            Attempt::Done(decision) => return decision,
            Attempt::Again(why) => why,
        };
        if pauses.failures >= FAILURES_MAX {
            return Decision::none(format!("{why}, {FAILURES_MAX} times in a row"));
        }
        if !pauses.pause(deadline) {
            return late(config, Some(&why));
        }
    }
}

fn attempt(key: RequestKey, line: &[u8], config: &ClientConfig, deadline: Instant, pauses: &mut Pauses) -> Attempt {
    let stream = match meet(&config.paths, &config.spawn, &config.spec, deadline) {
        Ok(stream) => stream,
        Err(error) if error.is_passing() => return Attempt::Again(chain(&error)),
        Err(error) => return Attempt::Done(Decision::none(chain(&error))),
    };
    let wait = deadline.saturating_duration_since(Instant::now());
    let hello = config.hello(Op::Ask, key, wait).to_line();
    let patience = deadline + GRACE;
    let talked =
        Connection::open(stream, hello, line, patience).and_then(|connection| listen(connection, patience, pauses));
    match talked {
        Ok(Verdict::Decided(decision)) => Attempt::Done(decision),
        Ok(Verdict::Undecided(reason)) => Attempt::Done(Decision::none(reason)),
        Ok(Verdict::Outdated) => Attempt::Again("an older daemon is leaving".to_owned()),
        Err(Interrupted::Late) => Attempt::Done(late(config, None)),
        Err(Interrupted::Gone) => Attempt::Again(chain(&Interrupted::Gone)),
        Err(error) => Attempt::Done(Decision::none(chain(&error))),
    }
}

/// Reads until the last line.
fn listen(mut connection: Connection, patience: Instant, pauses: &mut Pauses) -> Result<Verdict, Interrupted> {
    loop {
        match connection.next(patience)? {
            ServerLine::Final(answer) => return Ok(answer.verdict()),
            ServerLine::Progress(progress) => {
                if progress.event == ProgressEvent::Accepted {
                    pauses.accepted();
                }
            }
        }
    }
}

fn late(config: &ClientConfig, why: Option<&str>) -> Decision {
    let seconds = config.deadline.as_secs_f64();
    Decision::none(match why {
        Some(why) => format!("no answer within {seconds} s ({why})"),
        None => format!("no answer within {seconds} s"),
    })
}

/// Pauses between attempts, each twice as long as the one before.
#[derive(Default)]
struct Pauses {
    failures: u32,
}

impl Pauses {
    /// The question is stored, so this daemon did not die of it. The pauses stay long once they are: one that
    /// dies after accepting must not be started over and over.
    fn accepted(&mut self) {
        self.failures = self.failures.min(FAILURES_ACCEPTED);
    }

    /// Pauses, but not past the deadline; `false` when that has come.
    fn pause(&mut self, deadline: Instant) -> bool {
        let length = PAUSE_MIN.saturating_mul(1 << self.failures.min(10)).min(PAUSE_MAX);
        self.failures += 1;
        let left = deadline.saturating_duration_since(Instant::now());
        thread::sleep(length.min(left));
        length < left
    }
}
