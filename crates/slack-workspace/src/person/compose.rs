//! What somebody typed, as Slack's client sends it: a text with markup, and the `rich_text` block that says the same.

use serde_json::{Value, json};

use crate::emoji::emoji;
use crate::model::{ChannelKind, State, UserId};

/// How many markers may fail to close: bounds the work on hostile input.
const PATIENCE: u32 = 64;
/// Styles nest this deep.
const MAX_DEPTH: u8 = 4;

/// A piece of what was typed.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Plain(&'a str),
    /// Markup in angle brackets, without them: a mention, a channel, a link.
    Markup(&'a str),
    /// `@handle` of someone who is there.
    Mention(UserId),
    /// `#name` of a public channel: its id and name.
    Channel(String, &'a str),
    /// `@here`, `@channel`, `@everyone`.
    Broadcast(&'a str),
}

/// The text as Slack sends it: `&`, `<` and `>` escaped, names turned into mentions.
pub(super) fn text(state: &State, typed: &str) -> String {
    let mut text = String::with_capacity(typed.len());
    for piece in pieces(state, typed) {
        match piece {
            Piece::Plain(plain) => {
                text.push_str(&plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
            }
            Piece::Markup(markup) => text.extend(["<", markup, ">"]),
            Piece::Mention(user) => text.extend(["<@", user.as_str(), ">"]),
            Piece::Channel(id, name) => text.extend(["<#", &id, "|", name, ">"]),
            Piece::Broadcast(range) => text.extend(["<!", range, ">"]),
        }
    }
    text
}

/// A text of an app with its names turned into mentions; it is escaped already, and stays as it is otherwise.
pub(crate) fn with_names(state: &State, written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    for piece in pieces(state, written) {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Markup(markup) => text.extend(["<", markup, ">"]),
            Piece::Mention(user) => text.extend(["<@", user.as_str(), ">"]),
            Piece::Channel(id, name) => text.extend(["<#", &id, "|", name, ">"]),
            Piece::Broadcast(range) => text.extend(["<!", range, ">"]),
        }
    }
    text
}

/// The same as the elements of a `rich_text` block.
pub(super) fn rich_text(state: &State, typed: &str) -> Vec<Value> {
    let mut writer = Writer { state, parts: Vec::new() };
    let mut rest = typed;
    while let Some((before, opened)) = rest.split_once("```") {
        let Some((code, after)) = opened.split_once("```") else { break };
        writer.lines(before.strip_suffix('\n').unwrap_or(before));
        let code = code.strip_prefix('\n').unwrap_or(code);
        let code = code.strip_suffix('\n').unwrap_or(code);
        if !code.is_empty() {
            let elements = json!([{"type": "text", "text": code}]);
            writer.parts.push(json!({"type": "rich_text_preformatted", "border": 0, "elements": elements}));
        }
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    writer.lines(rest);
    writer.parts
}

struct Writer<'a> {
    state: &'a State,
    parts: Vec<Value>,
}

/// What a line is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Section,
    Quote,
    Bullets,
    Numbers,
}

impl Writer<'_> {
    /// Lines of one kind stand together.
    fn lines(&mut self, raw: &str) {
        if raw.is_empty() {
            return;
        }
        let lines: Vec<(Kind, &str)> = raw.split('\n').map(kind_of).collect();
        for group in lines.chunk_by(|a, b| a.0 == b.0) {
            let Some((kind, _)) = group.first() else { continue };
            let texts: Vec<&str> = group.iter().map(|(_, text)| *text).collect();
            let part = match kind {
                Kind::Section => json!({"type": "rich_text_section", "elements": self.inline(&texts.join("\n"))}),
                Kind::Quote => json!({"type": "rich_text_quote", "elements": self.inline(&texts.join("\n"))}),
                Kind::Bullets => self.list("bullet", &texts),
                Kind::Numbers => self.list("ordered", &texts),
            };
            self.parts.push(part);
        }
    }

    fn list(&self, style: &str, texts: &[&str]) -> Value {
        let entry = |text: &&str| json!({"type": "rich_text_section", "elements": self.inline(text)});
        let entries: Vec<Value> = texts.iter().map(entry).collect();
        json!({"type": "rich_text_list", "style": style, "indent": 0, "border": 0, "elements": entries})
    }

    fn inline(&self, raw: &str) -> Vec<Value> {
        let mut inline = Inline { state: self.state, elements: Vec::new(), patience: PATIENCE };
        inline.styled(raw, &[], 0);
        inline.elements
    }
}

