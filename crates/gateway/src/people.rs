//! What people and groups are called.

use countersign_approval::{GroupName, PersonId};

use crate::invalid::quoted;

/// The group whose people administer the server.
pub const ADMIN_GROUP: &str = "admin";

/// Longest name of a group, in characters.
const MAX_GROUP_CHARS: usize = 64;

/// Longest e-mail address, in bytes (RFC 5321, 4.5.3.1).
const MAX_EMAIL_BYTES: usize = 254;

/// A text that cannot name a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text} is not the name of a group: it takes 1 to 64 letters, digits, '.', '_', '-', '/', '+' and single spaces between them"
)]
pub struct InvalidGroup {
    /// What was given, quoted.
    pub text: String,
}

/// A text that is no e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} is not an e-mail address, such as alice@example.com; people are named by theirs")]
pub struct InvalidEmail {
    /// What was given, quoted.
    pub text: String,
}

/// Reads the name of a group.
///
/// Neither `:` nor `;` nor `,`, which separate groups wherever several are written; no `@`, so that no group can be taken
/// for a person; nothing invisible.
pub fn parse_group(text: &str) -> Result<GroupName, InvalidGroup> {
    let fits = |character: char| character.is_alphanumeric() || " ._-/+".contains(character);
    let spaced = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    let short = !text.is_empty() && text.chars().count() <= MAX_GROUP_CHARS;
    if short && !spaced && text.chars().all(fits) {
        return Ok(GroupName::new(text));
    }
    Err(InvalidGroup { text: quoted(text) })
}

/// Reads an e-mail address; in lower case it is a person's id.
pub fn parse_email(text: &str) -> Result<PersonId, InvalidEmail> {
    let invalid = || InvalidEmail { text: quoted(text) };
    let (local, domain) = text.split_once('@').ok_or_else(invalid)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$&'*+-=?^_`{|}~%".contains(&byte);
    let of_domain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let whole = !local.is_empty() && !domain.is_empty() && text.len() <= MAX_EMAIL_BYTES;
    let dotted = domain.starts_with('.') || domain.ends_with('.') || domain.contains("..");
    if whole && !dotted && local.bytes().all(fits) && domain.bytes().all(of_domain) {
        return Ok(PersonId::new(text.to_ascii_lowercase()));
    }
    Err(invalid())
}

/// Whether a text reads like the id of a Slack user.
pub fn is_slack_user(text: &str) -> bool {
    let rest = text.strip_prefix(['U', 'W']);
    rest.is_some_and(|rest| (2..=31).contains(&rest.len()) && rest.bytes().all(is_id_byte))
}

/// Whether a text reads like the id of a Slack team or enterprise.
pub fn is_slack_org(text: &str) -> bool {
    let rest = text.strip_prefix(['T', 'E']);
    rest.is_some_and(|rest| (2..=31).contains(&rest.len()) && rest.bytes().all(is_id_byte))
}

pub(crate) const fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("sre")]
    #[case("Site Reliability")]
    #[case("équipe-1/on_call+2.x")]
    fn groups_have_names(#[case] text: &str) {
        assert_eq!(parse_group(text).unwrap().as_str(), text);
    }

    #[rstest]
    #[case::empty("")]
    #[case::leading_space(" sre")]
    #[case::trailing_space("sre ")]
    #[case::two_spaces("a  b")]
    #[case::colon("a:b")]
    #[case::semicolon("a;b")]
    #[case::comma("a,b")]
    #[case::person("a@b")]
    #[case::newline("a\nb")]
    #[case::nul("a\0")]
    #[case::override_("a\u{202e}b")]
    #[case::zero_width("a\u{200b}b")]
    #[case::no_break_space("a\u{a0}b")]
    fn what_could_be_taken_for_something_else_is_no_group(#[case] text: &str) {
        assert!(parse_group(text).is_err());
        assert!(parse_group(&"g".repeat(65)).is_err());
    }

    #[test]
    fn an_address_is_an_id_in_lower_case() {
        assert_eq!(parse_email("Alice@Example.COM").unwrap().as_str(), "alice@example.com");
        assert_eq!(parse_email("a+b@localhost").unwrap().as_str(), "a+b@localhost");
    }

    #[rstest]
    #[case("alice")]
    #[case("@example.com")]
    #[case("alice@")]
    #[case("alice@@example.com")]
    #[case("alice@example..com")]
    #[case("al ice@example.com")]
    #[case("alice@example.com\n")]
    #[case("../x@example.com")]
    #[case("аlice@example.com")]
    fn what_is_no_address_is_refused(#[case] text: &str) {
        assert!(parse_email(text).is_err());
    }

    #[test]
    fn slack_ids_are_told_from_names() {
        assert!(is_slack_user("U012ABCDEF") && is_slack_user("W0123"));
        assert!(!is_slack_user("alice") && !is_slack_user("U") && !is_slack_user("U01 2") && !is_slack_user("T012AB"));
        assert!(is_slack_org("T012AB") && is_slack_org("E012AB") && !is_slack_org("U012AB"));
    }
}
