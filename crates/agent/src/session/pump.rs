//! Carries bytes between streams and frames.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use countersign_gateway::wire::frame::{self, Channel, FrameError};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
};
use tokio_tungstenite::tungstenite::{self, Message, protocol::frame::coding::CloseCode};
use tokio_util::sync::CancellationToken;

use super::resource::Output;
use crate::dial::Socket;

/// The first buffer: enough for what people type and read.
const SMALL_READ: usize = 8 * 1024;
/// The largest, and the size of a pipe through which much comes. Frames stay below the wire's limit.
const LARGE_READ: usize = 128 * 1024;
/// Less room than this in a buffer is not read into.
const MIN_ROOM: usize = 4 * 1024;
/// Standard output that somebody else holds open is given up so long after everything of the session ended.
const QUIET_AFTER_END: Duration = Duration::from_secs(2);

/// Why frames no longer come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DataEnd {
    /// The other end closed the connection in the proper way.
    Closed,
    /// It said that it goes away, and that this is not about the session.
    GoingAway,
    /// The connection broke.
    Broken(String),
    /// Something came that no peer of this version sends.
    Nonsense(String),
}

/// Reads a stream into frames until its end. What nobody takes any more is dropped, so that the command is not held up.
pub(super) async fn output(
    channel: Channel,
    mut output: Output,
    frames: mpsc::Sender<Bytes>,
    ended: CancellationToken,
) {
    let mut size = SMALL_READ;
    let mut buffer = BytesMut::new();
    loop {
        if buffer.capacity() < MIN_ROOM.max(size / 2) {
            buffer.reserve(size);
        }
        buffer.put_u8(channel as u8);
        let room = buffer.capacity() - buffer.len();
        let read = tokio::select! {
            read = output.read_buf(&mut buffer) => read,
            () = quiet(&ended) => break,
        };
        // A stream that cannot be read is at its end; how the command ended says more than the error.
        let Ok(count @ 1..) = read else { break };
        if count == room && size < LARGE_READ {
            size = (size * 4).min(LARGE_READ);
            output.widen(2 * LARGE_READ);
        }
        let _ = frames.send(buffer.split().freeze()).await;
    }
    let _ = frames.send(channel.close()).await;
}

async fn quiet(ended: &CancellationToken) {
    ended.cancelled().await;
    tokio::time::sleep(QUIET_AFTER_END).await;
}

/// Writes frames, and closes the connection after the last. When it breaks, says so, and takes the rest to nowhere.
pub(super) async fn frames_out(
    mut sink: SplitSink<Socket, Message>,
    mut frames: mpsc::Receiver<Bytes>,
    ends: mpsc::Sender<DataEnd>,
) {
    while let Some(frame) = frames.recv().await {
        let sent = if frames.is_empty() {
            sink.send(Message::Binary(frame)).await
        } else {
            sink.feed(Message::Binary(frame)).await
        };
        if let Err(error) = sent {
            let _ = ends.try_send(DataEnd::Broken(error.to_string()));
            while frames.recv().await.is_some() {}
            return;
        }
    }
    let _ = sink.send(Message::Close(None)).await;
}

/// Takes frames to standard input, until the connection ends.
pub(super) async fn frames_in(
    mut stream: SplitStream<Socket>,
    stdin: Box<dyn AsyncWrite + Send + Unpin>,
    input_over: CancellationToken,
    ends: mpsc::Sender<DataEnd>,
) {
    let mut stdin = Some(stdin);
    let end = loop {
        let message = match stream.next().await {
            None => break DataEnd::Broken("the connection ended".to_owned()),
            Some(Err(error)) => break broken(&error),
            Some(Ok(message)) => message,
        };
        match message {
            Message::Binary(message) => match take(&message, &mut stdin).await {
                Ok(()) if stdin.is_none() => input_over.cancel(),
                Ok(()) => {}
                Err(error) => break DataEnd::Nonsense(error),
            },
            Message::Text(_) => break DataEnd::Nonsense("a text where only frames are expected".to_owned()),
            Message::Close(close) => {
                let away = close.is_some_and(|close| matches!(close.code, CloseCode::Away | CloseCode::Restart));
                break if away { DataEnd::GoingAway } else { DataEnd::Closed };
            }
            _ => {}
        }
    };
    drop(stdin);
    // The session may be over already.
    let _ = ends.try_send(end);
}

fn broken(error: &tungstenite::Error) -> DataEnd {
    match error {
        tungstenite::Error::Capacity(_) => DataEnd::Nonsense(format!("a frame that is too long: {error}")),
        error => DataEnd::Broken(error.to_string()),
    }
}

/// One frame. What the command does not read any more is dropped.
async fn take(message: &Bytes, stdin: &mut Option<Box<dyn AsyncWrite + Send + Unpin>>) -> Result<(), String> {
    match frame::split(message).map_err(|error| error.to_string())? {
        (Channel::Stdin, data) => {
            if let Some(writer) = stdin
                && writer.write_all(&data).await.is_err()
            {
                *stdin = None;
            }
            Ok(())
        }
        (Channel::Close, data) => match frame::closed(&data) {
            Ok(Channel::Stdin) => {
                if let Some(mut writer) = stdin.take() {
                    let _ = writer.shutdown().await;
                }
                Ok(())
            }
            Ok(_) | Err(FrameError::Empty) => Err("a close frame for a channel that is ours".to_owned()),
            Err(error) => Err(error.to_string()),
        },
        (channel, _) => Err(format!("a frame for channel {}, which is ours", channel as u8)),
    }
}
