//! The command in a handler: how it is written and how it is known again.

use std::path::{Path, PathBuf};

/// The hook's command line, as a shell reads it from a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCommand {
    /// The program, an absolute path.
    pub exe: PathBuf,
    /// The configuration it is pinned to, an absolute path: then neither the environment nor a project's file
    /// changes address, tokens or approvers.
    pub config: PathBuf,
    /// Further arguments.
    pub flags: Vec<String>,
}

/// The beginning of the names of our programs.
const PROGRAM: &str = "countersign";

impl HookCommand {
    /// Writes it for `sh`. `None` when a path is not text that a settings file can hold.
    pub fn to_shell(&self) -> Option<String> {
        let (exe, config) = (plain(&self.exe)?, plain(&self.config)?);
        let mut line = format!("{} hook --config {}", quote(exe), quote(config));
        for flag in &self.flags {
            line.push(' ');
            line.push_str(flag);
        }
        Some(line)
    }

    /// Recognises one of ours: `…/countersign hook --config PATH …`, nothing else.
    pub fn from_shell(line: &str) -> Option<Self> {
        let mut words = split(line)?.into_iter();
        let exe = PathBuf::from(words.next()?);
        let is_ours = exe.is_absolute() && exe.file_name()?.to_str()?.starts_with(PROGRAM);
        if !is_ours || words.next()? != "hook" || words.next()? != "--config" {
            return None;
        }
        let config = PathBuf::from(words.next()?);
        let flags = words.collect();
        Some(Self { exe, config, flags })
    }
}

/// Absolute, UTF-8 and without control characters.
fn plain(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    (path.is_absolute() && !text.contains(char::is_control)).then_some(text)
}

/// Quotes a word for `sh`, always: an upgrade must not change the quoting.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Splits a line into words. `None` for what needs a real shell (expansion, redirection, lists, …).
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(chars.next()?),
            _ if is_shell_syntax(c) => return None,
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// Takes everything up to the closing quote.
fn quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '\'' => return Some(()),
            c => word.push(c),
        }
    }
}

fn is_shell_syntax(c: char) -> bool {
    c.is_control() || "\"$`;&|<>(){}*?[]#~!".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn command(exe: &str, config: &str, flags: &[&str]) -> HookCommand {
        HookCommand {
            exe: PathBuf::from(exe),
            config: PathBuf::from(config),
            flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
        }
    }

    #[test]
    fn a_command_is_quoted_for_the_shell() {
        let ours = command("/opt/a b/countersign", "/home/o'neil/$c.toml", &["--gate"]);
        let line = ours.to_shell().unwrap();
        assert_eq!(line, r"'/opt/a b/countersign' hook --config '/home/o'\''neil/$c.toml' --gate");
        assert_eq!(HookCommand::from_shell(&line).unwrap(), ours);
    }

    #[rstest]
    #[case::other_program("'/usr/bin/ruff' hook --config '/x'")]
    #[case::other_verb("'/usr/bin/countersign' exec --config '/x'")]
    #[case::no_config("'/usr/bin/countersign' hook")]
    #[case::relative("countersign hook --config /x")]
    #[case::in_a_list("'/usr/bin/countersign' hook --config '/x' && notify")]
    #[case::in_a_pipe("'/usr/bin/countersign' hook --config '/x' | tee log")]
    #[case::substituted("$(which countersign) hook --config '/x'")]
    #[case::half_quoted("'/usr/bin/countersign hook --config /x")]
    #[case::empty("")]
    fn what_somebody_else_wrote_is_not_ours(#[case] line: &str) {
        assert_eq!(HookCommand::from_shell(line), None);
    }

    #[rstest]
    #[case::relative("countersign", "/c")]
    #[case::relative_config("/countersign", "c")]
    #[case::line_break("/count\nersign", "/c")]
    fn a_path_that_would_not_survive_is_not_written(#[case] exe: &str, #[case] config: &str) {
        assert_eq!(command(exe, config, &[]).to_shell(), None);
    }

    proptest! {
        #[test]
        fn every_path_survives_the_shell_syntax(config in "/[^\\p{Cc}]{0,30}") {
            let ours = command("/bin/countersign", &config, &[]);
            let line = ours.to_shell().unwrap();
            prop_assert_eq!(HookCommand::from_shell(&line).unwrap(), ours);
        }
    }
}
