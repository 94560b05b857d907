//! Slack's mrkdwn as HTML (docs.slack.dev, "Formatting message text").
//!
//! Every character of the input reaches the output through [`push_text`]; the tags are ours.

use maud::{Markup, PreEscaped, Render as _, html};

use super::reader::Reader;
use super::reference::{link, mention_all, mention_channel, mention_user};
use super::scan::{Scan, angle, bare_url, closing, short_name};
use super::text::{push_text, text, unescape};
use super::when;

/// Styles nest this deep; deeper markers stay text, so that hostile input cannot exhaust the stack.
const MAX_DEPTH: u8 = 6;

/// mrkdwn as HTML: fences, quotes, list lines, and what stands inside a line.
pub(super) fn mrkdwn(raw: &str, reader: &Reader) -> Markup {
    let mut writer = Writer { out: String::with_capacity(raw.len() * 2), reader };
    writer.fences(raw);
    PreEscaped(writer.out)
}

/// A plain text object: nothing is parsed but emoji names, unless it says `"emoji": false`.
pub(super) fn plain(object: &serde_json::Value) -> Markup {
    let raw = super::json::string(object, "text");
    if object.get("emoji").and_then(serde_json::Value::as_bool) == Some(false) {
        return text(raw);
    }
    let mut out = String::with_capacity(raw.len() + 16);
    let mut rest = raw;
    while let Some(start) = rest.find(':') {
        let (before, from) = rest.split_at(start);
        push_text(&mut out, before);
        if let Some((character, after)) = short_name(from) {
            out.push_str(character);
            rest = after;
        } else {
            out.push(':');
            rest = from.strip_prefix(':').unwrap_or("");
        }
    }
    push_text(&mut out, rest);
    PreEscaped(out)
}

struct Writer<'a> {
    out: String,
    reader: &'a Reader,
}

