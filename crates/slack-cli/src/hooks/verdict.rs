//! What a hook's end means.

use countersign_slack::hooks::HookName;

use super::{
    Answer, Ended, HookCall,
    collect::{Collector, NoResponse},
    exec::{self, Outcome, Output},
    tail::Tail,
};
use crate::{Code, Failure};

/// A shell's code for a program that is not there.
const NOT_FOUND: u8 = 127;
/// A shell's code for a program that it may not run.
const NOT_RUNNABLE: u8 = 126;

/// The response of a hook that ended as it should, else what is wrong.
pub(super) fn of(call: &HookCall, outcome: Outcome, output: Output) -> Result<Answer, Failure> {
    let ended = match outcome {
        Outcome::Ended(ended) => ended,
        Outcome::TimedOut(limit) => return Err(with_output(timed_out(call, limit), &output)),
        Outcome::Refused(refused) => return Err(unreadable(call, refused)),
    };
    if !ended.is_success() {
        return Err(with_output(failed(call, ended), &output));
    }
    let response = match output.collector.finish(&mut |text| exec::show(call, text)) {
        Ok(response) => response,
        // Nobody asks what these answer.
        Err(_) if matches!(call.hook, HookName::Build | HookName::Deploy) => {
            return Ok(Answer::new(call.hook, Vec::new()));
        }
        Err(refused) => return Err(unreadable(call, refused)),
    };
    if let Some(oddity) = response.oddity {
        call.talk.warn(&format!("the `{}` hook does not keep to message-boundaries: {oddity}", call.hook));
    }
    Ok(Answer::new(call.hook, response.bytes))
}

fn failed(call: &HookCall, ended: Ended) -> Failure {
    let failure = Failure::new(Code::SdkHookInvocationFailed, format!("the `{}` hook failed: it {ended}", call.hook))
        .detail(format!("command: {}", call.command));
    match ended {
        Ended::Code(NOT_FOUND | NOT_RUNNABLE) => {
            failure.remedy(format!("install what the command runs, or change it in {}", super::call::WHERE))
        }
        _ => failure.remedy("`countersign slack doctor` looks for what is missing on this system"),
    }
}

fn timed_out(call: &HookCall, limit: std::time::Duration) -> Failure {
    let message = format!("the `{}` hook did not end within {limit:?}, and was killed", call.hook);
    Failure::new(Code::SdkHookInvocationFailed, message)
        .detail(format!("command: {}", call.command))
        .remedy("give it more time with --hook-timeout SECONDS")
}

fn unreadable(call: &HookCall, refused: NoResponse) -> Failure {
    let why = match refused {
        NoResponse::TooLarge => "its response is larger than 128 MiB",
        NoResponse::NoBoundary => "there is no boundary in what it wrote, and it is not JSON either",
        NoResponse::NotClosed => {
            "there is no closing boundary in what it wrote, and what follows the opening one is not JSON"
        }
        NoResponse::Several => "it has to write exactly one message between two boundaries, and wrote more",
    };
    let message = format!("the response of the `{}` hook cannot be read: {why}", call.hook);
    Failure::new(Code::UnableToParseJson, message).detail(format!("command: {}", call.command))
}

/// Adds what the hook wrote and nobody has seen.
fn with_output(failure: Failure, output: &Output) -> Failure {
    let mut stdout = Tail::default();
    stdout.push(Collector::unseen(&output.collector));
    let written = [("stderr", output.stderr.lines()), ("stdout", stdout.lines())];
    written.into_iter().fold(failure, |failure, (name, lines)| match lines {
        Some(lines) => failure.detail(format!("its {name}:\n{lines}")),
        None => failure,
    })
}
