//! Several statements on one way to the database.
//!
//! SQLite's statements run on a thread of their own, and the way there and back takes longer than most of them. What
//! need not look at an answer in between goes together. Each statement keeps its own text, with parameters from `$1`.

use futures_util::TryStreamExt as _;
use sqlx::{Arguments as _, AssertSqlSafe, Either, Encode, Executor as _, Sqlite, Type, sqlite::SqliteArguments};

use super::{Connection, Row};

/// What came of one statement.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Rows that it changed. Means something for a statement that changes rows.
    pub(crate) changed: u64,
    /// Rows that it answered.
    pub(crate) rows: Vec<Row>,
}

/// Statements with their parameters, in order.
#[derive(Default)]
pub(crate) struct Batch {
    text: String,
    arguments: SqliteArguments,
    /// Parameters of the statements before the last one.
    before: usize,
    /// The first parameter that could not be taken.
    refused: Option<sqlx::Error>,
}

impl Batch {
    /// Adds a statement; its parameters follow by [`Batch::bind`].
    pub(crate) fn statement(&mut self, sql: &'static str) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push_str("; ");
        }
        self.before = self.arguments.len();
        let mut parts = sql.split('$');
        self.text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at_checked(digits).unwrap_or(("", part));
            // No text of ours has a dollar sign that is not a parameter's.
            let place = number.parse::<usize>().unwrap_or_default() + self.before;
            self.text.extend(["$", &place.to_string(), rest]);
        }
        self
    }

    /// Adds the next parameter of the last statement.
    pub(crate) fn bind<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.arguments.add(value) {
            self.refused.get_or_insert(sqlx::Error::Encode(error));
        }
        self
    }

    /// Runs them, and answers what came of each.
    pub(crate) async fn run(self, conn: &mut Connection) -> Result<Vec<Outcome>, sqlx::Error> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        // Made of constants only: values travel as parameters.
        let query = sqlx::query_with(AssertSqlSafe(self.text), self.arguments);
        let mut steps = conn.fetch_many(query);
        let (mut outcomes, mut rows) = (Vec::new(), Vec::new());
        while let Some(step) = steps.try_next().await? {
            match step {
                Either::Right(row) => rows.push(row),
                Either::Left(done) => {
                    outcomes.push(Outcome { changed: done.rows_affected(), rows: std::mem::take(&mut rows) });
                }
            }
        }
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_statement_keeps_its_parameters() {
        let mut batch = Batch::default();
        batch.statement("UPDATE a SET x = $2 WHERE id = $1 AND y > $2").bind("a").bind(1_i64);
        batch.statement("DELETE FROM b");
        batch.statement("INSERT INTO c VALUES ($1, $2)").bind("c").bind(2_i64);
        let expected = "UPDATE a SET x = $2 WHERE id = $1 AND y > $2; DELETE FROM b; INSERT INTO c VALUES ($3, $4)";
        assert_eq!(batch.text, expected);
    }
}
