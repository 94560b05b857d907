//! A session while it runs: who may end it, and how its end is told.

use std::time::Duration;

use countersign_gateway::{SessionEnd, SessionId, wire::control::Signal};
use tokio::{sync::mpsc, time::Instant};

use super::{Setting, at, data::Data, pump::DataEnd, resource::Running};
use crate::{
    sessions::{Order, stop_of},
    supervise::{self, Event, ExitStatus},
    sweep,
};

/// How long a node whose data connection broke is given to lose its control connection too: then it is the node that went, not
/// the person.
const NODE_GONE_WITHIN: Duration = Duration::from_secs(1);
/// A session that goes on for so long will not give back its supervisor soon.
const STOCK_AFTER: Duration = Duration::from_millis(200);
/// How long a session that was ended from outside waits for its last frames to be taken.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(2);
/// The supervisor ends everything within seconds; one that says nothing for so long is killed.
const SUPERVISOR_WITHIN: Duration = Duration::from_secs(20);

/// A running session.
pub(super) struct Life {
    setting: Setting,
    running: Running,
    data: Data,
    /// Why the data connection is over, when it is.
    ends: mpsc::Receiver<DataEnd>,
    /// Why it is being ended, once it is.
    ending: Option<String>,
    /// It is being ended without grace.
    killed: bool,
    /// The data connection is of no use any more.
    cut_off: bool,
}

/// Something that happens to a running session.
enum Happening {
    Event(Option<Event>),
    Order(Order),
    Stop(String),
    Data(DataEnd),
    StreamsOver,
}

impl Life {
    pub(super) fn new(setting: Setting, running: Running, data: Data, ends: mpsc::Receiver<DataEnd>) -> Self {
        Self { setting, running, data, ends, ending: None, killed: false, cut_off: false }
    }

    /// Lives to the end, and tells it.
    pub(super) async fn live(mut self) {
        let session = self.setting.start.session;
        self.stock_later();
        let end = self.watch().await;
        tracing::info!(%session, end = ?end, "session {session} is over");
        self.data.nothing_runs();
        self.setting.core.journal().end(session, &end).await;
        self.hand_over(&end).await;
        self.setting.report(end);
        self.setting.core.supervisors().stock();
        let Self { running, data, setting, cut_off, .. } = self;
        let Setting { core, seat, .. } = setting;
        drop(seat);
        if let Running::Exec(supervised) | Running::Terminal(supervised, _) = running {
            supervised.leave().await;
        }
        if !cut_off {
            data.close(core.leaving()).await;
        }
    }

