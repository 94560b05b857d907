//! How a hook's response is told from what else it writes.

use std::io::{self, Write};

use serde::Serialize;
use thiserror::Error;

use super::{Boundary, BoundaryError, Flags};

/// A protocol by its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ProtocolName {
    /// All of stdout is the response (v1).
    #[default]
    Default,
    /// The response stands between boundaries, everything else is diagnostics (v2).
    MessageBoundaries,
}

impl ProtocolName {
    /// The name as it stands in `protocol-version` and `--protocol`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::MessageBoundaries => "message-boundaries",
        }
    }

    /// The protocol with this name.
    pub fn find(name: &str) -> Option<Self> {
        [Self::Default, Self::MessageBoundaries].into_iter().find(|protocol| protocol.as_str() == name)
    }

    /// The first that is known of those that an SDK offers, best first; the default when none is.
    pub fn negotiate<S: AsRef<str>>(offered: &[S]) -> Self {
        offered.iter().find_map(|name| Self::find(name.as_ref())).unwrap_or_default()
    }
}

/// A protocol, ready to be spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Protocol {
    /// All of stdout is the response; of `start`, the last line.
    #[default]
    Default,
    /// The response stands between two of these.
    MessageBoundaries(Boundary),
}

/// Why a hook does not know how to answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// The protocol needs a boundary.
    #[error("--protocol=message-boundaries needs --boundary")]
    NoBoundary,
    /// The boundary is none.
    #[error("--boundary is not one")]
    Boundary(#[from] BoundaryError),
}

