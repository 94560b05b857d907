//! A question from a host: asked, waited for, answered.

use std::time::Duration;

use countersign_approval::{
    Ask, AskPolicy, Asked, Blob, CancelledBy, Combine, DeniedBy, Destination, Grant, Request, RequestId, RequestKey,
    RequestState, Requester, Requirement, SelfApproval, StoreError, Subject, ToolCall, Voters,
    port::{Claimed, Dossier},
};
use countersign_hook::host::Decision;
use countersign_hook::{
    input::HookInput,
    wire::{DEADLINE_MAX_MS, Final, Hello, Outcome, Progress, ProgressEvent, Verdict, bare_output},
};

use super::{
    connection::{Connection, ConnectionError},
    refused,
};
use crate::{installation, personal::Personal};

/// Our answer comes this much before the client's own deadline, so that it carries the reason.
const ANSWER_BEFORE: Duration = Duration::from_millis(300);

/// How long a client of the bare protocol waits: what the original waits.
const BARE_PATIENCE: Duration = Duration::from_mins(5);

/// The store is asked again this often while waiting, should a hint ever be lost.
const RE_READ: Duration = Duration::from_secs(15);

/// What a question came to.
enum Answer {
    /// An answer for the client.
    Final(Box<Final>),
    /// The client has gone, or we are leaving: nobody is told.
    Nobody,
}

/// A question in our own protocol.
pub(super) async fn ask(personal: &Personal, mut connection: Connection, hello: &Hello) -> Result<(), ConnectionError> {
    let line = connection.input_line().await?;
    let input = match HookInput::parse(&line) {
        Ok(input) => input,
        Err(error) => return connection.end(&refused(personal, error.to_string())).await,
    };
    let subject = tool_call(personal, hello.host.name(), &input);
    match question(personal, hello, subject) {
        Ok(question) => converse(personal, &mut connection, question).await,
        Err(reason) => connection.end(&refused(personal, reason)).await,
    }
}

/// A test of the whole way: a real request whose answer is only reported.
pub(super) async fn test(
    personal: &Personal,
    mut connection: Connection,
    hello: &Hello,
) -> Result<(), ConnectionError> {
    let text = "This tests the connection. Approve and Deny both prove that it works; nothing is run.";
    let subject = Subject::ToolCall(ToolCall {
        host: "Countersign".to_owned(),
        machine: personal.settings().machine.clone(),
        session: "connection test".to_owned(),
        tool: String::new(),
        event: "Test".to_owned(),
        input: Blob::from(serde_json::json!({ "message": text }).to_string().as_str()),
        cwd: "/".to_owned(),
    });
    match question(personal, hello, subject) {
        Ok(question) => converse(personal, &mut connection, question).await,
        Err(reason) => connection.end(&refused(personal, reason)).await,
    }
}

/// A question in the original's protocol: a bare input, answered by a bare output or a closed connection.
pub(super) async fn bare(personal: &Personal, mut connection: Connection, line: &[u8]) -> Result<(), ConnectionError> {
    let input = match HookInput::parse(line) {
        Ok(input) => input,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "refused a bare input");
            return Ok(());
        }
    };
    let approvers = personal.settings().approvers.clone();
    let question = Question {
        key: personal.approvals().fresh_key(),
        subject: tool_call(personal, "claude", &input),
        policy: policy(&approvers, None, BARE_PATIENCE),
        approvers,
        patience: BARE_PATIENCE,
    };
    if let Answer::Final(answer) = answer(personal, &mut connection, question, Progressing::Silent).await {
        let decision = match answer.verdict() {
            Verdict::Decided(decision) => decision,
            Verdict::Undecided(reason) => Decision::none(reason),
            Verdict::Outdated => Decision::none("the daemon is leaving"),
        };
        let sent = match bare_output(input.event.name(), &decision) {
            Some(line) => connection.send(&line).await,
            None => Ok(()),
        };
        report_delivery(personal, &answer, sent.is_ok()).await;
        return sent;
    }
    Ok(())
}

/// Everything that is needed to ask.
struct Question {
    key: RequestKey,
    subject: Subject,
    policy: AskPolicy,
    approvers: Vec<String>,
    patience: Duration,
}

