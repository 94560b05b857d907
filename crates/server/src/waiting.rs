//! Which questions wait for an answer here, and what shows that one was answered at the terminal.
//!
//! In memory only: after a restart every client comes back and says again what it asks.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use countersign_approval::RequestId;
use countersign_hook::input::{Event, HookInput};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Approved calls that are remembered until the host reports that it made them.
const REMEMBERED: usize = 1024;

/// One call of a host, as its events tell calls apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    session: String,
    /// The subagent, when one asks.
    agent: Option<String>,
    tool: String,
    /// Of the input's value: another event may space its JSON differently.
    input: [u8; 32],
    /// The call's own id, with the events that have one.
    id: Option<String>,
}

/// The questions that wait. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    requests: HashMap<RequestId, Entry>,
    /// Calls that were approved here and are about to be made.
    approved: VecDeque<Call>,
}

#[derive(Debug)]
struct Entry {
    connections: usize,
    call: Option<Call>,
}

/// One connection's place among those waiting for a request.
#[derive(Debug)]
pub(crate) struct Place {
    waiting: Waiting,
    id: RequestId,
    left: bool,
}

impl Call {
    /// The call of an input.
    pub(crate) fn of(input: &HookInput) -> Self {
        // Keys are sorted in a `Value`, so equal values have equal texts.
        let value: Value = serde_json::from_slice(input.tool_input_bytes()).unwrap_or_default();
        Self {
            session: input.session_id.clone(),
            agent: input.agent_id.clone(),
            tool: input.tool_name.clone().unwrap_or_default(),
            input: Sha256::digest(value.to_string()).into(),
            id: input.tool_use_id.clone(),
        }
    }

    /// Whether both may be the same call. Ids decide where both have one.
    fn may_be(&self, other: &Self) -> bool {
        let ids_fit = match (&self.id, &other.id) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        ids_fit && self.session == other.session && self.tool == other.tool && self.input == other.input
    }
}

impl Waiting {
    /// Takes a place among those waiting for a request.
    pub(crate) fn enter(&self, id: RequestId, call: Option<Call>) -> Place {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.requests.entry(id).or_insert(Entry { connections: 0, call }).connections += 1;
        Place { waiting: self.clone(), id, left: false }
    }

    /// Whether anybody waits for a request.
    pub(crate) fn has(&self, id: RequestId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requests.contains_key(&id)
    }

    /// How many requests somebody waits for.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requests.len()
    }

    /// Remembers that a call was approved here: that it is made says nothing about a twin that still waits.
    pub(crate) fn approved(&self, call: Call) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.approved.len() >= REMEMBERED {
            inner.approved.pop_front();
        }
        inner.approved.push_back(call);
    }

    /// The requests that an event shows to be answered at the terminal.
    ///
    /// A tool was used: somebody allowed that one call. A turn is over: whatever the same agent asked is moot. The user wrote
    /// something, or the session is over: the same, for the main agent or for all.
    pub(crate) fn answered(&self, input: &HookInput) -> Vec<RequestId> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let call = Call::of(input);
        match input.event {
            Event::PostToolUse | Event::PostToolUseFailure => inner.used(&call),
            Event::Stop => inner.matching(|waiting| waiting.session == call.session && waiting.agent == call.agent),
            Event::UserPromptSubmit => {
                inner.matching(|waiting| waiting.session == call.session && waiting.agent.is_none())
            }
            Event::SessionEnd => inner.matching(|waiting| waiting.session == call.session),
            Event::PermissionRequest | Event::PreToolUse => Vec::new(),
        }
    }
}

