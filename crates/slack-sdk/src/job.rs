//! One payload with the handler it goes to.

use std::sync::Arc;

use countersign_slack::blocks::Choice;
use countersign_slack::client::Reply;
use countersign_slack::ids::ViewId;
use countersign_slack::payload::{
    BlockActions, BlockSuggestion, EventCallback, Interaction, Shortcut, SlashCommand, ViewClosed, ViewSubmission,
};
use serde_json::{Value, json};

use crate::answer::{Answer, ViewResponse, reply_notice, view_notice};
use crate::ctx::Scene;
use crate::{Ctx, Handler, HandlerError};

type To<P, R> = Arc<dyn Handler<P, R>>;

/// What a person reads when the handler needs longer than Slack waits.
const STILL_WORKING: &str = "This is still being worked on. Please wait a moment before you try again.";
/// What a person reads when the handler failed.
pub(crate) const FAILED: &str = "That did not work. Please try again; if it keeps failing, tell whoever runs this app.";

/// One payload with the handler it goes to.
pub(crate) enum Job {
    Action(To<BlockActions, ()>, BlockActions),
    Submission(To<ViewSubmission, ViewResponse>, ViewSubmission),
    Closed(To<ViewClosed, ()>, ViewClosed),
    Shortcut(To<Shortcut, ()>, Shortcut),
    Options(To<BlockSuggestion, Vec<Choice>>, BlockSuggestion),
    Event(To<EventCallback, ()>, EventCallback),
    Command(To<SlashCommand, ()>, SlashCommand),
    CommandReply(To<SlashCommand, Option<Reply<'static>>>, SlashCommand),
    Fallback(To<Interaction, ()>, Interaction),
}

impl Job {
    /// Runs the handler.
    pub(crate) async fn run(self, ctx: Ctx) -> Result<Answer, HandlerError> {
        match self {
            Self::Action(to, payload) => to.call(ctx, payload).await.map(nothing),
            Self::Submission(to, payload) => to.call(ctx, payload).await.map(Answer::View),
            Self::Closed(to, payload) => to.call(ctx, payload).await.map(nothing),
            Self::Shortcut(to, payload) => to.call(ctx, payload).await.map(nothing),
            Self::Options(to, payload) => to.call(ctx, payload).await.map(Answer::Options),
            Self::Event(to, payload) => to.call(ctx, payload).await.map(nothing),
            Self::Command(to, payload) => to.call(ctx, payload).await.map(nothing),
            Self::CommandReply(to, payload) => to.call(ctx, payload).await.map(Answer::Reply),
            Self::Fallback(to, payload) => to.call(ctx, payload).await.map(nothing),
        }
    }

    /// Whether the acknowledgement carries the handler's answer, and so waits for it.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::Submission(..) | Self::Options(..) | Self::CommandReply(..))
    }

    /// Whether it is worth keeping: everything but questions.
    pub(crate) fn is_kept(&self) -> bool {
        !matches!(self, Self::Options(..))
    }

    /// What it is known by when it comes again, in place of the envelope it came in.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Event(_, payload) => Some(payload.event_id.as_str()),
            _ => None,
        }
    }

    /// The payload as it came.
    pub(crate) fn raw(&self) -> &Value {
        match self {
            Self::Action(_, payload) => payload.raw(),
            Self::Submission(_, payload) => payload.raw(),
            Self::Closed(_, payload) => payload.raw(),
            Self::Shortcut(_, payload) => payload.raw(),
            Self::Options(_, payload) => payload.raw(),
            Self::Event(_, payload) => payload.raw(),
            Self::Command(_, payload) | Self::CommandReply(_, payload) => payload.raw(),
            Self::Fallback(_, payload) => payload.raw(),
        }
    }

    /// What is said when there is no answer in time.
    pub(crate) fn notices(&self) -> Notices {
        let say = |text| match self {
            Self::Submission(_, payload) => view_notice(payload.raw().get("view"), text),
            Self::Options(..) => Some(json!({"options": []})),
            Self::CommandReply(..) => Some(reply_notice(text)),
            _ => None,
        };
        let view = match self {
            Self::Submission(_, payload) => Some(payload.view.id.clone()),
            _ => None,
        };
        Notices { late: say(STILL_WORKING), failed: say(FAILED), view }
    }

    /// Who, where, and how to answer.
    pub(crate) fn scene(&self) -> Scene {
        match self {
            Self::Action(_, payload) | Self::Fallback(_, Interaction::BlockActions(payload)) => action(payload),
            Self::Submission(_, payload) => Scene { trigger: payload.trigger_id.clone(), ..Scene::of(&payload.origin) },
            Self::Closed(_, payload) => Scene::of(&payload.origin),
            Self::Shortcut(_, payload) | Self::Fallback(_, Interaction::Shortcut(payload)) => shortcut(payload),
            Self::Options(_, payload) => Scene::of(&payload.origin),
            Self::Event(_, payload) => event(payload),
            Self::Command(_, payload) | Self::CommandReply(_, payload) => command(payload),
            Self::Fallback(_, payload) => payload.origin().map(Scene::of).unwrap_or_default(),
        }
    }
}

/// What is said when a handler gives no answer in time.
pub(crate) struct Notices {
    /// It is still running.
    pub(crate) late: Option<Value>,
    /// It failed.
    pub(crate) failed: Option<Value>,
    /// The view it is about, to be updated with a late answer.
    pub(crate) view: Option<ViewId>,
}

fn nothing(_: ()) -> Answer {
    Answer::Nothing
}

fn action(payload: &BlockActions) -> Scene {
    Scene {
        channel: payload.container.channel_id.clone(),
        trigger: payload.trigger_id.clone(),
        response_url: payload.response_url.clone(),
        ..Scene::of(&payload.origin)
    }
}

fn shortcut(payload: &Shortcut) -> Scene {
    Scene {
        channel: payload.channel_id.clone(),
        trigger: payload.trigger_id.clone(),
        response_url: payload.response_url.clone(),
        ..Scene::of(&payload.origin)
    }
}

fn command(payload: &SlashCommand) -> Scene {
    Scene {
        channel: Some(payload.channel_id.clone()),
        trigger: payload.trigger_id.clone(),
        response_url: payload.response_url.clone(),
        ..Scene::of(&payload.origin)
    }
}

fn event(payload: &EventCallback) -> Scene {
    Scene {
        user: payload.user_id.clone(),
        team: payload.team_id.clone(),
        channel: payload.channel_id.clone(),
        ..Scene::default()
    }
}
