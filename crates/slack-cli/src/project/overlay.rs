//! What a project says of its hooks, laid over what its SDK says.

use countersign_slack::hooks::{Interface, oddities};
use serde_json::Value;

use super::relaxed::Place;
use crate::{Code, Failure, Talk};

/// One of the two that say which hooks there are.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The file, or the hook.
    name: String,
    value: Value,
}

/// The largest response of `get-hooks` that is read, in bytes.
const LIMIT: usize = 4 << 20;
/// Where objects stand in an interface.
const OBJECTS: [&str; 6] = ["", "/hooks", "/config", "/config/watch", "/config/watch/manifest", "/config/watch/app"];

impl Source {
    /// Reads the content of a file.
    pub(super) fn of(name: &str, bytes: &[u8]) -> Result<Self, Failure> {
        let refuse = |place: Place, why: &str| {
            let failure = Failure::new(Code::SdkConfigLoad, format!("the Slack hooks file {name} cannot be read"));
            failure.detail(format!("{name}:{place}: {why}"))
        };
        let parsed = serde_json::from_slice::<Value>(bytes).map_err(|error| {
            let hint = if bytes.contains(&0) { "it is not UTF-8 text; save it as UTF-8" } else { "write it as JSON" };
            refuse(Place::of_error(bytes, &error), &without_place(&error)).remedy(hint)
        })?;
        let source = Self { name: name.to_owned(), value: pruned(parsed) };
        if let Err(why) = source.check() {
            // Reading it again tells the place, unless it is one of those that serde takes anyway.
            let error = serde_json::from_slice::<Interface>(bytes).err().filter(|error| error.line() > 0);
            let place = error.map_or(Place { line: 1, column: 1 }, |error| Place::of_error(bytes, &error));
            return Err(refuse(place, &why).remedy("compare it with docs.slack.dev, Slack CLI, Hooks"));
        }
        Ok(source)
    }

    /// The hooks, as this one alone says them.
    pub(super) fn interface(&self) -> Result<Interface, Failure> {
        serde_json::from_value(self.value.clone()).map_err(|error| unusable(&self.name).detail(error.to_string()))
    }

    /// Tells what is not written as it should be, and was understood.
    pub(super) fn tell_oddities(&self, talk: &dyn Talk) {
        for oddity in oddities(&self.value) {
            talk.warn(&format!("{}: {oddity}", self.name));
        }
    }

    /// Whether it is an interface; else why not.
    fn check(&self) -> Result<(), String> {
        for pointer in OBJECTS {
            if self.value.pointer(pointer).is_some_and(|value| !value.is_object()) {
                let what = if pointer.is_empty() { "it" } else { pointer };
                return Err(format!("{what} is not an object"));
            }
        }
        serde_json::from_value::<Interface>(self.value.clone()).map(drop).map_err(|error| error.to_string())
    }
}

/// Reads what `get-hooks` answered.
pub(super) fn offered(bytes: &[u8], talk: &dyn Talk) -> Result<Source, Failure> {
    let name = "the response of the `get-hooks` hook".to_owned();
    if bytes.len() > LIMIT {
        return Err(unusable(&name).detail(format!("it is larger than {LIMIT} bytes")));
    }
    let value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(_) if bytes.is_empty() => Value::Object(serde_json::Map::new()),
        Err(error) => match last_line(bytes) {
            Some(value) => {
                talk.warn("the `get-hooks` hook writes more than its response; its last line was taken");
                value
            }
            None => return Err(not_json(&name, bytes, &error)),
        },
    };
    let source = Source { name, value: pruned(value) };
    match source.check() {
        Ok(()) => Ok(source),
        Err(why) => Err(unusable(&source.name).detail(why)),
    }
}

/// Lays a project's own file over what its SDK offers: objects are joined, everything else is replaced.
pub(super) fn resolve(offered: &Source, own: &Source) -> Result<Interface, Failure> {
    let mut value = offered.value.clone();
    lay(&mut value, &own.value);
    serde_json::from_value(value)
        .map_err(|error| unusable(&own.name).detail(format!("together with {}: {error}", offered.name)))
}

fn lay(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                lay(below.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

/// Takes `null` out, which says nothing. For a hook it says that there is none.
fn pruned(mut value: Value) -> Value {
    for pointer in OBJECTS.into_iter().filter(|pointer| *pointer != "/hooks") {
        if let Some(Value::Object(object)) = value.pointer_mut(pointer) {
            object.retain(|_, value| !value.is_null());
        }
    }
    value
}

/// The last line, where it is an object: a response to which something else was written.
fn last_line(bytes: &[u8]) -> Option<Value> {
    let line = bytes.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?;
    serde_json::from_slice(line).ok().filter(Value::is_object)
}

fn not_json(name: &str, bytes: &[u8], error: &serde_json::Error) -> Failure {
    let start: String = String::from_utf8_lossy(bytes.split_at(bytes.len().min(400)).0)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(80)
        .collect();
    unusable(name)
        .detail(format!("{}: {}", Place::of_error(bytes, error), without_place(error)))
        .detail(format!("the response begins with: {start}"))
        .remedy("`get-hooks` may write one JSON object to stdout, and nothing else; logs belong to stderr")
}

fn unusable(name: &str) -> Failure {
    Failure::new(Code::SdkConfigLoad, format!("{name} cannot be used"))
}

/// What serde_json says, without the place, which it counts in bytes.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}
