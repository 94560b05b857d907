//! What people did, and doing it again.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::names::Names;
use crate::Workspace;
use crate::model::{AppTab, ChannelKind, Ts, UserId};
use crate::person::{
    Click, Closing, Invocation, NewMessage, OptionsQuery, PersonError, Pinning, Reacting, Shortcut, Submission, Surface,
};

/// Something that somebody did, as the journal tells it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gesture {
    action: String,
    /// Who did it; empty for whoever runs the workspace.
    user: String,
    pub(super) details: Value,
}

impl fmt::Display for Gesture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.user.is_empty() { "the test" } else { &self.user };
        write!(f, "{who}: {} {}", self.action, self.details)
    }
}

/// Done: what the workspace says of it, in the shape of the details. Not done: why.
type Done = Result<Value, String>;

impl Gesture {
    /// What an entry of the journal says somebody did.
    pub(super) fn of(entry: &Value) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let details = entry.get("details").cloned().unwrap_or_default();
        match (text("kind").as_str(), text("fault").as_str()) {
            ("person", _) => Some(Self { action: text("action"), user: text("user"), details }),
            ("fault", "set") => Some(Self { action: "faults".to_owned(), user: String::new(), details }),
            ("fault", "cleared") => Some(Self { action: "no_faults".to_owned(), user: String::new(), details }),
            _ => None,
        }
    }

    /// Does it again.
    pub(super) async fn perform(&self, workspace: &Workspace, names: &Names) -> Done {
        let user = names.translate(&json!(self.user));
        let user = UserId::from(user.as_str().unwrap_or_default());
        let there = workspace.where_is(|state| state.user(user.as_str()).is_some());
        let deed = Deed { workspace: there, user, details: names.translate(&self.details) };
        match self.action.as_str() {
            "click" => deed.click().await,
            "command" => deed.command().await,
            "options" => deed.options().await,
            "shortcut" => deed.shortcut().await,
            "view_submission" => deed.submit().await,
            "view_close" => deed.close().await,
            action => deed.at_once(action),
        }
    }
}

/// A gesture in the names of now.
struct Deed {
    workspace: Workspace,
    user: UserId,
    details: Value,
}

fn why(error: PersonError) -> String {
    error.message
}

