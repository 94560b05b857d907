//! How `start` is meant: a connection of one's own, or the one event on stdin.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{IsTerminal as _, Read};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use countersign_slack::client::Token;
use countersign_slack::hooks::{Flags, StartInput};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::{CliError, Environment};

/// How long an event may take to begin to arrive where there may be none. The CLI writes it before this process runs.
const FIRST_BYTE: Duration = Duration::from_secs(2);
/// The largest event that is read.
const MAX_EVENT: u64 = 16 * 1024 * 1024;

/// How `start` is meant.
#[derive(Debug)]
pub enum Mode {
    /// The app holds the connection.
    Connect {
        /// The app-level token.
        app_token: Token,
        /// The bot's token, where there is one: installations of several workspaces have their own.
        bot_token: Option<Token>,
    },
    /// The CLI holds the connection, and hands over one event.
    Event(Box<StartInput>),
}

/// What is on stdin.
#[derive(Debug)]
pub enum Stdin {
    /// Nothing that could be an event: a terminal.
    Nothing,
    /// Something that can be read.
    Stream(Box<dyn FirstBytes>),
}

/// Reads a whole stream, if it begins in time.
pub trait FirstBytes: fmt::Debug {
    /// The whole of it; `None` where nothing came in time. Without a limit it waits for the first byte for ever.
    fn read_all(self: Box<Self>, first_within: Option<Duration>) -> std::io::Result<Option<Vec<u8>>>;
}

impl Stdin {
    /// This process's own.
    pub fn own() -> Self {
        if std::io::stdin().is_terminal() { Self::Nothing } else { Self::of(std::io::stdin()) }
    }

    /// Some other stream, for tests.
    pub fn of(stream: impl Read + Send + 'static) -> Self {
        Self::Stream(Box::new(Threaded(Box::new(stream))))
    }
}

/// A stream that a thread reads: a read that never returns must not keep the app from starting.
struct Threaded(Box<dyn Read + Send>);

impl fmt::Debug for Threaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Threaded")
    }
}

impl FirstBytes for Threaded {
    fn read_all(self: Box<Self>, first_within: Option<Duration>) -> std::io::Result<Option<Vec<u8>>> {
        let (sender, chunks) = mpsc::channel();
        let mut stream = self.0.take(MAX_EVENT);
        thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let read = stream.read(&mut buffer).map(|read| buffer.get(..read).unwrap_or_default().to_vec());
                let is_last = read.as_ref().map_or(true, Vec::is_empty);
                if sender.send(read).is_err() || is_last {
                    break;
                }
            }
        })?;
        let mut all = match first_within {
            Some(limit) => match chunks.recv_timeout(limit) {
                Ok(first) => first?,
                Err(_) => return Ok(None),
            },
            None => Vec::new(),
        };
        while let Ok(chunk) = chunks.recv() {
            let chunk = chunk?;
            if chunk.is_empty() {
                break;
            }
            all.extend(chunk);
        }
        Ok(Some(all))
    }
}

impl Mode {
    /// How `start` is meant, by what it was given.
    ///
    /// `SLACK_CLI_XAPP`: the CLI wants the app to connect. Else an event on stdin, or the flags of a protocol: the CLI
    /// connects. Else `SLACK_APP_TOKEN`: a person started the app.
    ///
    /// # Errors
    /// When a protocol is asked for and there is no event, what is on stdin is an event and cannot be read, or there are no
    /// tokens.
    pub fn of(environment: &Environment, flags: &Flags, stdin: Stdin) -> Result<Self, CliError> {
        const CLI: (&str, &str) = ("SLACK_CLI_XAPP", "SLACK_CLI_XOXB");
        const OWN: (&str, &str) = ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN");
        if environment.text(CLI.0).is_some() {
            return Self::connect(environment, CLI);
        }
        let must_be_event = flags.protocol.is_some() || flags.boundary.is_some();
        match event(stdin, must_be_event) {
            Ok(Some(input)) => Ok(Self::Event(Box::new(input))),
            Ok(None) if must_be_event => Err(CliError::NoEvent(None)),
            // Whatever else is on stdin is the business of the app.
            Ok(None) => Self::connect(environment, OWN),
            Err(CliError::NoEvent(_) | CliError::Stdin(_)) if !must_be_event => Self::connect(environment, OWN),
            // It is an event: with a connection of its own, the app would leave it without an answer.
            Err(error) => Err(error),
        }
    }

    fn connect(environment: &Environment, names: (&'static str, &'static str)) -> Result<Self, CliError> {
        let app_token = token(environment, names.0)?.ok_or(CliError::NoToken(names.0))?;
        let bot_token = match token(environment, names.1)? {
            Some(token) => Some(token),
            None => token(environment, "SLACK_BOT_TOKEN")?,
        };
        Ok(Self::Connect { app_token, bot_token })
    }
}

fn token(environment: &Environment, name: &'static str) -> Result<Option<Token>, CliError> {
    let token = environment.text(name).map(str::parse).transpose();
    token.map_err(|source| CliError::Token { name, source })
}

/// The event on stdin, if there is one.
fn event(stdin: Stdin, is_certain: bool) -> Result<Option<StartInput>, CliError> {
    let Stdin::Stream(stream) = stdin else { return Ok(None) };
    let first_within = if is_certain { None } else { Some(FIRST_BYTE) };
    let Some(bytes) = stream.read_all(first_within).map_err(CliError::Stdin)? else { return Ok(None) };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let mut value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(error) if has_body(&bytes) => return Err(CliError::Event(error)),
        Err(error) => return Err(CliError::NoEvent(Some(error))),
    };
    let Some(Value::Object(body)) = value.get_mut("body").map(Value::take) else {
        return if is_certain { Err(CliError::NoEvent(None)) } else { Ok(None) };
    };
    let context = value.get_mut("context").map(Value::take);
    let context = context.map(serde_json::from_value).transpose().map_err(CliError::Context)?;
    Ok(Some(StartInput { body, context: context.unwrap_or_default() }))
}

