//! Commands and access as content: what would run, exactly, and where.

use std::time::Duration;

use countersign_approval::{Access, Command, Local, to_hex};

use super::{
    content::{Content, Field},
    visible,
};

/// Bytes on one line of input that is no text.
const HEX_BYTES: usize = 32;

/// A command on a connection.
pub(super) fn command(command: &Command) -> Content {
    let mut fields = vec![argv_field(&command.argv)];
    fields.extend(input_field(command.input.as_bytes()));
    if !command.env.is_empty() {
        let names: Vec<&str> = command.env.iter().map(|variable| variable.name.as_str()).collect();
        fields.push(Field::new("Environment (names)", &names.join(", ")));
    }
    Content {
        title: format!(
            "{} wants to run a command on {}",
            visible(command.requester.as_str()),
            visible(&command.connection)
        ),
        fields,
        place: vec![
            Field::new("Connection", &command.connection),
            Field::new("Revision", &command.revision.to_string()),
            Field::new("Agent", &command.agent),
            Field::new("Requester", command.requester.as_str()),
        ],
    }
}

/// A window of access to a connection.
pub(super) fn access(access: &Access) -> Content {
    let duration = duration_text(access.duration);
    let window = format!("{duration} of access to {}, beginning with the approval", access.connection);
    Content {
        title: format!(
            "{} wants access to {} for {duration}",
            visible(access.requester.as_str()),
            visible(&access.connection)
        ),
        fields: vec![Field::new("Access", &window)],
        place: vec![
            Field::new("Connection", &access.connection),
            Field::new("Revision", &access.revision.to_string()),
            Field::new("Requester", access.requester.as_str()),
        ],
    }
}

/// A command on the machine where it was asked for.
pub(super) fn local(local: &Local) -> Content {
    let mut fields = vec![argv_field(&local.argv)];
    if !local.files.is_empty() {
        let files: Vec<String> =
            local.files.iter().map(|file| format!("{}  {}", file.sha256, visible(&file.path))).collect();
        fields.push(Field::new("Files (SHA-256)", &files.join("\n")));
    }
    Content {
        title: format!("{} wants to run a command on {}", visible(&local.user), visible(&local.machine)),
        fields,
        place: vec![
            Field::new("Directory", &local.cwd),
            Field::new("User", &local.user),
            Field::new("Machine", &local.machine),
        ],
    }
}

/// A duration as people say it, e.g. `1 hour 30 minutes`.
fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [(seconds / 3600, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second")];
    let said: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    if said.is_empty() { "no time".to_owned() } else { said.join(" ") }
}

/// The command line: as a shell would take it, or one argument on each line where that could be misread.
fn argv_field(argv: &[String]) -> Field {
    if argv.iter().all(|argument| reads_well(argument)) {
        let line: Vec<String> = argv.iter().map(|argument| shell_quoted(argument)).collect();
        return Field::new("Command", &line.join(" "));
    }
    let lines: Vec<String> = argv.iter().enumerate().map(|(index, argument)| argument_lines(index, argument)).collect();
    Field::new("Command, one argument on each line", &lines.join("\n"))
}

/// Whether quoting an argument for a shell leaves no doubt what it is: no line breaks, nothing invisible, no quotation marks.
fn reads_well(argument: &str) -> bool {
    !argument.contains(['\n', '\t', '\'']) && visible(argument) == argument
}

/// An argument as a shell takes it.
fn shell_quoted(argument: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_./:=@%+,-".contains(character);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

/// One argument with its number. Its own lines stand behind a bar, so that none can pose as the next argument.
fn argument_lines(index: usize, argument: &str) -> String {
    if !argument.contains('\n') {
        return format!("[{index}] {}", shell_quoted(argument));
    }
    let margin = " ".repeat(index.to_string().len() + 3);
    let lines: Vec<String> = argument
        .split('\n')
        .enumerate()
        .map(|(at, line)| if at == 0 { format!("[{index}] | {line}") } else { format!("{margin}| {line}") })
        .collect();
    lines.join("\n")
}

/// Standard input; none where there is none.
fn input_field(input: &[u8]) -> Option<Field> {
    if input.is_empty() {
        return None;
    }
    if let Ok(text) = std::str::from_utf8(input) {
        return Some(Field::new("Input", text));
    }
    let lines: Vec<String> = input.chunks(HEX_BYTES).map(to_hex).collect();
    let label = format!("Input, {} bytes that are no text, as hex digits", input.len());
    Some(Field::new(&label, &lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn shown(argv: &[&str]) -> String {
        let argv: Vec<String> = argv.iter().map(|argument| (*argument).to_owned()).collect();
        let field = argv_field(&argv);
        format!("{}: {}", field.label, field.text)
    }

    #[rstest]
    #[case::plain(&["ls", "-la", "/srv"], "Command: ls -la /srv")]
    #[case::spaces(&["bash", "-c", "rm -rf /"], "Command: bash -c 'rm -rf /'")]
    #[case::empty(&["x", ""], "Command: x ''")]
    #[case::quote(&["echo", "it's"], "Command, one argument on each line: [0] echo\n[1] 'it'\\''s'")]
    #[case::hidden(&["rm", "a\u{202e}b"], "Command, one argument on each line: [0] rm\n[1] 'a⟦U+202E⟧b'")]
    #[case::lines(&["sh", "a\n[2] b"], "Command, one argument on each line: [0] sh\n[1] | a\n    | [2] b")]
    fn arguments_cannot_be_misread(#[case] argv: &[&str], #[case] expected: &str) {
        assert_eq!(shown(argv), expected);
    }

    #[test]
    fn input_that_is_no_text_is_shown_as_digits() {
        let field = input_field(&[0xff; 33]).unwrap();
        assert!(field.label.contains("33 bytes"), "{field:?}");
        assert_eq!(field.text, format!("{}\nff", "ff".repeat(32)));
        assert_eq!(input_field(b""), None);
    }

    #[rstest]
    #[case(1800, "30 minutes")]
    #[case(5400, "1 hour 30 minutes")]
    #[case(61, "1 minute 1 second")]
    #[case(0, "no time")]
    fn durations_are_said(#[case] seconds: u64, #[case] expected: &str) {
        assert_eq!(duration_text(Duration::from_secs(seconds)), expected);
    }
}