impl Writer<'_> {
    fn push(&mut self, markup: &Markup) {
        markup.render_to(&mut self.out);
    }

    fn fences(&mut self, raw: &str) {
        let mut rest = raw;
        while let Some((before, opened)) = rest.split_once("```") {
            let Some((code, after)) = opened.split_once("```") else {
                break;
            };
            self.lines(before.strip_suffix('\n').unwrap_or(before));
            let code = code.strip_prefix('\n').unwrap_or(code);
            let code = code.strip_suffix('\n').unwrap_or(code);
            self.out.push_str("<pre class=\"code\" dir=\"ltr\">");
            self.code(code);
            self.out.push_str("</pre>");
            rest = after.strip_prefix('\n').unwrap_or(after);
        }
        self.lines(rest);
    }

    fn lines(&mut self, raw: &str) {
        if raw.is_empty() {
            return;
        }
        let mut quoted: Vec<&str> = Vec::new();
        let mut rest_is_quote = false;
        let mut joined = false;
        for line in raw.split('\n') {
            if rest_is_quote {
                quoted.push(line);
            } else if let Some(text) = all_quoted(line) {
                rest_is_quote = true;
                quoted.push(text);
            } else if let Some(text) = one_quoted(line) {
                quoted.push(text);
            } else {
                joined &= !self.quote(&mut quoted);
                joined = self.line(line, joined);
            }
        }
        self.quote(&mut quoted);
    }

    /// Writes the collected quote; says whether there was one.
    fn quote(&mut self, quoted: &mut Vec<&str>) -> bool {
        if quoted.is_empty() {
            return false;
        }
        self.out.push_str("<blockquote>");
        for (index, line) in quoted.drain(..).enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            self.inline(line, 0);
        }
        self.out.push_str("</blockquote>");
        true
    }

    /// Writes one line; says whether the next one needs a line break before it.
    fn line(&mut self, line: &str, joined: bool) -> bool {
        if is_list_line(line) {
            self.out.push_str("<div class=\"li\">");
            self.inline(line, 0);
            self.out.push_str("</div>");
            return false;
        }
        if joined {
            self.out.push('\n');
        }
        self.inline(line, 0);
        true
    }

    fn inline(&mut self, raw: &str, depth: u8) {
        let mut scan = Scan::new(raw);
        while let Some(c) = scan.rest.chars().next() {
            let taken = match c {
                '<' => self.angle(&mut scan),
                '`' => self.tick(&mut scan),
                '*' | '_' | '~' if depth < MAX_DEPTH => self.style(&mut scan, c, depth),
                ':' => self.short_name(&mut scan),
                '&' => entity(&mut scan),
                'h' => self.bare_url(&mut scan),
                _ => false,
            };
            if !taken {
                scan.skip(c);
            }
        }
        self.flush(&mut scan);
    }

    fn flush(&mut self, scan: &mut Scan<'_>) {
        push_text(&mut self.out, &scan.plain);
        scan.plain.clear();
    }

    fn angle(&mut self, scan: &mut Scan<'_>) -> bool {
        let Some((inner, rest)) = angle(scan.rest) else {
            return false;
        };
        self.flush(scan);
        let markup = self.special(inner);
        self.push(&markup);
        scan.advance(rest, '>');
        true
    }

    fn special(&self, inner: &str) -> Markup {
        let (target, label) = match inner.split_once('|') {
            Some((target, label)) => (target, Some(unescape(label))),
            None => (inner, None),
        };
        let label = label.as_deref();
        if let Some(user) = target.strip_prefix('@') {
            return mention_user(user, self.reader);
        }
        if let Some(channel) = target.strip_prefix('#') {
            return mention_channel(channel, label, self.reader);
        }
        match target.strip_prefix('!') {
            Some(command) => self.command(command, label),
            None => link(&unescape(target), label),
        }
    }

    fn command(&self, command: &str, label: Option<&str>) -> Markup {
        if let Some(date) = command.strip_prefix("date^") {
            return when::slack_date(date, label, self.reader);
        }
        match command {
            "here" | "channel" | "everyone" => mention_all(command),
            _ => {
                let name = command.strip_prefix("subteam^").unwrap_or(command);
                let shown = label.unwrap_or(name);
                html! { span.mention { (text(shown)) } }
            }
        }
    }

    fn tick(&mut self, scan: &mut Scan<'_>) -> bool {
        if scan.no_tick {
            return false;
        }
        let Some((code, rest)) = scan.rest.strip_prefix('`').and_then(|after| after.split_once('`')) else {
            scan.no_tick = true;
            return false;
        };
        if code.is_empty() {
            return false;
        }
        self.flush(scan);
        self.out.push_str("<code dir=\"ltr\">");
        self.code(code);
        self.out.push_str("</code>");
        scan.advance(rest, '`');
        true
    }

    /// Code keeps its characters; only references in angle brackets are drawn, as Slack does.
    fn code(&mut self, code: &str) {
        let mut rest = code;
        while let Some(start) = rest.find('<') {
            let (before, from) = rest.split_at(start);
            push_text(&mut self.out, &unescape(before));
            if let Some((inner, after)) = angle(from) {
                let markup = self.special(inner);
                self.push(&markup);
                rest = after;
            } else {
                push_text(&mut self.out, "<");
                rest = from.strip_prefix('<').unwrap_or("");
            }
        }
        push_text(&mut self.out, &unescape(rest));
    }

    fn style(&mut self, scan: &mut Scan<'_>, marker: char, depth: u8) -> bool {
        if scan.before.is_some_and(char::is_alphanumeric) || scan.is_dead(marker) {
            return false;
        }
        let Some(after) = scan.rest.strip_prefix(marker) else {
            return false;
        };
        if after.starts_with(|c: char| c.is_whitespace() || c == marker) {
            return false;
        }
        let Some((content, rest)) = closing(after, marker) else {
            scan.kill(marker);
            return false;
        };
        self.flush(scan);
        let tag = match marker {
            '*' => "strong",
            '_' => "em",
            _ => "s",
        };
        self.out.push('<');
        self.out.push_str(tag);
        self.out.push('>');
        self.inline(content, depth + 1);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
        scan.advance(rest, marker);
        true
    }

    fn short_name(&mut self, scan: &mut Scan<'_>) -> bool {
        let Some((character, rest)) = short_name(scan.rest) else {
            return false;
        };
        self.flush(scan);
        self.out.push_str(character);
        scan.advance(rest, ':');
        true
    }

    fn bare_url(&mut self, scan: &mut Scan<'_>) -> bool {
        if scan.before.is_some_and(char::is_alphanumeric) {
            return false;
        }
        let Some((address, rest)) = bare_url(scan.rest) else {
            return false;
        };
        self.flush(scan);
        let markup = link(&unescape(address), None);
        self.push(&markup);
        scan.advance(rest, 'x');
        true
    }
}

