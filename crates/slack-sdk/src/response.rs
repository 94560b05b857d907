//! What handlers answer with, and how it is written into an acknowledgement.

use std::collections::BTreeMap;

use countersign_slack::blocks::{Choice, PlainText, Section, View};
use countersign_slack::client::Reply;
use countersign_slack::ids::BlockId;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{HandlerError, RequestKind};

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

/// Options of a menu under a heading.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChoiceGroup {
    /// The heading, 75 characters at most.
    pub label: PlainText,
    /// The options, 100 at most.
    pub options: Vec<Choice>,
}

/// What a handler answered with: the acknowledgement, where Slack takes an answer in it.
#[derive(Debug, Default)]
pub struct Response {
    pub(crate) answer: Answer,
}

#[derive(Debug, Default)]
pub(crate) enum Answer {
    #[default]
    Nothing,
    View(ViewResponse),
    Reply(Box<Reply<'static>>),
    Options(Vec<Choice>),
    Groups(Vec<ChoiceGroup>),
}

impl Response {
    /// Nothing: a plain acknowledgement.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.payload().is_none()
    }

    /// The payload of its acknowledgement, as Slack reads it.
    pub fn payload(&self) -> Option<Value> {
        match &self.answer {
            Answer::Nothing => None,
            Answer::View(response) => response.payload(),
            Answer::Reply(reply) => Some(value(reply)),
            Answer::Options(options) => Some(json!({"options": options})),
            Answer::Groups(groups) => Some(json!({"option_groups": groups})),
        }
    }

    /// Whether Slack takes such an answer to what was sent.
    pub(crate) fn fits(&self, kind: RequestKind) -> bool {
        match self.answer {
            Answer::Nothing => true,
            Answer::View(_) => kind == RequestKind::ViewSubmission,
            Answer::Reply(_) => kind == RequestKind::Command,
            Answer::Options(_) | Answer::Groups(_) => kind == RequestKind::Options,
        }
    }
}

/// What can be answered with.
///
/// `()`, [`ViewResponse`], [`Reply`], `Vec<Choice>`, `Vec<ChoiceGroup>`, `Option` of any, and `Result` of any with whatever
/// converts to a [`HandlerError`].
pub trait IntoResponse {
    /// Whether it may say something: Slack's acknowledgement then waits for it.
    const ANSWERS: bool;

    /// The response, or why the handler failed.
    fn into_response(self) -> Result<Response, HandlerError>;
}

macro_rules! answers {
    ($($kind:ty => |$it:ident| $answer:expr;)+) => {$(
        impl IntoResponse for $kind {
            const ANSWERS: bool = true;

            fn into_response(self) -> Result<Response, HandlerError> {
                let $it = self;
                Ok(Response { answer: $answer })
            }
        }
    )+};
}

answers! {
    ViewResponse => |it| Answer::View(it);
    Reply<'static> => |it| Answer::Reply(Box::new(it));
    Vec<Choice> => |it| Answer::Options(it);
    Vec<ChoiceGroup> => |it| Answer::Groups(it);
    Response => |it| it.answer;
}

impl IntoResponse for () {
    const ANSWERS: bool = false;

    fn into_response(self) -> Result<Response, HandlerError> {
        Ok(Response::empty())
    }
}

impl<T: IntoResponse> IntoResponse for Option<T> {
    const ANSWERS: bool = T::ANSWERS;

    fn into_response(self) -> Result<Response, HandlerError> {
        self.map_or_else(|| Ok(Response::empty()), IntoResponse::into_response)
    }
}

impl<T: IntoResponse, E: Into<HandlerError>> IntoResponse for Result<T, E> {
    const ANSWERS: bool = T::ANSWERS;

    fn into_response(self) -> Result<Response, HandlerError> {
        self.map_err(Into::into)?.into_response()
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
    json!({"response_type": "ephemeral", "text": text})
}

fn value(of: &impl Serialize) -> Value {
    // These types are structs of texts and lists: writing them cannot fail.
    serde_json::to_value(of).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(of: impl IntoResponse) -> Option<Value> {
        of.into_response().unwrap().payload()
    }

    #[test]
    fn responses_are_written_as_slack_reads_them() {
        assert_eq!(payload(ViewResponse::Close), None);
        assert_eq!(payload(ViewResponse::Clear), Some(json!({"response_action": "clear"})));
        let error = payload(ViewResponse::error("reason", "too short"));
        assert_eq!(error, Some(json!({"response_action": "errors", "errors": {"reason": "too short"}})));
        let view = View::modal("Deny", Vec::new()).unwrap();
        assert_eq!(payload(ViewResponse::push(view)).unwrap()["view"]["type"], "modal");
        let options = vec![Choice::new("a", "1").unwrap()];
        assert_eq!(payload(options.clone()).unwrap()["options"][0]["value"], "1");
        let groups = payload(vec![ChoiceGroup { label: "Letters".into(), options }]).unwrap();
        assert_eq!(groups["option_groups"][0]["label"]["text"], "Letters");
        assert_eq!(payload(Some(Reply::ephemeral("hi"))).unwrap()["text"], "hi");
        assert_eq!(payload(None::<Reply<'static>>), None);
        let failed: Result<(), HandlerError> = Err("broken".into());
        assert_eq!(failed.into_response().unwrap_err().to_string(), "broken");
    }

    #[test]
    fn what_may_say_something_is_waited_for() {
        const { assert!(<Result<Option<Reply<'static>>, HandlerError>>::ANSWERS && ViewResponse::ANSWERS) };
        const { assert!(!<Result<(), HandlerError>>::ANSWERS) };
    }

    #[test]
    fn a_notice_goes_below_the_first_input_or_takes_the_views_place() {
        let view = json!({"blocks": [{"type": "section", "block_id": "s"}, {"type": "input", "block_id": "i"}]});
        assert_eq!(view_notice(Some(&view), "wait").unwrap()["errors"], json!({"i": "wait"}));
        assert_eq!(view_notice(Some(&json!({"blocks": []})), "wait").unwrap()["response_action"], "update");
        assert_eq!(view_notice(None, "wait").unwrap()["response_action"], "update");
    }
}
