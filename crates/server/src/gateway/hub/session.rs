//! One session: claimed, started, carried, concluded.

use std::{sync::Arc, time::Duration};

use axum::extract::ws::WebSocket;
use countersign_approval::{Blob, Subject};
use countersign_gateway::{
    Session, SessionEnd, SessionId, SessionState,
    port::NotOpened,
    wire::{
        control::{Approved, EnvEntry, Input, Start, ToAgent},
        run::{FromServer, RefusalCode, WantedInput},
    },
};
use secrecy::ExposeSecret as _;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    super::{
        recording::{self, Head, Size, Tap},
        state::Gateway,
    },
    agents::Link,
    conclusion::{Begun, what_became},
    discipline::Stdin,
    environment,
    inquiry::{Ending, INQUIRY, person_said},
    live::{Footing, News, Place},
    opening::{Plan, offline},
    peer::Peer,
    run::{Halt, Visit, refused, turn_away},
    splice,
    subject::How,
    watch,
};

/// How long an agent that was connected a moment ago may take to come back, once everything is decided.
const AGENT_BACK_WITHIN: Duration = Duration::from_secs(10);

/// A session that is in the store, and must be concluded there.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) gateway: Gateway,
    pub(super) session: Session,
    pub(super) plan: Plan,
    pub(super) news: mpsc::Receiver<News>,
    pub(super) tap: Tap,
    link: Arc<Link>,
    /// Whether the agent said that it runs.
    pub(super) begun: Begun,
    /// The server stops, and nobody could say what became of it: the next start asks.
    pub(super) left_open: bool,
    _place: Place,
}

/// A session that the agent runs.
#[derive(Debug)]
pub(super) struct Running {
    /// The agent's end.
    pub(super) data: WebSocket,
    /// A frame that came before the word that it runs.
    pub(super) first: Option<bytes::Bytes>,
    /// What the client may send.
    pub(super) stdin: Stdin,
}

/// Runs what was planned, from the claim to the last word to the client.
pub(super) async fn hold(mut visit: Visit, plan: Plan) {
    let (mut live, env) = match open(&mut visit, plan).await {
        Ok(opened) => opened,
        Err(halt) => return turn_away(visit, halt).await,
    };
    let mut peer = visit.peer;
    let end = match Box::pin(live.start(&mut peer, env)).await {
        Ok(running) => return Box::pin(splice::carry(live, peer, running)).await,
        Err(end) => end,
    };
    let ended = FromServer::Ended { session: live.session.id, end: end.clone() };
    live.conclude(end).await;
    let _ = peer.say(&ended).await;
    peer.close("over").await;
}

/// Opens the session in the store, which claims the grant. Everything that can fail before that does.
async fn open(visit: &mut Visit, plan: Plan) -> Result<(Live, Vec<EnvEntry>), Halt> {
    let gateway = &visit.gateway.clone();
    let about = |halt: Halt| match &plan.request {
        Some(request) => halt.about(request.id),
        None => halt,
    };
    let connection = &plan.wanted.connection;
    let link = gateway.hub().agents.wait_for(&connection.agent, AGENT_BACK_WITHIN).await;
    let link = link.map_err(|_| about(offline(&connection.agent)))?;
    // People may have taken long to decide.
    if plan.request.is_some()
        && let Some(why) = watch::fallen(gateway, &visit.caller, None).await
    {
        return Err(about(refused(RefusalCode::Denied, why)));
    }
    let env = environment::for_agent(gateway, connection).map_err(|error| about(error.into()))?;
    let session = session(visit, &plan);
    let footing = Footing {
        agent: session.agent.clone(),
        person: session.person.clone(),
        token: visit.caller.token,
        request: session.request,
    };
    let (place, news) = gateway.hub().live.enter(session.id, footing);
    if let Some(why) =
        gateway.store().open_session(session.clone(), gateway.now()).await.map_err(|error| about(error.into()))?
    {
        return Err(about(not_opened(&why)));
    }
    tracing::info!(session.id = %session.id, person = %session.person, connection = %session.connection,
        "session {} of {} on {} is open", session.id, session.person, session.connection);
    let tap = tap(gateway, &session, &plan.wanted.how);
    Ok((
        Live {
            gateway: gateway.clone(),
            session,
            plan,
            news,
            tap,
            link,
            begun: Begun::NotKnown,
            left_open: false,
            _place: place,
        },
        env,
    ))
}

