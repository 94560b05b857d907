//! Text that somebody else wrote, made fit for one line of a terminal or a host.

/// Longest text that is passed on to a host or put on stderr, in characters.
///
/// A deny reason enters the host's model context and Slack's modal accepts 3,000 characters; what a
/// person needs to say about one tool call is shorter than that.
pub const TEXT_MAX_CHARS: usize = 1_000;

/// Returns `text` as one visible line of at most `max_chars` characters.
///
/// Line breaks and tabs become spaces; other control, bidirectional, zero-width and tag characters
/// are removed. A cut is marked with `…`.
pub fn one_line(text: &str, max_chars: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max_chars));
    let mut shown = text.trim().chars().filter_map(visible);
    line.extend(shown.by_ref().take(max_chars));
    if shown.next().is_some() {
        line.pop();
        line.push('…');
    }
    line
}

/// An error and what caused it, as one visible line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    one_line(&text, TEXT_MAX_CHARS)
}

/// Maps white space to a space and drops what cannot be seen.
fn visible(c: char) -> Option<char> {
    match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        _ if c.is_control() || is_invisible(c) => None,
        _ => Some(c),
    }
}

/// Says whether a character changes how its neighbours look without being seen itself.
///
/// Unicode Standard Annex 9 (bidirectional controls) and the default-ignorable ranges used to hide
/// text: zero width, variation selectors, tags, fillers.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{0600}'..='\u{0605}' | '\u{061C}' | '\u{06DD}' | '\u{070F}'
        | '\u{0890}'..='\u{0891}' | '\u{08E2}' | '\u{2800}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1345F}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("not on a Friday", "not on a Friday")]
    #[case::newlines_become_spaces("a\nb\r\tc", "a b  c")]
    #[case::escape_sequences_lose_their_escape("\u{1b}[31mred", "[31mred")]
    #[case::bidi_is_removed("\u{202e}evil\u{2066}x", "evilx")]
    #[case::zero_width_is_removed("rm\u{200b} -rf", "rm -rf")]
    #[case::tags_are_removed("x\u{e0041}\u{e007f}y", "xy")]
    #[case::braille_blank("a\u{2800}b", "ab")]
    #[case::musical_controls("a\u{1d173}b\u{1d17a}", "ab")]
    #[case::shorthand_and_hieroglyph_controls("a\u{1bca0}b\u{13430}", "ab")]
    #[case::trimmed("  x \n", "x")]
    fn only_what_can_be_seen_remains(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(one_line(text, TEXT_MAX_CHARS), expected);
    }

    #[test]
    fn a_cut_is_marked_and_counts_characters_not_bytes() {
        assert_eq!(one_line("ééééé", 5), "ééééé");
        assert_eq!(one_line("éééééé", 5), "éééé…");
        assert_eq!(one_line("x", 0), "…");
    }
}
