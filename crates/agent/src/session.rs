//! The life of one session.
//!
//! ```text
//! check what was approved → journal ∥ dial → stored input, digest → start → frames both ways → end → journal → status, report
//! ```

mod data;
mod life;
mod pump;
mod resource;

use std::{pin::pin, sync::Arc, time::Duration};

use countersign_approval::Blob;
use countersign_gateway::{
    SessionEnd,
    wire::{
        DATA_PATH, MAX_FRAME_BYTES,
        control::{Action, FromAgent, Input, Memory, Start},
    },
};
use secrecy::SecretString;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::{
    address::{AddressError, NodeUrl},
    agent::Shared,
    dial::Socket,
    journal::{Entry, NotBegun},
    link::Link,
    sessions::Seat,
    verify,
};
use data::Data;
use life::Life;
use resource::Resource;

/// The longest lifetime that is counted; a longer one is none.
const LONGEST_LIFETIME: Duration = Duration::from_hours(400 * 24);

/// Why a session does not run.
enum NoSession {
    /// It never began.
    Failed(String),
    /// It began before, here.
    Before(Memory),
}

impl NoSession {
    fn failed(why: &AddressError) -> Self {
        Self::Failed(why.to_string())
    }
}

/// What a session is made of while it lasts.
pub(crate) struct Setting {
    core: Shared,
    link: Arc<Link>,
    start: Start,
    seat: Seat,
    /// When it ends, by our own clock.
    until: Option<Instant>,
}

/// Resolves at a time, if there is one.
async fn at(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Runs a session from its start to the report of its end.
pub(crate) async fn run(core: Shared, link: Arc<Link>, start: Start, seat: Seat) {
    let lifetime = start.lifetime_ms.map(Duration::from_millis).filter(|lifetime| *lifetime < LONGEST_LIFETIME);
    let until = lifetime.map(|lifetime| Instant::now() + lifetime);
    let setting = Setting { core, link, start, seat, until };
    Box::pin(setting.run()).await;
}

impl Setting {
    async fn run(mut self) {
        let session = self.start.session;
        if let Err(why) = verify::before_input(&self.start, self.core.name()) {
            tracing::error!(%session, why = %why, "session {session} is refused: {why}");
            return self.report(SessionEnd::Failed { why: why.to_string() });
        }
        let mut socket = match self.open().await {
            Ok(socket) => socket,
            Err(NoSession::Before(memory)) => return self.report_before(memory),
            Err(NoSession::Failed(why)) => return self.end_unbegun(None, SessionEnd::Failed { why }).await,
        };
        match self.begin(&mut socket).await {
            Err(end) => self.end_unbegun(Some(socket), end).await,
            Ok((resource, input)) => {
                tracing::info!(%session, connection = %self.start.connection, "session {session} begins");
                self.link.tell(FromAgent::Started { session });
                let (data, ends) = Data::start(socket, resource.streams, input, self.core.session_tasks());
                Life::new(self, resource.running, data, ends).live().await;
            }
        }
    }

    /// Notes the session, and opens its data connection meanwhile.
    async fn open(&mut self) -> Result<Socket, NoSession> {
        let Self { core, start, seat, .. } = self;
        let node = NodeUrl::parse(&start.node, core.config().plaintext).map_err(|error| NoSession::failed(&error));
        let ticket = SecretString::from(start.ticket.as_str());
        let limits =
            WebSocketConfig::default().max_message_size(Some(MAX_FRAME_BYTES)).max_frame_size(Some(MAX_FRAME_BYTES));
        let dialling = async {
            let dialled = core.dialer().dial(&node?, DATA_PATH, &ticket, limits).await;
            dialled.map_err(|error| NoSession::Failed(format!("{} could not be reached: {error}", start.node)))
        };
        let noting = async {
            core.journal().begin(start.session).await.map_err(|not_begun| match not_begun {
                NotBegun::Seen(Entry::Ended(end)) => NoSession::Before(Memory::Ended { end }),
                NotBegun::Seen(Entry::Begun) | NotBegun::Forgotten => NoSession::Before(Memory::Lost),
                NotBegun::Unwritten(why) => NoSession::Failed(format!("the agent cannot keep its journal: {why}")),
            })
        };
        let both = async {
            let (mut noting, mut dialling) = (pin!(noting), pin!(dialling));
            // What is not to begin waits for no connection; what is being noted is always noted to the end.
            tokio::select! {
                noted = &mut noting => {
                    noted?;
                    dialling.await
                }
                dialled = &mut dialling => {
                    noting.await?;
                    dialled
                }
            }
        };
        tokio::select! {
            opened = Box::pin(both) => opened,
            why = seat.stopped() => Err(NoSession::Failed(why)),
        }
    }

    /// Takes the stored input, checks the digest with it, and starts what is to be started.
    async fn begin(&mut self, socket: &mut Socket) -> Result<(Resource, Option<Blob>), SessionEnd> {
        let Self { core, start, seat, until, .. } = self;
        let taking = async {
            let Action::Exec { input: Input::Stored { bytes }, .. } = &start.action else { return Ok(None) };
            let input = data::stored_input(socket, *bytes, core.config().limits.input_bytes).await?;
            verify::with_input(start.approved.as_ref(), input).map(Some).map_err(|why| why.to_string())
        };
        let taken = tokio::select! {
            taken = Box::pin(taking) => taken,
            why = seat.stopped() => Err(why),
            () = at(*until) => Err("its time was over before it began".to_owned()),
        };
        let input = taken.map_err(|why| SessionEnd::Failed { why })?;
        // From here on nothing interrupts, so that what is said of it is true; a stop that comes meanwhile is seen right after.
        Ok((Resource::open(core, start).await?, input))
    }

    /// A session that was noted and does not run.
    async fn end_unbegun(self, socket: Option<Socket>, end: SessionEnd) {
        let session = self.start.session;
        tracing::error!(%session, end = ?end, "session {session} did not begin");
        self.core.journal().end(session, &end).await;
        match socket {
            Some(socket) => data::say_end(socket, &end, || self.report(end.clone())).await,
            None => self.report(end),
        }
    }

    fn report(&self, end: SessionEnd) {
        self.link.tell(FromAgent::Ended { session: self.start.session, end });
    }

    /// The id was used before: what came of that is told, so that nobody takes this for a session that never began.
    fn report_before(&self, memory: Memory) {
        let session = self.start.session;
        tracing::error!(%session, "the server starts the session {session}, which began here before; refused");
        match memory {
            Memory::Ended { end } => self.report(end),
            _ => self.report(SessionEnd::Unknown {
                why: "the agent began this session before and does not know what became of it".to_owned(),
            }),
        }
    }
}
