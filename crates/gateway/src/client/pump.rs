//! Bytes both ways while a session runs.

use futures_util::{SinkExt as _, future::select, pin_mut, stream::SplitSink};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::socket::{ClientError, Heard, Session, Socket, broken, next};
use crate::{
    session::SessionEnd,
    wire::{
        frame::Channel,
        run::{FromClient, FromServer},
    },
};

/// Bytes of standard input in one frame: large enough that headers cost nothing, small enough to begin at once.
const READ_BYTES: usize = 128 * 1024;

/// What is said beside the data: signals, new sizes, that it is to end.
pub type Control = mpsc::Receiver<FromClient>;

/// Where the bytes of a session come from and go to.
#[derive(Debug)]
pub struct Streams<I, O, E> {
    /// Standard input; `None` when there is none to send.
    pub stdin: Option<I>,
    /// Standard output.
    pub stdout: O,
    /// Standard error.
    pub stderr: E,
}

impl Session {
    /// Moves bytes both ways until the server says how the session ended.
    ///
    /// Both directions go on independently, so that a command that echoes more than fits anywhere blocks nobody. Input that
    /// cannot be read any more ends as if it were at its end; output that nobody reads any more (a closed pipe) ends
    /// the session, as it would end a local command.
    pub async fn stream<I, O, E>(self, streams: Streams<I, O, E>, control: Control) -> Result<SessionEnd, ClientError>
    where
        I: AsyncRead + Unpin,
        O: AsyncWrite + Unpin,
        E: AsyncWrite + Unpin,
    {
        let Self { sink, stream } = self;
        let Streams { stdin, mut stdout, mut stderr } = streams;
        let outward = send_all(sink, stdin, control);
        let inward = async move {
            let mut stream = stream;
            loop {
                match next(&mut stream).await? {
                    Heard::Said(FromServer::Ended { end, .. }) => return Ok(end),
                    Heard::Frame(Channel::Stdout, data) => write(&mut stdout, &data, "write to stdout").await?,
                    Heard::Frame(Channel::Stderr, data) => write(&mut stderr, &data, "write to stderr").await?,
                    // The status is repeated by `Ended`, which says it once the server has kept it.
                    Heard::Said(_) | Heard::Frame(_, _) => {}
                }
            }
        };
        pin_mut!(outward, inward);
        match select(inward, outward).await {
            futures_util::future::Either::Left((ended, _)) => ended,
            // The server may have said how it ended before it stopped reading.
            futures_util::future::Either::Right((_, inward)) => inward.await,
        }
    }
}

async fn write(to: &mut (impl AsyncWrite + Unpin), data: &Bytes, doing: &'static str) -> Result<(), ClientError> {
    let written = async {
        to.write_all(data).await?;
        to.flush().await
    };
    written.await.map_err(|source| ClientError::Local { doing, source })
}

/// Sends input and control messages until both have ended, or the connection has.
async fn send_all<I: AsyncRead + Unpin>(
    mut sink: SplitSink<Socket, Message>,
    mut stdin: Option<I>,
    mut control: Control,
) -> Result<(), ClientError> {
    let mut buffer = vec![0; READ_BYTES];
    let mut said_all = false;
    loop {
        let message = tokio::select! {
            biased;
            said = control.recv(), if !said_all => {
                let Some(said) = said else { said_all = true; continue };
                Message::text(serde_json::to_string(&said).map_err(ClientError::Unreadable)?)
            }
            read = read(&mut stdin, &mut buffer), if stdin.is_some() => match read {
                0 => {
                    stdin = None;
                    Message::Binary(Channel::Stdin.close())
                }
                bytes => Message::Binary(Channel::Stdin.frame(buffer.get(..bytes).unwrap_or_default())),
            },
            else => return Ok(()),
        };
        sink.send(message).await.map_err(broken)?;
    }
}

/// Reads some input; what cannot be read is at its end.
async fn read<I: AsyncRead + Unpin>(stdin: &mut Option<I>, buffer: &mut [u8]) -> usize {
    match stdin {
        Some(stdin) => stdin.read(buffer).await.unwrap_or(0),
        None => 0,
    }
}
