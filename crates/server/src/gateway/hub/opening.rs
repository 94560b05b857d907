//! The beginning of a session: what is wanted, what the policies say, and what goes to people.

use std::{sync::Arc, time::Duration};

use countersign_approval::{
    Access, Ask, AskError, Blob, Command, Request, RequestId, RequestKey, Requester, Subject, Timestamp,
};
use countersign_gateway::{
    AgentName, Connection, ConnectionName, Verb,
    wire::run::{FromClient, FromServer, Open, RefusalCode, Terminal, WantedInput, WantedVerb},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    super::rules::{self, Asking, Decision},
    UPLOAD_UNIT,
    discipline::{FromPerson, Stdin},
    environment,
    guard::Guarded,
    peer::{Gone, Incoming},
    run::{Halt, Visit, refused},
    subject::{self, How, Wanted},
};

/// How long an agent that is not here may take to come (back) before a person is refused.
const AGENT_WITHIN: Duration = Duration::from_secs(3);

/// How long an upload may take in all.
const UPLOAD_WITHIN: Duration = Duration::from_mins(10);

/// What may begin.
#[derive(Debug)]
pub(super) enum Begun {
    /// A session on a connection.
    Session(Box<Plan>),
    /// A command on the client's own machine.
    Guarded(Guarded),
}

/// A session that may begin.
#[derive(Debug)]
pub(super) struct Plan {
    /// What is done.
    pub(super) wanted: Wanted,
    /// The request that allows it; `None` where no review applied.
    pub(super) request: Option<Request>,
    /// When access ends.
    pub(super) until: Option<Timestamp>,
}

impl Visit {
    /// The conversation up to a session that may begin.
    pub(super) async fn converse(&mut self) -> Result<Begun, Halt> {
        match self.peer.first().await? {
            FromClient::Open(Open { verb: WantedVerb::Guard { local }, key, connection, reason, break_glass }) => {
                let verb = WantedVerb::Guard { local: local.clone() };
                let open = Open { key, connection, verb, reason, break_glass };
                Ok(Begun::Guarded(self.guarded(open, local).await?))
            }
            FromClient::Open(open) => Ok(Begun::Session(Box::new(self.open(open).await?))),
            FromClient::Resume { request, terminal } => self.resume(request, terminal).await,
            _ => Err(refused(RefusalCode::Invalid, "a session begins with `open` or `resume`")),
        }
    }

    async fn open(&mut self, open: Open) -> Result<Plan, Halt> {
        let connection = self.connection(&open.connection).await?;
        let duration = subject::duration(&open.verb);
        let wanted = Wanted::of(connection, open.verb.clone())?;
        let decided =
            rules::decide(&self.gateway, &self.caller.account, &wanted.connection, wanted.verb(), duration).await?;
        match decided {
            Decision::Allowed { .. } => {
                self.agent_is_here(&wanted.connection.agent).await?;
                Ok(Plan { wanted, request: None, until: None })
            }
            Decision::Refused { why, works, invalid } => Err(not_allowed(&wanted, why, works, invalid)),
            Decision::Ask(asking) => {
                self.agent_is_here(&wanted.connection.agent).await?;
                self.reviewed(open, wanted, *asking).await
            }
        }
    }

    /// Where people are asked: a window that is open already, or a new request.
    async fn reviewed(&mut self, open: Open, wanted: Wanted, asking: Asking) -> Result<Plan, Halt> {
        let subject = match &wanted.how {
            How::Exec { argv, input } => self.command(&open.key, &wanted.connection, argv.clone(), *input).await?,
            How::Terminal { .. } | How::Tcp { .. } => {
                if let Some((request, until)) = self.window(&wanted.connection).await? {
                    return Ok(Plan { wanted, request: Some(request), until: Some(until) });
                }
                self.access(&wanted.connection, asking.duration)
            }
        };
        let (request, until) = self.asked(open, subject, asking).await?;
        Ok(Plan { wanted, request: Some(request), until })
    }

    /// Asks, and waits until it is approved and the client says to run it.
    pub(super) async fn asked(
        &mut self,
        open: Open,
        subject: Subject,
        asking: Asking,
    ) -> Result<(Request, Option<Timestamp>), Halt> {
        let may_break_glass = asking.policy.may_break_glass(&self.caller.account.person);
        if open.break_glass && !may_break_glass {
            let why = format!("policy {} does not let you go ahead without approval", asking.name);
            return Err(refused(RefusalCode::Denied, why));
        }
        let request = self.ask(open.key, subject, open.reason.clone(), asking.policy).await?;
        if open.break_glass && !request.state.is_final() {
            self.break_glass(request.id, open.reason).await?;
        }
        self.approved(request.id, &asking.warnings).await
    }

