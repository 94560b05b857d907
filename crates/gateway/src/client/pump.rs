//! Bytes both ways while a session runs.

use futures_util::{
    SinkExt as _,
    future::{Either, select},
    pin_mut,
    stream::{SplitSink, SplitStream},
};
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

/// Frames that wait to be written: the next come while one is written, and memory stays flat.
const FRAMES_WAITING: usize = 4;

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
        let Streams { stdin, stdout, stderr } = streams;
        let outward = send_all(sink, stdin, control);
        let (frames, waiting) = mpsc::channel(FRAMES_WAITING);
        let inward = async move {
            let (heard, written) = (hear(stream, frames), write_all(waiting, stdout, stderr));
            pin_mut!(heard, written);
            match select(heard, written).await {
                // However it ended: what has come is written.
                Either::Left((heard, written)) => {
                    written.await?;
                    heard
                }
                Either::Right((written, heard)) => {
                    written?;
                    heard.await
                }
            }
        };
        pin_mut!(outward, inward);
        match select(inward, outward).await {
            Either::Left((ended, _)) => ended,
            // The server may have said how it ended before it stopped reading.
            Either::Right((_, inward)) => inward.await,
        }
    }
}

/// Hears the server until it says how the session ended. Who writes the frames says when they cannot be.
async fn hear(
    mut stream: SplitStream<Socket>,
    frames: mpsc::Sender<(Channel, Bytes)>,
) -> Result<SessionEnd, ClientError> {
    loop {
        match next(&mut stream).await? {
            Heard::Said(FromServer::Ended { end, .. }) => return Ok(end),
            Heard::Frame(channel @ (Channel::Stdout | Channel::Stderr), data) => {
                let _ = frames.send((channel, data)).await;
            }
            // The status is repeated by `Ended`, which says it once the server has kept it.
            Heard::Said(_) | Heard::Frame(_, _) => {}
        }
    }
}

/// Writes frames in the order in which they came, until there are no more. What was written is flushed when none waits.
async fn write_all<O, E>(
    mut frames: mpsc::Receiver<(Channel, Bytes)>,
    mut stdout: O,
    mut stderr: E,
) -> Result<(), ClientError>
where
    O: AsyncWrite + Unpin,
    E: AsyncWrite + Unpin,
{
    let out = |source| ClientError::Local { doing: "write to stdout", source };
    let err = |source| ClientError::Local { doing: "write to stderr", source };
    while let Some((channel, data)) = frames.recv().await {
        if channel == Channel::Stderr {
            stdout.flush().await.map_err(out)?;
            stderr.write_all(&data).await.map_err(err)?;
            stderr.flush().await.map_err(err)?;
        } else {
            stdout.write_all(&data).await.map_err(out)?;
            if frames.is_empty() {
                stdout.flush().await.map_err(out)?;
            }
        }
    }
    stdout.flush().await.map_err(out)
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

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use secrecy::SecretString;
    use tokio::{io::duplex, net::TcpListener, task::JoinSet};
    use tokio_tungstenite::accept_async;

    use super::*;
    use crate::client::Server;

    /// More than a slow reader takes before a broken connection is noticed.
    const SENT: usize = 300_000;

    #[tokio::test]
    async fn what_has_come_is_written_though_the_connection_breaks() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let mut breaking = JoinSet::new();
        breaking.spawn(async move {
            let mut socket = accept_async(listener.accept().await.unwrap().0).await.unwrap();
            socket.next().await.unwrap().unwrap();
            for _ in 0..3 {
                let frame = Channel::Stdout.frame(&vec![b'x'; SENT / 3]);
                socket.send(Message::Binary(frame)).await.unwrap();
            }
        });
        let server = Server::new(url, SecretString::from("t")).unwrap();
        let session = Session::open(&server, &FromClient::Cancel).await.unwrap();
        let (stdout, mut reader) = duplex(16);
        let (_control, controlled) = mpsc::channel(1);
        let streams = Streams { stdin: None::<tokio::io::Empty>, stdout, stderr: tokio::io::sink() };
        let mut read = Vec::new();
        let reading = async {
            breaking.join_next().await.unwrap().unwrap();
            reader.read_to_end(&mut read).await.unwrap()
        };
        let (ended, count) = tokio::join!(session.stream(streams, controlled), reading);
        assert!(matches!(ended, Err(ClientError::Broken(_) | ClientError::Closed)), "{ended:?}");
        assert_eq!(count, SENT);
    }
}
