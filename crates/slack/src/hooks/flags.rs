//! The flags that hooks are called with.

use std::ffi::OsString;

use thiserror::Error;

/// What the Slack CLI passes to a hook. Flags that are not known are left alone: there will be more of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--protocol`: by which protocol to answer.
    pub protocol: Option<String>,
    /// `--boundary`: what stands around the response.
    pub boundary: Option<String>,
    /// `--source`: the project's root, or a trigger's file.
    pub source: Option<String>,
    /// `--output`: the directory for a bundle.
    pub output: Option<String>,
    /// Everything else, in the order it came.
    pub rest: Vec<String>,
}

/// Why flags cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FlagError {
    /// An argument is no UTF-8.
    #[error("the argument {0:?} is not UTF-8")]
    NotUtf8(OsString),
    /// A flag is the last argument and wants a value.
    #[error("{0} has no value")]
    NoValue(&'static str),
}

impl Flags {
    /// Reads arguments, `--name=value` or `--name value`; of a flag that stands twice, the last counts.
    ///
    /// The Slack CLI appends its flags last, so what it says wins over what stands in `hooks.json`.
    ///
    /// # Errors
    /// When an argument is no UTF-8, or a value is missing.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, FlagError> {
        let mut flags = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let text = argument.into_string().map_err(FlagError::NotUtf8)?;
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (text.as_str(), None),
            };
            let Some((name, place)) = flags.place(name) else {
                flags.rest.push(text);
                continue;
            };
            let value = match value {
                Some(value) => Ok(value),
                None => arguments.next().ok_or(FlagError::NoValue(name))?.into_string(),
            };
            *place = Some(value.map_err(FlagError::NotUtf8)?);
        }
        Ok(flags)
    }

    fn place(&mut self, name: &str) -> Option<(&'static str, &mut Option<String>)> {
        Some(match name {
            "--protocol" => ("--protocol", &mut self.protocol),
            "--boundary" => ("--boundary", &mut self.boundary),
            "--source" => ("--source", &mut self.source),
            "--output" => ("--output", &mut self.output),
            _ => return None,
        })
    }

    /// The flags as arguments, the ones of the protocol last.
    pub fn to_arguments(&self) -> Vec<String> {
        let own = [
            ("source", &self.source),
            ("output", &self.output),
            ("protocol", &self.protocol),
            ("boundary", &self.boundary),
        ];
        let own = own.into_iter().filter_map(|(name, value)| Some(format!("--{name}={}", value.as_ref()?)));
        self.rest.iter().cloned().chain(own).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Flags, FlagError> {
        Flags::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn both_spellings_are_read_and_strangers_are_kept() {
        let flags = parse(&["--source=/a b/c=d", "--protocol", "default", "--sdk-slack-dev-domain=x", "word"]).unwrap();
        assert_eq!(flags.source.as_deref(), Some("/a b/c=d"));
        assert_eq!(flags.protocol.as_deref(), Some("default"));
        assert_eq!(flags.rest, ["--sdk-slack-dev-domain=x", "word"]);
    }

    #[test]
    fn the_last_of_two_counts() {
        assert_eq!(parse(&["--source=a", "--source=b"]).unwrap().source.as_deref(), Some("b"));
    }

    #[test]
    fn a_missing_value_is_named() {
        assert_eq!(parse(&["--boundary"]), Err(FlagError::NoValue("--boundary")));
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_refused() {
        use std::os::unix::ffi::OsStringExt as _;
        let bytes = OsString::from_vec(b"--source=\xff".to_vec());
        assert_eq!(Flags::parse([bytes.clone()]), Err(FlagError::NotUtf8(bytes)));
    }

    proptest! {
        #[test]
        fn flags_read_as_they_are_written(source in proptest::option::of(".*"), boundary in proptest::option::of("[0-9a-f]{64}"), rest in proptest::collection::vec("--x[a-z]*=.*", 0..3)) {
            let flags = Flags { boundary, source, rest, ..Flags::default() };
            let again = Flags::parse(flags.to_arguments().into_iter().map(OsString::from)).unwrap();
            prop_assert_eq!(again, flags);
        }
    }
}
