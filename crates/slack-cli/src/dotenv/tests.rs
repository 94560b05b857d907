use proptest::prelude::*;
use rstest::rstest;

use super::{
    edit::{with, without},
    *,
};

fn value(text: &str) -> String {
    let dotenv = Dotenv::parse(text).unwrap();
    dotenv.get("A").unwrap().to_owned()
}

#[rstest]
#[case::bare("A=1", "1")]
#[case::spaces("  A = some words \t", "some words")]
#[case::export("export A=1", "1")]
#[case::colon("A: 1", "1")]
#[case::empty("A=", "")]
#[case::empty_with_comment("A= # nothing", "")]
#[case::comment("A=1 # one", "1")]
#[case::hash_in_a_word("A=#1#2", "#1#2")]
#[case::hash_in_a_value("A=x#1", "x#1")]
#[case::double("A=\"a # b\" # c", "a # b")]
#[case::single("A='a # $B \\n'", "a # $B \\n")]
#[case::escapes("A=\"a\\nb\\\"c\\\\\"", "a\nb\"c\\")]
#[case::several_lines("A=\"-----BEGIN\nkey\n-----END\"\nB=2", "-----BEGIN\nkey\n-----END")]
#[case::carriage_returns("A=1\r\nB=2\r\n", "1")]
#[case::byte_order_mark("\u{feff}A=1", "1")]
#[case::the_last_counts("A=1\nA=2", "2")]
#[case::json("A={\"a\": \"b\"}", "{\"a\": \"b\"}")]
#[case::equals("A=a=b==", "a=b==")]
#[case::named("B=1\nA=$B-${B}", "1-1")]
#[case::named_in_double_quotes("B=1\nA=\"${B}\"", "1")]
#[case::an_escaped_dollar("B=1\nA=\"\\$B\"", "$B")]
#[case::an_unknown_name_stays("A=pa$$word${x", "pa$$word${x")]
#[case::unicode("A=grün 🚀", "grün 🚀")]
fn values_are_read_as_the_official_command_line_reads_them(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(value(text), expected);
}

#[rstest]
#[case::no_assignment("A=1\njust words\n", 2, "no `=`")]
#[case::no_name("=1", 1, "name is missing")]
#[case::not_closed("B=1\nA=\"x\ny\n", 2, "no closing quote")]
#[case::after_quotes("A=\"x\"y", 1, "follows the closing quote")]
#[case::nul("A=\0", 1, "NUL")]
fn what_is_wrong_is_told_with_its_line_and_without_its_value(
    #[case] text: &str,
    #[case] line: usize,
    #[case] why: &str,
) {
    let wrong = Dotenv::parse(text).unwrap_err();
    assert_eq!(wrong.line, line);
    assert!(wrong.why.contains(why), "{wrong:?}");
}

#[test]
fn an_edit_leaves_everything_else_as_it_is() {
    let text = "# tokens\nexport A='one\ntwo' # kept\n\nB = 2\r\n";
    assert_eq!(with(text, "A", "x y").unwrap(), "# tokens\nexport A='x y' # kept\n\nB = 2\r\n");
    assert_eq!(with(text, "B", "3").unwrap(), "# tokens\nexport A='one\ntwo' # kept\n\nB = 3\r\n");
    assert_eq!(with(text, "C", "4").unwrap(), format!("{text}C=4\n"));
    assert_eq!(with("A=1", "C", "4").unwrap(), "A=1\nC=4\n");
    assert_eq!(without(text, "A").unwrap(), "# tokens\n\nB = 2\r\n");
    assert_eq!(without(text, "C").unwrap(), text);
}

#[test]
fn of_a_name_that_stands_twice_the_one_that_counts_is_set_and_both_are_taken_out() {
    assert_eq!(with("A=1\nA=2\n", "A", "3").unwrap(), "A=1\nA=3\n");
    assert_eq!(without("A=1\nB=\nA=2\n", "A").unwrap(), "B=\n");
}

#[test]
fn a_file_is_set_and_unset_and_nobody_else_may_read_it() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(Dotenv::read(root.path()).unwrap(), Dotenv::default());
    assert!(!unset(root.path(), "A").unwrap());
    set(root.path(), "A", "it's \"x\"\n$B").unwrap();
    assert_eq!(Dotenv::read(root.path()).unwrap().get("A"), Some("it's \"x\"\n$B"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(root.path().join(".env")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(unset(root.path(), "A").unwrap());
    assert_eq!(std::fs::read_to_string(root.path().join(".env")).unwrap(), "");
}

#[test]
fn what_cannot_be_a_variable_is_refused() {
    let root = tempfile::tempdir().unwrap();
    for (name, value) in [("", "1"), ("1A", "1"), ("A B", "1"), ("A=B", "1"), ("A", "\0")] {
        assert_eq!(set(root.path(), name, value).unwrap_err().code(), &Code::InvalidArguments, "{name}");
    }
}

#[test]
fn an_unreadable_file_is_told_with_its_code() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join(".env")).unwrap();
    let failure = Dotenv::read(root.path()).unwrap_err();
    assert_eq!(failure.code(), &Code::DotEnvFileRead);
    std::fs::remove_dir(root.path().join(".env")).unwrap();
    std::fs::write(root.path().join(".env"), b"A=\xff").unwrap();
    assert_eq!(Dotenv::read(root.path()).unwrap_err().code(), &Code::DotEnvFileRead);
    std::fs::write(root.path().join(".env"), "A=1\nnonsense").unwrap();
    let failure = set(root.path(), "A", "2").unwrap_err();
    assert_eq!(failure.code(), &Code::DotEnvFileParse);
    assert!(failure.details()[0].starts_with("line 2:"), "{failure:?}");
}

#[test]
fn debug_shows_names_only() {
    let shown = format!("{:?}", Dotenv::parse("TOKEN=hidden").unwrap());
    assert!(shown.contains("TOKEN") && !shown.contains("hidden"));
}

proptest! {
    #[test]
    fn what_is_set_is_what_is_read(value in "[^\0]*|[$\\\\\"'#\n\r a{}A]*") {
        let before = "# head\nB='1'\nA=old # tail\nC=3\n";
        let edited = with(before, "A", &value).unwrap();
        let read = Dotenv::parse(&edited).unwrap();
        prop_assert_eq!(read.get("A"), Some(value.as_str()));
        prop_assert_eq!((read.get("B"), read.get("C")), (Some("1"), Some("3")));
        prop_assert!(edited.starts_with("# head\nB='1'\nA=") && edited.ends_with(" # tail\nC=3\n"));
    }

    #[test]
    fn no_text_makes_it_panic(text in "(.|\n)*|([A-C=$'\"# \n{}\\\\]|export )*") {
        if let Ok(assignments) = parse::assignments(&text) {
            for assignment in assignments {
                prop_assert!(text.is_char_boundary(assignment.place.end) && assignment.lines.end <= text.len());
                prop_assert!(without(&text, &assignment.name).is_ok());
            }
        }
    }
}

#[test]
fn values_that_name_one_another_into_the_gigabytes_are_refused() {
    let lines = (1..60).map(|at| format!("A{at}=$A{0}$A{0}\n", at - 1));
    let text: String = std::iter::once("A0=0123456789\n".to_owned()).chain(lines).collect();
    assert!(Dotenv::parse(&text).is_err());
}
