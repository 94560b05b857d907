//! What happens in a host, seen through its other hooks: by this a question answered at the terminal is noticed.

use countersign_approval::CancelledBy;
use countersign_hook::{
    input::HookInput,
    wire::{Final, Outcome},
};

use super::{
    connection::{Connection, ConnectionError},
    heard, refused,
};
use crate::personal::Personal;

/// Ends the requests that the event shows to be answered.
pub(super) async fn observe(personal: &Personal, mut connection: Connection) -> Result<(), ConnectionError> {
    let line = connection.input_line().await;
    let line = heard(personal, &mut connection, line).await?;
    let answer = match HookInput::parse(&line.bytes) {
        Ok(input) => {
            let ended = end_answered(personal, &input).await;
            Final::new(Outcome::Ok, &personal.settings().version).data(serde_json::json!({ "ended": ended }))
        }
        Err(error) => refused(personal, error.to_string()),
    };
    connection.end(&answer).await
}

async fn end_answered(personal: &Personal, input: &HookInput) -> usize {
    let mut ended = 0;
    for id in personal.waiting().answered(input) {
        // It may have been decided in Slack meanwhile.
        let cancelled = personal.approvals().cancel(id, CancelledBy::AnsweredAtTerminal).await;
        ended += usize::from(cancelled.is_ok());
    }
    ended
}