    async fn ask(
        &mut self,
        key: RequestKey,
        subject: Subject,
        reason: Option<String>,
        policy: countersign_approval::AskPolicy,
    ) -> Result<Request, Halt> {
        let requester = Requester::Person(self.caller.person().clone());
        let ask = Ask { key, subject, requester, policy, reason, patience: Duration::MAX };
        match self.gateway.approvals().ask(ask).await {
            Ok(asked) => Ok(asked.into_request()),
            Err(AskError::KeyReused { existing }) => Err(self.other_request(existing).await?),
            Err(AskError::Store(error)) => Err(error.into()),
            Err(error @ AskError::NoApprover) => Err(refused(RefusalCode::Denied, error.to_string())),
            Err(error @ AskError::ReasonRequired) => {
                Err(refused(RefusalCode::Invalid, format!("{error}: give one with --reason")))
            }
        }
    }

    /// The same key, something else: the connection has changed since, or the client reuses keys.
    async fn other_request(&mut self, existing: RequestId) -> Result<Halt, Halt> {
        let request = self.gateway.approvals().store().request(existing).await?;
        let own = request.is_some_and(|request| request.requester.person() == Some(self.caller.person()));
        let halt = if own {
            let why = "what is asked now differs from what this request was about: the connection, its environment, or the command has changed. Ask anew";
            refused(RefusalCode::Changed, why).about(existing)
        } else {
            refused(RefusalCode::Invalid, "this key names another request: use a new one for each session")
        };
        Ok(halt)
    }

    async fn break_glass(&mut self, id: RequestId, reason: Option<String>) -> Result<(), Halt> {
        use countersign_approval::CancelError;
        match self.gateway.approvals().break_glass(id, self.caller.person().clone(), reason).await {
            // Decided in the same moment: what was decided stands.
            Ok(_) | Err(CancelError::AlreadyEnded(_)) => Ok(()),
            Err(CancelError::Store(error)) => Err(error.into()),
            Err(error @ CancelError::Missing(_)) => Err(refused(RefusalCode::Fault, error.to_string())),
        }
    }

    /// Back to a request of before.
    async fn resume(&mut self, id: RequestId, terminal: Option<Terminal>) -> Result<Begun, Halt> {
        let missing = || refused(RefusalCode::Invalid, format!("you have no request {id}")).about(id);
        let request = self.gateway.approvals().store().request(id).await?.ok_or_else(missing)?;
        if request.requester.person() != Some(self.caller.person()) {
            return Err(missing());
        }
        let (name, revision) = match &request.subject {
            Subject::Command(command) => (&command.connection, command.revision),
            Subject::Access(access) => (&access.connection, access.revision),
            Subject::Local(_) => return Ok(Begun::Guarded(self.guarded_again(id).await?)),
            _ => return Err(missing()),
        };
        let changed = || {
            let why =
                format!("connection {name} has changed since it was asked: the approval is for what it was. Ask anew");
            refused(RefusalCode::Changed, why).about(id)
        };
        let name: ConnectionName = name.parse().map_err(|_| changed())?;
        let connection = self.gateway.store().connection(&name).await?;
        let connection = connection.filter(|connection| connection.revision == revision).ok_or_else(changed)?;
        let wanted = Wanted::of_request(connection, &request, terminal).map_err(|halt| halt.about(id))?;
        let (request, until) = self.approved(id, &[]).await?;
        Ok(Begun::Session(Box::new(Plan { wanted, request: Some(request), until })))
    }

    async fn connection(&mut self, name: &ConnectionName) -> Result<Connection, Halt> {
        let missing = || refused(RefusalCode::NoSuchConnection, format!("there is no connection {name}"));
        self.gateway.store().connection(name).await?.ok_or_else(missing)
    }

    async fn agent_is_here(&mut self, agent: &AgentName) -> Result<(), Halt> {
        let here = self.gateway.hub().agents.wait_for(agent, AGENT_WITHIN).await;
        here.map(drop).map_err(|_| offline(agent))
    }