fn kind_of(line: &str) -> (Kind, &str) {
    if let Some(text) = line.strip_prefix("> ").or_else(|| line.strip_prefix('>')) {
        return (Kind::Quote, text);
    }
    if let Some(text) = ["- ", "• ", "* "].iter().find_map(|mark| line.strip_prefix(mark)) {
        return (Kind::Bullets, text);
    }
    match line.split_once(". ") {
        Some((n, text)) if (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()) => (Kind::Numbers, text),
        _ => (Kind::Section, line),
    }
}

struct Inline<'a> {
    state: &'a State,
    elements: Vec<Value>,
    patience: u32,
}

impl Inline<'_> {
    /// Text in which `*`, `_`, `~` and backticks may begin a style.
    fn styled(&mut self, raw: &str, styles: &[&str], depth: u8) {
        let (mut from, mut at) = (0, 0);
        let mut before: Option<char> = None;
        while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(c) = rest.chars().next() else { break };
            let style = style_of(c).filter(|_| depth < MAX_DEPTH && before.is_none_or(|b| !b.is_alphanumeric()));
            let found = style.and_then(|style| Some((style, self.closed(rest, c)?)));
            if let Some((style, inner)) = found {
                self.plain(raw.get(from..at).unwrap_or_default(), styles);
                let all: Vec<&str> = styles.iter().copied().chain([style]).collect();
                if style == "code" {
                    self.push_text(inner, &all);
                } else {
                    self.styled(inner, &all, depth + 1);
                }
                at += inner.len() + 2;
                from = at;
                before = Some(c);
            } else {
                // What stands in angle brackets is one thing.
                let whole = if c == '<' { markup(rest).map_or(1, |(_, length)| length) } else { c.len_utf8() };
                at += whole;
                before = Some(c);
            }
        }
        self.plain(raw.get(from..).unwrap_or_default(), styles);
    }

    /// What stands between two of the same marker in one line.
    fn closed<'t>(&mut self, raw: &'t str, marker: char) -> Option<&'t str> {
        if self.patience == 0 {
            return None;
        }
        let after = raw.strip_prefix(marker)?;
        let line = after.split('\n').next()?;
        let is_end = |(at, _): &(usize, &str)| {
            let next = line.get(at + 1..).and_then(|rest| rest.chars().next());
            next.is_none_or(|next| !next.is_alphanumeric())
        };
        let end = line.match_indices(marker).find(is_end).map(|(at, _)| at);
        let inner = end.and_then(|end| line.get(..end));
        let inner = inner.filter(|inner| !inner.is_empty() && (marker == '`' || inner.trim() == *inner));
        if inner.is_none() {
            self.patience -= 1;
        }
        inner
    }

    fn plain(&mut self, raw: &str, styles: &[&str]) {
        for piece in pieces(self.state, raw) {
            let mut element = match piece {
                Piece::Plain(plain) => {
                    self.words(plain, styles);
                    continue;
                }
                Piece::Mention(user) => json!({"type": "user", "user_id": user}),
                Piece::Channel(id, _) => json!({"type": "channel", "channel_id": id}),
                Piece::Broadcast(range) => json!({"type": "broadcast", "range": range}),
                Piece::Markup(markup) => of_markup(markup),
            };
            style_element(&mut element, styles);
            self.elements.push(element);
        }
    }

    /// Text with names of emoji and bare addresses in it.
    fn words(&mut self, raw: &str, styles: &[&str]) {
        let mut rest = raw;
        let mut plain = String::new();
        let mut before: Option<char> = None;
        while let Some(c) = rest.chars().next() {
            let begins = before.is_none_or(|b| !b.is_alphanumeric());
            let found = match c {
                ':' => emoji_at(rest),
                'h' if begins => address_at(rest),
                _ => None,
            };
            if let Some((mut element, after)) = found {
                self.push_text(&plain, styles);
                plain.clear();
                style_element(&mut element, styles);
                self.elements.push(element);
                rest = after;
                before = Some(':');
            } else {
                plain.push(c);
                before = Some(c);
                rest = rest.strip_prefix(c).unwrap_or("");
            }
        }
        self.push_text(&plain, styles);
    }

    /// Text continues the text before it when both look the same.
    fn push_text(&mut self, text: &str, styles: &[&str]) {
        if text.is_empty() {
            return;
        }
        let mut element = json!({"type": "text", "text": text});
        style_element(&mut element, styles);
        let same = |last: &Value| last["type"] == "text" && last.get("style") == element.get("style");
        if let Some(last) = self.elements.last_mut().filter(|last| same(last)) {
            let longer = format!("{}{text}", last["text"].as_str().unwrap_or_default());
            last["text"] = longer.into();
        } else {
            self.elements.push(element);
        }
    }
}

