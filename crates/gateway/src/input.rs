//! What administrators write of connections and people, checked.

use std::{collections::BTreeSet, net::Ipv6Addr};

use countersign_approval::GroupName;

use crate::{
    connection::Target,
    invalid::{Invalid, quoted},
    name::AgentName,
    people::{is_slack_org, is_slack_user, parse_group},
    wire::api::{ConnectionInput, EnvInput, TargetInput, UserInput},
};

/// Longest command line of a connection, in bytes, and most arguments in it.
const MAX_COMMAND_BYTES: usize = 64 * 1024;
const MAX_ARGUMENTS: usize = 1000;

/// Most variables of a connection.
const MAX_VARIABLES: usize = 200;

/// Most groups that somebody is in.
const MAX_GROUPS: usize = 200;

/// Longest name of a person, in characters.
const MAX_NAME_CHARS: usize = 100;

impl ConnectionInput {
    /// The agent and the target, checked; variables too.
    pub fn check(&self) -> Result<(AgentName, Target), Invalid> {
        let agent = self.agent.parse().map_err(|error| Invalid::new("agent", error))?;
        let target = self.target.to_target()?;
        let env = self.env.iter().flatten();
        if env.clone().count() > MAX_VARIABLES {
            return Err(Invalid::new("env", format!("at most {MAX_VARIABLES} variables are taken")));
        }
        for (name, value) in env {
            value.check(name).map_err(|error| Invalid::new(field_of(name), error))?;
        }
        Ok((agent, target))
    }

    /// The variables that are given as values, not as references.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let is_value = |value: &EnvInput| matches!(value, EnvInput::Value(_));
        self.env.iter().flatten().filter(move |(_, value)| is_value(value)).map(|(name, _)| name.as_str())
    }
}

/// A name that cannot be one must not make a field's path unreadable.
fn field_of(name: &str) -> String {
    if crate::wire::api::is_env_name(name) { format!("env.{name}") } else { "env".to_owned() }
}

impl TargetInput {
    /// The target that was written.
    pub fn to_target(&self) -> Result<Target, Invalid> {
        match self {
            Self::Command(argv) => command(argv).map_err(|wrong| Invalid::new("target.command", wrong)),
            Self::Tcp(address) => tcp(address).map_err(|wrong| Invalid::new("target.tcp", wrong)),
        }
    }
}

fn command(argv: &[String]) -> Result<Target, String> {
    if argv.first().is_none_or(String::is_empty) {
        return Err("a command begins with a program, as in: bash".to_owned());
    }
    if argv.iter().any(|argument| argument.contains('\0')) {
        return Err("no argument can hold a NUL character".to_owned());
    }
    if argv.len() > MAX_ARGUMENTS || argv.iter().map(String::len).sum::<usize>() > MAX_COMMAND_BYTES {
        return Err(format!("at most {MAX_ARGUMENTS} arguments and 64 KiB are taken"));
    }
    Ok(Target::CommandLine { argv: argv.to_vec() })
}

fn tcp(address: &str) -> Result<Target, String> {
    let invalid =
        || format!("{} is not an address: write HOST:PORT, as in 127.0.0.1:5432 or [::1]:5432", quoted(address));
    let (host, port) = address.rsplit_once(':').ok_or_else(invalid)?;
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = port.parse().ok().filter(|port| *port != 0 && is_number).ok_or_else(invalid)?;
    if let Some(host) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let host: Ipv6Addr = host.parse().map_err(|_| invalid())?;
        return Ok(Target::Tcp { host: host.to_string(), port });
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !host.is_empty() && host.len() <= 253 && !host.starts_with('-') && host.bytes().all(fits) {
        return Ok(Target::Tcp { host: host.to_owned(), port });
    }
    Err(invalid())
}

