//! The store: one of two databases, behind every port.

use countersign_approval::{Hints, StoreError};

use crate::{
    location::Location,
    open_error::OpenError,
    postgres::Postgres,
    records::{
        Step,
        change::{Change, How, View, Weight},
    },
    sqlite::{Commits, Sqlite},
};

/// Every port of the domain, in one SQLite file or one PostgreSQL database.
///
/// A SQLite file belongs to one process at a time; another one may read it meanwhile. Any number of processes may work on
/// one PostgreSQL database. Closing (`close` of any port) finishes what waits; without it, dropping the store does the same in
/// the background.
#[derive(Debug)]
pub struct Database {
    hints: Hints,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Database {
    /// Opens the database, and brings its schema up to date. A SQLite file is created when it is not there, for its owner alone, in
    /// a directory that exists; a PostgreSQL database must exist. Must be called within a Tokio runtime, which the store's
    /// tasks run on.
    pub async fn open(location: impl Into<Location>, hints: Hints) -> Result<Self, OpenError> {
        let backend = match location.into() {
            Location::Sqlite(path) => Backend::Sqlite(Sqlite::open(&path, hints.clone()).await?),
            Location::Postgres(address) => Backend::Postgres(Postgres::open(&address, hints.clone()).await?),
        };
        Ok(Self { hints, backend })
    }

    /// The commits so far that wrote something.
    pub fn commits(&self) -> Commits {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.commits(),
            Backend::Postgres(postgres) => postgres.commits(),
        }
    }

    /// The wake-ups, for whichever port asks.
    pub(crate) fn wake_ups(&self) -> &Hints {
        &self.hints
    }

    /// Whether other processes may work on the same database.
    pub(crate) fn has_nodes(&self) -> bool {
        matches!(self.backend, Backend::Postgres(_))
    }

    /// Does a change, and answers when it would outlive a power cut. It is done even when whoever asked has gone.
    pub(crate) async fn change<A, T>(
        &self,
        doing: &'static str,
        input: A,
        step: Step<A, Change<T>>,
    ) -> Result<T, StoreError>
    where
        A: Clone + Send + 'static,
        T: Send + 'static,
    {
        self.change_by(Weight::Durable, doing, input, step).await
    }

    /// Does a change that need not outlive a power cut: what it says is found out again.
    pub(crate) async fn change_lightly<A, T>(
        &self,
        doing: &'static str,
        input: A,
        step: Step<A, Change<T>>,
    ) -> Result<T, StoreError>
    where
        A: Clone + Send + 'static,
        T: Send + 'static,
    {
        self.change_by(Weight::Light, doing, input, step).await
    }

    /// Does a change of some weight.
    pub(crate) async fn change_by<A, T>(
        &self,
        weight: Weight,
        doing: &'static str,
        input: A,
        step: Step<A, Change<T>>,
    ) -> Result<T, StoreError>
    where
        A: Clone + Send + 'static,
        T: Send + 'static,
    {
        self.change_how(How { doing, weight, view: View::EachStatement }, input, step).await
    }

    /// Does a durable change whose statements must all see the same, because a later one relies on what an earlier one chose.
    pub(crate) async fn change_in_one_view<A, T>(
        &self,
        doing: &'static str,
        input: A,
        step: Step<A, Change<T>>,
    ) -> Result<T, StoreError>
    where
        A: Clone + Send + 'static,
        T: Send + 'static,
    {
        self.change_how(How { doing, weight: Weight::Durable, view: View::One }, input, step).await
    }

    async fn change_how<A, T>(&self, how: How, input: A, step: Step<A, Change<T>>) -> Result<T, StoreError>
    where
        A: Clone + Send + 'static,
        T: Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.change(how, input, step).await,
            Backend::Postgres(postgres) => postgres.change(how, input, step).await,
        }
    }

    /// Reads.
    pub(crate) async fn read<A, T>(&self, doing: &'static str, input: A, step: Step<A, T>) -> Result<T, StoreError> {
        self.read_how(doing, View::EachStatement, input, step).await
    }

    /// Reads with several statements what belongs together.
    pub(crate) async fn read_in_one_view<A, T>(
        &self,
        doing: &'static str,
        input: A,
        step: Step<A, T>,
    ) -> Result<T, StoreError> {
        self.read_how(doing, View::One, input, step).await
    }

    async fn read_how<A, T>(
        &self,
        doing: &'static str,
        view: View,
        input: A,
        step: Step<A, T>,
    ) -> Result<T, StoreError> {
        let read = match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.read(view, input, step).await,
            Backend::Postgres(postgres) => postgres.read(view, input, step).await,
        };
        read.map_err(|fault| fault.while_doing(doing))
    }

    /// Takes no more, finishes what waits, and closes.
    pub(crate) async fn shut(&self) {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close().await,
        }
    }
}
