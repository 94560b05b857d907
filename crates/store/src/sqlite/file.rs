//! One file: one writer with grouped commits, and a few readers.

use std::path::Path;

use countersign_approval::{Hints, StoreError};
use sqlx::{Connection as _, SqlitePool};

use super::{
    open::open,
    writer::{Commits, Writer},
};
use crate::{
    fault::Fault,
    open_error::OpenError,
    records::{
        Connection, Step,
        change::{Change, How, View},
    },
};

/// An open file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Writer,
    readers: SqlitePool,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, hints: Hints) -> Result<Self, OpenError> {
        let (conn, readers) = open(path).await?;
        Ok(Self { writer: Writer::start(conn, hints), readers })
    }

    pub(crate) fn commits(&self) -> Commits {
        self.writer.commits()
    }

    pub(crate) async fn change<A, T>(&self, how: How, input: A, step: Step<A, Change<T>>) -> Result<T, StoreError>
    where
        A: Send + 'static,
        T: Send + 'static,
    {
        self.writer.change(how, input, step).await
    }

    pub(crate) async fn read<A, T>(&self, view: View, input: A, step: Step<A, T>) -> Result<T, Fault> {
        let mut conn = self.readers.acquire().await?;
        if view == View::EachStatement {
            return step(&mut Connection::Sqlite(&mut conn), input).await;
        }
        let mut snapshot = conn.begin().await?;
        let read = step(&mut Connection::Sqlite(&mut snapshot), input).await?;
        snapshot.commit().await?;
        Ok(read)
    }

    /// Readers first, so that the writer's connection is the last one and tidies up the write-ahead log.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
