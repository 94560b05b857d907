//! The digest: what was approved is what runs.
//!
//! SHA-256 over a versioned, domain-separated, length-prefixed encoding:
//!
//! ```text
//! "countersign/subject/v1" kind field*
//! bytes  = u64 big-endian length, then the bytes
//! number = bytes of its eight big-endian bytes
//! list   = number of items, then the items
//! ```
//!
//! No two different subjects have the same encoding, since every part says how long it is. JSON is never serialised anew
//! for it: tool input, stdin and parameters enter as the bytes that were received.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    blob::{from_hex, to_hex},
    subject::{Access, Command, Local, Remediation, Subject, ToolCall},
};

/// First in every encoding, so that a digest of a subject is never a digest of anything else.
const DOMAIN: &str = "countersign/subject/v1";

/// Hex digits of the short form: 48 bits, beyond what can be matched by trying in the life of a request.
const SHORT_DIGITS: usize = 12;

/// SHA-256 of everything that decides what will happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// A text that is not a digest.
#[derive(Debug, thiserror::Error)]
#[error("a digest is 64 lower-case hex digits")]
pub struct ParseDigestError;

impl Digest {
    /// The digest of a subject.
    pub fn of(subject: &Subject) -> Self {
        let mut encoder = Encoder::new(DOMAIN);
        encoder.text(subject.kind());
        match subject {
            Subject::ToolCall(call) => encoder.tool_call(call),
            Subject::Command(command) => encoder.command(command),
            Subject::Access(access) => encoder.access(access),
            Subject::Local(local) => encoder.local(local),
            Subject::Remediation(remediation) => encoder.remediation(remediation),
        }
        Self(encoder.finish())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first twelve hex digits: on every message, in the command line and in audit.
    pub fn short(&self) -> String {
        self.to_string().chars().take(SHORT_DIGITS).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_hex(text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(ParseDigestError)
    }
}

impl TryFrom<String> for Digest {
    type Error = ParseDigestError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Length-prefixed parts into SHA-256. Audit links use it too, under their own domain.
pub(crate) struct Encoder(Sha256);

impl Encoder {
    pub(crate) fn new(domain: &str) -> Self {
        let mut encoder = Self(Sha256::new());
        encoder.text(domain);
        encoder
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.bytes(&number.to_be_bytes());
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = &'a str>) {
        self.number(texts.len() as u64);
        texts.for_each(|text| self.text(text));
    }

    fn tool_call(&mut self, call: &ToolCall) {
        for part in [&call.host, &call.machine, &call.session, &call.tool, &call.event] {
            self.text(part);
        }
        self.bytes(call.input.as_bytes());
        self.text(&call.cwd);
    }

    fn command(&mut self, command: &Command) {
        self.text(&command.connection);
        self.number(command.revision);
        self.text(&command.agent);
        self.texts(command.argv.iter().map(String::as_str));
        self.bytes(command.input.as_bytes());
        self.texts(command.env.iter().map(|value| value.name.as_str()));
        self.texts(command.env.iter().map(|value| value.value_hash.as_str()));
        self.text(command.requester.as_str());
    }

    fn access(&mut self, access: &Access) {
        self.text(&access.connection);
        self.number(access.revision);
        self.text(access.requester.as_str());
        self.number(access.duration.as_secs());
        self.number(u64::from(access.duration.subsec_nanos()));
    }

    fn local(&mut self, local: &Local) {
        for part in [&local.machine, &local.user, &local.cwd] {
            self.text(part);
        }
        self.texts(local.argv.iter().map(String::as_str));
        self.texts(local.files.iter().map(|file| file.path.as_str()));
        self.texts(local.files.iter().map(|file| file.sha256.as_str()));
    }

    fn remediation(&mut self, remediation: &Remediation) {
        self.text(&remediation.action);
        self.text(&remediation.target);
        self.bytes(remediation.params.as_bytes());
        self.text(remediation.requester.as_str());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Blob, PersonId};

    fn call(tool: &str, cwd: &str, input: &str) -> Subject {
        Subject::ToolCall(ToolCall {
            host: "claude".into(),
            machine: "box".into(),
            session: "s1".into(),
            tool: tool.into(),
            event: "PermissionRequest".into(),
            input: Blob::from(input),
            cwd: cwd.into(),
        })
    }

    #[test]
    fn the_encoding_is_frozen() {
        // Computed once, by hand, from the encoding in the module's page: a change of it must be a new version.
        let digest = Digest::of(&call("Bash", "/srv", r#"{"command":"ls"}"#));
        assert_eq!(digest.to_string(), "59bc66cb0043e06ccd35b37796b644faf6fb89f9c17915190375ec4d5562ab1a");
    }

    #[test]
    fn white_space_in_the_input_matters() {
        assert_ne!(Digest::of(&call("B", "/", r#"{"a":1}"#)), Digest::of(&call("B", "/", r#"{"a": 1}"#)));
    }

    #[test]
    fn lists_do_not_run_into_each_other() {
        let local = |argv: &[&str]| {
            Digest::of(&Subject::Local(Local {
                machine: "m".into(),
                user: "u".into(),
                cwd: "/".into(),
                argv: argv.iter().map(|&arg| arg.to_owned()).collect(),
                files: vec![],
            }))
        };
        assert_ne!(local(&["ab", "c"]), local(&["a", "bc"]));
        assert_ne!(local(&["a", ""]), local(&["a"]));
    }

    #[test]
    fn every_kind_has_its_own_digest() {
        let person = PersonId::new("p");
        let access = Subject::Access(Access {
            connection: "c".into(),
            revision: 1,
            requester: person.clone(),
            duration: std::time::Duration::from_mins(30),
        });
        let remediation = Subject::Remediation(Remediation {
            action: "c".into(),
            target: "1".into(),
            params: Blob::default(),
            requester: person,
        });
        assert_ne!(Digest::of(&access), Digest::of(&remediation));
    }

    proptest! {
        #[test]
        fn moving_a_byte_between_fields_changes_it(tool in ".{1,8}", cwd in ".{0,8}") {
            let moved: String = tool.chars().take(tool.chars().count() - 1).collect();
            let last = tool.chars().last().unwrap();
            let other = call(&moved, &format!("{last}{cwd}"), "{}");
            prop_assert_ne!(Digest::of(&call(&tool, &cwd, "{}")), Digest::of(&other));
        }

        #[test]
        fn digests_survive_text(bytes: [u8; 32]) {
            let digest = Digest(bytes);
            prop_assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        }
    }
}
