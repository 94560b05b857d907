//! A question from a host: asked, waited for, answered.

use std::time::Duration;

use countersign_approval::{Ask, Asked, CancelledBy, Request, RequestId, Requester, StoreError, Timestamp};
use countersign_hook::{
    host::Decision,
    input::HookInput,
    wire::{Final, Hello, Outcome, Progress, ProgressEvent, Verdict, bare_output},
};

use super::{
    answer::{ended, report_delivery},
    connection::{Connection, ConnectionError, Line},
    heard,
    question::Question,
    refused,
};
use crate::{installation, personal::Personal, waiting::Call};

/// The store is asked again this often while waiting, should a hint ever be lost.
const RE_READ: Duration = Duration::from_secs(15);

/// How much longer than a request lasts its waiter leaves its expiry to the worker: less than the client's own grace.
const OVERTIME: Duration = Duration::from_millis(500);

/// What a question came to.
enum Answer {
    /// An answer for the client.
    Final(Box<Final>),
    /// The client has gone, or we are leaving: nobody is told.
    Nobody,
}

/// Whether the client wants to hear how far its request has got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progressing {
    Told,
    Silent,
}

/// A question in our own protocol.
pub(super) async fn ask(personal: &Personal, mut connection: Connection, hello: &Hello) -> Result<(), ConnectionError> {
    let line = connection.input_line().await;
    let Line { bytes, weight } = heard(personal, &mut connection, line).await?;
    let question = match HookInput::parse(&bytes) {
        Ok(input) => Question::of(personal, hello, &input).map(|question| Question { weight, ..question }),
        Err(error) => Err(error.to_string()),
    };
    // Up to eight megabytes that nobody needs while the person thinks.
    drop(bytes);
    converse(personal, &mut connection, question).await
}

/// A test of the whole way.
pub(super) async fn test(
    personal: &Personal,
    mut connection: Connection,
    hello: &Hello,
) -> Result<(), ConnectionError> {
    converse(personal, &mut connection, Question::test(personal, hello)).await
}

/// A question in the original's protocol: a bare input, answered by a bare output or a closed connection.
pub(super) async fn bare(personal: &Personal, mut connection: Connection, line: Line) -> Result<(), ConnectionError> {
    let (event, question) = match HookInput::parse(&line.bytes) {
        Ok(input) => (input.event, Question { weight: line.weight, ..Question::bare(personal, &input) }),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "refused a bare input");
            return Ok(());
        }
    };
    drop(line.bytes);
    let Answer::Final(answer) = answer(personal, &mut connection, question, Progressing::Silent).await else {
        return Ok(());
    };
    let decision = match answer.verdict() {
        Verdict::Decided(decision) => decision,
        Verdict::Undecided(reason) => Decision::none(reason),
        Verdict::Outdated => Decision::none("the daemon is leaving"),
    };
    let sent = match bare_output(event.name(), &decision) {
        Some(line) => connection.send(&line).await,
        None => Ok(()),
    };
    report_delivery(personal, &answer, sent.is_ok()).await;
    sent
}

async fn converse(
    personal: &Personal,
    connection: &mut Connection,
    question: Result<Question, String>,
) -> Result<(), ConnectionError> {
    let question = match question {
        Ok(question) => question,
        Err(reason) => return connection.end(&refused(personal, reason)).await,
    };
    match answer(personal, connection, question, Progressing::Told).await {
        Answer::Final(answer) => {
            let sent = connection.end(&answer).await;
            report_delivery(personal, &answer, sent.is_ok()).await;
            sent
        }
        Answer::Nobody => Ok(()),
    }
}

/// Asks and waits. Storage that fails is no decision, never a denial.
async fn answer(
    personal: &Personal,
    connection: &mut Connection,
    question: Question,
    progressing: Progressing,
) -> Answer {
    if question.approvers.is_empty() {
        return Answer::Final(Box::new(refused(personal, "no approver is set: give --user-id or set hook.approvers")));
    }
    match asked(personal, connection, question, progressing).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(error = &*error, "a question could not be asked");
            let reason = crate::chain(&*error);
            Answer::Final(Box::new(Final::new(Outcome::NoDecision, &personal.settings().version).because(reason)))
        }
    }
}