fn session(visit: &Visit, plan: &Plan) -> Session {
    let (gateway, connection) = (&visit.gateway, &plan.wanted.connection);
    let now = gateway.now();
    Session {
        id: SessionId::generate(now, gateway.entropy()),
        request: plan.request.as_ref().map(|request| request.id),
        connection: connection.name.clone(),
        revision: connection.revision,
        agent: connection.agent.clone(),
        person: visit.caller.person().clone(),
        verb: plan.wanted.verb(),
        command: plan.wanted.command(),
        node: gateway.settings().advertise.clone(),
        state: SessionState::Starting,
        opened_at: now,
        recording: None,
    }
}

fn tap(gateway: &Gateway, session: &Session, how: &How) -> Tap {
    let terminal = match how {
        How::Terminal { terminal, .. } => {
            let size = Size { cols: terminal.size.cols, rows: terminal.size.rows };
            Some((terminal.term.clone(), size))
        }
        How::Exec { .. } | How::Tcp { .. } => None,
    };
    let head = Head { session: session.clone(), terminal };
    let cap = gateway.settings().limits.recording_bytes;
    recording::begin(head, gateway.redactions().clone(), cap, gateway.shelf().spool(), gateway.tasks())
}

fn not_opened(why: &NotOpened) -> Halt {
    let (code, why) = match why {
        NotOpened::Changed => (
            RefusalCode::Changed,
            "the connection has changed since this was approved: the approval is for what it was. Ask anew",
        ),
        NotOpened::AlreadyRun => (RefusalCode::AlreadyRun, "this has been run before; an approval is good for once"),
        NotOpened::Revoked => (RefusalCode::Revoked, "the approval was taken back"),
        NotOpened::TooLate => (RefusalCode::Expired, "it was approved, but its time is over: ask anew"),
        NotOpened::NotApproved => (RefusalCode::Denied, "there is no approval for this"),
        NotOpened::Inactive => (RefusalCode::Denied, "you are no longer active here"),
    };
    refused(code, why)
}

impl Live {
    /// Has the agent begin. Answers how the session ended where it did not come to run.
    async fn start(&mut self, peer: &mut Peer, env: Vec<EnvEntry>) -> Result<Running, SessionEnd> {
        let deadline = Instant::now() + self.gateway.settings().limits.start_within;
        let start = self.message(env);
        if self.link.say(ToAgent::Start(Box::new(start))).await.is_err() {
            // It was not even queued, so it was never sent.
            let why = "the agent went away before it was told to begin: nothing was run. An approval for it is spent; ask again";
            return Err(SessionEnd::Failed { why: why.to_owned() });
        }
        let (mut data, runs) = match self.wait_for_data(peer, deadline).await {
            Ok(come) => come,
            Err(waiting) => return Err(self.settle(waiting).await),
        };
        match self.wait_for_start(peer, &mut data, runs, deadline).await {
            Ok(first) => Ok(Running { data, first, stdin: self.stdin() }),
            Err(waiting) => Err(self.settle(waiting).await),
        }
    }

    /// What the agent is told.
    fn message(&self, env: Vec<EnvEntry>) -> Start {
        let gateway = &self.gateway;
        let ticket = gateway.hub().tickets.give(self.session.id, &self.link, gateway.entropy(), Instant::now());
        let request = self.plan.request.as_ref();
        let lifetime = self.plan.until.map(|until| until.since(gateway.now()));
        Start {
            session: self.session.id,
            node: gateway.settings().advertise.clone(),
            ticket: ticket.expose_secret().to_owned(),
            connection: self.session.connection.clone(),
            action: self.plan.wanted.action(request),
            env,
            approved: request.map(|request| Approved {
                subject: without_input(&request.subject),
                digest: request.digest,
                env_key: gateway.vault().env_key(&request.key).to_hex().expose_secret().to_owned(),
            }),
            lifetime_ms: lifetime.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
            person: self.session.person.to_string(),
        }
    }

