//! The body of a request: all of it, or why not.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use http::{HeaderMap, header};

use super::body::ApiError;

/// The largest body there is; the largest view has 250 kB.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// How long a body may take: who stops half-way is not waited for. Less than connections have, so that the answer is
/// Slack's.
const PATIENCE: Duration = Duration::from_secs(90);

/// Reads a body to its end.
///
/// One that is cut short or never ends is a `request_timeout`, which is Slack's word for POST data that is "either
/// missing or truncated"; docs.slack.dev, "Web API".
pub(super) async fn whole(body: Body) -> Result<Bytes, ApiError> {
    up_to(MAX_BODY, body).await
}

/// The same with another limit.
pub(super) async fn up_to(limit: usize, body: Body) -> Result<Bytes, ApiError> {
    within(PATIENCE, limit, body).await
}

async fn within(patience: Duration, limit: usize, body: Body) -> Result<Bytes, ApiError> {
    let read = tokio::time::timeout(patience, collect(limit, body)).await;
    read.unwrap_or_else(|_| Err(truncated()))
}

async fn collect(limit: usize, body: Body) -> Result<Bytes, ApiError> {
    let mut chunks = body.into_data_stream();
    let mut next = async || chunks.next().await.transpose().map_err(|_| truncated());
    let fits = |length: usize| if length > limit { Err(ApiError::new("request_too_large")) } else { Ok(()) };
    // Nearly every body comes in one piece, which is not copied.
    let Some(first) = next().await? else { return Ok(Bytes::new()) };
    fits(first.len())?;
    let Some(second) = next().await? else { return Ok(first) };
    let mut bytes = Vec::from(first);
    let mut more = Some(second);
    while let Some(chunk) = more {
        fits(bytes.len().saturating_add(chunk.len()))?;
        bytes.extend_from_slice(&chunk);
        more = next().await?;
    }
    Ok(bytes.into())
}

fn truncated() -> ApiError {
    ApiError::new("request_timeout")
}

/// What the body is said to be. A header that cannot be read names nothing that is known.
pub(super) fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("unreadable"))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn body(chunks: Vec<Result<&'static [u8], std::io::Error>>) -> Body {
        Body::from_stream(stream::iter(chunks.into_iter().map(|chunk| chunk.map(Bytes::from_static))))
    }

    async fn read(limit: usize, body: Body) -> Result<Bytes, String> {
        within(PATIENCE, limit, body).await.map_err(|error| error.code().to_owned())
    }

    #[tokio::test]
    async fn a_body_is_read_in_as_many_pieces_as_it_comes() {
        assert_eq!(read(0, Body::empty()).await.unwrap(), "");
        assert_eq!(read(3, body(vec![Ok(b"abc")])).await.unwrap(), "abc");
        assert_eq!(read(6, body(vec![Ok(b"ab"), Ok(b""), Ok(b"cd"), Ok(b"ef")])).await.unwrap(), "abcdef");
    }

    #[tokio::test]
    async fn too_much_and_too_little_are_told_apart() {
        assert_eq!(read(2, body(vec![Ok(b"abc")])).await.unwrap_err(), "request_too_large");
        assert_eq!(read(3, body(vec![Ok(b"ab"), Ok(b"cd")])).await.unwrap_err(), "request_too_large");
        let cut = || Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        assert_eq!(read(9, body(vec![cut()])).await.unwrap_err(), "request_timeout");
        assert_eq!(read(9, body(vec![Ok(b"ab"), cut()])).await.unwrap_err(), "request_timeout");
    }

    #[tokio::test]
    async fn a_body_that_stops_half_way_is_not_waited_for() {
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"chan"))]);
        let stuck = Body::from_stream(begun.chain(stream::pending()));
        let error = within(Duration::from_millis(1), MAX_BODY, stuck).await.unwrap_err();
        assert_eq!(error.code(), "request_timeout");
    }
}
