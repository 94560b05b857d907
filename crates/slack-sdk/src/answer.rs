//! What handlers answer with, and how it is written into an acknowledgement.

use std::collections::BTreeMap;

use countersign_slack::blocks::{Choice, PlainText, Section, View};
use countersign_slack::client::Reply;
use countersign_slack::ids::BlockId;
use serde::Serialize;
use serde_json::{Value, json};

/// What becomes of a modal that was submitted.
#[derive(Debug, Clone, PartialEq)]
pub enum ViewResponse {
    /// It closes; the one below it is shown again.
    Close,
    /// It stays, with these texts below these inputs.
    Errors(BTreeMap<BlockId, String>),
    /// It becomes another.
    Update(Box<View>),
    /// Another is put above it.
    Push(Box<View>),
    /// The whole stack closes.
    Clear,
}

impl ViewResponse {
    /// It stays, with a text below one input.
    pub fn error(block_id: impl Into<BlockId>, text: impl Into<String>) -> Self {
        Self::Errors(BTreeMap::from([(block_id.into(), text.into())]))
    }

    /// It becomes another.
    pub fn update(view: View) -> Self {
        Self::Update(Box::new(view))
    }

    /// Another is put above it.
    pub fn push(view: View) -> Self {
        Self::Push(Box::new(view))
    }

    fn payload(&self) -> Option<Value> {
        match self {
            Self::Close => None,
            Self::Errors(errors) => Some(json!({"response_action": "errors", "errors": errors})),
            Self::Update(view) => Some(json!({"response_action": "update", "view": value(view)})),
            Self::Push(view) => Some(json!({"response_action": "push", "view": value(view)})),
            Self::Clear => Some(json!({"response_action": "clear"})),
        }
    }
}

/// What a handler answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Nothing,
    View(ViewResponse),
    Reply(Option<Reply<'static>>),
    Options(Vec<Choice>),
}

impl Answer {
    /// The payload of its acknowledgement.
    pub(crate) fn payload(&self) -> Option<Value> {
        match self {
            Self::Nothing | Self::Reply(None) => None,
            Self::View(response) => response.payload(),
            Self::Reply(Some(reply)) => Some(value(reply)),
            Self::Options(options) => Some(json!({"options": options})),
        }
    }
}

/// What a submitted view is told in place of an answer: below its first input, or in its place when it has none.
pub(crate) fn view_notice(view: Option<&Value>, text: &str) -> Option<Value> {
    let blocks = view.and_then(|view| view.get("blocks")).and_then(Value::as_array);
    let is_input = |block: &&Value| block.get("type").and_then(Value::as_str) == Some("input");
    let input = blocks.into_iter().flatten().find(is_input).and_then(|block| block.get("block_id")?.as_str());
    let response = match input {
        Some(block_id) => ViewResponse::error(block_id, text),
        None => ViewResponse::update(
            View::modal("Please wait", vec![Section::new(PlainText::new(text)).ok()?.into()]).ok()?,
        ),
    };
    response.payload()
}

/// What a command is told in place of an answer.
pub(crate) fn reply_notice(text: &str) -> Value {
    value(&json!({"response_type": "ephemeral", "text": text}))
}

fn value(of: &impl Serialize) -> Value {
    // These types are structs of texts and lists: writing them cannot fail.
    serde_json::to_value(of).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_written_as_slack_reads_them() {
        assert_eq!(ViewResponse::Close.payload(), None);
        assert_eq!(ViewResponse::Clear.payload(), Some(json!({"response_action": "clear"})));
        let error = ViewResponse::error("reason", "too short").payload();
        assert_eq!(error, Some(json!({"response_action": "errors", "errors": {"reason": "too short"}})));
        let view = View::modal("Deny", Vec::new()).unwrap();
        assert_eq!(ViewResponse::push(view).payload().unwrap()["view"]["type"], "modal");
        let options = Answer::Options(vec![Choice::new("a", "1").unwrap()]).payload().unwrap();
        assert_eq!(options["options"][0]["value"], "1");
        let reply = Answer::Reply(Some(Reply::ephemeral("hi"))).payload().unwrap();
        assert_eq!(reply["text"], "hi");
    }

    #[test]
    fn a_notice_goes_below_the_first_input_or_takes_the_views_place() {
        let view = json!({"blocks": [{"type": "section", "block_id": "s"}, {"type": "input", "block_id": "i"}]});
        assert_eq!(view_notice(Some(&view), "wait").unwrap()["errors"], json!({"i": "wait"}));
        assert_eq!(view_notice(Some(&json!({"blocks": []})), "wait").unwrap()["response_action"], "update");
        assert_eq!(view_notice(None, "wait").unwrap()["response_action"], "update");
    }
}
