//! Binary frames: one byte for the channel, then data.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::session::SessionEnd;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Channel {
    /// To the command.
    Stdin = 0,
    /// From the command; of a terminal, everything.
    Stdout = 1,
    /// From the command.
    Stderr = 2,
    /// How it ended: JSON of [`Status`], the last frame from the agent.
    Status = 3,
    /// One byte, the number of the channel that has ended.
    Close = 255,
}

/// The last frame of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// How it ended.
    #[serde(flatten)]
    pub end: SessionEnd,
}

/// A frame that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Nothing in it, not even a channel.
    #[error("an empty frame")]
    Empty,
    /// No such channel.
    #[error("a frame for channel {0}, which does not exist")]
    UnknownChannel(u8),
    /// Close frames name one channel.
    #[error("a close frame that names no channel")]
    NoSuchClose,
}

impl Channel {
    /// A frame of this channel, in one buffer.
    pub fn frame(self, data: &[u8]) -> Bytes {
        let mut frame = Vec::with_capacity(data.len() + 1);
        frame.push(self as u8);
        frame.extend_from_slice(data);
        Bytes::from(frame)
    }

    /// The frame that says this channel has ended.
    pub fn close(self) -> Bytes {
        Bytes::from(vec![Self::Close as u8, self as u8])
    }

    /// The channel with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Stdin),
            1 => Some(Self::Stdout),
            2 => Some(Self::Stderr),
            3 => Some(Self::Status),
            255 => Some(Self::Close),
            _ => None,
        }
    }
}

/// Splits a binary message into its channel and data, without copying.
pub fn split(message: &Bytes) -> Result<(Channel, Bytes), FrameError> {
    let number = *message.first().ok_or(FrameError::Empty)?;
    let channel = Channel::from_number(number).ok_or(FrameError::UnknownChannel(number))?;
    Ok((channel, message.slice(1..)))
}

/// The channel that a close frame names.
pub fn closed(data: &Bytes) -> Result<Channel, FrameError> {
    match data.as_ref() {
        [number] => Channel::from_number(*number).ok_or(FrameError::UnknownChannel(*number)),
        _ => Err(FrameError::NoSuchClose),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_frame_comes_back() {
        let (channel, data) = split(&Channel::Stderr.frame(b"no")).unwrap();
        assert_eq!((channel, data.as_ref()), (Channel::Stderr, b"no".as_slice()));
        let (channel, data) = split(&Channel::Stdin.close()).unwrap();
        assert_eq!((channel, closed(&data)), (Channel::Close, Ok(Channel::Stdin)));
    }

    #[test]
    fn a_status_is_readable() {
        let status = Status { end: SessionEnd::Exited { code: 3 } };
        assert_eq!(serde_json::to_string(&status).unwrap(), r#"{"how":"exited","code":3}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes: Vec<u8>) {
            if let Ok((Channel::Close, data)) = split(&Bytes::from(bytes)) {
                let _ = closed(&data);
            }
        }
    }
}