impl Deed {
    fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        let value = self.details.get(name).cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|error| format!("its {name} cannot be read: {error}"))
    }

    fn ts(&self, name: &str) -> Result<Ts, String> {
        let text: String = self.field(name)?;
        Ts::parse(&text).ok_or_else(|| format!("its {name} is no timestamp"))
    }

    fn surface(&self) -> Result<Surface, String> {
        let of = |name: &str| self.details.get("surface").and_then(|surface| surface.get(name)?.as_str());
        match (of("channel"), of("ts").and_then(Ts::parse), of("view_id")) {
            (Some(channel), Some(ts), _) => Ok(Surface::Message { channel: channel.into(), ts }),
            (_, _, Some(view_id)) => Ok(Surface::View { view_id: view_id.into() }),
            _ => Err("it does not say where".to_owned()),
        }
    }

    async fn click(self) -> Done {
        let click = Click {
            surface: self.surface()?,
            action_id: self.field("action_id")?,
            block_id: self.field("block_id")?,
            value: self.field("value")?,
            user: self.user,
        };
        self.workspace.click(click).await.map(|_| Value::Null).map_err(why)
    }

    async fn command(self) -> Done {
        let invocation = Invocation {
            channel: self.field("channel")?,
            command: self.field("command")?,
            text: self.field("text")?,
            user: self.user,
        };
        self.workspace.command(invocation).await.map(|_| Value::Null).map_err(why)
    }

    async fn options(self) -> Done {
        let query = OptionsQuery {
            surface: self.surface()?,
            block_id: self.field("block_id")?,
            action_id: self.field("action_id")?,
            value: self.field("value")?,
            user: self.user,
        };
        self.workspace.options(query).await.map(|_| Value::Null).map_err(why)
    }

    async fn shortcut(self) -> Done {
        let shortcut = Shortcut {
            callback_id: self.field("callback_id")?,
            app: self.field("app_id")?,
            message: self.field("message")?,
            user: self.user,
        };
        self.workspace.shortcut(shortcut).await.map(|_| Value::Null).map_err(why)
    }

    async fn submit(self) -> Done {
        let values: Map<String, Value> = self.field("values")?;
        let submission = Submission { view_id: self.field("view_id")?, values, user: self.user };
        self.workspace.submit_view(submission).await.map(|_| Value::Null).map_err(why)
    }

    async fn close(self) -> Done {
        let view_id: Option<crate::model::ViewId> = self.field("view_id")?;
        let closing = if self.details.get("all") == Some(&Value::Bool(true)) { Closing::All } else { Closing::Top };
        self.workspace.close_view(&self.user, view_id.as_ref(), closing).await.map(|_| Value::Null).map_err(why)
    }

    /// What no app is waited for.
    fn at_once(self, action: &str) -> Done {
        let Self { workspace, user, .. } = &self;
        let channel = || self.field::<crate::model::ChannelId>("channel");
        let at = |name: &str| Ok::<_, String>((channel()?, self.ts(name)?));
        let done = match action {
            "message" => return self.message(),
            "message_edit" => {
                let (channel, ts) = at("ts")?;
                workspace.edit_message(user, (&channel, ts), &self.field::<String>("text")?)
            }
            "message_delete" => {
                let (channel, ts) = at("ts")?;
                workspace.delete_message(user, (&channel, ts))
            }
            "pin" | "unpin" => {
                let (channel, ts) = at("ts")?;
                let pinning = if action == "pin" { Pinning::Pin } else { Pinning::Unpin };
                workspace.pin_message(user, (&channel, ts), pinning)
            }
            "reaction_add" | "reaction_remove" => {
                let (channel, ts) = at("ts")?;
                let reacting = if action == "reaction_add" { Reacting::Add } else { Reacting::Remove };
                workspace.react(user, (&channel, ts), &self.field::<String>("name")?, reacting)
            }
            "invite" => workspace.invite(user, &channel()?, &self.field("user")?),
            "leave" => workspace.leave(user, &channel()?),
            "trigger" => {
                let data = self.field("data")?;
                workspace.run_trigger(user, &self.field::<String>("trigger_id")?, data).map(drop)
            }
            _ => return self.with_agent(action),
        };
        done.map(|()| Value::Null).map_err(why)
    }

    fn message(&self) -> Done {
        let thread_ts =
            if self.field::<Option<String>>("thread_ts")?.is_some() { Some(self.ts("thread_ts")?) } else { None };
        let new = NewMessage {
            user: self.user.clone(),
            channel: self.field("channel")?,
            text: self.field("text")?,
            thread_ts,
        };
        if self.details.get("files").and_then(Value::as_array).is_some_and(|files| !files.is_empty()) {
            return Err("a recording has no contents of files".to_owned());
        }
        let broadcast = self.details.get("reply_broadcast") == Some(&Value::Bool(true));
        let posted = if broadcast {
            let extras = crate::person::Extras { broadcast, ..crate::person::Extras::default() };
            self.workspace.post_message_with(new, extras)
        } else {
            self.workspace.post_message(new)
        };
        let posted = posted.map_err(why)?;
        Ok(json!({"ts": posted.get("ts")}))
    }

    /// What is done with an app as a whole, and with its agent.
    fn with_agent(&self, action: &str) -> Done {
        let Self { workspace, user, .. } = self;
        let thread = || {
            let channel: crate::model::ChannelId = self.field("channel")?;
            Ok::<_, String>((channel, self.ts("thread_ts")?))
        };
        match action {
            "open_app" => {
                let is_home = self.details.get("tab").and_then(Value::as_str) == Some("home");
                let tab = if is_home { AppTab::Home } else { AppTab::Messages };
                workspace.open_app(user, &self.field("app_id")?, tab).map_err(why)?;
            }
            "assistant_thread" => {
                let started = workspace.start_assistant_thread(user, &self.field("app_id")?, self.field("context")?);
                let (channel, ts) = started.map_err(why)?;
                return Ok(json!({"channel": channel, "thread_ts": ts}));
            }
            "assistant_context" => {
                let (channel, ts) = thread()?;
                workspace.change_assistant_context(user, (&channel, ts), self.field("context")?).map_err(why)?;
            }
            "agent_rename" => {
                let (channel, ts) = thread()?;
                workspace.rename_session(user, (&channel, ts), &self.field::<String>("title")?).map_err(why)?;
            }
            "agent_stop" => {
                let (channel, ts) = thread()?;
                workspace.stop_agent(user, (&channel, ts)).map_err(why)?;
            }
            _ => return self.as_administrator(action),
        }
        Ok(Value::Null)
    }

    /// What the control API and the page do around the messages.
    fn as_administrator(&self, action: &str) -> Done {
        let Self { workspace, user, details } = self;
        match action {
            "open_conversation" => {
                let users: Vec<UserId> = self.field("users")?;
                workspace.open_conversation(user, &users).map_err(why)?;
            }
            "create_channel" => {
                let is_private = details.get("private") == Some(&Value::Bool(true));
                let kind = if is_private { ChannelKind::Private } else { ChannelKind::Public };
                workspace.create_channel(user, &self.field::<String>("name")?, kind).map_err(why)?;
            }
            "add_user" | "add_channel" | "add_app" | "add_team" => return workspace.add_again(action, details),
            "clock" => {
                workspace.advance_clock(self.field("advance_ms")?).map_err(|error| error.to_string())?;
            }
            "faults" => workspace.fault(details).map_err(|error| error.to_string())?,
            "no_faults" => workspace.clear_faults(),
            _ => return Err(format!("a recording cannot repeat {action}")),
        }
        Ok(Value::Null)
    }
}
