//! Several statements on one way to the database.
//!
//! SQLite's statements run on a thread of their own, and the way there and back takes longer than most of them. What
//! need not look at an answer in between goes together. PostgreSQL takes one statement with parameters at a time. Each
//! statement keeps its own text, with parameters from `$1`.

use sqlx::AssertSqlSafe;

use super::connection::{Connection, Row, Sql, Value, on_postgres, on_sqlite, postgres_arguments, sqlite_arguments};

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
    statements: Vec<Statement>,
}

struct Statement {
    sql: Sql,
    values: Vec<Value>,
}

impl Batch {
    /// Adds a statement; its parameters follow by [`Batch::bind`].
    pub(crate) fn statement(&mut self, sql: impl Into<Sql>) -> &mut Self {
        self.statements.push(Statement { sql: sql.into(), values: Vec::new() });
        self
    }

    /// Adds the next parameter of the last statement.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        if let Some(last) = self.statements.last_mut() {
            last.values.push(value.into());
        }
        self
    }

    /// Runs them, and answers what came of each.
    pub(crate) async fn run(self, conn: &mut Connection<'_>) -> Result<Vec<Outcome>, sqlx::Error> {
        match conn {
            Connection::Sqlite(conn) => {
                let (text, values) = self.joined();
                // Made of constants only: values travel as parameters.
                on_sqlite(conn, sqlx::query_with(AssertSqlSafe(text), sqlite_arguments(values)?)).await
            }
            Connection::Postgres(conn) => {
                let mut outcomes = Vec::with_capacity(self.statements.len());
                for Statement { sql, values } in self.statements {
                    let query = sqlx::query_with(sql.postgres, postgres_arguments(values)?);
                    outcomes.push(on_postgres(conn, query).await?);
                }
                Ok(outcomes)
            }
        }
    }

    /// One text, whose parameters are counted through.
    fn joined(self) -> (String, Vec<Value>) {
        let (mut text, mut all) = (String::new(), Vec::new());
        for Statement { sql, mut values } in self.statements {
            if !text.is_empty() {
                text.push_str("; ");
            }
            let mut parts = sql.sqlite.split('$');
            text.push_str(parts.next().unwrap_or_default());
            for part in parts {
                let digits = part.bytes().take_while(u8::is_ascii_digit).count();
                let (number, rest) = part.split_at_checked(digits).unwrap_or(("", part));
                // No text of ours has a dollar sign that is not a parameter's.
                let place = number.parse::<usize>().unwrap_or_default() + all.len();
                text.extend(["$", &place.to_string(), rest]);
            }
            all.append(&mut values);
        }
        (text, all)
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
        let (text, values) = batch.joined();
        assert_eq!(text, expected);
        assert_eq!(values, ["a".into(), 1.into(), "c".into(), Value::from(2_i64)]);
    }
}
