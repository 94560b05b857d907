//! Sessions: opened with the grant that allows them, ended once.

use std::borrow::Cow;

use countersign_approval::{Grant, PersonId, RequestId, Requester, Subject, Timestamp, port::Claimed};
use countersign_gateway::{
    Session, SessionEnd, SessionId, SessionState, Verb,
    port::{NotOpened, SessionFilter},
};
use serde_json::json;

use super::{access, connections};
use crate::{
    fault::Fault,
    records::{
        Connection, Row,
        audit::{self, COUNTERSIGN, Entry},
        change::{Change, Wake},
        connection::query,
        grant, people, request,
        row::{Cells, json, signed},
    },
};

const TABLE: &str = "session";

macro_rules! columns {
    () => {
        "id, request, connection, revision, agent, person, verb, command, node, state, state_data, opened_at, recording"
    };
}

const INSERT: &str =
    concat!("INSERT INTO session (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM session WHERE id = $1");
/// Each condition is void where its parameter is null.
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM session WHERE person = COALESCE($1, person) AND connection = COALESCE($2, connection) \
     AND ($3 = '' OR request = $3) AND ($4 = 0 OR state <> 'ended') ORDER BY opened_at DESC, id DESC LIMIT $5"
);
const RUNNING: &str = "UPDATE session SET state = 'running', state_data = $2 WHERE id = $1 AND state = 'starting'";
const END: &str = "UPDATE session SET state = 'ended', state_data = $2 WHERE id = $1 AND state <> 'ended' \
     RETURNING id, request, person, verb";
const RECORDED: &str = "UPDATE session SET recording = $2 WHERE id = $1";

/// What `claim` writes as the claimant of a session's grant.
fn claimant(id: SessionId) -> String {
    format!("session:{id}")
}

/// Opens a session, if everything is still as it was approved. One transaction: the connection's row is held, then the grant.
pub(crate) async fn open(
    conn: &mut Connection<'_>,
    session: Session,
    at: Timestamp,
) -> Result<Change<Option<NotOpened>>, Fault> {
    let refused = |why| Ok(Change::nothing(Some(why)));
    if !connections::hold(conn, &session.connection, session.revision).await? {
        return refused(NotOpened::Changed);
    }
    if !people::by_id(conn, &session.person).await?.is_some_and(|person| person.active) {
        return refused(NotOpened::Inactive);
    }
    let mut wake = Wake::Chainer;
    if let Some(id) = session.request {
        if let Some(why) = claim(conn, id, &session, at).await? {
            // A grant that has lapsed is found so by asking for it: that stays.
            return Ok(match why {
                NotOpened::TooLate => Change::keep(Some(why), Wake::Requests(vec![id])),
                why => Change::nothing(Some(why)),
            });
        }
        wake = Wake::Requests(vec![id]);
    }
    insert(conn, &session).await?;
    let detail = json!({
        "agent": session.agent, "connection": session.connection, "revision": session.revision,
        "session": session.id, "verb": session.verb,
    });
    let entry = Entry { at, kind: "session.opened", actor: audit::person(&session.person), detail };
    audit::record(conn, of(entry, session.request)).await?;
    Ok(Change::keep(None, wake))
}

/// Claims what allows the session, or says why not.
async fn claim(
    conn: &mut Connection<'_>,
    id: RequestId,
    session: &Session,
    at: Timestamp,
) -> Result<Option<NotOpened>, Fault> {
    request::hold(conn, id).await?;
    if access::noted(conn, id).await?.is_some() {
        return Ok(Some(NotOpened::Revoked));
    }
    let Some(asked) = request::by_id(conn, id).await? else { return Ok(Some(NotOpened::NotApproved)) };
    if asked.requester != Requester::Person(session.person.clone()) {
        return Ok(Some(NotOpened::NotApproved));
    }
    match &asked.subject {
        Subject::Access(access) if fits(access.connection.as_str(), access.revision, session) => {
            Ok(if access::hold(conn, id, at).await? { None } else { Some(closed(conn, id).await?) })
        }
        Subject::Command(command) if fits(command.connection.as_str(), command.revision, session) => {
            let claimed = grant::claim(conn, id, claimant(session.id), at).await?;
            Ok(match claimed.answer {
                Claimed::Now => None,
                Claimed::Missing => Some(NotOpened::NotApproved),
                Claimed::Not(Grant::Lapsed { .. }) => Some(NotOpened::TooLate),
                Claimed::Not(Grant::Revoked { .. }) => Some(NotOpened::Revoked),
                Claimed::Not(_) => Some(NotOpened::AlreadyRun),
            })
        }
        Subject::Access(_) | Subject::Command(_) => Ok(Some(NotOpened::Changed)),
        _ => Ok(Some(NotOpened::NotApproved)),
    }
}

fn fits(connection: &str, revision: u64, session: &Session) -> bool {
    connection == session.connection.as_str() && revision == session.revision
}

/// Why access is not open.
async fn closed(conn: &mut Connection<'_>, id: RequestId) -> Result<NotOpened, Fault> {
    Ok(match grant::of_request(conn, id).await? {
        None => NotOpened::NotApproved,
        Some(_) => NotOpened::TooLate,
    })
}

