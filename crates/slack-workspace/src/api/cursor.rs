//! Pages: how many, and where the next begins.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::args::Args;
use super::body::ApiError;

/// The largest page there is.
const MAX_LIMIT: u64 = 1000;

/// How many are wanted.
pub(super) fn limit(args: &Args, default: usize) -> Result<usize, ApiError> {
    match args.number("limit") {
        None | Some(Ok(0)) => Ok(default),
        Some(Ok(limit)) if limit <= MAX_LIMIT => usize::try_from(limit).map_err(|_| ApiError::new("invalid_limit")),
        Some(_) => Err(ApiError::new("invalid_limit")),
    }
}

/// The cursor of a page that begins at `next`.
pub(super) fn encode(kind: &str, next: &str) -> String {
    STANDARD.encode(format!("{kind}:{next}"))
}

/// Where the wanted page begins; nothing for the first.
pub(super) fn decode(args: &Args, kind: &str) -> Result<Option<String>, ApiError> {
    let Some(cursor) = args.text("cursor") else { return Ok(None) };
    let invalid = || ApiError::new("invalid_cursor");
    let bytes = STANDARD.decode(cursor.as_bytes()).map_err(|_| invalid())?;
    let text = String::from_utf8(bytes).map_err(|_| invalid())?;
    let next = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix(':')).ok_or_else(invalid)?;
    Ok(Some(next.to_owned()))
}