fn style_of(marker: char) -> Option<&'static str> {
    match marker {
        '*' => Some("bold"),
        '_' => Some("italic"),
        '~' => Some("strike"),
        '`' => Some("code"),
        _ => None,
    }
}

fn style_element(element: &mut Value, styles: &[&str]) {
    for style in styles {
        element["style"][*style] = true.into();
    }
}

/// `:name:` of a known emoji, and what follows.
fn emoji_at(raw: &str) -> Option<(Value, &str)> {
    let after = raw.strip_prefix(':')?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+-'".contains(c);
    let (name, rest) = after.split_at(after.char_indices().take(60).find(|(_, c)| !allowed(*c))?.0);
    let character = emoji(name)?;
    let rest = rest.strip_prefix(':')?;
    let codes: Vec<String> = character.chars().map(|c| format!("{:04x}", u32::from(c))).collect();
    Some((json!({"type": "emoji", "name": name, "unicode": codes.join("-")}), rest))
}

/// A bare address, without the punctuation that ends a sentence, and what follows.
fn address_at(raw: &str) -> Option<(Value, &str)> {
    if !raw.starts_with("http://") && !raw.starts_with("https://") {
        return None;
    }
    let end = raw.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"`".contains(c)).unwrap_or(raw.len());
    let (address, _) = raw.split_at(end);
    let address = address.trim_end_matches(['.', ',', ')', '!', '?', ':', ';', '\'', '*', '_', '~']);
    let rest = raw.strip_prefix(address)?;
    address.split_once("://").filter(|(_, rest)| !rest.is_empty())?;
    Some((json!({"type": "link", "url": address}), rest))
}

fn of_markup(markup: &str) -> Value {
    let name = |text: &str| text.split('|').next().unwrap_or_default().to_owned();
    match (markup.get(..1), markup.get(1..)) {
        (Some("@"), Some(rest)) => json!({"type": "user", "user_id": name(rest)}),
        (Some("#"), Some(rest)) => json!({"type": "channel", "channel_id": name(rest)}),
        (Some("!"), Some(rest)) => json!({"type": "broadcast", "range": name(rest)}),
        _ => json!({"type": "link", "url": name(markup)}),
    }
}

fn pieces<'a>(state: &State, typed: &'a str) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(rest) = typed.get(at..).filter(|rest| !rest.is_empty()) {
        let before = typed.get(..at).and_then(|before| before.chars().next_back());
        let begins = before.is_none_or(|c| !c.is_alphanumeric());
        let special = match rest.chars().next() {
            Some('<') => markup(rest),
            Some('@') if begins => mention(state, rest),
            Some('#') if begins => channel(state, rest),
            _ => None,
        };
        let Some((piece, length)) = special else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        pieces.extend(typed.get(plain_from..at).filter(|plain| !plain.is_empty()).map(Piece::Plain));
        pieces.push(piece);
        at += length;
        plain_from = at;
    }
    pieces.extend(typed.get(plain_from..).filter(|plain| !plain.is_empty()).map(Piece::Plain));
    pieces
}

