//! Judges untyped Block Kit as Slack does: every violation is named, and one is enough.

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

use super::limits;
use super::schema::{self, BLOCKS, ELEMENTS, Field, HOME, Kind, MODAL, RICH, Spec, Surfaces};

/// How deep blocks may be nested; Slack's own never reach it.
const MAX_DEPTH: usize = 32;
/// How many violations are reported; a hostile message may have thousands.
const MAX_VIOLATIONS: usize = 100;

/// Where blocks are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// A message, ephemeral or not.
    Message,
    /// A modal.
    Modal,
    /// The Home tab.
    Home,
}

/// One thing that Slack would not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    message: String,
    pointer: String,
}

impl Violation {
    /// What is wrong, such as `must be less than 3001 characters`.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where, as a JSON pointer such as `/blocks/0/text/text`.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

impl fmt::Display for Violation {
    /// Writes it as it stands in `response_metadata.messages`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[ERROR] {} [json-pointer:{}]", self.message, self.pointer)
    }
}

/// Checks the `blocks` of a message or view.
///
/// # Errors
/// All violations, when there is one; pointers start with `/blocks`.
pub fn validate_blocks(blocks: &Value, surface: Surface) -> Result<(), Vec<Violation>> {
    let mut walk = Walk::new("/blocks", surface);
    let max = if surface == Surface::Message { limits::MESSAGE_BLOCKS } else { limits::VIEW_BLOCKS };
    walk.list(blocks, 0, max, &Kind::Block(&[]));
    walk.finish()
}

/// Checks a whole view, modal or Home tab; its size in bytes ([`limits::VIEW_BYTES`]) is another error of Slack's.
///
/// # Errors
/// All violations, when there is one; pointers start with `/view`.
pub fn validate_view(view: &Value) -> Result<(), Vec<Violation>> {
    let kind = view.get("type").and_then(Value::as_str);
    let surface = if kind == Some("home") { Surface::Home } else { Surface::Modal };
    let mut walk = Walk::new("/view", surface);
    match (view, kind) {
        (Value::Object(_), Some("modal" | "home") | None) => {
            walk.object(view, if surface == Surface::Home { HOME } else { MODAL });
            walk.submit(view);
        }
        (Value::Object(_), Some(other)) => walk.at("type", |walk| walk.unsupported(other)),
        _ => walk.report("must provide an object"),
    }
    walk.finish()
}

/// The state of one validation.
struct Walk {
    /// Where it is.
    pointer: String,
    depth: usize,
    surface: Surface,
    block_ids: HashSet<String>,
    /// Action ids of the block it is in.
    action_ids: HashSet<String>,
    markdown: usize,
    violations: Vec<Violation>,
}

impl Walk {
    fn new(root: &str, surface: Surface) -> Self {
        let (block_ids, action_ids) = (HashSet::new(), HashSet::new());
        Self { pointer: root.to_owned(), depth: 0, surface, block_ids, action_ids, markdown: 0, violations: Vec::new() }
    }

