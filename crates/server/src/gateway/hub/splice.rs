//! A person's end and a command's, joined.

use std::{pin::pin, sync::atomic::Ordering, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use countersign_approval::Blob;
use countersign_gateway::{
    SessionEnd,
    wire::{control::ToAgent, frame::Channel, run::FromServer},
};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    conclusion::{Begun, what_became},
    live::News,
    peer::{Peer, drain, to_text},
    pump::{DownEnd, Flow, Outward, Up, UpEnd, down},
    session::{Live, Running},
};

/// Input that is sent in one frame.
const INPUT_FRAME: usize = 64 * 1024;

/// How long a session that was told to end may take, before it is asked about and given up.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How long the agent's connection may be silent once the agent said, on the other one, that it is over.
const LAST_FRAMES_WITHIN: Duration = Duration::from_secs(5);

/// How long the last word to a person may take.
const FAREWELL_WITHIN: Duration = Duration::from_secs(10);

/// Sends input that is here already, and its end; `None` leaves the input open.
pub(super) async fn send_input(data: &mut WebSocket, input: Option<Blob>) -> Result<(), axum::Error> {
    let Some(input) = input else { return Ok(()) };
    for chunk in input.as_bytes().chunks(INPUT_FRAME) {
        data.feed(Message::Binary(Channel::Stdin.frame(chunk))).await?;
    }
    data.send(Message::Binary(Channel::Stdin.close())).await
}

/// The first frame of a command that runs; `None` when the connection ends, or has only a status: then the agent tells why.
pub(super) async fn first_frame(data: &mut WebSocket) -> Option<Bytes> {
    loop {
        match data.recv().await {
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(frame))) if frame.first() != Some(&(Channel::Status as u8)) => return Some(frame),
            _ => return None,
        }
    }
}

/// Where a live session stands.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "four things that may be over, each for itself")]
struct Course {
    /// What the agent said on its control connection.
    told: Option<SessionEnd>,
    /// Why it was told to end.
    stop: Option<String>,
    /// When waiting ends, and the frames that had come when that was set.
    deadline: Option<(Instant, u64)>,
    /// The agent's connection has ended.
    data_over: bool,
    /// The person's end has.
    up_over: bool,
    /// The time of the access has.
    time_over: bool,
    /// The server stops.
    stopping: bool,
}

/// Something that happens to a live session.
enum Happening {
    Down(DownEnd),
    Up(UpEnd),
    PersonGone,
    News(News),
    TimeOver,
    Hinted,
    Stopping,
    Late,
}

/// Joins both ends until the session is over, and says so to the person.
pub(super) async fn carry(mut live: Live, peer: Peer, running: Running) {
    live.begun = Begun::Yes;
    let started = started(&live, &running);
    let note = note_running(&live);
    let (mut to_person, mut from_person) = peer.into_socket().split();
    let (mut to_agent, mut from_agent) = running.data.split();
    live.gateway.tasks().spawn(note);
    let said = match to_text(&started) {
        Ok(text) => timeout(FAREWELL_WITHIN, to_person.send(text)).await.is_ok_and(|sent| sent.is_ok()),
        Err(_) => false,
    };
    let flow = Flow::default();
    if !said {
        flow.person_gone.cancel();
    }
    let (gateway, tap, session) = (live.gateway.clone(), live.tap.clone(), live.session.clone());
    let end = {
        let down = pin!(down(&mut from_agent, &mut to_person, running.first, &tap, &flow));
        let up = Up::new(&gateway, session.id, &session.agent, &tap, running.stdin);
        let up = pin!(up.carry(&mut from_person, &mut to_agent));
        Box::pin(watch(&mut live, &flow, down, up)).await
    };
    let end = match end {
        Ok(end) => end,
        Err(why) => live.inquire(&why).await,
    };
    // The agent waits for us to close first, so that no frame is cut off.
    let (_, ()) = tokio::join!(timeout(FAREWELL_WITHIN, to_agent.close()), live.conclude(end.clone()));
    farewell(&mut to_person, &FromServer::Ended { session: session.id, end }).await;
    drain(from_person).await;
}

/// Follows both directions until one of them, or the agent, says how it ended. An error is what is known when nobody does.
async fn watch(
    live: &mut Live,
    flow: &Flow,
    mut down: std::pin::Pin<&mut impl Future<Output = DownEnd>>,
    mut up: std::pin::Pin<&mut impl Future<Output = UpEnd>>,
) -> Result<SessionEnd, String> {
    let mut course = Course::default();
    let gateway = live.gateway.clone();
    let armed = live.session.request.map(|request| gateway.approvals().store().hints().arm(request));
    let mut time_over = pin!(lifetime(live));
    loop {
        let hinted = async {
            match &armed {
                Some(armed) => armed.next().await,
                None => std::future::pending().await,
            }
        };
        let deadline = course.deadline.map_or_else(Instant::now, |(at, _)| at);
        let happening = tokio::select! {
            ended = &mut down, if !course.data_over => Happening::Down(ended),
            ended = &mut up, if !course.up_over => Happening::Up(ended),
            () = flow.person_gone.cancelled(), if !course.up_over => Happening::PersonGone,
            Some(news) = live.news.recv() => Happening::News(news),
            () = &mut time_over, if !course.time_over => Happening::TimeOver,
            () = hinted => Happening::Hinted,
            () = gateway.shutdown().cancelled(), if !course.stopping => Happening::Stopping,
            () = sleep_until(deadline), if course.deadline.is_some() => Happening::Late,
        };
        if let Some(end) = course.handle(live, flow, happening).await? {
            return Ok(end);
        }
        if course.data_over
            && let Some(end) = course.told.take()
        {
            return Ok(end);
        }
    }
}

