//! The `markdown` block as HTML: the part of standard Markdown that apps send.

use maud::{Markup, PreEscaped, Render as _, html};

use super::reference::link;
use super::text::{push_text, text};

const MAX_DEPTH: u8 = 6;
/// Rows and columns of a table that are drawn.
const MAX_ROWS: usize = 200;
const MAX_COLUMNS: usize = 30;

/// Standard Markdown as HTML. Raw HTML in it stays text; images become links.
pub(super) fn markdown(raw: &str) -> Markup {
    let mut out = String::with_capacity(raw.len() * 2);
    let mut fence: Option<Vec<&str>> = None;
    let mut paragraph: Vec<&str> = Vec::new();
    let mut lines = raw.lines().peekable();
    while let Some(line) = lines.next() {
        if fence.is_none() && is_row(line) && lines.peek().is_some_and(|below| is_rule(below)) {
            push_paragraph(&mut out, &mut paragraph);
            lines.next();
            let rows: Vec<&str> = std::iter::from_fn(|| lines.next_if(|line| is_row(line))).collect();
            push_table(&mut out, line, &rows);
            continue;
        }
        let is_fence = line.trim_start().starts_with("```");
        fence = match (fence, is_fence) {
            (Some(code), true) => {
                push_code(&mut out, &code);
                None
            }
            (Some(mut code), false) => {
                code.push(line);
                Some(code)
            }
            (None, true) => {
                push_paragraph(&mut out, &mut paragraph);
                Some(Vec::new())
            }
            (None, false) => {
                push_line(&mut out, &mut paragraph, line);
                None
            }
        };
    }
    push_paragraph(&mut out, &mut paragraph);
    if let Some(code) = fence {
        push_code(&mut out, &code);
    }
    html! { div.markdown { (PreEscaped(out)) } }
}

/// A line of a table.
fn is_row(line: &str) -> bool {
    line.trim().len() > 1 && line.contains('|')
}

/// The line below a table's head.
fn is_rule(line: &str) -> bool {
    is_row(line) && line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

fn cells(row: &str) -> impl Iterator<Item = &str> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    row.strip_suffix('|').unwrap_or(row).split('|').map(str::trim).take(MAX_COLUMNS)
}

fn push_table(out: &mut String, head: &str, rows: &[&str]) {
    let table = html! {
        div.tablebox tabindex="0" role="region" aria-label="Table" {
            table {
                thead { tr { @for cell in cells(head) { th scope="col" { (inline(cell)) } } } }
                tbody { @for row in rows.iter().take(MAX_ROWS) { tr { @for cell in cells(row) { td.wrapped { (inline(cell)) } } } } }
            }
        }
    };
    table.render_to(out);
}

fn push_code(out: &mut String, code: &[&str]) {
    html! { pre.code dir="ltr" { (text(&code.join("\n"))) } }.render_to(out);
}

fn push_line<'a>(out: &mut String, paragraph: &mut Vec<&'a str>, line: &'a str) {
    match block_line(line) {
        Some(markup) => {
            push_paragraph(out, paragraph);
            markup.render_to(out);
        }
        None if line.trim().is_empty() => push_paragraph(out, paragraph),
        None => paragraph.push(line),
    }
}

fn push_paragraph(out: &mut String, paragraph: &mut Vec<&str>) {
    if !paragraph.is_empty() {
        let joined = paragraph.join("\n");
        paragraph.clear();
        html! { p { (inline(&joined)) } }.render_to(out);
    }
}

/// A line that is a block by itself.
fn block_line(line: &str) -> Option<Markup> {
    let trimmed = line.trim();
    let level = trimmed.bytes().take_while(|byte| *byte == b'#').count();
    let heading = trimmed.trim_start_matches('#').strip_prefix(' ');
    if let (1..=6, Some(heading)) = (level, heading) {
        return Some(html! { h4 { (inline(heading)) } });
    }
    if trimmed.len() >= 3 && ["-", "*", "_"].iter().any(|c| trimmed.replace(c, "").is_empty()) {
        return Some(html! { hr; });
    }
    if let Some(quoted) = trimmed.strip_prefix('>') {
        return Some(html! { blockquote { (inline(quoted.trim_start())) } });
    }
    let bullet = ["- ", "* ", "+ "].iter().find_map(|mark| trimmed.strip_prefix(mark));
    if let Some(item) = bullet {
        return Some(html! { div.li { "• " (inline(item)) } });
    }
    let (ordinal, item) = trimmed.split_once(". ")?;
    let numbered = (1..=4).contains(&ordinal.len()) && ordinal.bytes().all(|b| b.is_ascii_digit());
    numbered.then(|| html! { div.li { (ordinal) ". " (inline(item)) } })
}

