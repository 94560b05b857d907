//! What an agent shows beside a thread: its title, what it is doing, and what one may say to it.

use maud::{Markup, html};
use serde_json::Value;

use super::json::string;
use super::place::Place;
use super::scene::Scene;
use super::text::text;
use crate::model::{SessionStatus, State, Ts};

/// An agent's part of a thread.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) title: String,
    status: String,
    loading: Vec<String>,
    prompts_title: Option<String>,
    prompts: Vec<Value>,
    session: Option<SessionStatus>,
    thread: Ts,
    name: String,
}

/// What an agent shows beside a thread, if one takes part.
pub(super) fn agent(state: &State, place: &Place, thread: Ts) -> Option<Agent> {
    let known = state.assistant_thread(&place.channel, thread)?;
    let room = state.channel(place.channel.as_str())?;
    let bots = room.members.iter().filter_map(|id| state.user(id.as_str())).filter(|user| user.is_bot());
    let name = bots.map(|user| user.real_name.clone()).next();
    let session = known.session.as_ref();
    let title = session.map(|session| &session.title).filter(|title| !title.is_empty()).unwrap_or(&known.title);
    // Prompts are for beginning: once somebody answered them they only stand in the way.
    let is_begun = room.message(thread).is_some_and(|first| {
        first.replies.iter().filter_map(|ts| room.message(*ts)).any(|reply| reply.user == place.user)
    });
    Some(Agent {
        title: title.clone(),
        status: known.status.clone(),
        loading: known.loading_messages.clone(),
        prompts_title: known.prompts_title.clone(),
        prompts: if is_begun { Vec::new() } else { known.prompts.clone() },
        session: session.map(|session| session.status),
        thread,
        name: name.unwrap_or_else(|| "The agent".to_owned()),
    })
}

/// The lines between a thread's messages and its message box.
pub(super) fn foot(scene: &Scene) -> Markup {
    let Some(agent) = &scene.agent else {
        return html! {};
    };
    html! {
        (status(agent, scene))
        @if !agent.prompts.is_empty() { (prompts(agent, scene)) }
    }
}

fn status(agent: &Agent, scene: &Scene) -> Markup {
    let is_busy = agent.session == Some(SessionStatus::Processing);
    let words = match (agent.status.as_str(), agent.session) {
        ("", Some(SessionStatus::Processing)) => "is working…",
        ("", Some(SessionStatus::Suspended)) => "waits for something else.",
        ("", Some(SessionStatus::Closed)) => "has ended this session.",
        (status, _) => status,
    };
    html! {
        div.agent-status role="status" aria-live="polite" data-testid="agent-status" {
            @if !words.is_empty() {
                span.dots aria-hidden="true" { i {} i {} i {} }
                span { strong { (text(&agent.name)) } " " (text(words)) }
            }
            @if !agent.status.is_empty() && !agent.loading.is_empty() {
                span.muted data-turns { @for one in &agent.loading { span { (text(one)) } } }
            }
            @if is_busy {
                form method="post" action=(scene.place.path_to("/stop")) data-fetch="quiet" {
                    input type="hidden" name="thread_ts" value=(agent.thread);
                    button.btn.btn-small type="submit" { "Stop" }
                }
            }
        }
    }
}

fn prompts(agent: &Agent, scene: &Scene) -> Markup {
    html! {
        section.prompts aria-label="Suggested prompts" data-testid="prompts" {
            @if let Some(title) = &agent.prompts_title { div.muted { (text(title)) } }
            @for prompt in &agent.prompts {
                form method="post" action=(scene.place.path_to("/post")) enctype="multipart/form-data" data-fetch="quiet" {
                    input type="hidden" name="thread_ts" value=(agent.thread);
                    button.btn type="submit" name="text" value=(string(prompt, "message")) { span.btn-text { (text(string(prompt, "title"))) } }
                }
            }
        }
    }
}
