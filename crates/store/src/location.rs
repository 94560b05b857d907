//! Where a database is: a file, or a server's address. An address may hold a password, which is shown nowhere.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::postgres::PgConnectOptions;

/// Where a database is.
#[derive(Clone)]
pub enum Location {
    /// A file of SQLite's.
    Sqlite(PathBuf),
    /// A server of PostgreSQL's, and a database there.
    Postgres(Address),
}

/// The address of a PostgreSQL database, with what is needed to get in. Neither `Debug` nor `Display` shows a password.
#[derive(Clone)]
pub struct Address(Box<PgConnectOptions>);

/// A text that looks like the address of a PostgreSQL database and is none.
#[derive(Debug, thiserror::Error)]
#[error("not the address of a PostgreSQL database: it is postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
pub struct LocationError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Address {
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.0
    }
}

impl FromStr for Location {
    type Err = LocationError;

    /// `postgres://…` and `postgresql://…` are addresses (postgresql.org/docs/current/libpq-connect.html, 34.1.1.2); anything
    /// else is a file. What an address leaves out comes from `PGHOST`, `PGPASSWORD`, `~/.pgpass` and so on.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("postgres" | "postgresql")) {
            return Ok(Self::Sqlite(PathBuf::from(text)));
        }
        // The driver's words may hold the text: only those of a URL's parser, which do not, are kept.
        let options = text.parse().map_err(|error| match error {
            sqlx::Error::Configuration(source) => LocationError(source),
            _ => LocationError("it cannot be read".into()),
        })?;
        Ok(Self::Postgres(Address(Box::new(options))))
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::Sqlite(path.to_owned())
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::Sqlite(path.clone())
    }
}

impl From<&Address> for Location {
    fn from(address: &Address) -> Self {
        Self::Postgres(address.clone())
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.0;
        let host = options.get_socket().map_or(options.get_host().into(), |socket| socket.to_string_lossy());
        let database = options.get_database().unwrap_or(options.get_username());
        write!(f, "postgres://{host}:{}/{database}", options.get_port())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_nowhere() {
        let location: Location = "postgresql://me:hunter2@db.example:5433/things?sslmode=require".parse().unwrap();
        assert_eq!(location.to_string(), "postgres://db.example:5433/things");
        assert_eq!(format!("{location:?}"), "postgres://db.example:5433/things");
        let error = "postgres://me:hunter2@db.example:hunter2/x".parse::<Location>().unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
        let error = "postgres://me:hunter2@db.example/x?sslmode=nonsense".parse::<Location>().unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
    }

    #[test]
    fn what_is_no_address_is_a_file() {
        for path in ["/srv/countersign.db", "countersign.db", "postgres.db", "C:/x.db"] {
            assert!(matches!(path.parse().unwrap(), Location::Sqlite(found) if found == Path::new(path)));
        }
    }
}
