//! A hook's response.

use countersign_slack::hooks::HookName;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Code, Failure};

/// How many places of a response are tried for an object: logs have braces too.
const PLACES: usize = 256;
/// How much of a response is shown where it cannot be read, in characters.
const EXCERPT: usize = 80;

/// A hook's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The bytes of the response, trimmed.
    pub bytes: Vec<u8>,
    hook: HookName,
}

impl Answer {
    pub(super) fn new(hook: HookName, mut bytes: Vec<u8>) -> Self {
        // In place: it may be large.
        bytes.truncate(bytes.trim_ascii_end().len());
        bytes.drain(..bytes.len() - bytes.trim_ascii_start().len());
        Self { bytes, hook }
    }

    /// Whether the hook answered nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads the whole response as JSON; `unable_to_parse_json`, naming the hook and the place, where it is none.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.bytes).map_err(|error| self.unreadable(&error.to_string()))
    }

    /// Reads the first JSON object in the response, whatever stands around it.
    pub fn object(&self) -> Result<Map<String, Value>, Failure> {
        let places = memchr::memchr_iter(b'{', &self.bytes).take(PLACES);
        let mut first = None;
        for place in places {
            let rest = self.bytes.split_at(place).1;
            match serde_json::Deserializer::from_slice(rest).into_iter().next() {
                Some(Ok(object)) => return Ok(object),
                Some(Err(error)) => first = first.or(Some(error)),
                None => {}
            }
        }
        Err(self.unreadable(&first.map_or_else(|| "there is no `{` in it".to_owned(), |error| error.to_string())))
    }

    fn unreadable(&self, why: &str) -> Failure {
        let message = format!("the response of the `{}` hook is not the JSON that it should be", self.hook);
        let failure = Failure::new(Code::UnableToParseJson, message).detail(why);
        match self.excerpt() {
            None => failure.detail("the response is empty"),
            Some(excerpt) => failure.detail(format!("the response begins with: {excerpt}")),
        }
    }

    fn excerpt(&self) -> Option<String> {
        let start = self.bytes.split_at(self.bytes.len().min(EXCERPT * 4)).0;
        let text = String::from_utf8_lossy(start);
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT).collect();
        Some(line).filter(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(text: &str) -> Answer {
        Answer::new(HookName::GetTrigger, text.as_bytes().to_vec())
    }

    #[test]
    fn a_response_is_trimmed() {
        assert_eq!(answer(" \r\n{}\n\n").bytes, b"{}");
        assert!(answer(" \n").is_empty());
    }

    #[test]
    fn what_is_not_json_is_told_with_hook_and_place() {
        let failure = answer("{\"a\":\n  oops}").json::<Value>().unwrap_err();
        assert_eq!(failure.code(), &Code::UnableToParseJson);
        assert!(failure.to_string().contains("`get-trigger`"), "{failure}");
        assert!(failure.details()[0].contains("line 2 column 3"), "{:?}", failure.details());
        assert_eq!(answer("").json::<Value>().unwrap_err().details()[1], "the response is empty");
    }

    #[test]
    fn an_object_is_found_in_what_stands_around_it() {
        let found = answer("{info} loading\n{\"type\":\"a } in a text\"} done {\"second\":1}").object().unwrap();
        assert_eq!(Value::from(found), json!({"type": "a } in a text"}));
    }

    #[test]
    fn a_response_without_an_object_is_told() {
        for text in ["", "[1]", "{", "{{{{", &"{".repeat(100_000), "\u{0}\u{1b}[31m{"] {
            let failure = answer(text).object().unwrap_err();
            assert_eq!(failure.code(), &Code::UnableToParseJson);
            assert!(failure.details().iter().all(|line| line.len() < 400 && !line.contains('\u{1b}')));
        }
    }
}