    /// The window of access that is open, if it is for the connection as it is now.
    async fn window(&mut self, connection: &Connection) -> Result<Option<(Request, Timestamp)>, Halt> {
        let now = self.gateway.now();
        let window = self.gateway.store().active_access(self.caller.person(), &connection.name, now).await?;
        Ok(window.filter(|(request, _)| {
            matches!(&request.subject, Subject::Access(access) if access.revision == connection.revision)
        }))
    }

    fn access(&self, connection: &Connection, duration: Duration) -> Subject {
        Subject::Access(Access {
            connection: connection.name.to_string(),
            revision: connection.revision,
            requester: self.caller.person().clone(),
            duration,
        })
    }

    async fn command(
        &mut self,
        key: &RequestKey,
        connection: &Connection,
        argv: Vec<String>,
        input: WantedInput,
    ) -> Result<Subject, Halt> {
        let env = environment::approved(&self.gateway, connection, key)?;
        let input = match input {
            WantedInput::None => Blob::default(),
            WantedInput::Some => self.upload().await?,
        };
        Ok(Subject::Command(Command {
            connection: connection.name.to_string(),
            revision: connection.revision,
            agent: connection.agent.to_string(),
            argv,
            input,
            env,
            requester: self.caller.person().clone(),
        }))
    }

    /// The whole input, before people are asked about it.
    async fn upload(&mut self) -> Result<Blob, Halt> {
        let max_bytes = self.gateway.settings().limits.input_bytes;
        self.peer.say(&FromServer::SendInput { max_bytes }).await?;
        let late = || refused(RefusalCode::TooMuch, "the input took too long to come");
        timeout(UPLOAD_WITHIN, self.receive(max_bytes)).await.map_err(|_| late())?
    }

    async fn receive(&mut self, max_bytes: u64) -> Result<Blob, Halt> {
        let mut room = Room { uploads: Arc::clone(&self.gateway.hub().uploads), held: None };
        let (mut input, mut stdin) = (Vec::new(), Stdin::Open);
        loop {
            let frame = match self.peer.next().await? {
                Incoming::Binary(frame) => frame,
                Incoming::Text(text) => match super::peer::parse(&text)? {
                    FromClient::Cancel => {
                        return Err(refused(RefusalCode::Cancelled, "it was withdrawn before it was asked"));
                    }
                    // There is nothing yet that a signal or a size could be for.
                    FromClient::Signal { .. } | FromClient::Resize { .. } => continue,
                    _ => return Err(Gone::Breach("input is due, and its end".to_owned()).into()),
                },
            };
            match stdin.take(&frame).map_err(|breach| Gone::Breach(breach.to_string()))? {
                FromPerson::Input(data) => {
                    if (input.len() + data.len()) as u64 > max_bytes {
                        return Err(refused(
                            RefusalCode::TooMuch,
                            format!(
                                "the input is larger than {max_bytes} bytes, which is the most that can be reviewed"
                            ),
                        ));
                    }
                    room.make(input.len() + data.len())?;
                    input.extend_from_slice(&data);
                }
                FromPerson::End => return Ok(Blob::from(input)),
                FromPerson::Nothing => {}
            }
        }
    }
}

/// Memory for an upload, given back when it is done.
struct Room {
    uploads: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

impl Room {
    fn make(&mut self, bytes: usize) -> Result<(), Halt> {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(bytes.div_ceil(UPLOAD_UNIT).saturating_sub(held)).unwrap_or(u32::MAX);
        let full =
            |_| refused(RefusalCode::TooMuch, "too much input is being sent to this server at once: try again later");
        let permit = Arc::clone(&self.uploads).try_acquire_many_owned(more).map_err(full)?;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }
}

/// The agent is not connected.
pub(super) fn offline(agent: &AgentName) -> Halt {
    let why = format!("agent {agent} is not connected to the server: start it with `countersign agent --name {agent}`");
    refused(RefusalCode::AgentOffline, why)
}

fn not_allowed(wanted: &Wanted, why: String, works: Option<Verb>, invalid: bool) -> Halt {
    let name = &wanted.connection.name;
    let code = if invalid { RefusalCode::Invalid } else { RefusalCode::Denied };
    match works {
        Some(verb) if !why.contains(verb.as_str()) => {
            refused(code, format!("{why}; `countersign {} {name}` works", verb.as_str()))
        }
        _ => refused(code, why),
    }
}