/// Why a response was not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// It cannot be written as JSON.
    #[error("the response cannot be written as JSON")]
    Encode(#[from] serde_json::Error),
    /// It holds the boundary, so nobody could tell where it ends.
    #[error("the response contains its own boundary")]
    Ambiguous,
    /// Whoever reads has gone.
    #[error("the response could not be written")]
    Io(#[from] io::Error),
}

impl Protocol {
    /// The protocol that a hook was asked to answer by. One that is not known is answered by the default.
    ///
    /// # Errors
    /// When boundaries are asked for and none, or something else, is given.
    pub fn of(flags: &Flags) -> Result<Self, ProtocolError> {
        match flags.protocol.as_deref().and_then(ProtocolName::find) {
            None | Some(ProtocolName::Default) => Ok(Self::Default),
            Some(ProtocolName::MessageBoundaries) => {
                let boundary = flags.boundary.as_deref().ok_or(ProtocolError::NoBoundary)?;
                Ok(Self::MessageBoundaries(boundary.parse()?))
            }
        }
    }

    /// Its name.
    pub const fn name(&self) -> ProtocolName {
        match self {
            Self::Default => ProtocolName::Default,
            Self::MessageBoundaries(_) => ProtocolName::MessageBoundaries,
        }
    }

    /// What a hook's command gets for it, after everything else.
    pub fn arguments(&self) -> Vec<String> {
        match self {
            Self::Default => Vec::new(),
            Self::MessageBoundaries(boundary) => {
                vec!["--protocol=message-boundaries".to_owned(), format!("--boundary={boundary}")]
            }
        }
    }

    /// Writes a response as one line of JSON.
    ///
    /// # Errors
    /// When it cannot be encoded, holds the boundary, or nobody reads.
    pub fn write(&self, out: &mut impl Write, response: &impl Serialize) -> Result<(), WriteError> {
        let json = serde_json::to_string(response)?;
        let line = match self {
            // The CLI takes the last line of `start`: JSON that is written compactly has no line ends.
            Self::Default => format!("{json}\n"),
            Self::MessageBoundaries(boundary) if json.contains(boundary.as_str()) => return Err(WriteError::Ambiguous),
            Self::MessageBoundaries(boundary) => format!("{boundary}{json}{boundary}\n"),
        };
        // In one piece: what other threads print must not come between.
        out.write_all(line.as_bytes())?;
        out.flush()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    const DIGITS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn written(protocol: &Protocol, response: &Value) -> String {
        let mut out = Vec::new();
        protocol.write(&mut out, response).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn flags(protocol: &str, boundary: Option<&str>) -> Flags {
        Flags { protocol: Some(protocol.to_owned()), boundary: boundary.map(str::to_owned), ..Flags::default() }
    }

    #[test]
    fn each_protocol_writes_as_the_reference_does() {
        let response = json!({"a": "line\nend"});
        assert_eq!(written(&Protocol::Default, &response), "{\"a\":\"line\\nend\"}\n");
        let bounded = Protocol::MessageBoundaries(DIGITS.parse().unwrap());
        assert_eq!(written(&bounded, &response), format!("{DIGITS}{{\"a\":\"line\\nend\"}}{DIGITS}\n"));
        assert_eq!(bounded.arguments(), ["--protocol=message-boundaries", &format!("--boundary={DIGITS}")]);
    }

    #[test]
    fn a_response_that_holds_its_boundary_is_refused() {
        let bounded = Protocol::MessageBoundaries(DIGITS.parse().unwrap());
        let error = bounded.write(&mut Vec::new(), &json!(DIGITS)).unwrap_err();
        assert!(matches!(error, WriteError::Ambiguous));
    }

    #[test]
    fn flags_choose_the_protocol() {
        assert_eq!(Protocol::of(&Flags::default()), Ok(Protocol::Default));
        assert_eq!(Protocol::of(&flags("default", None)), Ok(Protocol::Default));
        assert_eq!(Protocol::of(&flags("carrier-pigeon", None)), Ok(Protocol::Default));
        let bounded = Protocol::MessageBoundaries(DIGITS.parse().unwrap());
        assert_eq!(Protocol::of(&flags("message-boundaries", Some(DIGITS))), Ok(bounded));
        assert_eq!(Protocol::of(&flags("message-boundaries", None)), Err(ProtocolError::NoBoundary));
        let short = Protocol::of(&flags("message-boundaries", Some("xyz")));
        assert_eq!(short, Err(ProtocolError::Boundary(BoundaryError::Length(3))));
    }

    #[rstest]
    #[case::boundaries(&["message-boundaries"], ProtocolName::MessageBoundaries)]
    #[case::default(&["default"], ProtocolName::Default)]
    #[case::boundaries_first(&["message-boundaries", "default"], ProtocolName::MessageBoundaries)]
    #[case::default_first(&["default", "message-boundaries"], ProtocolName::Default)]
    #[case::unknown_is_passed_over(&["v9", "message-boundaries", "default"], ProtocolName::MessageBoundaries)]
    #[case::only_unknown(&["v9"], ProtocolName::Default)]
    #[case::none(&[], ProtocolName::Default)]
    fn the_first_known_offer_wins(#[case] offered: &[&str], #[case] chosen: ProtocolName) {
        assert_eq!(ProtocolName::negotiate(offered), chosen);
    }

    proptest! {
        #[test]
        fn what_stands_between_the_boundaries_is_the_response(text in ".*", noise in "[^0-9a-f]*") {
            let boundary = Boundary::random().unwrap();
            let response = json!({ "text": text });
            let all = format!("{noise}{}{noise}", written(&Protocol::MessageBoundaries(boundary.clone()), &response));
            let parts: Vec<&str> = all.split(boundary.as_str()).collect();
            prop_assert_eq!(parts.len(), 3);
            prop_assert_eq!(serde_json::from_str::<Value>(parts[1]).unwrap(), response);
        }

        #[test]
        fn the_last_line_of_the_default_protocol_is_the_response(text in ".*", noise in ".*") {
            let response = json!({ "text": text });
            let all = format!("{noise}\n{}", written(&Protocol::Default, &response));
            let last = all.trim_end_matches('\n').rsplit('\n').next().unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(last).unwrap(), response);
        }
    }
}