    /// Puts a supervisor in the place of the one that was taken, where this session does not end at once.
    fn stock_later(&self) {
        let core = std::sync::Arc::clone(&self.setting.core);
        self.setting.core.link_tasks().spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(STOCK_AFTER) => core.supervisors().stock(),
                () = core.leaving().cancelled() => {}
            }
        });
    }

    /// Waits for the end of what runs.
    async fn watch(&mut self) -> SessionEnd {
        loop {
            match self.next().await {
                Happening::Event(Some(Event::Ended { status, left })) => return self.ended(status, left),
                Happening::Event(Some(_)) => {}
                Happening::Event(None) => return self.supervisor_lost().await,
                Happening::Order(order) => self.obey(order).await,
                Happening::Stop(why) => {
                    if let Some(end) = self.stop(why, Duration::ZERO).await {
                        return end;
                    }
                }
                Happening::Data(end) => {
                    if let Some(end) = self.data_over(end).await {
                        return end;
                    }
                }
                Happening::StreamsOver => return SessionEnd::Exited { code: 0 },
            }
        }
    }

    async fn next(&mut self) -> Happening {
        let Self { setting, running, data, ends, ending, killed, .. } = self;
        let (active, killed) = (ending.is_none(), *killed);
        let unattended = setting.core.config().limits.unattended;
        let is_access = !matches!(running, Running::Exec(_));
        let happening = async {
            match running {
                Running::Exec(supervised) | Running::Terminal(supervised, _) => {
                    Happening::Event(supervised.event().await)
                }
                Running::Tcp => {
                    data.all_over().await;
                    Happening::StreamsOver
                }
            }
        };
        tokio::select! {
            happening = happening => happening,
            Some(end) = ends.recv() => Happening::Data(end),
            Some(order) = setting.seat.orders.recv() => Happening::Order(order),
            why = stop_of(&mut setting.seat.stop), if !killed => Happening::Stop(why),
            () = at(setting.until), if !killed => Happening::Stop("its time was over".to_owned()),
            () = setting.link.gone_for(unattended), if active && is_access => {
                Happening::Stop(format!("the agent had no connection to the server for {} s", unattended.as_secs()))
            }
            () = tokio::time::sleep(SUPERVISOR_WITHIN), if killed => Happening::Event(None),
        }
    }

    fn ended(&self, status: ExitStatus, left: u32) -> SessionEnd {
        let session = self.setting.start.session;
        if left > 0 {
            tracing::error!(%session, left, "session {session}: {left} processes could not be ended");
        }
        match (&self.ending, status) {
            (Some(why), _) => SessionEnd::Stopped { why: why.clone() },
            (None, ExitStatus::Code(code)) => SessionEnd::Exited { code },
            (None, ExitStatus::Signal(signal)) => SessionEnd::Signalled { signal },
        }
    }

    /// Somebody killed the supervisor: the command died with it, and what it left behind is looked for.
    async fn supervisor_lost(&self) -> SessionEnd {
        let session: SessionId = self.setting.start.session;
        sweep::end_all(vec![session], self.setting.core.config().cgroup.clone()).await;
        match &self.ending {
            Some(why) => SessionEnd::Stopped { why: why.clone() },
            None => SessionEnd::Unknown { why: "the command's supervisor was killed".to_owned() },
        }
    }

    /// Ends what runs. A port is over at once; a command says so itself.
    async fn stop(&mut self, why: String, grace: Duration) -> Option<SessionEnd> {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(0);
        self.killed |= grace_ms == 0;
        match &mut self.running {
            Running::Tcp => {
                self.data.drop_outputs();
                self.ending = Some(why.clone());
                return Some(SessionEnd::Stopped { why });
            }
            Running::Exec(supervised) | Running::Terminal(supervised, _) => {
                supervised.order(supervise::Order::Stop { grace_ms }).await;
            }
        }
        self.ending.get_or_insert(why);
        None
    }

    async fn obey(&mut self, order: Order) {
        match (order, &mut self.running) {
            (Order::Resize(size), Running::Terminal(_, terminal)) => {
                // A terminal that has just gone has no size.
                let _ = terminal.resize(size);
            }
            (Order::Signal(signal), Running::Terminal(_, terminal)) => {
                let _ = terminal.signal(as_system(signal));
            }
            (Order::Signal(signal), Running::Exec(supervised)) => {
                supervised.order(supervise::Order::Signal(as_system(signal).as_raw())).await;
            }
            (Order::Resize(_), Running::Exec(_)) | (_, Running::Tcp) => {}
        }
    }

    /// The data connection is over before the command.
    async fn data_over(&mut self, end: DataEnd) -> Option<SessionEnd> {
        if self.ending.is_some() || self.cut_off {
            self.cut_off = true;
            return None;
        }
        self.cut_off = true;
        let is_exec = matches!(self.running, Running::Exec(_));
        let approved = self.setting.start.approved.is_some();
        let told = self.setting.seat.stop.borrow().clone();
        if let Some(why) = told {
            return self.stop(why, Duration::ZERO).await;
        }
        match end {
            DataEnd::Nonsense(what) => self.stop(format!("the server sent {what}"), Duration::ZERO).await,
            DataEnd::GoingAway | DataEnd::Broken(_) if is_exec && approved && self.node_went(&end).await => {
                let session = self.setting.start.session;
                tracing::warn!(%session, "session {session}: the node went away; the command goes on, its output is dropped");
                None
            }
            DataEnd::Closed | DataEnd::GoingAway | DataEnd::Broken(_) => {
                let grace = self.setting.core.config().limits.hangup_grace;
                self.stop("the person's end went away".to_owned(), grace).await
            }
        }
    }

    /// Whether the node itself is gone, rather than the person's end of this session.
    async fn node_went(&mut self, end: &DataEnd) -> bool {
        if *end == DataEnd::GoingAway {
            return true;
        }
        let Setting { link, seat, .. } = &mut self.setting;
        let deadline = Instant::now() + NODE_GONE_WITHIN;
        tokio::select! {
            () = link.gone_for(Duration::ZERO) => true,
            () = tokio::time::sleep_until(deadline) => false,
            // Seen again by whoever waits next: a reason stays.
            _ = seat.stopped() => false,
        }
    }

    /// Gives the rest of the output and the status to the connection, unless it is of no use, or the session is ended from outside.
    async fn hand_over(&mut self, end: &SessionEnd) {
        if self.cut_off {
            return;
        }
        let stopped = self.ending.is_some();
        let Self { setting, data, .. } = self;
        let handing = async {
            data.drained().await;
            data.finish(end).await;
        };
        // A reader that takes its time gets all of it; not one whose session was ended from outside.
        let patience =
            async { if stopped { tokio::time::sleep(HAND_OVER_WITHIN).await } else { std::future::pending().await } };
        tokio::select! {
            () = handing => {}
            () = at(setting.until), if !stopped => self.cut_off = true,
            () = patience => self.cut_off = true,
            _ = stop_of(&mut setting.seat.stop), if !stopped => self.cut_off = true,
        }
    }
}

fn as_system(signal: Signal) -> rustix::process::Signal {
    match signal {
        Signal::Hup => rustix::process::Signal::HUP,
        Signal::Int => rustix::process::Signal::INT,
        Signal::Quit => rustix::process::Signal::QUIT,
        Signal::Term => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
        Signal::Usr1 => rustix::process::Signal::USR1,
        Signal::Usr2 => rustix::process::Signal::USR2,
    }
}
