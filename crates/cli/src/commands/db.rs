//! `countersign db`.

use anyhow::Context as _;
use countersign_store::{Copied, Location, OpenError, Status, UpkeepError};
use serde_json::{Map, Value, json};

use super::{Context, audit};
use crate::{exit, output, output::Hinted};

/// Options of `countersign db`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A database is a file of SQLite's, or postgres://USER:PASSWORD@HOST:PORT/DATABASE.
What an address leaves out comes from PGHOST, PGUSER, PGPASSWORD, ~/.pgpass and
so on; no password is ever printed.

Examples:
  countersign db status
  countersign db migrate --database postgres://countersign@db.internal/countersign
  countersign db copy ~/countersign.db postgres://countersign@db.internal/countersign
")]
pub(crate) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Bring a database's schema up to date.
    Migrate(Which),
    /// Show a database's schema, and how many rows its tables have.
    Status(Which),
    /// Copy a database, of either kind, into an empty one.
    Copy(CopyOptions),
}

/// Which database, and how to answer.
#[derive(Debug, clap::Args)]
struct Which {
    /// The database; by default that of this configuration's daemon.
    #[arg(long, value_name = "FILE|URL")]
    database: Option<String>,

    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Options of `countersign db copy`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
One state of the database is copied, all of it or nothing: the rows of every
table are counted where they arrived, and the audit trail is proven there. Stop
every countersign that works on it first: what is written meanwhile is not
copied.
")]
struct CopyOptions {
    /// The database to copy; it is not changed.
    #[arg(value_name = "FROM")]
    from: String,

    /// An empty database, or a file that is not there yet.
    #[arg(value_name = "TO")]
    to: String,

    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        match self.verb {
            Verb::Migrate(which) => which.migrate(context),
            Verb::Status(which) => which.status(context),
            Verb::Copy(options) => options.run(),
        }
    }
}

impl Which {
    fn location(&self, context: &Context<'_>) -> anyhow::Result<Location> {
        match &self.database {
            Some(database) => Ok(database.parse()?),
            None => Ok(Location::Sqlite(audit::own_database(context)?)),
        }
    }

    fn migrate(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        let location = self.location(context)?;
        let migrated = super::runtime()?.block_on(countersign_store::migrate(&location)).map_err(open_failed)?;
        if self.json {
            output::json(
                &json!({ "ok": true, "database": location.to_string(), "from": migrated.from, "to": migrated.to }),
            );
        } else if migrated.from == migrated.to {
            output::data(&format!("{location}: the schema is up to date, version {}.", migrated.to));
        } else {
            output::data(&format!("{location}: the schema is now version {}; it was {}.", migrated.to, migrated.from));
        }
        Ok(exit::OK)
    }

    fn status(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        let location = self.location(context)?;
        let status = super::runtime()?.block_on(countersign_store::status(&location)).map_err(failed)?;
        if self.json {
            output::json(&json!({
                "database": location.to_string(),
                "server": status.server,
                "schema": status.schema,
                "known": status.known,
                "rows": counts(&status.tables),
            }));
        } else {
            report(&status);
        }
        Ok(exit::OK)
    }
}

impl CopyOptions {
    fn run(&self) -> anyhow::Result<u8> {
        let from: Location = self.from.parse().context("cannot copy from there")?;
        let to: Location = self.to.parse().context("cannot copy to there")?;
        let copied = super::runtime()?.block_on(countersign_store::copy(&from, &to)).map_err(failed)?;
        let head = copied.trail.map(|(seq, link)| format!("{seq}:{link}"));
        if self.json {
            output::json(&json!({
                "ok": true,
                "from": from.to_string(),
                "to": to.to_string(),
                "rows": counts(&copied.tables),
                "head": head,
                "unchained": copied.unchained,
            }));
            return Ok(exit::OK);
        }
        output::data(&format!("Copied {from} to {to}:"));
        rows(&copied.tables);
        for line in proof(&copied, head) {
            output::data(&line);
        }
        Ok(exit::OK)
    }
}

fn proof(copied: &Copied, head: Option<String>) -> Vec<String> {
    let mut lines = vec!["Every row was counted where it arrived.".to_owned()];
    if let Some(head) = head {
        lines.push(format!("The audit trail holds there. Its head: {head}"));
    }
    if copied.unchained > 0 {
        lines.push(format!("{} newer rows of the trail are not linked yet, and so not proven.", copied.unchained));
    }
    lines
}

fn report(status: &Status) {
    output::data(&format!("Database  {}", status.location));
    output::data(&format!("Server    {}", status.server));
    let hint = match status.schema {
        schema if schema == status.known => String::new(),
        schema => format!(" of {}: `countersign db migrate` brings it up to date", status.known.max(schema)),
    };
    output::data(&format!("Schema    version {}{hint}", status.schema));
    rows(&status.tables);
}

fn rows(tables: &[(&'static str, u64)]) {
    for (table, rows) in tables {
        output::data(&format!("  {table:<20} {rows:>10}"));
    }
}

fn counts(tables: &[(&'static str, u64)]) -> Value {
    Value::Object(tables.iter().map(|(table, rows)| ((*table).to_owned(), json!(rows))).collect::<Map<_, _>>())
}

fn open_failed(error: OpenError) -> anyhow::Error {
    failed(UpkeepError::Open(error))
}

/// Says what to do about it.
fn failed(error: UpkeepError) -> anyhow::Error {
    let hint = match &error {
        UpkeepError::Outdated { location, .. } => format!("countersign db migrate --database {location}"),
        UpkeepError::NotEmpty { .. } => "copy to a new file, or to a database made for it".to_owned(),
        UpkeepError::Open(OpenError::Newer { .. }) => {
            "use the version of countersign that wrote it, or a newer one".to_owned()
        }
        _ => return error.into(),
    };
    anyhow::Error::from(error).context(Hinted::new("the database was left as it was").hint(hint))
}