impl Course {
    /// Takes what happens; answers how the session ended, when it has.
    async fn handle(&mut self, live: &Live, flow: &Flow, happening: Happening) -> Result<Option<SessionEnd>, String> {
        match happening {
            Happening::Down(DownEnd::Status(end)) => return Ok(Some(end)),
            Happening::Down(ended) => self.down_ended(live, flow, ended).await,
            Happening::Up(ended) => {
                self.up_over = true;
                self.stop(live, flow, up_ended(ended)).await;
            }
            Happening::PersonGone => {
                self.up_over = true;
                self.stop(live, flow, "the person's end is gone".to_owned()).await;
            }
            Happening::News(news) => return Ok(self.heard(live, flow, news).await),
            Happening::TimeOver => {
                self.time_over = true;
                self.stop(live, flow, "the time of the access is over".to_owned()).await;
            }
            // Whether it concerns the session, the watch sees.
            Happening::Hinted => live.gateway.hub().changed.notify_one(),
            Happening::Stopping => {
                self.stopping = true;
                self.stop(live, flow, "the server was stopped".to_owned()).await;
                if self.data_over {
                    self.wait(Duration::ZERO, flow);
                }
            }
            Happening::Late => return self.late(flow),
        }
        Ok(None)
    }

    async fn down_ended(&mut self, live: &Live, flow: &Flow, ended: DownEnd) {
        self.data_over = true;
        match ended {
            DownEnd::Breach(breach) => self.stop(live, flow, format!("the agent sent {breach}")).await,
            DownEnd::NotRecorded(failed) => self.stop(live, flow, failed.to_string()).await,
            // The agent says on its other connection how it ended.
            DownEnd::Lost | DownEnd::Status(_) => {
                self.wait(if self.stopping { Duration::ZERO } else { STOP_WITHIN }, flow);
            }
        }
    }

    async fn heard(&mut self, live: &Live, flow: &Flow, news: News) -> Option<SessionEnd> {
        match news {
            // Its last frames may still be on their way.
            News::Ended(end) => {
                self.told = Some(end);
                if self.deadline.is_none() {
                    self.wait(LAST_FRAMES_WITHIN, flow);
                }
            }
            News::Stop(why) => self.stop(live, flow, why).await,
            // As long as its data come, they know better.
            News::Recalled(memory) if self.data_over => return what_became(memory, Begun::Yes),
            News::Recalled(_) | News::Started | News::Data(_) => {}
        }
        None
    }

    fn wait(&mut self, patience: Duration, flow: &Flow) {
        self.deadline = Some((Instant::now() + patience, flow.moved.load(Ordering::Relaxed)));
    }

    /// Has the agent end it; what it had sent is still passed on.
    async fn stop(&mut self, live: &Live, flow: &Flow, why: String) {
        if self.stop.is_some() {
            return;
        }
        tracing::info!(session.id = %live.session.id, "session {} is told to end: {why}", live.session.id);
        if let Some(link) = live.gateway.hub().agents.get(&live.session.agent) {
            let _ = link.say(ToAgent::Stop { session: live.session.id, why: why.clone() }).await;
        }
        self.stop = Some(why);
        self.wait(STOP_WITHIN, flow);
    }

    /// The waiting is over, unless frames still move, or a person who reads slowly holds them up.
    fn late(&mut self, flow: &Flow) -> Result<Option<SessionEnd>, String> {
        let moved = flow.moved.load(Ordering::Relaxed);
        let before = self.deadline.map_or(moved, |(_, before)| before);
        let person_holds_up = !flow.waits_for_agent.load(Ordering::Relaxed);
        if self.stop.is_none() && !self.data_over && (moved != before || person_holds_up) {
            self.wait(LAST_FRAMES_WITHIN, flow);
            return Ok(None);
        }
        match self.told.take() {
            Some(end) => Ok(Some(end)),
            None => Err(self.stop.take().unwrap_or_else(|| "the agent's connection broke".to_owned())),
        }
    }
}

fn up_ended(end: UpEnd) -> String {
    match end {
        UpEnd::Gone => "the person's end is gone".to_owned(),
        UpEnd::Cancelled => "the person ended it".to_owned(),
        UpEnd::Breach(what) => format!("the person's end sent {what}"),
        UpEnd::NotRecorded(failed) => failed.to_string(),
    }
}

/// Completes when access ends; never where it does not.
fn lifetime(live: &Live) -> impl Future<Output = ()> + use<> {
    let sleep = live.plan.until.map(|until| {
        let approvals = live.gateway.approvals();
        approvals.sleep(until.since(approvals.now()))
    });
    async {
        match sleep {
            Some(sleep) => sleep.await,
            None => std::future::pending().await,
        }
    }
}

fn started(live: &Live, running: &Running) -> FromServer {
    FromServer::Started {
        session: live.session.id,
        request: live.session.request,
        until: live.plan.until,
        stdin: running.stdin == super::discipline::Stdin::Open,
    }
}

/// Says in the store that it runs, beside the running itself.
fn note_running(live: &Live) -> impl Future<Output = ()> + use<> {
    let (gateway, id) = (live.gateway.clone(), live.session.id);
    async move {
        if let Err(error) = gateway.store().session_running(id).await {
            tracing::error!(session.id = %id, error = &error as &dyn std::error::Error, "could not note that session {id} runs");
        }
    }
}

async fn farewell(to_person: &mut Outward, ended: &FromServer) {
    let said = async {
        if let Ok(text) = to_text(ended) {
            to_person.send(text).await?;
        }
        to_person.close().await
    };
    let _ = timeout(FAREWELL_WITHIN, said).await;
}
