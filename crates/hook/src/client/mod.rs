//! The hook itself: read the input, find the daemon, wait for the answer, render it.
//!
//! Nothing here prints, exits or reads the environment: [`run`] takes its configuration and returns what is to
//! be written. Nobody waits longer than the configured deadline, which is shorter than the host's own timeout, so
//! that we and not the host say what happens then.

mod call;
mod config;
mod connection;
mod question;

use std::io::Read;
use std::time::{Duration, Instant};

pub use call::{CallError, Start, call, test};
pub use config::ClientConfig;

use crate::host::{Decision, render};
pub use crate::host::{HookExit, Mode};
use crate::input::{Event, HookInput, InputError, Role, read_capped};
use crate::rendezvous::connect;
use crate::screen_lock::LockState;
use crate::wire::{Hello, Op, RequestKey, host_line};

/// How long an observer may hold its host up, when the daemon does not read.
const OBSERVE_MAX: Duration = Duration::from_secs(1);

/// Runs the hook once.
pub fn run(stdin: impl Read, config: &ClientConfig) -> HookExit {
    let deadline = Instant::now() + config.deadline;
    let (bytes, event) = match read_input(stdin) {
        Ok(read) => read,
        Err(error) => return HookExit::bad_input(&crate::text::chain(&error), config.mode),
    };
    match event.role() {
        Role::Observe => observe(bytes, config),
        Role::Ask => ask(bytes, event, config, deadline),
    }
}

/// What [`run`] would answer if nobody could be asked: for a configuration that cannot be used.
///
/// Bad input stays bad input, an observer stays silent, a question is not decided.
pub fn unavailable(stdin: impl Read, reason: &str, mode: Mode) -> HookExit {
    match read_input(stdin) {
        Err(error) => HookExit::bad_input(&crate::text::chain(&error), mode),
        Ok((_, event)) => match event.role() {
            Role::Observe => HookExit::silent(),
            Role::Ask => HookExit::undecided(reason, mode),
        },
    }
}

/// Reads and checks the input. The daemon parses it again; here only the event matters, and a large input is not
/// worth a second copy while somebody makes up their mind.
fn read_input(stdin: impl Read) -> Result<(Vec<u8>, Event), InputError> {
    let bytes = read_capped(stdin)?;
    let event = HookInput::parse(&bytes)?.event;
    Ok((bytes, event))
}

/// Asks, unless somebody sits at the machine.
fn ask(bytes: Vec<u8>, event: Event, config: &ClientConfig, deadline: Instant) -> HookExit {
    let presence = presence(config);
    let decision = match &presence {
        Presence::Here => Decision::none("the screen is not locked, so the question stays here"),
        Presence::Away | Presence::Unclear(_) => question::decide(bytes, config, deadline),
    };
    let exit = render(config.host, event, &decision, config.mode);
    match presence {
        Presence::Unclear(note) => exit.noting(&note),
        Presence::Here | Presence::Away => exit,
    }
}

/// Whether the one who could answer at the terminal is there, as far as it matters.
enum Presence {
    Here,
    Away,
    Unclear(String),
}

/// Not knowing is being away: a question too many in Slack is better than one that nobody sees.
///
/// A gate asks in any case: leaving the question to the terminal is no decision and would block.
fn presence(config: &ClientConfig) -> Presence {
    let Some(probe) = &config.only_screen_lock else {
        return Presence::Away;
    };
    if config.mode == Mode::Gate {
        return Presence::Unclear("asking although --only-screen-lock is set: a gate always asks".to_owned());
    }
    match probe.check() {
        LockState::Locked => Presence::Away,
        LockState::Unlocked => Presence::Here,
        LockState::Unknown(why) => Presence::Unclear(format!("screen lock unknown, taken as locked: {why}")),
    }
}

/// Tells a running daemon what happened; never starts one, never waits for an answer, never fails.
fn observe(bytes: Vec<u8>, config: &ClientConfig) -> HookExit {
    // An observer that reaches nobody has nothing to correct: no daemon, no open question.
    let _ = tell(bytes, config);
    HookExit::silent()
}

fn tell(bytes: Vec<u8>, config: &ClientConfig) -> Option<()> {
    let key = RequestKey::random().ok()?;
    let mut stream = connect(&config.paths).ok()?;
    stream.set_write_timeout(Some(OBSERVE_MAX)).ok()?;
    let hello = config.hello(Op::Observe, key, OBSERVE_MAX).to_line();
    connection::send(&mut stream, hello, &host_line(bytes)).ok()
}

impl ClientConfig {
    /// The first line for an operation.
    fn hello(&self, op: Op, key: RequestKey, wait: Duration) -> Hello {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let mut hello = Hello::new(op, key, &self.version, wait_ms);
        let mut approvers = self.approvers.iter().cloned();
        hello.approver = approvers.next();
        hello.approvers = approvers.collect();
        hello.channel.clone_from(&self.channel);
        hello.host = self.host;
        hello
    }
}