    fn finish(self) -> Result<(), Vec<Violation>> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.violations) }
    }

    fn report(&mut self, message: impl Into<String>) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(Violation { message: message.into(), pointer: self.pointer.clone() });
        }
    }

    /// Runs a check one step further down.
    fn at(&mut self, step: impl fmt::Display, check: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&step.to_string());
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.report("is nested too deeply");
        } else {
            check(self);
        }
        self.depth -= 1;
        self.pointer.truncate(length);
    }

    fn value(&mut self, value: &Value, kind: &Kind) {
        match kind {
            Kind::Any => {}
            Kind::Bool => self.expect(value.is_boolean(), "must be a boolean"),
            Kind::Integer => self.expect(value.is_i64() || value.is_u64(), "must be an integer"),
            Kind::Count(max) => self.count(value, *max),
            Kind::Str { min, max } => self.text(value, *min, *max),
            Kind::Enum(allowed) => self.one_of_texts(value, allowed),
            Kind::Plain { max } => self.text_object(value, &["plain_text"], *max),
            Kind::Text { max } => self.text_object(value, &["plain_text", "mrkdwn"], *max),
            Kind::List { min, max, of } => self.list(value, *min, *max, of),
            Kind::Object(fields) => self.object(value, fields),
            Kind::Element(allowed) => self.element(value, allowed),
            Kind::Block(allowed) => self.block(value, allowed),
        }
    }

    fn expect(&mut self, holds: bool, message: &str) {
        if !holds {
            self.report(message);
        }
    }

    fn count(&mut self, value: &Value, max: usize) {
        let fits = value.as_u64().is_some_and(|count| (1..=max as u64).contains(&count));
        self.expect(fits, &format!("must be an integer from 1 to {max}"));
    }

    fn text(&mut self, value: &Value, min: usize, max: usize) {
        let Some(text) = value.as_str() else { return self.report("must provide a string") };
        let length = text.chars().count();
        if length < min {
            self.report(format!("must be more than {} characters", min.saturating_sub(1)));
        } else if length > max {
            self.report(format!("must be less than {} characters", max.saturating_add(1)));
        }
    }

    fn one_of_texts(&mut self, value: &Value, allowed: &[&str]) {
        let fits = value.as_str().is_some_and(|text| allowed.contains(&text));
        self.expect(fits, &format!("must be one of: {}", allowed.join(", ")));
    }

    fn text_object(&mut self, value: &Value, types: &[&str], max: usize) {
        let Value::Object(object) = value else { return self.report("must provide an object") };
        let Some(kind) = self.type_of(object) else { return };
        if !types.contains(&kind) {
            return self.at("type", |walk| walk.unsupported(kind));
        }
        let own = if kind == "plain_text" { "emoji" } else { "verbatim" };
        for name in object.keys().filter(|name| !["type", "text", own].contains(&name.as_str())) {
            self.report(format!("invalid additional property: {}", short(name)));
        }
        self.field(object, &Field { name: own, required: false, kind: Kind::Bool });
        self.field(object, &Field { name: "text", required: true, kind: Kind::Str { min: 1, max } });
    }

    fn list(&mut self, value: &Value, min: usize, max: usize, of: &Kind) {
        let Value::Array(items) = value else { return self.report("must provide an array") };
        if items.len() > max {
            return self.report(format!("no more than {max} items allowed"));
        }
        if items.len() < min {
            self.report(format!("no fewer than {min} items allowed"));
        }
        for (index, item) in items.iter().enumerate() {
            self.at(index, |walk| walk.value(item, of));
        }
    }

    fn object(&mut self, value: &Value, fields: &[Field]) {
        let Value::Object(object) = value else { return self.report("must provide an object") };
        for field in fields {
            self.field(object, field);
        }
    }

    fn field(&mut self, object: &Map<String, Value>, field: &Field) {
        match object.get(field.name) {
            // SDKs write null where a value is not set.
            None | Some(Value::Null) if field.required => {
                self.report(format!("missing required field: {}", field.name));
            }
            None | Some(Value::Null) => {}
            Some(value) => self.at(field.name, |walk| walk.value(value, &field.kind)),
        }
    }

    fn type_of<'v>(&mut self, object: &'v Map<String, Value>) -> Option<&'v str> {
        let kind = object.get("type").and_then(Value::as_str);
        if kind.is_none() {
            self.report("missing required field: type");
        }
        kind
    }

    fn unsupported(&mut self, kind: &str) {
        self.report(format!("unsupported type: {}", short(kind)));
    }

    fn block(&mut self, value: &Value, allowed: &[&str]) {
        let Value::Object(object) = value else { return self.report("must provide an object") };
        let Some(kind) = self.type_of(object) else { return };
        let spec = schema::find(BLOCKS, kind).filter(|spec| self.takes(spec, allowed));
        let Some(spec) = spec else { return self.at("type", |walk| walk.unsupported(kind)) };
        self.action_ids.clear();
        self.spec(object, spec);
        self.unique_block_id(object);
        if kind == "markdown" {
            self.markdown(object);
        }
    }

    fn takes(&self, spec: &Spec, allowed: &[&str]) -> bool {
        let here = self.surface == Surface::Message || spec.surfaces == Surfaces::All;
        here && (allowed.is_empty() || allowed.contains(&spec.name))
    }

    fn element(&mut self, value: &Value, allowed: &[&str]) {
        let Value::Object(object) = value else { return self.report("must provide an object") };
        let Some(kind) = self.type_of(object) else { return };
        let spec = schema::find(ELEMENTS, kind)
            .or_else(|| schema::find(RICH, kind))
            .filter(|spec| allowed.contains(&spec.name));
        let Some(spec) = spec else { return self.at("type", |walk| walk.unsupported(kind)) };
        self.spec(object, spec);
        self.unique_action_id(object);
    }

    fn spec(&mut self, object: &Map<String, Value>, spec: &Spec) {
        for field in spec.fields {
            self.field(object, field);
        }
        let has = |name: &&str| object.get(*name).is_some_and(|value| !value.is_null());
        if !spec.one_of.is_empty() && !spec.one_of.iter().any(has) {
            self.report(format!("must define either `{}`", spec.one_of.join("` or `")));
        }
    }

    fn unique_block_id(&mut self, object: &Map<String, Value>) {
        let Some(id) = object.get("block_id").and_then(Value::as_str).filter(|id| !id.is_empty()) else { return };
        if !self.block_ids.insert(id.to_owned()) {
            self.at("block_id", |walk| walk.report(format!("`block_id` \"{}\" already exists", short(id))));
        }
    }

    fn unique_action_id(&mut self, object: &Map<String, Value>) {
        let Some(id) = object.get("action_id").and_then(Value::as_str) else { return };
        if !self.action_ids.insert(id.to_owned()) {
            self.at("action_id", |walk| walk.report(format!("`action_id` \"{}\" already exists", short(id))));
        }
    }

    /// All markdown blocks of a message share one limit.
    fn markdown(&mut self, object: &Map<String, Value>) {
        let length = object.get("text").and_then(Value::as_str).map_or(0, |text| text.chars().count());
        let before = self.markdown;
        self.markdown += length;
        if length <= limits::MARKDOWN_TEXT && before <= limits::MARKDOWN_TEXT && self.markdown > limits::MARKDOWN_TEXT {
            self.at("text", |walk| walk.report("must be less than 12001 characters in all markdown blocks together"));
        }
    }

    /// A modal in which something is entered needs a button that submits it.
    fn submit(&mut self, view: &Value) {
        let blocks = view.get("blocks").and_then(Value::as_array);
        let input = |block: &Value| block.get("type").and_then(Value::as_str) == Some("input");
        let wants = self.surface == Surface::Modal && blocks.is_some_and(|blocks| blocks.iter().any(input));
        if wants && view.get("submit").is_none_or(Value::is_null) {
            self.report("missing required field: submit");
        }
    }
}

/// As much of somebody's text as belongs into a message.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests;
