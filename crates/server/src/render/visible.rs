//! Making the invisible visible.

use std::fmt::Write as _;

use countersign_hook::text::is_invisible;

/// The text with every control, bidirectional, zero-width and tag character written as `⟦U+202E⟧`.
///
/// Line feeds and tabs stay: they are what a person expects to see as such. A carriage return does not: in a terminal
/// it writes over the line that was just read.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let is_layout = matches!(character, '\n' | '\t');
        if !is_layout && (character.is_control() || is_invisible(character) || is_odd_space(character)) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "⟦U+{:04X}⟧", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// White space that looks like something else, or ends a line where no line feed stands.
fn is_odd_space(character: char) -> bool {
    matches!(
        character,
        '\u{00A0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("ls -la\n\tcat é 漢 🦀", "ls -la\n\tcat é 漢 🦀")]
    #[case::right_to_left_override("rm \u{202E}gnp.exe", "rm ⟦U+202E⟧gnp.exe")]
    #[case::isolates("\u{2066}x\u{2069}", "⟦U+2066⟧x⟦U+2069⟧")]
    #[case::zero_width("a\u{200B}b\u{FEFF}", "a⟦U+200B⟧b⟦U+FEFF⟧")]
    #[case::escape("\u{1b}[2K", "⟦U+001B⟧[2K")]
    #[case::carriage_return("evil\rgood", "evil⟦U+000D⟧good")]
    #[case::nul("a\0b", "a⟦U+0000⟧b")]
    #[case::tags("x\u{E0041}", "x⟦U+E0041⟧")]
    #[case::variation_selector("x\u{FE0F}", "x⟦U+FE0F⟧")]
    #[case::no_break_space("rm\u{00A0}-rf", "rm⟦U+00A0⟧-rf")]
    #[case::line_separator("a\u{2028}b", "a⟦U+2028⟧b")]
    fn what_cannot_be_seen_is_named(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(visible(text), expected);
    }
}
