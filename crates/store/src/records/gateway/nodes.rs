//! Nodes that live, and the agents connected to them.

use countersign_approval::Timestamp;
use countersign_gateway::AgentName;

use crate::{
    fault::Fault,
    records::{
        Connection,
        change::{Change, Wake},
        connection::query,
        row::{Cells, json},
    },
};

const TABLE: &str = "node";

const ALIVE: &str = "INSERT INTO node (name, seen_at, agents) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, agents = excluded.agents";
const SINCE: &str = "SELECT name, seen_at, agents FROM node WHERE seen_at >= $1 ORDER BY name";

pub(crate) async fn alive(
    conn: &mut Connection<'_>,
    node: String,
    agents: Vec<AgentName>,
    at: Timestamp,
) -> Result<Change<()>, Fault> {
    let agents = json(&agents, TABLE, "agents", &node)?;
    query(ALIVE).bind(node).bind(at.as_micros()).bind(agents).execute(conn).await?;
    Ok(Change::keep((), Wake::Nobody))
}

pub(crate) async fn since(conn: &mut Connection<'_>, since: Timestamp) -> Result<Vec<(String, Vec<AgentName>)>, Fault> {
    let rows = query(SINCE).bind(since.as_micros()).fetch_all(conn).await?;
    let node = |row| {
        let cells = Cells::of(row, TABLE, "name")?;
        Ok((cells.text("name")?.into_owned(), cells.json("agents")?))
    };
    rows.iter().map(node).collect()
}