async fn insert(conn: &mut Connection<'_>, session: &Session) -> Result<(), Fault> {
    let id = session.id.to_string();
    query(INSERT)
        .bind(&id)
        .bind(session.request.map(|id| id.to_string()))
        .bind(session.connection.as_str())
        .bind(signed(session.revision))
        .bind(session.agent.as_str())
        .bind(session.person.as_str())
        .bind(session.verb.as_str())
        .bind(json(&session.command, TABLE, "command", &id)?)
        .bind(session.node.as_str())
        .bind(session.state.name())
        .bind(json(&session.state, TABLE, "state_data", &id)?)
        .bind(session.opened_at.as_micros())
        .bind(session.recording.as_deref())
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn running(conn: &mut Connection<'_>, id: SessionId) -> Result<Change<bool>, Fault> {
    let data = json(&SessionState::Running, TABLE, "state_data", &id.to_string())?;
    let done = query(RUNNING).bind(id.to_string()).bind(data).execute(conn).await?;
    Ok(if done == 1 { Change::keep(true, Wake::Nobody) } else { Change::nothing(false) })
}

/// Ends a session, and the grant that it claimed.
pub(crate) async fn end(
    conn: &mut Connection<'_>,
    id: SessionId,
    how: SessionEnd,
    at: Timestamp,
) -> Result<Change<bool>, Fault> {
    let state = SessionState::Ended { at, how: how.clone() };
    let data = json(&state, TABLE, "state_data", &id.to_string())?;
    let row = query(END).bind(id.to_string()).bind(data).fetch_optional(&mut *conn).await?;
    let Some(row) = row else { return Ok(Change::nothing(false)) };
    let cells = Cells::of(&row, TABLE, "id")?;
    let request =
        cells.optional_text("request")?.map(|id| id.parse()).transpose().map_err(|_| cells.wrong("request"))?;
    let detail = json!({ "end": how, "session": id });
    let entry = Entry { at, kind: "session.ended", actor: COUNTERSIGN.to_owned(), detail };
    audit::record(conn, of(entry, request)).await?;
    let Some(request) = request else { return Ok(Change::keep(true, Wake::Chainer)) };
    request::hold(conn, request).await?;
    if matches!(grant::of_request(conn, request).await?, Some(Grant::Claimed { by, .. }) if by == claimant(id)) {
        let _ = grant::end(conn, request, spent(&how, at)).await?;
    }
    Ok(Change::keep(true, Wake::Requests(vec![request])))
}

/// What a command's end makes of its grant.
fn spent(how: &SessionEnd, at: Timestamp) -> Grant {
    let status = match how {
        SessionEnd::Exited { code } => format!("exited {code}"),
        SessionEnd::Signalled { signal } => format!("signalled {signal}"),
        SessionEnd::Stopped { why } => format!("stopped: {why}"),
        SessionEnd::Failed { why } => format!("failed: {why}"),
        SessionEnd::Unknown { why } => return Grant::Unknown { at, why: why.clone() },
    };
    Grant::Finished { at, status }
}

fn of(entry: Entry, request: Option<RequestId>) -> countersign_approval::audit::AuditRow {
    match request {
        Some(request) => entry.of(request),
        None => entry.of_nothing(),
    }
}

pub(crate) async fn recorded(conn: &mut Connection<'_>, id: SessionId, name: String) -> Result<Change<()>, Fault> {
    query(RECORDED).bind(id.to_string()).bind(name).execute(conn).await?;
    Ok(Change::keep((), Wake::Nobody))
}

pub(crate) async fn by_id(conn: &mut Connection<'_>, id: SessionId) -> Result<Option<Session>, Fault> {
    query(BY_ID).bind(id.to_string()).fetch_optional(conn).await?.as_ref().map(from_row).transpose()
}

pub(crate) async fn list(conn: &mut Connection<'_>, filter: SessionFilter) -> Result<Vec<Session>, Fault> {
    let rows = query(LIST)
        .bind(filter.person.as_ref().map(|person| person.as_str().to_owned()))
        .bind(filter.connection.as_ref().map(|name| name.as_str().to_owned()))
        .bind(filter.request.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::from(filter.open))
        .bind(i64::from(filter.limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Session, Fault> {
    let cells = Cells::of(row, TABLE, "id")?;
    let state: SessionState = cells.json("state_data")?;
    if state.name() != cells.text("state")? {
        return Err(cells.wrong("state"));
    }
    let verb = match &*cells.text("verb")? {
        "exec" => Verb::Exec,
        "connect" => Verb::Connect,
        _ => return Err(cells.wrong("verb")),
    };
    Ok(Session {
        id: cells.parse("id")?,
        request: cells
            .optional_text("request")?
            .map(|id| id.parse())
            .transpose()
            .map_err(|_| cells.wrong("request"))?,
        connection: cells.parse("connection")?,
        revision: cells.number("revision")?,
        agent: cells.parse("agent")?,
        person: PersonId::new(cells.text("person")?),
        verb,
        command: cells.json("command")?,
        node: cells.text("node")?.into_owned(),
        state,
        opened_at: cells.time("opened_at")?,
        recording: cells.optional_text("recording")?.map(Cow::into_owned),
    })
}