impl UserInput {
    /// Everything in it, checked; their groups.
    pub fn check(&self) -> Result<Option<BTreeSet<GroupName>>, Invalid> {
        if let Some(name) = &self.name {
            display_name(name).map_err(|wrong| Invalid::new("name", wrong))?;
        }
        if self.slack_id.as_deref().is_some_and(|id| !is_slack_user(id)) {
            let shown = quoted(self.slack_id.as_deref().unwrap_or_default());
            let wrong = format!("{shown} is not a Slack user id: it begins with U or W (profile, ⋮, Copy member ID)");
            return Err(Invalid::new("slack_id", wrong));
        }
        if self.slack_team.as_deref().is_some_and(|team| !is_slack_org(team)) {
            let shown = quoted(self.slack_team.as_deref().unwrap_or_default());
            return Err(Invalid::new(
                "slack_team",
                format!("{shown} is not a Slack team id (T…) or enterprise id (E…)"),
            ));
        }
        if self.slack_team.is_some() && self.slack_id.is_none() {
            return Err(Invalid::new("slack_team", "a team is of use only with a slack_id"));
        }
        self.groups.as_deref().map(groups).transpose()
    }
}

fn groups(texts: &[String]) -> Result<BTreeSet<GroupName>, Invalid> {
    if texts.len() > MAX_GROUPS {
        return Err(Invalid::new("groups", format!("at most {MAX_GROUPS} groups are taken")));
    }
    texts.iter().map(|text| parse_group(text).map_err(|error| Invalid::new("groups", error))).collect()
}

/// A name goes into messages, so it has nothing invisible and no line breaks.
fn display_name(name: &str) -> Result<(), String> {
    let visible = |character: char| !character.is_control() && !is_format(character);
    if !name.trim().is_empty() && name.chars().count() <= MAX_NAME_CHARS && name.chars().all(visible) {
        return Ok(());
    }
    Err(format!("{} is not a name: 1 to {MAX_NAME_CHARS} visible characters on one line", quoted(name)))
}

/// Bidirectional controls, zero-width characters, tags: what changes how its neighbours look.
const fn is_format(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;

    use super::*;
    use crate::wire::api::WireSecret;

    fn to(target: TargetInput) -> ConnectionInput {
        ConnectionInput { overwrite: false, agent: "default".into(), target, env: None }
    }

    #[rstest]
    #[case("127.0.0.1:5432", "127.0.0.1", 5432)]
    #[case("[::1]:5432", "::1", 5432)]
    #[case("db.internal:1", "db.internal", 1)]
    fn addresses_are_read(#[case] text: &str, #[case] host: &str, #[case] port: u16) {
        let target = TargetInput::Tcp(text.into()).to_target().unwrap();
        assert_eq!(target, Target::Tcp { host: host.into(), port });
    }

    #[rstest]
    #[case("db")]
    #[case("db:")]
    #[case("db:0")]
    #[case("db:65536")]
    #[case("db:+80")]
    #[case(":80")]
    #[case("-x:80")]
    #[case("a b:80")]
    #[case("a/b:80")]
    #[case("::1:80")]
    #[case("[x]:80")]
    #[case("db\n:80")]
    fn what_is_no_address_is_refused(#[case] text: &str) {
        assert!(TargetInput::Tcp(text.into()).to_target().is_err());
    }

    #[rstest]
    #[case::nothing(&[])]
    #[case::empty(&[""])]
    #[case::nul(&["bash", "a\0"])]
    fn what_is_no_command_is_refused(#[case] argv: &[&str]) {
        let argv = argv.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(to(TargetInput::Command(argv)).check().unwrap_err().field, "target.command");
    }

    #[test]
    fn a_wrong_variable_is_named_without_its_value() {
        let mut input = to(TargetInput::Command(vec!["bash".into()]));
        input.env = Some(BTreeMap::from([("A".into(), EnvInput::Value(WireSecret::new("hunter2\0")))]));
        let error = input.check().unwrap_err();
        assert_eq!(error.to_string(), "env.A: the value of variable A holds a NUL character");
    }

    #[rstest]
    #[case("slack_id", UserInput { slack_id: Some("alice".into()), ..UserInput::default() })]
    #[case("slack_team", UserInput { slack_id: Some("U012AB".into()), slack_team: Some("x".into()), ..UserInput::default() })]
    #[case("slack_team", UserInput { slack_team: Some("T012AB".into()), ..UserInput::default() })]
    #[case("groups", UserInput { groups: Some(vec!["a;b".into()]), ..UserInput::default() })]
    #[case("name", UserInput { name: Some("a\u{202e}b".into()), ..UserInput::default() })]
    #[case("name", UserInput { name: Some(" ".into()), ..UserInput::default() })]
    fn what_is_wrong_with_a_person_is_named(#[case] field: &str, #[case] input: UserInput) {
        assert_eq!(input.check().unwrap_err().field, field);
    }
}
