//! Which frames may come from which side. Nothing else of a frame is looked at.

use bytes::Bytes;
use countersign_gateway::{
    SessionEnd,
    wire::frame::{Channel, FrameError, Status, closed, split},
};

/// A frame that may not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Breach {
    /// It is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Text where frames are due.
    #[error("text where frames are due")]
    Text,
    /// A channel that is not for this side.
    #[error("a frame for channel {}, which is not this side's to send", *.0 as u8)]
    NotYours(Channel),
    /// Input for a command that takes none from here.
    #[error("input that is not taken: the session has none, or what was approved is its input")]
    NoInput,
    /// Something after its own end.
    #[error("a frame for channel {}, which was closed before", *.0 as u8)]
    AfterClose(Channel),
    /// The last frame is not what it should be.
    #[error("a status that cannot be read")]
    BadStatus,
}

/// Where the client's input stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stdin {
    /// Frames may come.
    Open,
    /// It has ended.
    Closed,
    /// The session takes none.
    None,
}

/// What a frame of the client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FromPerson {
    /// Input.
    Input(Bytes),
    /// No more input.
    End,
    /// The end of an input that there never was.
    Nothing,
}

/// What a frame of the agent is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FromCommand {
    /// Output.
    Output(Channel, Bytes),
    /// A channel has ended.
    Close(Channel),
    /// The last frame.
    Status(SessionEnd),
}

impl Stdin {
    /// Judges a frame of the client: input and its end, nothing else.
    pub(super) fn take(&mut self, frame: &Bytes) -> Result<FromPerson, Breach> {
        let (channel, data) = split(frame)?;
        match (channel, *self) {
            (Channel::Stdin, Self::Open) => Ok(FromPerson::Input(data)),
            (Channel::Stdin, Self::Closed) => Err(Breach::AfterClose(Channel::Stdin)),
            (Channel::Stdin, Self::None) => Err(Breach::NoInput),
            (Channel::Close, state) if closed(&data)? == Channel::Stdin => match state {
                Self::Open => {
                    *self = Self::Closed;
                    Ok(FromPerson::End)
                }
                Self::Closed => Err(Breach::AfterClose(Channel::Stdin)),
                Self::None => Ok(FromPerson::Nothing),
            },
            (other, _) => Err(Breach::NotYours(other)),
        }
    }
}

/// Judges a frame of the agent: output, the end of a channel, and the status.
pub(super) fn from_command(frame: &Bytes) -> Result<FromCommand, Breach> {
    let (channel, data) = split(frame)?;
    match channel {
        Channel::Stdout | Channel::Stderr => Ok(FromCommand::Output(channel, data)),
        Channel::Status => {
            let status: Status = serde_json::from_slice(&data).map_err(|_| Breach::BadStatus)?;
            Ok(FromCommand::Status(status.end))
        }
        Channel::Close => Ok(FromCommand::Close(closed(&data)?)),
        Channel::Stdin => Err(Breach::NotYours(channel)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_client_sends_input_and_its_end_and_nothing_else() {
        let mut stdin = Stdin::Open;
        assert_eq!(stdin.take(&Channel::Stdin.frame(b"a")), Ok(FromPerson::Input(Bytes::from_static(b"a"))));
        for forged in [Channel::Stdout, Channel::Stderr, Channel::Status] {
            assert_eq!(stdin.take(&forged.frame(b"a")), Err(Breach::NotYours(forged)));
            assert_eq!(stdin.take(&forged.close()), Err(Breach::NotYours(Channel::Close)));
        }
        assert_eq!(stdin.take(&Channel::Stdin.close()), Ok(FromPerson::End));
        assert_eq!(stdin.take(&Channel::Stdin.frame(b"a")), Err(Breach::AfterClose(Channel::Stdin)));
        assert_eq!(stdin.take(&Channel::Stdin.close()), Err(Breach::AfterClose(Channel::Stdin)));
    }

    #[test]
    fn what_was_approved_gets_no_other_input() {
        let mut stdin = Stdin::None;
        assert_eq!(stdin.take(&Channel::Stdin.frame(b"rm")), Err(Breach::NoInput));
        assert_eq!(stdin.take(&Channel::Stdin.close()), Ok(FromPerson::Nothing));
    }

    #[test]
    fn an_agent_sends_no_input() {
        assert_eq!(from_command(&Channel::Stdin.frame(b"a")), Err(Breach::NotYours(Channel::Stdin)));
        assert_eq!(from_command(&Channel::Status.frame(b"{}")), Err(Breach::BadStatus));
        assert_eq!(from_command(&Bytes::new()), Err(Breach::Frame(FrameError::Empty)));
        let status = from_command(&Channel::Status.frame(br#"{"how":"exited","code":3}"#));
        assert_eq!(status, Ok(FromCommand::Status(SessionEnd::Exited { code: 3 })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes: Vec<u8>) {
            let frame = Bytes::from(bytes);
            let _ = from_command(&frame);
            let _ = Stdin::Open.take(&frame);
        }
    }
}