fn inline(raw: &str) -> Markup {
    let mut out = String::with_capacity(raw.len() * 2);
    push_inline(&mut out, raw, 0);
    PreEscaped(out)
}

fn push_inline(out: &mut String, raw: &str, depth: u8) {
    let mut rest = raw;
    let mut plain = String::new();
    // How many openers may still fail to close: bounds the work on hostile input.
    let mut patience = 64_u32;
    while let Some(c) = rest.chars().next() {
        let found = match c {
            '`' | '*' | '_' | '~' | '[' | '!' if depth < MAX_DEPTH && patience > 0 => {
                patience -= 1;
                span(rest, depth)
            }
            _ => None,
        };
        if let Some((markup, after)) = found {
            patience += 1;
            push_text(out, &plain);
            plain.clear();
            markup.render_to(out);
            rest = after;
        } else {
            plain.push(c);
            rest = rest.strip_prefix(c).unwrap_or("");
        }
    }
    push_text(out, &plain);
}

fn span(raw: &str, depth: u8) -> Option<(Markup, &str)> {
    for (mark, tag) in [("**", "strong"), ("__", "strong"), ("~~", "s"), ("*", "em"), ("_", "em")] {
        if let Some((content, rest)) = raw.strip_prefix(mark).and_then(|after| after.split_once(mark)) {
            let tight = !content.is_empty() && content.trim() == content;
            return tight.then(|| (tagged(tag, content, depth), rest));
        }
    }
    if let Some((code, rest)) = raw.strip_prefix('`').and_then(|after| after.split_once('`')) {
        return Some((html! { code dir="ltr" { (text(code)) } }, rest));
    }
    let (image, after) = match raw.strip_prefix("![") {
        Some(after) => (true, after),
        None => (false, raw.strip_prefix('[')?),
    };
    let (label, after) = after.split_once("](")?;
    let (address, rest) = after.split_once(')')?;
    let label = if image { format!("Image: {label}") } else { label.to_owned() };
    Some((link(address, Some(&label)), rest))
}

fn tagged(tag: &str, content: &str, depth: u8) -> Markup {
    let mut inner = String::new();
    push_inline(&mut inner, content, depth + 1);
    let inner = PreEscaped(inner);
    match tag {
        "strong" => html! { strong { (inner) } },
        "s" => html! { s { (inner) } },
        _ => html! { em { (inner) } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_drawn() {
        insta::assert_snapshot!(markdown(
            "# Title\nSome **bold** and *it* and `x<y`\nsecond\n\n- one\n1. two\n> said\n---\n```sh\nls **\n```\n[t](https://a.example)"
        ).into_string());
    }

    #[test]
    fn a_table_is_a_table() {
        let html = markdown("before\n| a | *b* |\n|---|:-:|\n| <b> | 2 |\nafter | x").into_string();
        insta::assert_snapshot!(html);
        assert!(!markdown("a | b\nno rule").into_string().contains("<table"));
    }

    #[test]
    fn hostile_markdown_stays_text() {
        let html =
            markdown("<script>x</script> [a](javascript:alert(1)) ![p](https://x.example/p.png) **<b>**").into_string();
        for bad in ["<script", "href=\"javascript", "<img", "<b>"] {
            assert!(!html.contains(bad), "{html}");
        }
    }

    #[test]
    fn a_flood_of_markers_is_quick_and_harmless() {
        for unit in ["*", "[", "**a ", "![", "`", "_a", "|", "|-|\n"] {
            assert!(!markdown(&unit.repeat(12_000)).into_string().is_empty());
        }
    }
}