/// Whether the client wants to hear how far its request has got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progressing {
    Told,
    Silent,
}

async fn converse(personal: &Personal, connection: &mut Connection, question: Question) -> Result<(), ConnectionError> {
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
        return Answer::Final(Box::new(refused(personal, "no approver is set: give --user-id or set hook.approver")));
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
    let asked = personal
        .approvals()
        .ask(Ask {
            key: question.key,
            subject: question.subject,
            requester: Requester::OsUser {
                user: personal.settings().user.clone(),
                machine: personal.settings().machine.clone(),
            },
            policy: question.policy,
            patience: question.patience,
        })
        .await?;
    if let Asked::New(request) = &asked {
        tracing::info!(request.id = %request.id, request.digest = request.digest.short(), "request {} asked", request.id);
    }
    let request = asked.into_request();
    if progressing == Progressing::Told {
        let mut progress = Progress::new(ProgressEvent::Accepted, &personal.settings().version);
        progress.request = Some(request.id.to_string());
        progress.digest = Some(request.digest.short());
        // A client that has gone already is noticed below.
        let _ = connection.send(&progress.to_line()).await;
    }
    wait(personal, connection, request.id).await.map_err(Into::into)
}

/// Makes the approvers known while the message is already on its way.
fn introduce(personal: &Personal, approvers: Vec<String>) {
    let own = personal.clone();
    personal.tasks().spawn(async move {
        let known = installation::know_approvers(&own, &approvers);
        tokio::select! {
            () = own.shutdown().cancelled() => {}
            known = known => if let Err(error) = known {
                tracing::error!(error = &error as &dyn std::error::Error, "could not store the approvers");
            }
        }
    });
}

/// Waits for the end of a request: arm, read, return if it is final, else wait.
async fn wait(personal: &Personal, connection: &mut Connection, id: RequestId) -> Result<Answer, StoreError> {
    let store = personal.approvals().store();
    let armed = store.hints().arm(id);
    let place = personal.wait_for(id);
    let mut leaving = false;
    loop {
        let changed = armed.next();
        let Some(request) = store.request(id).await? else {
            return Ok(Answer::Final(Box::new(refused(personal, "the request has vanished from the store"))));
        };
        if request.state.is_final() {
            return Ok(Answer::Final(Box::new(ended(personal, &request).await?)));
        }
        if leaving {
            return Ok(Answer::Nobody);
        }
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep(RE_READ) => {}
            // Read once more: whatever ended the request may have come together with the end of the daemon.
            () = personal.shutdown().cancelled() => leaving = true,
            () = connection.gone() => {
                // The others of the same key, if any, still wait.
                if place.leave() && !personal.shutdown().is_cancelled() {
                    client_gone(personal, id).await;
                }
                return Ok(Answer::Nobody);
            }
        }
    }
}

async fn client_gone(personal: &Personal, id: RequestId) {
    tracing::info!(request.id = %id, "the client of request {id} has gone");
    if let Err(error) = personal.approvals().cancel(id, CancelledBy::ClientGone).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "request {id} was not cancelled");
    }
}

/// The answer for a request that has ended. An approval is claimed first: it is given once.
async fn ended(personal: &Personal, request: &Request) -> Result<Final, StoreError> {
    let version = &personal.settings().version;
    let answer = |outcome| Final::new(outcome, version).request(request.id.to_string());
    let dossier = personal.approvals().store().dossier(request.id).await?;
    Ok(match &request.state {
        RequestState::Approved { .. } => approved(personal, request, dossier.as_ref()).await?,
        RequestState::Denied { by, reason, .. } => {
            let denied = denied(answer(Outcome::Denied), by, dossier.as_ref());
            match reason {
                Some(reason) => denied.because(reason.clone()),
                None => denied,
            }
        }
        RequestState::Expired { .. } | RequestState::Pending => match personal.trouble() {
            Some(trouble) => answer(Outcome::NoDecision).because(trouble),
            None => answer(Outcome::Expired),
        },
        RequestState::Cancelled { by: CancelledBy::Undeliverable(why), .. } => {
            answer(Outcome::NoDecision).because(format!("the approvers could not be asked: {why}"))
        }
        RequestState::Cancelled { by: CancelledBy::AnsweredAtTerminal, .. } => {
            answer(Outcome::Cancelled).because("answered at the terminal")
        }
        RequestState::Cancelled { .. } => answer(Outcome::Cancelled),
    })
}