/// One of the three characters that Slack escapes.
fn entity(scan: &mut Scan<'_>) -> bool {
    for (name, character) in [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')] {
        if let Some(rest) = scan.rest.strip_prefix(name) {
            scan.plain.push(character);
            scan.advance(rest, character);
            return true;
        }
    }
    false
}

fn all_quoted(line: &str) -> Option<&str> {
    line.strip_prefix("&gt;&gt;&gt;")
        .or_else(|| line.strip_prefix(">>>"))
        .map(|text| text.strip_prefix(' ').unwrap_or(text))
}

fn one_quoted(line: &str) -> Option<&str> {
    line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>')).map(|text| text.strip_prefix(' ').unwrap_or(text))
}

fn is_list_line(line: &str) -> bool {
    let line = line.trim_start();
    let numbered =
        line.split_once(". ").is_some_and(|(n, _)| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()));
    numbered || line.starts_with("• ") || line.starts_with("- ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn draw(raw: &str) -> String {
        mrkdwn(raw, &Reader::alice()).into_string()
    }

    #[rstest]
    #[case::bold("*b*", "<strong>b</strong>")]
    #[case::italic("an _i_.", "an <em>i</em>.")]
    #[case::strike("~s~", "<s>s</s>")]
    #[case::nested("*b _i_*", "<strong>b <em>i</em></strong>")]
    #[case::inside_a_word("a*b*c snake_case_name", "a*b*c snake_case_name")]
    #[case::spaced("2 * 3 * 4", "2 * 3 * 4")]
    #[case::code("`*x* &lt;b&gt;`", "<code dir=\"ltr\">*x* &lt;b&gt;</code>")]
    #[case::fence("a\n```\nls *\n```\nb", "a<pre class=\"code\" dir=\"ltr\">ls *</pre>b")]
    #[case::open_fence("```x", "```x")]
    #[case::quote("&gt; a\n&gt; b\nc", "<blockquote>a\nb</blockquote>c")]
    #[case::list("• a\n• b", "<div class=\"li\">• a</div><div class=\"li\">• b</div>")]
    #[case::user("<@UBOB>", "<span class=\"mention\" title=\"UBOB\">@bob</span>")]
    #[case::channel("<#CAPP>", "<a class=\"mention\" href=\"/u/alice/c/CAPP\">#approvals</a>")]
    #[case::everyone("<!here>", "<span class=\"mention mine\">@here</span>")]
    #[case::emoji(":lock: :nope:", "🔒 :nope:")]
    #[case::lines("a\n\nb", "a\n\nb")]
    fn mrkdwn_is_drawn_as_slack_does(#[case] raw: &str, #[case] html: &str) {
        assert_eq!(draw(raw), html);
    }

    #[test]
    fn links_open_elsewhere_and_show_their_true_host() {
        let html = draw("<https://evil.example/x|https://good.example>");
        assert!(html.contains("href=\"https://evil.example/x\""), "{html}");
        assert!(html.contains("rel=\"noopener noreferrer nofollow\""));
        assert!(html.contains("(evil.example)"), "{html}");
        assert!(!draw("<https://good.example/x|good.example>").contains("class=\"host\""));
    }

    #[rstest]
    #[case("<script>alert(1)</script>")]
    #[case("<javascript:alert(1)|click>")]
    #[case("<data:text/html,x>")]
    #[case("<https://x\"onmouseover=alert(1)|a>")]
    #[case("`<img src=x onerror=alert(1)>`")]
    #[case("```<img src=x onerror=alert(1)>```")]
    #[case("*<b onclick=x>*")]
    #[case("&lt;script&gt;alert(1)&lt;/script&gt;")]
    #[case("<@U1\"><script>>")]
    #[case("<!date^1^{date}^javascript:alert(1)|\"><script>x>")]
    fn hostile_mrkdwn_stays_text(#[case] raw: &str) {
        let html = draw(raw);
        for bad in ["<script", "<img", "href=\"javascript", "href=\"data", "<b ", "\"onmouse"] {
            assert!(!html.contains(bad), "{html}");
        }
    }

    #[test]
    fn a_flood_of_markers_is_quick_and_harmless() {
        for unit in ["*a ", "_*~", "<", "`", ":", "```", "&gt;", "<@"] {
            let html = draw(&unit.repeat(40_000 / unit.len()));
            assert!(!html.is_empty());
        }
    }
}
