//! A question as it is asked: the subject, who decides, how long it may stay open.

use std::{collections::BTreeSet, time::Duration};

use countersign_approval::{
    AskPolicy, Blob, Combine, Destination, RequestKey, Requirement, SelfApproval, Subject, ToolCall, Voters,
};
use countersign_hook::{
    input::HookInput,
    wire::{DEADLINE_MAX_MS, Hello},
};

use tokio::sync::OwnedSemaphorePermit;

use crate::{installation, personal::Personal, waiting::Call};

/// Our answer comes this much before the client's own deadline, so that it carries the reason.
const ANSWER_BEFORE: Duration = Duration::from_millis(300);

/// How long a client waits that does not say: what the original waits.
const USUAL_PATIENCE: Duration = Duration::from_mins(5);

/// Everything that is needed to ask.
pub(super) struct Question {
    pub(super) key: RequestKey,
    pub(super) subject: Subject,
    pub(super) policy: AskPolicy,
    pub(super) approvers: Vec<String>,
    pub(super) patience: Duration,
    /// The right to hold it in memory, when it is large.
    pub(super) weight: Option<OwnedSemaphorePermit>,
    /// The host's call, by which its other events are told apart; none for a test.
    pub(super) call: Option<Call>,
}

impl Question {
    /// A host's question in our own protocol.
    pub(super) fn of(personal: &Personal, hello: &Hello, input: &HookInput) -> Result<Self, String> {
        let subject = tool_call(personal, hello.host.name(), input);
        Ok(Self { call: Some(Call::of(input)), ..Self::about(personal, hello, subject)? })
    }

    /// A host's question in the original's protocol, which names nobody.
    pub(super) fn bare(personal: &Personal, input: &HookInput) -> Self {
        let approvers = personal.settings().approvers.clone();
        Self {
            key: personal.approvals().fresh_key(),
            subject: tool_call(personal, "claude", input),
            policy: policy(&approvers, None, USUAL_PATIENCE),
            approvers,
            patience: USUAL_PATIENCE,
            weight: None,
            call: Some(Call::of(input)),
        }
    }

    /// A test of the whole way: a real request whose answer is only reported.
    pub(super) fn test(personal: &Personal, hello: &Hello) -> Result<Self, String> {
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
        Self::about(personal, hello, subject)
    }

    fn about(personal: &Personal, hello: &Hello, subject: Subject) -> Result<Self, String> {
        let mut approvers: Vec<String> = hello.all_approvers().into_iter().map(str::to_owned).collect();
        if approvers.is_empty() {
            approvers.clone_from(&personal.settings().approvers);
        }
        let patience = patience(hello.deadline_ms);
        let key = hello.request_key.to_string().parse().map_err(|error| format!("{error}"))?;
        let policy = policy(&approvers, hello.channel.as_deref(), patience);
        Ok(Self { key, subject, policy, approvers, patience, weight: None, call: None })
    }
}

/// How long a client waits; 0 is one that does not say.
fn patience(deadline_ms: u64) -> Duration {
    match deadline_ms {
        0 => USUAL_PATIENCE,
        ms => Duration::from_millis(ms.min(DEADLINE_MAX_MS)).saturating_sub(ANSWER_BEFORE),
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
        claim_within: None,
        break_glass: BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_say_waits_as_usual_and_nobody_waits_for_ever() {
        assert_eq!(patience(0), USUAL_PATIENCE);
        assert_eq!(patience(10_300), Duration::from_secs(10));
        assert_eq!(patience(1), Duration::ZERO);
        assert_eq!(patience(u64::MAX), Duration::from_hours(24).saturating_sub(ANSWER_BEFORE));
    }
}
