//! One connection, and as much of HTTP/1.1 as answers on it need.

use std::{net::SocketAddr, ops::Range};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Where calls go: a server, and what stands before a method's name in its paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The server.
    pub(crate) address: SocketAddr,
    /// For instance `/api/`.
    pub(crate) prefix: String,
}

impl Endpoint {
    /// Reads `http://127.0.0.1:4100/api/`.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").with_context(|| format!("{url:?} is no plain http"))?;
        let (address, path) = rest.split_once('/').with_context(|| format!("{url:?} has no path"))?;
        let address = address.parse().with_context(|| format!("{url:?} names no address"))?;
        Ok(Self { address, prefix: format!("/{path}") })
    }
}

/// A call as SDKs make it: a form, the token in a header.
pub(crate) fn request(endpoint: &Endpoint, method: &str, token: &str, form: &str) -> Vec<u8> {
    format!(
        "POST {}{method} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        endpoint.prefix,
        endpoint.address,
        form.len()
    )
    .into_bytes()
}

/// A connection that is kept, with one call at a time on it.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// The beginning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    body: usize,
    /// How long the body is; chunks say so themselves.
    length: Option<usize>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request; whether the answer is Slack's `"ok":true`.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<bool> {
        let (status, body) = self.exchange(request).await?;
        let body = self.received.get(body).unwrap_or_default();
        // `ok` is the first field of every answer, also after a chunk's length.
        let start = body.get(..32).unwrap_or(body);
        Ok(status == 200 && start.windows(9).any(|text| text == br#""ok":true"#))
    }

    /// Sends a request and returns the body of the answer.
    pub(crate) async fn fetch(&mut self, request: &[u8]) -> Result<String> {
        let (status, body) = self.exchange(request).await?;
        let body = self.received.get(body).unwrap_or_default();
        // Every body here is a JSON object: one that begins otherwise is in chunks.
        let body = if body.starts_with(b"{") { body.to_vec() } else { joined(body).context("a chunk is broken")? };
        let body = String::from_utf8(body)?;
        if status == 200 { Ok(body) } else { bail!("status {status}: {body}") }
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, Range<usize>)> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let mut head = None;
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the connection was closed");
            }
            head = head.or_else(|| read_head(&self.received));
            let Some(Head { status, body, length }) = head else { continue };
            let is_whole = match length {
                Some(length) => self.received.len() >= body + length,
                None => self.received.ends_with(b"0\r\n\r\n"),
            };
            if is_whole {
                return Ok((status, body..self.received.len()));
            }
        }
    }
}

/// Reads status and length once the head is whole.
fn read_head(received: &[u8]) -> Option<Head> {
    let mut at = 0;
    let (mut status, mut length) = (None, None);
    loop {
        let rest = received.get(at..)?;
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest.get(..end)?.strip_suffix(b"\r")?;
        at += end + 1;
        if status.is_none() {
            status = Some(number(line.get(9..12)?)?);
        } else if line.is_empty() {
            return Some(Head { status: u16::try_from(status?).ok()?, body: at, length });
        } else if line.get(..15).is_some_and(|name| name.eq_ignore_ascii_case(b"content-length:")) {
            length = Some(number(line.get(15..)?.trim_ascii())?);
        }
    }
}

/// The chunks of a body, joined.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(rest.len());
    loop {
        let end = rest.iter().position(|byte| *byte == b'\r')?;
        let length = usize::from_str_radix(std::str::from_utf8(rest.get(..end)?).ok()?, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length)?);
        rest = rest.get(end + 2 + length + 2..)?;
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 429 Too Many\r\ncontent-LENGTH:  12\r\nx: y\r\n\r\n{";
        assert_eq!(read_head(answer), Some(Head { status: 429, body: answer.len() - 1, length: Some(12) }));
        assert_eq!(read_head(&answer[..answer.len() - 2]), None);
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(read_head(chunked), Some(Head { status: 200, body: chunked.len(), length: None }));
    }

    #[test]
    fn chunks_are_joined() {
        assert_eq!(joined(b"3\r\n{\"o\r\nA\r\nk\":true}  \r\n0\r\n\r\n").unwrap(), b"{\"ok\":true}  ");
        assert_eq!(joined(b"3\r\n{"), None);
    }

    #[test]
    fn an_endpoint_is_an_address_and_a_prefix() {
        let endpoint = Endpoint::parse("http://127.0.0.1:4100/api/").unwrap();
        assert_eq!((endpoint.address.port(), endpoint.prefix.as_str()), (4100, "/api/"));
        assert!(Endpoint::parse("https://127.0.0.1:4100/api/").is_err());
    }
}
