//! Many sessions at once, with this process as their client.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use countersign_approval::RequestKey;
use countersign_gateway::{
    SessionEnd,
    client::{Heard, Server, Session},
    wire::{
        frame::Channel,
        run::{FromClient, FromServer, Open, WantedInput, WantedVerb},
    },
};
use secrecy::SecretString;
use tokio::{task::JoinSet, time::timeout};

use super::team::Team;
use crate::{samples, stats::Samples};

/// Longest time for all of them to begin, and to end.
const PHASE_WITHIN: Duration = Duration::from_mins(3);

/// What a crowd came to.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    /// From the first one's start until the last one had its echo.
    pub(crate) all_up: Duration,
    /// The same for each.
    pub(crate) each: Samples,
    /// An echo in each, with all of them open.
    pub(crate) echo: Samples,
    /// From the end of their input until the last one had ended.
    pub(crate) all_over: Duration,
    /// Sessions that did not end well.
    pub(crate) lost: usize,
    /// Resident sizes of server and agent, with all of them open.
    pub(crate) size: (f64, f64),
}

struct Member {
    session: Session,
    number: usize,
}

/// Opens them, talks in each, and ends them.
pub(crate) async fn measure(team: &Team, count: usize) -> Result<Crowd> {
    let server = Server::new(team.url.parse()?, SecretString::from(team.token()?))?;
    let begun = Instant::now();
    let mut opening = JoinSet::new();
    for number in 0..count {
        let server = server.clone();
        opening.spawn(async move {
            let member = open(&server, number).await?;
            anyhow::Ok((begun.elapsed(), member))
        });
    }
    let (mut each, mut members) = (Vec::new(), Vec::new());
    while let Some(opened) = timeout(PHASE_WITHIN, opening.join_next()).await.context("not all of them began")? {
        let (time, member) = opened??;
        each.push(time);
        members.push(member);
    }
    let all_up = begun.elapsed();
    let mut echo = Vec::with_capacity(members.len());
    for member in &mut members {
        let begun = Instant::now();
        member.talk().await?;
        echo.push(begun.elapsed());
    }
    let size = team.resident_mib();
    let ending = Instant::now();
    let mut leaving = JoinSet::new();
    for member in members {
        leaving.spawn(member.leave());
    }
    let mut lost = 0;
    while let Some(left) = timeout(PHASE_WITHIN, leaving.join_next()).await.context("not all of them ended")? {
        lost += usize::from(!matches!(left?, Ok(SessionEnd::Exited { code: 0 })));
    }
    Ok(Crowd { all_up, each: samples(each), echo: samples(echo), all_over: ending.elapsed(), lost, size })
}

async fn open(server: &Server, number: usize) -> Result<Member> {
    let open = FromClient::Open(Open {
        // Each its own: nobody else makes keys in this database.
        key: format!("{:032x}", number + 1).parse::<RequestKey>().map_err(|_| anyhow::anyhow!("not a key"))?,
        connection: "cat".parse()?,
        verb: WantedVerb::Exec { args: Vec::new(), input: WantedInput::Some },
        reason: None,
        break_glass: false,
    });
    let mut session = Session::open(server, &open).await?;
    loop {
        match session.next().await? {
            Heard::Said(FromServer::Started { .. }) => break,
            Heard::Said(FromServer::Refused(refusal)) => bail!("{}", refusal.message),
            _ => {}
        }
    }
    let mut member = Member { session, number };
    member.talk().await?;
    Ok(member)
}

impl Member {
    /// Says something and waits until it comes back.
    async fn talk(&mut self) -> Result<()> {
        let said = format!("this is {}\n", self.number);
        self.session.send(Channel::Stdin, said.as_bytes()).await?;
        let mut back = Vec::new();
        while back.len() < said.len() {
            match self.session.next().await? {
                Heard::Frame(Channel::Stdout, data) => back.extend_from_slice(&data),
                Heard::Said(FromServer::Ended { end, .. }) => bail!("it ended: {end:?}"),
                _ => {}
            }
        }
        ensure!(back == said.as_bytes(), "something else came back");
        Ok(())
    }

    async fn leave(mut self) -> Result<SessionEnd> {
        self.session.close(Channel::Stdin).await?;
        loop {
            if let Heard::Said(FromServer::Ended { end, .. }) = self.session.next().await? {
                return Ok(end);
            }
        }
    }
}