async fn asked(
    personal: &Personal,
    connection: &mut Connection,
    question: Question,
    progressing: Progressing,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    introduce(personal, question.approvers);
    let user = personal.settings().user.clone();
    let requester = Requester::OsUser { user, machine: personal.settings().machine.clone() };
    let (key, subject, policy, patience) = (question.key, question.subject, question.policy, question.patience);
    let asked = personal.approvals().ask(Ask { key, subject, requester, policy, reason: None, patience }).await?;
    if let Asked::New(request) = &asked {
        tracing::info!(request.id = %request.id, request.digest = request.digest.short(), "request {} asked", request.id);
    }
    let (waited, digest) = {
        let request = asked.into_request();
        (Waited::of(&request, personal.approvals().now(), question.call), request.digest.short())
    };
    drop(question.weight);
    let id = waited.id;
    if progressing == Progressing::Told {
        let mut progress = Progress::new(ProgressEvent::Accepted, &personal.settings().version);
        progress.request = Some(id.to_string());
        progress.digest = Some(digest);
        // A client that has gone already is noticed below.
        let _ = connection.send(&progress.to_line()).await;
    }
    let answer = wait(personal, connection, waited).await;
    if answer.is_err() {
        // Nobody waits any more: its buttons must not look as if somebody did.
        cancel(personal, id).await;
    }
    answer.map_err(Into::into)
}

/// Makes the approvers known while the message is already on its way.
fn introduce(personal: &Personal, approvers: Vec<String>) {
    let own = personal.clone();
    personal.tasks().spawn(async move {
        let known = installation::know_approvers(own.core(), &approvers);
        tokio::select! {
            () = own.shutdown().cancelled() => {}
            known = known => if let Err(error) = known {
                tracing::error!(error = &error as &dyn std::error::Error, "could not store the approvers");
            }
        }
    });
}

/// What is waited for; of what the request is about nothing is kept.
struct Waited {
    id: RequestId,
    call: Option<Call>,
    /// How long it is good for, however the clock is set meanwhile.
    lasts: Duration,
}

impl Waited {
    fn of(request: &Request, now: Timestamp, call: Option<Call>) -> Self {
        // A clock that was set back since it was asked must not make it last longer than it was meant to.
        let whole = request.expires_at.since(request.asked_at);
        Self { id: request.id, call, lasts: request.expires_at.since(now).min(whole) + OVERTIME }
    }
}

/// Waits for the end of a request: arm, read, return if it is final, else wait.
async fn wait(personal: &Personal, connection: &mut Connection, waited: Waited) -> Result<Answer, StoreError> {
    let Waited { id, call, lasts } = waited;
    let store = personal.approvals().store();
    let armed = store.hints().arm(id);
    let mut over = personal.approvals().sleep(lasts);
    let place = personal.waiting().enter(id, call.clone());
    let mut leaving = false;
    loop {
        let changed = armed.next();
        let Some(state) = store.request_state(id).await? else {
            return Ok(Answer::Final(Box::new(refused(personal, "the request has vanished from the store"))));
        };
        if state.is_final() {
            let answer = ended(personal, id, &state).await?;
            if let (Outcome::Approved, Some(call)) = (answer.outcome, call) {
                personal.waiting().approved(call);
            }
            return Ok(Answer::Final(Box::new(answer)));
        }
        if leaving {
            return Ok(Answer::Nobody);
        }
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep(RE_READ) => {}
            // Read once more: whatever ended the request may have come together with the end of the daemon.
            () = personal.shutdown().cancelled() => leaving = true,
            () = &mut over => {
                expire(personal, id).await;
                over = personal.approvals().sleep(RE_READ);
            }
            () = connection.gone() => {
                // The others of the same key, if any, still wait.
                if place.leave() && !personal.shutdown().is_cancelled() {
                    tracing::info!(request.id = %id, "the client of request {id} has gone");
                    cancel(personal, id).await;
                }
                return Ok(Answer::Nobody);
            }
        }
    }
}

/// Its time is over by our own count, and nobody has noticed: the clock was set back.
async fn expire(personal: &Personal, id: RequestId) {
    match personal.approvals().expire(id).await {
        Ok(_) => tracing::warn!(request.id = %id, "request {id} expired; was the clock set back?"),
        Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "request {id} was not expired"),
    }
}

async fn cancel(personal: &Personal, id: RequestId) {
    if let Err(error) = personal.approvals().cancel(id, CancelledBy::ClientGone).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "request {id} was not cancelled");
    }
}
