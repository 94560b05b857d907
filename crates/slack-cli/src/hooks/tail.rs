//! The end of what a hook wrote.

/// How much of it is kept, in bytes: enough for the last lines of a trace.
const LIMIT: usize = 16 << 10;
/// How many lines of it are shown.
const LINES: usize = 20;

/// Keeps the end of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        let chunk = chunk.split_at(chunk.len().saturating_sub(LIMIT)).1;
        let over = (self.0.len() + chunk.len()).saturating_sub(LIMIT);
        self.0.drain(..over.min(self.0.len()));
        self.0.extend_from_slice(chunk);
    }

    /// Its last lines; `None` where it is blank.
    pub(super) fn lines(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0);
        let lines: Vec<&str> = text.trim().lines().collect();
        let last = lines.split_at(lines.len().saturating_sub(LINES)).1;
        Some(last.join("\n")).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_flood_are_kept() {
        let mut tail = Tail::default();
        for number in 0..100_000 {
            tail.push(format!("line {number}\n").as_bytes());
        }
        tail.push(&vec![b'x'; LIMIT * 2]);
        tail.push(b"\nend\n\n");
        let lines = tail.lines().unwrap();
        assert!(lines.ends_with("x\nend") && lines.len() <= LIMIT && tail.0.len() <= LIMIT);
    }

    #[test]
    fn what_is_blank_has_no_lines() {
        let mut tail = Tail::default();
        tail.push(b" \n\n");
        assert_eq!(tail.lines(), None);
    }
}
