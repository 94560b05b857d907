//! Untrusted text on its way to the page: escaped, and with nothing invisible left invisible.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use maud::{Markup, PreEscaped};

/// Text as it is, escaped, with hidden characters drawn as labelled chips.
pub(super) fn text(raw: &str) -> Markup {
    let mut out = String::with_capacity(raw.len() + 16);
    push_text(&mut out, raw);
    PreEscaped(out)
}

/// Appends escaped text to HTML that is being built.
pub(super) fn push_text(out: &mut String, raw: &str) {
    let mut before: Option<char> = None;
    let mut rest = raw.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied();
        if is_hidden(c) && !joins_emoji(before, c, after) {
            push_chip(out, c);
        } else {
            push_char(out, c);
        }
        before = Some(c);
    }
}

/// The same for places that hold no markup, such as options and titles: not escaped yet.
pub(super) fn visible(raw: &str) -> String {
    raw.chars().fold(String::with_capacity(raw.len()), |mut out, c| {
        if is_hidden(c) && !matches!(c, '\u{200D}' | '\u{FE0F}') {
            let _ = write!(out, "[U+{:04X}]", u32::from(c));
        } else {
            out.push(c);
        }
        out
    })
}

fn push_char(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        other => out.push(other),
    }
}

fn push_chip(out: &mut String, c: char) {
    let code = u32::from(c);
    let name = hidden_name(c);
    // Writing to a String cannot fail.
    let _ = write!(out, r#"<span class="chip" title="{name}, U+{code:04X}">U+{code:04X}</span>"#);
}

/// Joiners and presentation selectors are part of an emoji when they stand next to one.
fn joins_emoji(before: Option<char>, c: char, after: Option<char>) -> bool {
    let pictorial = |c: char| matches!(u32::from(c), 0x2190..=0x2BFF | 0x1_F000..=0x1_FAFF | 0xFE0F);
    let digit = |c: char| c.is_ascii_digit() || c == '#' || c == '*';
    match c {
        '\u{200D}' => before.is_some_and(pictorial) && after.is_some_and(pictorial),
        '\u{FE0F}' | '\u{FE0E}' => before.is_some_and(|b| pictorial(b) || (digit(b) && after == Some('\u{20E3}'))),
        _ => false,
    }
}

/// Whether a character changes what is read without being seen.
pub(super) fn is_hidden(c: char) -> bool {
    !matches!(c, '\t' | '\n')
        && matches!(
            u32::from(c),
            0x00..=0x1F
                | 0x7F..=0x9F
                | 0xAD
                | 0x34F
                | 0x61C
                | 0x115F..=0x1160
                | 0x17B4..=0x17B5
                | 0x180B..=0x180F
                | 0x200B..=0x200F
                | 0x2028..=0x202E
                | 0x2060..=0x206F
                | 0x3164
                | 0xFE00..=0xFE0F
                | 0xFEFF
                | 0xFFA0
                | 0xFFF0..=0xFFFB
                | 0xE_0000..=0xE_0FFF
        )
}

fn hidden_name(c: char) -> &'static str {
    match u32::from(c) {
        0x00..=0x1F | 0x7F..=0x9F => "control character",
        0x200B => "zero width space",
        0x200C => "zero width non-joiner",
        0x200D => "zero width joiner",
        0x200E => "left-to-right mark",
        0x200F | 0x61C => "right-to-left mark",
        0x2028 => "line separator",
        0x2029 => "paragraph separator",
        0x202A | 0x202B => "bidirectional embedding",
        0x202C => "end of bidirectional formatting",
        0x202D => "left-to-right override",
        0x202E => "right-to-left override",
        0x2066..=0x2069 => "bidirectional isolate",
        0xFEFF => "byte order mark",
        0xAD => "soft hyphen",
        _ => "invisible character",
    }
}

/// Undoes Slack's escaping of exactly three characters (docs.slack.dev, "Escaping text").
pub(super) fn unescape(slack: &str) -> String {
    slack.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// A short, stable name for anything: element ids and versions of fragments.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// One or two letters that stand for a name.
pub(super) fn initials(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().and_then(|word| word.chars().next());
    let second = words.next().and_then(|word| word.chars().next());
    let letters: String = first.into_iter().chain(second).collect();
    if letters.is_empty() { "?".to_owned() } else { letters.to_uppercase() }
}

/// Which of the eight avatar colours belongs to a name.
pub(super) fn hue(name: &str) -> &'static str {
    const HUES: [&str; 8] = ["hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5", "hue-6", "hue-7"];
    let sum = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    // The lowest bits depend on the last letters alone.
    let index = usize::try_from((sum >> 5) % 8).unwrap_or_default();
    HUES.get(index).copied().unwrap_or("hue-0")
}

/// A size in bytes for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_characters_are_escaped() {
        assert_eq!(
            text(r#"<script>alert('1')&"</script>"#).into_string(),
            "&lt;script&gt;alert(&#39;1&#39;)&amp;&quot;&lt;/script&gt;"
        );
    }

    #[test]
    fn bidirectional_and_zero_width_characters_become_chips() {
        let html = text("rm \u{202E}gpj.\u{200B}x\u{7}").into_string();
        for code in ["U+202E", "U+200B", "U+0007"] {
            assert!(html.contains(code), "{html}");
        }
        assert!(!html.contains('\u{202E}') && !html.contains('\u{200B}'));
    }

    #[test]
    fn joined_emoji_stay_whole() {
        let family = "👩\u{200D}💻 ❤\u{FE0F} 1\u{FE0F}\u{20E3}";
        assert_eq!(text(family).into_string(), family);
        assert!(text("a\u{200D}b").into_string().contains("U+200D"));
    }

    #[test]
    fn initials_of_any_name_exist() {
        assert_eq!(initials("alice"), "A");
        assert_eq!(initials("Countersign Bot"), "CB");
        assert_eq!(initials("  "), "?");
    }
}
