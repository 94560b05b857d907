//! The person at the terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use countersign_slack_cli::Talk;
use tokio::{runtime::Handle, sync::oneshot};

use super::shared;
use crate::{environment::Environment, output};

/// stderr for what is said, and stdin for what is asked, where both are a terminal.
#[derive(Debug)]
pub(super) struct Terminal {
    asks: bool,
}

/// After so many answers that are none, nobody is asked any more.
const TRIES: usize = 3;

impl Terminal {
    pub(super) fn of(environment: &Environment) -> Self {
        let is_there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self { asks: is_there && environment.text("CI").is_none() }
    }

    fn prompt(prompt: &str) -> Option<String> {
        {
            // Given back before the answer is waited for: others have things to say meanwhile.
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "{} ", plain(prompt)).and_then(|()| err.flush());
        }
        let (sender, answered) = oneshot::channel();
        // Reading cannot be given up: it is done beside, so that Ctrl-C ends the waiting.
        std::thread::spawn(move || {
            let mut line = String::new();
            let is_answered = matches!(std::io::stdin().lock().read_line(&mut line), Ok(1..));
            let _ = sender.send(is_answered.then(|| line.trim().to_owned()));
        });
        let answer = async {
            tokio::select! {
                answer = answered => answer.ok().flatten(),
                () = shared::interrupted() => None,
            }
        };
        tokio::task::block_in_place(|| Handle::current().block_on(answer))
    }
}

/// A text of ours with what Slack, a file or a hook put into it: none of them gets to drive the terminal. What a hook writes
/// beside its response goes through as it is.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

impl Talk for Terminal {
    fn stream(&self, bytes: &[u8]) {
        let mut err = std::io::stderr().lock();
        // Nobody reads any more: nobody is to be told.
        let _ = err.write_all(bytes).and_then(|()| err.flush());
    }

    fn say(&self, line: &str) {
        output::say(&plain(line));
    }

    fn warn(&self, line: &str) {
        output::warn(&plain(line));
    }

    fn choose(&self, question: &str, options: &[String]) -> Option<usize> {
        if !self.asks {
            return None;
        }
        output::say(&plain(question));
        for (index, option) in options.iter().enumerate() {
            output::say(&format!("  {}. {}", index + 1, plain(option)));
        }
        for _ in 0..TRIES {
            let number = Self::prompt(&format!("1-{}:", options.len()))?.parse::<usize>().ok();
            if let Some(index) = number.and_then(|number| number.checked_sub(1)).filter(|index| *index < options.len())
            {
                return Some(index);
            }
        }
        None
    }

    fn confirm(&self, question: &str) -> Option<bool> {
        if !self.asks {
            return None;
        }
        Some(matches!(Self::prompt(&format!("{question} [y/N]"))?.to_lowercase().as_str(), "y" | "yes"))
    }

    fn ask(&self, question: &str) -> Option<String> {
        if !self.asks {
            return None;
        }
        Self::prompt(question)
    }
}
