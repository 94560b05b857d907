//! What Slack sent, whichever way it came.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use countersign_slack::ids::EnvelopeId;
use countersign_slack::payload::{EventCallback, Interaction, SlashCommand};
use countersign_slack::socket_mode::EnvelopeKind;
use serde_json::value::RawValue;
use tokio::sync::OnceCell;

use crate::acknowledgement::Acknowledgement;
use crate::handler::Endpoint;
use crate::scene::Scene;
use crate::shared::Shared;
use crate::{AckError, Authorization, AuthorizeError, Client, IntoResponse, Matches, Rejection, Response};

/// What Slack sent, on its way to a handler: what layers see. Cheap to clone.
#[derive(Clone)]
pub struct Request {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: EnvelopeId,
    pub(crate) envelope_kind: EnvelopeKind,
    pub(crate) kind: RequestKind,
    pub(crate) transport: Transport,
    pub(crate) payload: Box<RawValue>,
    pub(crate) retry: Option<Retry>,
    pub(crate) delivery: DeliveryMode,
    pub(crate) matches: Matches,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    pub(crate) acknowledgement: Acknowledgement,
    pub(crate) received_ms: u64,
    pub(crate) lazy: Lazy,
}

/// What is read when somebody asks for it.
#[derive(Default)]
pub(crate) struct Lazy {
    scene: OnceLock<Box<Scene>>,
    authorization: OnceCell<Arc<Authorization>>,
    replies: AtomicU8,
}

/// The payload, typed.
pub(crate) enum Parsed {
    Event(EventCallback),
    Command(SlashCommand),
    Interaction(Interaction),
}

/// What kind of thing Slack sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// An event, of a custom function as well.
    Event,
    /// A click or choice.
    Action,
    /// A modal was submitted.
    ViewSubmission,
    /// A modal was closed.
    ViewClosed,
    /// A shortcut.
    Shortcut,
    /// A menu asks for options.
    Options,
    /// A slash command.
    Command,
    /// An interaction that is not known here.
    Unknown,
}

/// How something came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Over a connection that the app opened.
    SocketMode,
    /// As a signed HTTP request.
    Http,
    /// It was left over in the inbox, or handed over by the program itself.
    Local,
}

/// That something was sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often.
    pub number: u32,
    /// Why it is sent again, such as `http_timeout`.
    pub reason: Option<String>,
}

/// Whether somebody still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryMode {
    /// It has just come in.
    Live,
    /// It was left over when the process ended.
    Resumed,
}

impl RequestKind {
    /// Its name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Action => "action",
            Self::ViewSubmission => "view submission",
            Self::ViewClosed => "closed view",
            Self::Shortcut => "shortcut",
            Self::Options => "request for options",
            Self::Command => "command",
            Self::Unknown => "unknown interaction",
        }
    }
}

impl fmt::Display for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Request {
    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> RequestKind {
        self.inner.kind
    }

    /// How it came.
    pub fn transport(&self) -> Transport {
        self.inner.transport
    }

    /// The delivery, or the event's own id: the key for doing something once.
    pub fn id(&self) -> &EnvelopeId {
        &self.inner.key
    }

    /// That it was sent before.
    pub fn retry(&self) -> Option<&Retry> {
        self.inner.retry.as_ref()
    }

    /// Whether it was left over by a process that ended: triggers have expired, and nobody waits for an answer.
    pub fn is_resumed(&self) -> bool {
        self.inner.delivery == DeliveryMode::Resumed
    }

    /// The payload's JSON, as it came.
    pub fn payload(&self) -> &str {
        self.inner.payload.get()
    }

    /// Acknowledges with an answer, once.
    ///
    /// # Errors
    /// When it was acknowledged before, Slack takes no such answer, or the connection has ended.
    pub fn acknowledge(&self, answer: impl IntoResponse) -> Result<(), AckError> {
        let response = answer.into_response().map_err(|_| AckError::NoSuchAnswer)?;
        if !response.fits(self.kind()) {
            return Err(AckError::NoSuchAnswer);
        }
        self.acknowledge_response(&response)
    }

    fn acknowledge_response(&self, response: &Response) -> Result<(), AckError> {
        match self.acknowledgement().send(response.payload()) {
            // Whoever says nothing says nothing new.
            Err(AckError::Again) if response.is_empty() => Ok(()),
            Err(AckError::Again) if self.is_resumed() => Ok(()),
            result => result,
        }
    }

    pub(crate) fn acknowledgement(&self) -> &Acknowledgement {
        &self.inner.acknowledgement
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    pub(crate) fn scene(&self) -> &Scene {
        self.inner.lazy.scene.get_or_init(|| Box::new(Scene::read(self.kind(), &self.inner.payload)))
    }

    /// Counts one use of the response address, and says how many there were before.
    pub(crate) fn count_reply(&self) -> u8 {
        self.inner
            .lazy
            .replies
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |uses| uses.checked_add(1))
            .unwrap_or(u8::MAX)
    }

    /// The payload, typed. Whoever needs it keeps it: a request holds no more than the text.
    pub(crate) fn parsed(&self) -> Result<Parsed, Rejection> {
        let payload = &*self.inner.payload;
        let parsed = match self.kind() {
            RequestKind::Event => EventCallback::read(payload).map(Parsed::Event),
            RequestKind::Command => SlashCommand::read(payload).map(Parsed::Command),
            _ => Interaction::read(payload).map(Parsed::Interaction),
        };
        parsed.map_err(Rejection::Malformed)
    }

    /// The token for it, and whose it is.
    pub(crate) async fn authorization(&self) -> Result<&Arc<Authorization>, AuthorizeError> {
        let authorize = || self.shared().authorize(self.scene());
        self.inner.lazy.authorization.get_or_try_init(authorize).await
    }

    /// A client with the token for it: a function's own, or the installation's.
    pub(crate) async fn client(&self) -> Result<Client, Rejection> {
        let api = self.shared().client.as_ref().ok_or(Rejection::NoClient)?;
        let token = match &self.scene().function_token {
            Some(token) => token.clone(),
            None => self.authorization().await?.token.clone(),
        };
        Ok(Client::new(api.clone(), token))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("kind", &self.inner.kind)
            .field("transport", &self.inner.transport)
            .field("id", &self.inner.key)
            .field("retry", &self.inner.retry)
            .finish_non_exhaustive()
    }
}
