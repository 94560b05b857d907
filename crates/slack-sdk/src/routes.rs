//! Which handler a payload goes to: the first whose constraint matches.

use std::sync::Arc;

use countersign_slack::blocks::{Choice, escape};
use countersign_slack::client::Reply;
use countersign_slack::payload::{
    BlockActions, BlockSuggestion, EventCallback, Interaction, Malformed, Shortcut, SlashCommand, ViewClosed,
    ViewSubmission,
};
use countersign_slack::socket_mode::EnvelopeKind;
use serde_json::Value;

use crate::answer::{ViewResponse, reply_notice};
use crate::job::Job;
use crate::{Constraint, Handler};

/// Handlers of one kind, in the order they were given.
pub(crate) struct Table<P, R>(Vec<(Constraint, Arc<dyn Handler<P, R>>)>);

impl<P, R> Default for Table<P, R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P, R> Table<P, R> {
    pub(crate) fn add(&mut self, constraint: Constraint, handler: impl Handler<P, R>) {
        self.0.push((constraint, Arc::new(handler)));
    }

    fn find(&self, id: &str) -> Option<Arc<dyn Handler<P, R>>> {
        self.0.iter().find(|(constraint, _)| constraint.matches(id)).map(|(_, handler)| Arc::clone(handler))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// All handlers of an app.
#[derive(Default)]
pub(crate) struct Routes {
    pub(crate) actions: Table<BlockActions, ()>,
    pub(crate) submissions: Table<ViewSubmission, ViewResponse>,
    pub(crate) closed: Table<ViewClosed, ()>,
    pub(crate) shortcuts: Table<Shortcut, ()>,
    pub(crate) options: Table<BlockSuggestion, Vec<Choice>>,
    pub(crate) events: Table<EventCallback, ()>,
    pub(crate) commands: Table<SlashCommand, ()>,
    pub(crate) replies: Table<SlashCommand, Option<Reply<'static>>>,
    pub(crate) fallback: Option<Arc<dyn Handler<Interaction, ()>>>,
}

/// Events of the app's own doing that it is told of.
const MEMBERSHIP: [&str; 2] = ["member_joined_channel", "member_left_channel"];

/// Where a payload goes.
pub(crate) enum Routed {
    /// To a handler.
    Job(Box<Job>),
    /// Nowhere; it is acknowledged with this.
    Nowhere(Option<Value>),
}

impl Routed {
    fn to(job: Job) -> Self {
        Self::Job(Box::new(job))
    }
}

impl Routes {
    /// Reads a payload and finds its handler.
    pub(crate) fn route(&self, kind: &EnvelopeKind, payload: Value) -> Result<Routed, Malformed> {
        match kind {
            EnvelopeKind::Interactive => Ok(self.interaction(Interaction::parse(payload)?)),
            EnvelopeKind::SlashCommands => Ok(self.command(SlashCommand::parse(payload)?)),
            EnvelopeKind::EventsApi => Ok(self.event(EventCallback::parse(payload)?)),
            EnvelopeKind::Unknown(name) => {
                tracing::warn!(slack.kind = name, "Slack delivered something unknown; acknowledged and ignored");
                Ok(Routed::Nowhere(None))
            }
        }
    }

    fn interaction(&self, interaction: Interaction) -> Routed {
        let job = match interaction {
            Interaction::BlockActions(payload) => {
                let handler = payload.action().and_then(|action| self.actions.find(action.action_id.as_str()));
                job(handler, payload, Job::Action, Interaction::BlockActions)
            }
            Interaction::ViewSubmission(payload) => job(
                self.submissions.find(payload.view.callback_id.as_str()),
                payload,
                Job::Submission,
                Interaction::ViewSubmission,
            ),
            Interaction::ViewClosed(payload) => {
                job(self.closed.find(payload.view.callback_id.as_str()), payload, Job::Closed, Interaction::ViewClosed)
            }
            Interaction::Shortcut(payload) => {
                job(self.shortcuts.find(payload.callback_id.as_str()), payload, Job::Shortcut, Interaction::Shortcut)
            }
            Interaction::BlockSuggestion(payload) => {
                job(self.options.find(payload.action_id.as_str()), payload, Job::Options, Interaction::BlockSuggestion)
            }
            unknown @ Interaction::Unknown(_) => Err(Box::new(unknown)),
        };
        job.map_or_else(|unrouted| self.unrouted(*unrouted), Routed::to)
    }

    fn unrouted(&self, interaction: Interaction) -> Routed {
        if let Some(fallback) = &self.fallback {
            return Routed::to(Job::Fallback(Arc::clone(fallback), interaction));
        }
        tracing::warn!(
            slack.interaction = interaction.kind(),
            "an interaction has no handler; acknowledged and ignored"
        );
        Routed::Nowhere(None)
    }

    fn command(&self, payload: SlashCommand) -> Routed {
        if let Some(handler) = self.commands.find(&payload.command) {
            return Routed::to(Job::Command(handler, payload));
        }
        if let Some(handler) = self.replies.find(&payload.command) {
            return Routed::to(Job::CommandReply(handler, payload));
        }
        tracing::warn!(slack.command = payload.command, "a command has no handler");
        Routed::Nowhere(Some(reply_notice(&format!("This app does not know {}.", escape(&payload.command)))))
    }

    fn event(&self, payload: EventCallback) -> Routed {
        // An app that hears itself would answer itself, without end. That it joined or left somewhere is news.
        if payload.is_own() && !MEMBERSHIP.contains(&payload.kind.as_str()) {
            return Routed::Nowhere(None);
        }
        match self.events.find(&payload.kind) {
            Some(handler) => Routed::to(Job::Event(handler, payload)),
            None => Routed::Nowhere(None),
        }
    }
}

/// A job, or the payload back as an interaction when it has no handler.
fn job<P, R>(
    handler: Option<Arc<dyn Handler<P, R>>>,
    payload: P,
    job: impl FnOnce(Arc<dyn Handler<P, R>>, P) -> Job,
    back: impl FnOnce(P) -> Interaction,
) -> Result<Job, Box<Interaction>> {
    match handler {
        Some(handler) => Ok(job(handler, payload)),
        None => Err(Box::new(back(payload))),
    }
}