impl Inner {
    fn matching(&self, fits: impl Fn(&Call) -> bool) -> Vec<RequestId> {
        let waiting = self.requests.iter().filter(|(_, entry)| entry.call.as_ref().is_some_and(&fits));
        let mut ids: Vec<RequestId> = waiting.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// The one request that a used tool answers: never one that we approved ourselves, and of twins the older one.
    fn used(&mut self, call: &Call) -> Vec<RequestId> {
        if let Some(at) = self.approved.iter().position(|approved| approved.may_be(call)) {
            self.approved.remove(at);
            return Vec::new();
        }
        let mut ids = self.matching(|waiting| waiting.may_be(call));
        ids.truncate(1);
        ids
    }
}

impl Place {
    /// Leaves; says whether nobody waits for the request any more.
    pub(crate) fn leave(mut self) -> bool {
        self.left = true;
        self.step_back()
    }

    fn step_back(&self) -> bool {
        let mut inner = self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = inner.requests.get_mut(&self.id) else { return true };
        entry.connections -= 1;
        let last = entry.connections == 0;
        if last {
            inner.requests.remove(&self.id);
        }
        last
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.left {
            self.step_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(event: &str, command: &str, extra: Value) -> HookInput {
        let mut input = json!({
            "hook_event_name": event, "session_id": "s", "cwd": "/", "tool_name": "Bash",
            "tool_input": { "command": command },
        });
        if let (Value::Object(input), Value::Object(extra)) = (&mut input, extra) {
            input.extend(extra);
        }
        HookInput::parse(input.to_string().as_bytes()).unwrap()
    }

    fn id(n: u8) -> RequestId {
        format!("{n:032x}").parse().unwrap()
    }

    fn ask(waiting: &Waiting, n: u8, command: &str, extra: Value) -> Place {
        waiting.enter(id(n), Some(Call::of(&input("PreToolUse", command, extra))))
    }

    #[test]
    fn a_used_tool_answers_its_own_call_only() {
        let waiting = Waiting::default();
        let _one = ask(&waiting, 1, "ls", json!({ "tool_use_id": "a" }));
        let _two = ask(&waiting, 2, "ls", json!({ "tool_use_id": "b" }));
        let used = input("PostToolUse", "ls", json!({ "tool_use_id": "b" }));
        assert_eq!(waiting.answered(&used), [id(2)]);
        assert!(waiting.answered(&input("PostToolUse", "pwd", json!({}))).is_empty());
    }

    #[test]
    fn an_approved_twin_that_is_used_leaves_the_other_waiting() {
        let waiting = Waiting::default();
        let _two = ask(&waiting, 2, "ls", json!({}));
        waiting.approved(Call::of(&input("PreToolUse", "ls", json!({}))));
        let used = input("PostToolUse", "ls", json!({ "tool_use_id": "x" }));
        assert!(waiting.answered(&used).is_empty(), "that was the one we approved");
        assert_eq!(waiting.answered(&used), [id(2)], "this one was allowed at the terminal");
    }

    #[test]
    fn the_end_of_a_turn_is_that_of_its_agent() {
        let waiting = Waiting::default();
        let _main = ask(&waiting, 1, "ls", json!({}));
        let _sub = ask(&waiting, 2, "ls", json!({ "agent_id": "sub" }));
        assert_eq!(waiting.answered(&input("Stop", "", json!({}))), [id(1)]);
        assert_eq!(waiting.answered(&input("UserPromptSubmit", "", json!({}))), [id(1)]);
        assert_eq!(waiting.answered(&input("SessionEnd", "", json!({}))), [id(1), id(2)]);
    }

    #[test]
    fn spacing_does_not_tell_calls_apart() {
        let waiting = Waiting::default();
        let _place = ask(&waiting, 1, "ls", json!({}));
        let spaced = r#"{"hook_event_name":"PostToolUse","session_id":"s","cwd":"/","tool_name":"Bash","tool_input":{ "command" : "ls" }}"#;
        assert_eq!(waiting.answered(&HookInput::parse(spaced.as_bytes()).unwrap()), [id(1)]);
    }

    #[test]
    fn the_last_to_leave_is_told() {
        let waiting = Waiting::default();
        let (one, two) = (waiting.enter(id(1), None), waiting.enter(id(1), None));
        assert!(!one.leave());
        assert!(waiting.has(id(1)));
        assert!(two.leave());
        assert!(!waiting.has(id(1)));
    }
}
