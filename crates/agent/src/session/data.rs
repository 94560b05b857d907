//! The data connection of a session.

use bytes::Bytes;
use countersign_approval::Blob;
use countersign_gateway::{
    SessionEnd,
    wire::frame::{self, Channel, Status},
};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
    task::JoinHandle,
    time::{Duration, timeout},
};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    pump::{self, DataEnd},
    resource::Streams,
};
use crate::dial::Socket;

/// Frames that wait to be written: enough to read one while another is written, little enough to keep memory flat.
const FRAMES_WAITING: usize = 4;
/// How long the other end gets to close the connection after the status. Closing first could cost it the last frames.
const CLOSE_WITHIN: Duration = Duration::from_secs(10);
/// The same when the agent leaves.
const CLOSE_WHEN_LEAVING: Duration = Duration::from_secs(1);
/// How much of a stored input may be missing at once: a server that stops in the middle holds nothing up for longer.
const INPUT_FRAME_WITHIN: Duration = Duration::from_mins(1);

/// The tasks that carry a session's bytes.
pub(super) struct Data {
    /// To the writer.
    frames: mpsc::Sender<Bytes>,
    /// Cancelled when nothing more goes to standard input.
    input_over: CancellationToken,
    /// Every output at its end.
    outputs: Vec<JoinHandle<()>>,
    writer: JoinHandle<()>,
    reader: JoinHandle<()>,
    feeder: Option<JoinHandle<()>>,
    /// Cancelled when nothing of the session runs any more.
    ended: CancellationToken,
}

impl Data {
    /// Starts carrying. Stored input is given to the command by us; then frames for it are dropped.
    /// Why the connection is over, when it is, comes from the receiver.
    pub(super) fn start(
        socket: Socket,
        streams: Streams,
        input: Option<Blob>,
        tasks: &TaskTracker,
    ) -> (Self, mpsc::Receiver<DataEnd>) {
        let (sink, stream) = socket.split();
        let (frames, waiting) = mpsc::channel(FRAMES_WAITING);
        let (end, ends) = mpsc::channel(4);
        let ended = CancellationToken::new();
        let (stdin, feeder) = match input {
            None => (streams.stdin, None),
            Some(input) => {
                let nowhere: Box<dyn AsyncWrite + Send + Unpin> = Box::new(tokio::io::sink());
                (nowhere, Some(tasks.spawn(feed(streams.stdin, input))))
            }
        };
        let outputs = streams
            .outputs
            .into_iter()
            .map(|(channel, output)| tasks.spawn(pump::output(channel, output, frames.clone(), ended.clone())));
        let input_over = CancellationToken::new();
        let data = Self {
            outputs: outputs.collect(),
            writer: tasks.spawn(pump::frames_out(sink, waiting, end.clone())),
            reader: tasks.spawn(pump::frames_in(stream, stdin, input_over.clone(), end)),
            frames,
            input_over,
            feeder,
            ended,
        };
        (data, ends)
    }

    /// Resolves when every output is at its end and in the writer's hands. Safe to drop and call again.
    pub(super) async fn drained(&mut self) {
        while let Some(output) = self.outputs.last_mut() {
            let _ = output.await;
            self.outputs.pop();
        }
    }

    /// Resolves when every stream is at its end, both ways. Safe to drop and call again.
    pub(super) async fn all_over(&mut self) {
        self.drained().await;
        self.input_over.cancelled().await;
    }

    /// Nothing of the session runs any more: outputs that do not end are given up.
    pub(super) fn nothing_runs(&self) {
        self.ended.cancel();
    }

    /// Writes the status, and resolves when it is on its way.
    pub(super) async fn finish(&mut self, end: &SessionEnd) {
        let _ = self.frames.send(status(end)).await;
        // The writer ends when nobody can give it frames any more.
        let (nobody, _) = mpsc::channel(1);
        self.frames = nobody;
        let _ = (&mut self.writer).await;
    }

    /// Gives up what outputs still hold.
    pub(super) fn drop_outputs(&self) {
        self.outputs.iter().for_each(JoinHandle::abort);
    }

    /// Waits for the other end to close, and lets the connection go; an agent that is `leaving` waits less.
    pub(super) async fn close(mut self, leaving: &CancellationToken) {
        if self.reader.is_finished() {
            return;
        }
        let impatient = async {
            leaving.cancelled().await;
            tokio::time::sleep(CLOSE_WHEN_LEAVING).await;
        };
        tokio::select! {
            _ = timeout(CLOSE_WITHIN, &mut self.reader) => {}
            () = impatient => {}
        }
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        self.outputs.iter().chain([&self.writer, &self.reader]).chain(&self.feeder).for_each(JoinHandle::abort);
    }
}

/// Gives stored input to the command. A command that does not read all of it has its reasons.
async fn feed(mut stdin: Box<dyn AsyncWrite + Send + Unpin>, input: Blob) {
    if stdin.write_all(input.as_bytes()).await.is_ok() {
        let _ = stdin.shutdown().await;
    }
}

/// Reads a stored input whole, up to its close frame.
pub(super) async fn stored_input(socket: &mut Socket, bytes: u64, most: u64) -> Result<Vec<u8>, String> {
    if bytes > most {
        return Err(format!("the input has {bytes} bytes, and this agent takes {most}"));
    }
    let mut input = Vec::new();
    loop {
        let next = timeout(INPUT_FRAME_WITHIN, socket.next()).await;
        let next = next.map_err(|_| "the stored input stopped coming".to_owned())?;
        let message = next.ok_or("the connection ended within the stored input")?.map_err(|error| error.to_string())?;
        let Message::Binary(message) = message else {
            if matches!(message, Message::Ping(_) | Message::Pong(_)) {
                continue;
            }
            return Err("something else than stored input came".to_owned());
        };
        match frame::split(&message).map_err(|error| error.to_string())? {
            (Channel::Stdin, data) => input.extend_from_slice(&data),
            (Channel::Close, data) if frame::closed(&data) == Ok(Channel::Stdin) => break,
            _ => return Err("something else than stored input came".to_owned()),
        }
        if input.len() as u64 > bytes {
            break;
        }
    }
    if input.len() as u64 == bytes {
        Ok(input)
    } else {
        Err("the stored input has another length than was said".to_owned())
    }
}

/// Tells the end of a session that never ran.
pub(super) async fn say_end(mut socket: Socket, end: &SessionEnd, report: impl FnOnce()) {
    let telling = async {
        socket.send(Message::Binary(status(end))).await?;
        socket.send(Message::Close(None)).await
    };
    // A connection that takes nothing is no reason to keep the report back.
    let _ = timeout(CLOSE_WITHIN, telling).await;
    report();
    let closed = async {
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() {
                return;
            }
        }
    };
    let _ = timeout(CLOSE_WITHIN, closed).await;
}

fn status(end: &SessionEnd) -> Bytes {
    let status = Status { end: end.clone() };
    Channel::Status.frame(&serde_json::to_vec(&status).unwrap_or_default())
}