fn denied(answer: Final, by: &DeniedBy, dossier: Option<&Dossier>) -> Final {
    match by {
        DeniedBy::Policy(policy) => Final { policy: Some(policy.clone()), ..answer },
        DeniedBy::OsUser(user) => answer.by(format!("{user} at the terminal, not")),
        DeniedBy::Person(id) => {
            let person = dossier.and_then(|dossier| dossier.people.iter().find(|person| person.id == *id));
            match person {
                Some(person) => answer.by(person.name.clone()),
                None => answer,
            }
        }
    }
}

async fn approved(personal: &Personal, request: &Request, dossier: Option<&Dossier>) -> Result<Final, StoreError> {
    let version = &personal.settings().version;
    let answer = |outcome| Final::new(outcome, version).request(request.id.to_string());
    let claimed = personal.approvals().claim(request.id, "hook").await?;
    // A claim by this very key may have been cut off before its answer was sent: the same client, the same bytes.
    let may_answer = matches!(claimed, Claimed::Now | Claimed::Not(Grant::Claimed { .. }));
    if !may_answer {
        return Ok(answer(Outcome::NoDecision).because("its approval has been used or has lapsed"));
    }
    let voter = dossier.and_then(|dossier| dossier.people.first());
    Ok(match voter {
        Some(person) => answer(Outcome::Approved).by(person.name.clone()),
        None => answer(Outcome::Approved),
    })
}

/// Records whether an approval reached its client, so that the message can say so.
async fn report_delivery(personal: &Personal, answer: &Final, delivered: bool) {
    if answer.outcome != Outcome::Approved {
        return;
    }
    let Some(Ok(id)) = answer.request.as_deref().map(str::parse::<RequestId>) else { return };
    let at = personal.approvals().now();
    let end = if delivered {
        Grant::Finished { at, status: "delivered".to_owned() }
    } else {
        Grant::Unknown { at, why: "the agent had gone before the answer reached it".to_owned() }
    };
    if let Err(error) = personal.approvals().store().end_grant(id, end).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not record the delivery of request {id}");
    }
}

fn tool_call(personal: &Personal, host: &str, input: &HookInput) -> Subject {
    Subject::ToolCall(ToolCall {
        host: host.to_owned(),
        machine: personal.settings().machine.clone(),
        session: input.session_id.clone(),
        tool: input.tool_name.clone().unwrap_or_default(),
        event: input.event.name().to_owned(),
        input: Blob::from(input.tool_input_bytes().to_vec()),
        cwd: input.cwd.clone(),
    })
}

fn question(personal: &Personal, hello: &Hello, subject: Subject) -> Result<Question, String> {
    let mut approvers: Vec<String> = hello.all_approvers().into_iter().map(str::to_owned).collect();
    if approvers.is_empty() {
        approvers.clone_from(&personal.settings().approvers);
    }
    let patience = Duration::from_millis(hello.deadline_ms.min(DEADLINE_MAX_MS)).saturating_sub(ANSWER_BEFORE);
    let key = hello.request_key.to_string().parse().map_err(|error| format!("{error}"))?;
    let policy = policy(&approvers, hello.channel.as_deref(), patience);
    Ok(Question { key, subject, policy, approvers, patience })
}

/// The personal policy: any one of the approvers, where they are reached.
fn policy(approvers: &[String], channel: Option<&str>, ttl: Duration) -> AskPolicy {
    let channels = match channel {
        Some(channel) => vec![Destination::new(channel)],
        None => approvers.iter().map(Destination::new).collect(),
    };
    let voters = |user: &String| Requirement { voters: Voters::Person(installation::person_id(user)), min: 1 };
    AskPolicy {
        requirements: approvers.iter().map(voters).collect(),
        combine: Combine::AnyOf,
        min_people: 1,
        // Whoever runs the agent is its approver; the agent itself has no Slack account to click with.
        self_approval: SelfApproval::Allowed,
        ttl,
        max_duration: None,
        channels,
        reason_required: false,
    }
}