/// Whether a text is an object with a `body` that is one, as far as the text can be read.
fn has_body(text: &[u8]) -> bool {
    let mut seen = BodySeen(false);
    // Why the rest cannot be read is known already.
    let _ = serde_json::Deserializer::from_slice(text).deserialize_map(&mut seen);
    seen.0
}

struct BodySeen(bool);

impl<'de> Visitor<'de> for &mut BodySeen {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "body" {
                map.next_value::<BTreeMap<String, IgnoredAny>>()?;
                self.0 = true;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use secrecy::ExposeSecret as _;

    use super::*;

    const BODY: &str = r#"{"body": {"type": "event_callback"}, "context": {"bot_access_token": "xoxb-1"}}"#;

    fn mode(environment: &[(&str, &str)], protocol: Option<&str>, stdin: &'static str) -> Result<Mode, CliError> {
        let flags = Flags { protocol: protocol.map(str::to_owned), ..Flags::default() };
        let environment: Environment = environment.iter().copied().collect();
        Mode::of(&environment, &flags, Stdin::of(Cursor::new(stdin)))
    }

    /// A stream on which nothing ever comes.
    struct Silent(mpsc::Receiver<()>);

    impl Read for Silent {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            Ok(0)
        }
    }

    #[test]
    fn the_clis_own_tokens_go_before_everything() {
        let both = [("SLACK_CLI_XAPP", "xapp-cli"), ("SLACK_CLI_XOXB", "xoxb-cli"), ("SLACK_APP_TOKEN", "xapp-own")];
        for stdin in ["", BODY] {
            let Ok(Mode::Connect { app_token, bot_token }) = mode(&both, Some("default"), stdin) else { panic!() };
            assert_eq!(app_token.secret().expose_secret(), "xapp-cli");
            assert_eq!(bot_token.unwrap().secret().expose_secret(), "xoxb-cli");
        }
    }

    #[test]
    fn an_event_goes_before_a_token_of_ones_own() {
        let own = [("SLACK_APP_TOKEN", "xapp-own")];
        assert!(matches!(mode(&own, None, BODY), Ok(Mode::Event(_))));
        assert!(matches!(mode(&[], None, BODY), Ok(Mode::Event(_))));
        assert!(matches!(mode(&own, None, ""), Ok(Mode::Connect { bot_token: None, .. })));
        assert!(matches!(mode(&own, None, "{\"other\": 1}"), Ok(Mode::Connect { .. })));
        assert!(matches!(mode(&own, None, "not json"), Ok(Mode::Connect { .. })));
    }

    #[test]
    fn an_event_that_cannot_be_read_is_never_left_for_a_connection_of_ones_own() {
        let own = [("SLACK_APP_TOKEN", "xapp-own"), ("SLACK_BOT_TOKEN", "xoxb-own")];
        for protocol in [None, Some("message-boundaries")] {
            for (stdin, fault) in [
                (r#"{"body": {"type": "x"}, "context": 7}"#, "invalid type: integer `7`"),
                (r#"{"body": {"type": "x"}, "context": {"app_id": 7}}"#, "invalid type: integer `7`"),
                (r#"{"context": {"variables": []}, "body": {}}"#, "invalid type: sequence"),
            ] {
                let error = mode(&own, protocol, stdin).unwrap_err();
                assert!(error.to_string().contains("`context`"), "{error}");
                let source = std::error::Error::source(&error).unwrap().to_string();
                assert!(source.contains(fault), "{source}");
            }
            for stdin in [r#"{"body": {"type": "x"}, "context": {"app_id": "#, r#"{"body": {}, "context": nothing}"#] {
                let error = mode(&own, protocol, stdin).unwrap_err();
                assert!(matches!(error, CliError::Event(_)), "{error}");
            }
        }
        // What has no body is no event, however broken.
        for stdin in [r#"{"body": "text", "context": "#, r#"{"context": 7}"#, r#"[{"body": {}}"#, r#"{"body": {"#] {
            assert!(matches!(mode(&own, None, stdin), Ok(Mode::Connect { .. })), "{stdin}");
        }
    }

    #[test]
    fn a_protocol_wants_an_event() {
        let own = [("SLACK_APP_TOKEN", "xapp-own")];
        for stdin in ["", "{", "{\"other\": 1}", "[]"] {
            assert!(matches!(mode(&own, Some("message-boundaries"), stdin), Err(CliError::NoEvent(_))), "{stdin}");
        }
    }

    #[test]
    fn without_anything_the_missing_token_is_named() {
        let error = mode(&[], None, "").unwrap_err();
        assert_eq!(error.to_string(), "SLACK_APP_TOKEN is not set");
        assert!(error.hint().unwrap().contains("slack run"));
        assert!(matches!(mode(&[("SLACK_APP_TOKEN", "xapp x")], None, ""), Err(CliError::Token { .. })));
    }

    #[test]
    fn a_stream_that_stays_silent_does_not_keep_the_app_from_starting() {
        let (_keep, never) = mpsc::channel();
        let stdin = Stdin::of(Silent(never));
        let environment = Environment::from_iter([("SLACK_APP_TOKEN", "xapp-own")]);
        assert!(matches!(Mode::of(&environment, &Flags::default(), stdin), Ok(Mode::Connect { .. })));
    }
}