/// `<@U…>`, `<#C…>`, `<!here>` or `<https://…>` at the beginning of the text.
fn markup(text: &str) -> Option<(Piece<'_>, usize)> {
    let end = text.find('>')?;
    let inner = text.get(1..end)?;
    let is_id = |rest: &str| {
        let id = rest.split('|').next().unwrap_or_default();
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let is_markup = match inner.split_at_checked(1)? {
        ("@" | "#", rest) => is_id(rest),
        ("!", rest) => matches!(rest.split('|').next(), Some("here" | "channel" | "everyone")),
        _ => inner.starts_with("https://") || inner.starts_with("http://"),
    };
    (is_markup && !inner.contains('<')).then_some((Piece::Markup(inner), end + 1))
}

/// `@handle` at the beginning of the text.
fn mention<'a>(state: &State, text: &'a str) -> Option<(Piece<'a>, usize)> {
    let is_handle = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let handle = text.get(1..)?;
    let handle = handle.get(..handle.find(|c| !is_handle(c)).unwrap_or(handle.len()))?;
    let handle = handle.trim_end_matches('.');
    if let Some(user) = state.user_named(&handle.to_lowercase()) {
        return Some((Piece::Mention(user.id.clone()), handle.len() + 1));
    }
    matches!(handle, "here" | "channel" | "everyone").then_some((Piece::Broadcast(handle), handle.len() + 1))
}

/// `#name` of a public channel at the beginning of the text.
fn channel<'a>(state: &State, text: &'a str) -> Option<(Piece<'a>, usize)> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let name = text.get(1..)?;
    let name = name.get(..name.find(|c| !is_name(c)).unwrap_or(name.len())).filter(|name| !name.is_empty())?;
    let room = state.channel_named(name).filter(|room| room.kind == ChannelKind::Public)?;
    Some((Piece::Channel(room.id.to_string(), name), name.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let config = crate::Config::default();
        crate::Workspace::new(config).unwrap().update(|state, _| {
            let team = state.team.clone();
            std::mem::replace(state, State::new(team, String::new(), crate::model::Mint::new([1; 32])))
        })
    }

    #[test]
    fn what_is_typed_becomes_rich_text() {
        let typed = "*bold* and _it ~s~_ `c*d*` :tada: https://a.example/x_y_z. a*b*c\n> said\n- one\n- two\n1. first\n```\nls *\n```\nend";
        insta::assert_json_snapshot!(rich_text(&state(), typed));
    }

    #[test]
    fn names_become_mentions_in_both_forms() {
        let state = state();
        let general = state.channel_named("general").unwrap().id.to_string();
        let alice = state.user_named("alice").unwrap().id.to_string();
        let typed = "@alice see #general, @here & #nowhere @nobody <b>";
        let expected = format!("<@{alice}> see <#{general}|general>, <!here> &amp; #nowhere @nobody &lt;b&gt;");
        assert_eq!(text(&state, typed), expected);
        let kinds: Vec<Value> =
            rich_text(&state, typed)[0]["elements"].as_array().unwrap().iter().map(|e| e["type"].clone()).collect();
        assert_eq!(kinds, ["user", "text", "channel", "text", "broadcast", "text"]);
    }

    #[test]
    fn a_flood_of_markers_is_quick_and_harmless() {
        let state = state();
        for unit in ["*a ", "_*~", "`", "<", "```", ":", "*_a_*", "@", "#"] {
            assert!(!rich_text(&state, &unit.repeat(40_000 / unit.len())).is_empty(), "{unit}");
        }
    }
}