    /// Whether the client's input is taken while it runs.
    fn stdin(&self) -> Stdin {
        match (&self.plan.wanted.how, &self.plan.request) {
            (How::Exec { input: WantedInput::None, .. }, _) | (How::Exec { .. }, Some(_)) => Stdin::None,
            _ => Stdin::Open,
        }
    }

    /// The agent's data connection, and whether it has said meanwhile that the session runs: the connection is ours only when
    /// its handshake is over, and the agent need not wait for that on its other connection.
    async fn wait_for_data(&mut self, peer: &mut Peer, deadline: Instant) -> Result<(WebSocket, bool), Ending> {
        let mut runs = false;
        loop {
            tokio::select! {
                Some(news) = self.news.recv() => match news {
                    News::Data(data) => return Ok((*data, runs)),
                    News::Started => runs = true,
                    news => Self::heard(news)?,
                },
                said = peer.next() => person_said(said)?,
                () = sleep_until(deadline) => return Err(Ending::Silent),
                () = self.gateway.shutdown().cancelled() => return Err(Ending::stopping()),
            }
        }
    }

    /// Sends the input that is already here, and waits for the word that the command runs. Output may come first, on its
    /// other connection: it says the same.
    async fn wait_for_start(
        &mut self,
        peer: &mut Peer,
        data: &mut WebSocket,
        mut runs: bool,
        mut deadline: Instant,
    ) -> Result<Option<bytes::Bytes>, Ending> {
        let input = self.ready_input();
        let mut broken = {
            let mut sending = std::pin::pin!(splice::send_input(data, input));
            loop {
                tokio::select! {
                    sent = &mut sending => break sent.is_err(),
                    runs_now = self.step(peer, deadline) => runs |= runs_now?,
                }
            }
        };
        if runs {
            return Ok(None);
        }
        let mut first = std::pin::pin!(splice::first_frame(data));
        loop {
            if broken {
                // The agent's own word on it is on its way, on the other connection.
                deadline = deadline.min(Instant::now() + INQUIRY);
            }
            tokio::select! {
                frame = &mut first, if !broken => match frame {
                    Some(frame) => return Ok(Some(frame)),
                    None => broken = true,
                },
                runs_now = self.step(peer, deadline) => if runs_now? { return Ok(None) },
            }
        }
    }

    /// One thing that happens before it runs; whether it was the word that it does.
    async fn step(&mut self, peer: &mut Peer, deadline: Instant) -> Result<bool, Ending> {
        tokio::select! {
            Some(news) = self.news.recv() => match news {
                News::Started => Ok(true),
                news => Self::heard(news).map(|()| false),
            },
            said = peer.next() => person_said(said).map(|()| false),
            () = sleep_until(deadline) => Err(Ending::Silent),
            () = self.gateway.shutdown().cancelled() => Err(Ending::stopping()),
        }
    }

    /// The whole input, where it is known before the command runs.
    fn ready_input(&self) -> Option<Blob> {
        match (&self.plan.request, self.plan.wanted.action(self.plan.request.as_ref())) {
            (Some(request), countersign_gateway::wire::control::Action::Exec { input: Input::Stored { .. }, .. }) => {
                match &request.subject {
                    Subject::Command(command) => Some(command.input.clone()),
                    _ => None,
                }
            }
            _ if self.stdin() == Stdin::None => Some(Blob::default()),
            _ => None,
        }
    }

    fn heard(news: News) -> Result<(), Ending> {
        match news {
            News::Ended(end) => Err(Ending::Known(end)),
            News::Recalled(memory) => {
                what_became(memory, Begun::NotKnown).map_or(Ok(()), |end| Err(Ending::Known(end)))
            }
            News::Stop(why) => Err(Ending::Stop(why)),
            News::Started | News::Data(_) => Ok(()),
        }
    }
}

fn without_input(subject: &Subject) -> Subject {
    match subject {
        Subject::Command(command) => {
            Subject::Command(countersign_approval::Command { input: Blob::default(), ..command.clone() })
        }
        other => other.clone(),
    }
}
