//! Which lines change, for a person to read.

/// Most cells of the comparison table; settings files stay far below.
const CELLS_MAX: usize = 4_000_000;

/// Lines shown around a change.
const CONTEXT_LINES: usize = 2;

/// Line by line: two columns of mark (`  `, `- `, `+ `), then the line. Long unchanged stretches become `…`.
pub(super) fn diff(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let marked = if (old.len() + 1).saturating_mul(new.len() + 1) > CELLS_MAX {
        let removed = old.iter().map(|&line| ('-', line));
        removed.chain(new.iter().map(|&line| ('+', line))).collect()
    } else {
        compare(&old, &new)
    };
    fold(&marked)
}

/// Longest common subsequence, from the end so that the walk is from the start.
fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let width = new.len() + 1;
    let mut table = vec![0_u32; (old.len() + 1) * width];
    let at = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let longest =
                if a == b { at(&table, i + 1, j + 1) + 1 } else { at(&table, i + 1, j).max(at(&table, i, j + 1)) };
            if let Some(cell) = table.get_mut(i * width + j) {
                *cell = longest;
            }
        }
    }
    let (mut i, mut j, mut marked) = (0, 0, Vec::new());
    loop {
        match (old.get(i), new.get(j)) {
            (Some(&a), Some(&b)) if a == b => {
                marked.push((' ', a));
                (i, j) = (i + 1, j + 1);
            }
            (Some(&a), b) if b.is_none() || at(&table, i + 1, j) >= at(&table, i, j + 1) => {
                marked.push(('-', a));
                i += 1;
            }
            (_, Some(&b)) => {
                marked.push(('+', b));
                j += 1;
            }
            _ => return marked,
        }
    }
}

fn fold(marked: &[(char, &str)]) -> String {
    let changed: Vec<usize> = (0..).zip(marked).filter(|(_, (mark, _))| *mark != ' ').map(|(at, _)| at).collect();
    let is_near = |at: usize| changed.iter().any(|&change| change.abs_diff(at) <= CONTEXT_LINES);
    let (mut text, mut folded) = (String::new(), false);
    for (at, (mark, line)) in marked.iter().enumerate() {
        if is_near(at) {
            text.extend([mark.to_string().as_str(), " ", line, "\n"]);
        } else if !folded {
            text.push_str("…\n");
        }
        folded = !is_near(at);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_shown_with_its_surroundings() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh";
        let after = "a\nb\nc\nd\ne\nX\nY\ng\nh";
        insta::assert_snapshot!(diff(before, after), @r"
        …
          d
          e
        - f
        + X
        + Y
          g
          h
        ");
        assert_eq!(diff("", "x"), "+ x\n");
        assert_eq!(diff("x", ""), "- x\n");
    }
}
