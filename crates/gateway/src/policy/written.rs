//! Policies between what administrators write and what is kept.

use std::{collections::BTreeSet, fmt::Display, time::Duration};

use countersign_approval::{
    AskPolicy, Combine, Destination, Effect, GroupName, Policy, Requirement, SelfApproval, Voters,
    policy::{Door, Matches},
};

use super::{PolicySource, StoredPolicy};
use crate::{
    invalid::{Invalid, quoted},
    people::{parse_email, parse_group},
    plugin::{Channel, DEFAULT_CLAIM_WITHIN, DEFAULT_MAX_DURATION, DEFAULT_TTL},
    wire::api::{AskInput, DoorWord, HumanDuration, PolicyInput, PolicyView},
};

/// Longest pattern and name, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// Longest reason of a denial that people are told, in characters.
const MAX_DENIAL_CHARS: usize = 500;

/// Most approvers, groups or channels that one policy names.
const MAX_ITEMS: usize = 50;

/// Most people that a policy can ask for.
const MAX_PEOPLE: u32 = 100;

/// The times that a policy may give, each with its bounds.
const DAY: Duration = Duration::from_hours(24);
const TTL: (Duration, Duration) = (Duration::from_secs(10), Duration::from_hours(30 * 24));
const CLAIM_WITHIN: (Duration, Duration) = (Duration::from_secs(10), Duration::from_hours(7 * 24));
const MAX_DURATION: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(30 * 24));

impl PolicyInput {
    /// The policy that was written under this name.
    pub fn to_policy(&self, name: &str) -> Result<StoredPolicy, Invalid> {
        check_name(name)?;
        let matches = Matches {
            doors: distinct("doors", self.doors.iter().map(|door| door.door()).collect())?,
            target: pattern(&self.connection)?,
            groups: groups("groups", &self.groups)?,
        };
        let policy = Policy { name: name.to_owned(), matches, effect: self.effect()? };
        Ok(StoredPolicy { priority: self.priority, source: PolicySource::Policy, policy })
    }

    fn effect(&self) -> Result<Effect, Invalid> {
        match (self.allow, &self.deny, &self.ask) {
            (true, None, None) => Ok(Effect::Allow),
            (false, Some(reason), None) => Ok(Effect::Deny { reason: denial(reason)? }),
            (false, None, Some(ask)) => ask.to_policy().map(Effect::Ask).map_err(|error| error.within("ask")),
            (false, None, None) => {
                Err(Invalid::new("ask", "say what follows: `allow: true`, `deny: REASON` or `ask: {approvers: […]}`"))
            }
            _ => Err(Invalid::new("ask", "only one of `allow`, `deny` and `ask` can follow")),
        }
    }
}

impl AskInput {
    fn to_policy(&self) -> Result<AskPolicy, Invalid> {
        let requirements = self.approvers.iter().map(|text| requirement(text)).collect::<Result<Vec<_>, _>>()?;
        if requirements.is_empty() {
            return Err(Invalid::new("approvers", "a policy that asks must say whom: a group, or an e-mail address"));
        }
        let requirements = distinct_voters(requirements)?;
        let min_people = self.min_people.unwrap_or(1);
        if min_people == 0 || min_people > MAX_PEOPLE {
            return Err(Invalid::new("min_people", format!("at least 1 and at most {MAX_PEOPLE}")));
        }
        Ok(AskPolicy {
            requirements,
            combine: if self.any_of { Combine::AnyOf } else { Combine::AllOf },
            min_people,
            self_approval: if self.self_approval { SelfApproval::Allowed } else { SelfApproval::Refused },
            ttl: within("ttl", self.ttl, DEFAULT_TTL, TTL)?,
            max_duration: Some(within("max_duration", self.max_duration, DEFAULT_MAX_DURATION, MAX_DURATION)?),
            channels: channels(&self.channels)?,
            reason_required: self.reason_required,
            claim_within: Some(within("claim_within", self.claim_within, DEFAULT_CLAIM_WITHIN, CLAIM_WITHIN)?),
            break_glass: groups("break_glass", &self.break_glass)?,
        })
    }

    fn of(ask: &AskPolicy) -> Self {
        Self {
            approvers: ask.requirements.iter().map(written_requirement).collect(),
            any_of: ask.combine == Combine::AnyOf,
            min_people: Some(ask.min_people),
            self_approval: ask.self_approval == SelfApproval::Allowed,
            ttl: Some(ask.ttl.into()),
            claim_within: ask.claim_within.map(HumanDuration),
            max_duration: ask.max_duration.map(HumanDuration),
            channels: ask.channels.iter().map(|channel| channel.as_str().to_owned()).collect(),
            reason_required: ask.reason_required,
            break_glass: ask.break_glass.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&StoredPolicy> for PolicyView {
    fn from(stored: &StoredPolicy) -> Self {
        let policy = &stored.policy;
        let mut written = PolicyInput {
            priority: stored.priority,
            doors: policy.matches.doors.iter().filter_map(|door| DoorWord::of(*door)).collect(),
            connection: policy.matches.target.clone(),
            groups: policy.matches.groups.iter().map(ToString::to_string).collect(),
            ..PolicyInput::default()
        };
        match &policy.effect {
            Effect::Allow => written.allow = true,
            Effect::Deny { reason } => written.deny = Some(reason.clone()),
            Effect::Ask(ask) => written.ask = Some(AskInput::of(ask)),
        }
        Self { name: policy.name.clone(), source: stored.source.as_str().to_owned(), policy: written }
    }
}

impl DoorWord {
    const fn door(self) -> Door {
        match self {
            Self::Exec => Door::Exec,
            Self::Connect => Door::Connect,
            Self::Guard => Door::Guard,
        }
    }

    const fn of(door: Door) -> Option<Self> {
        match door {
            Door::Exec => Some(Self::Exec),
            Door::Connect => Some(Self::Connect),
            Door::Guard => Some(Self::Guard),
            Door::Hook | Door::Remediation => None,
        }
    }
}

/// Plain, and without a `/`: those are the plugins' own.
fn check_name(name: &str) -> Result<(), Invalid> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.len() <= MAX_NAME_BYTES
        && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && name.bytes().all(fits)
    {
        return Ok(());
    }
    let rule = "1 to 64 letters, digits, '.', '_' and '-', beginning with a letter or digit";
    let hint = if name.contains('/') { "; those with '/' belong to the plugins review and jit" } else { "" };
    Err(Invalid::new("name", format!("{} is not a name for a policy: it takes {rule}{hint}", quoted(name))))
}

/// A connection's name in which `*` may stand anywhere.
fn pattern(text: &str) -> Result<String, Invalid> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'*');
    if !text.is_empty() && text.len() <= MAX_NAME_BYTES && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    let wrong = format!("{} is neither a connection's name nor a pattern such as prod-*", quoted(text));
    Err(Invalid::new("connection", wrong))
}

fn denial(reason: &str) -> Result<String, Invalid> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Invalid::new("deny", "say why: the text is told to whoever is refused"));
    }
    if reason.chars().count() > MAX_DENIAL_CHARS {
        return Err(Invalid::new("deny", format!("longer than {MAX_DENIAL_CHARS} characters")));
    }
    Ok(reason.to_owned())
}

fn groups(field: &str, texts: &[String]) -> Result<BTreeSet<GroupName>, Invalid> {
    let list = texts
        .iter()
        .map(|text| parse_group(text).map_err(|error| Invalid::new(field, error)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(distinct(field, list)?.into_iter().collect())
}

fn channels(texts: &[String]) -> Result<Vec<Destination>, Invalid> {
    let list = texts
        .iter()
        .map(|text| Channel::try_from(text.clone()).map(|channel| Destination::new(channel.as_str())))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Invalid::new("channels", error))?;
    distinct("channels", list)
}

/// `sre`, `sre:2`, or a person's address.
fn requirement(text: &str) -> Result<Requirement, Invalid> {
    let invalid = |error: &dyn Display| Invalid::new("approvers", error);
    if text.contains('@') {
        let person = parse_email(text).map_err(|error| invalid(&error))?;
        return Ok(Requirement { voters: Voters::Person(person), min: 1 });
    }
    let (group, min) = match text.split_once(':') {
        Some((group, min)) => (group, number(text, min)?),
        None => (text, 1),
    };
    let group = parse_group(group).map_err(|error| invalid(&error))?;
    Ok(Requirement { voters: Voters::Group(group), min })
}

fn number(text: &str, min: &str) -> Result<u32, Invalid> {
    match min.parse::<u32>() {
        Ok(min) if (1..=MAX_PEOPLE).contains(&min) => Ok(min),
        _ => Err(Invalid::new(
            "approvers",
            format!("{}: after the ':' stands how many people, 1 to {MAX_PEOPLE}, as in sre:2", quoted(text)),
        )),
    }
}

fn written_requirement(requirement: &Requirement) -> String {
    match (&requirement.voters, requirement.min) {
        (Voters::Person(person), _) => person.to_string(),
        (Voters::Group(group), 1) => group.to_string(),
        (Voters::Group(group), min) => format!("{group}:{min}"),
    }
}

fn distinct<T: PartialEq>(field: &str, list: Vec<T>) -> Result<Vec<T>, Invalid> {
    if list.len() > MAX_ITEMS {
        return Err(Invalid::new(field, format!("at most {MAX_ITEMS} are taken")));
    }
    let twice = list.iter().enumerate().any(|(at, item)| list.iter().take(at).any(|before| before == item));
    if twice { Err(Invalid::new(field, "the same stands there twice")) } else { Ok(list) }
}

fn distinct_voters(requirements: Vec<Requirement>) -> Result<Vec<Requirement>, Invalid> {
    let voters = requirements.iter().map(|requirement| requirement.voters.clone()).collect();
    distinct::<Voters>("approvers", voters)?;
    Ok(requirements)
}

fn within(
    field: &str,
    given: Option<HumanDuration>,
    usual: Duration,
    (least, most): (Duration, Duration),
) -> Result<Duration, Invalid> {
    let span = given.map_or(usual, |given| given.0);
    if span < least || span > most {
        let (least, most) = (HumanDuration(least), days(most));
        return Err(Invalid::new(field, format!("{} is not between {least} and {most}", HumanDuration(span))));
    }
    Ok(span)
}

fn days(span: Duration) -> String {
    format!("{}d", span.as_secs() / DAY.as_secs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn asking(approvers: &[&str]) -> PolicyInput {
        let approvers = approvers.iter().map(|text| (*text).to_owned()).collect();
        PolicyInput { ask: Some(AskInput { approvers, ..AskInput::default() }), ..PolicyInput::default() }
    }

    #[test]
    fn what_is_left_out_has_a_usual_value() {
        let stored = asking(&["sre:2", "alice@example.com"]).to_policy("prod").unwrap();
        let Effect::Ask(ask) = &stored.policy.effect else { panic!("asks nobody") };
        assert_eq!(ask.requirements.iter().map(|one| one.min).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((ask.ttl, ask.claim_within), (DEFAULT_TTL, Some(DEFAULT_CLAIM_WITHIN)));
        assert_eq!(ask.max_duration, Some(DEFAULT_MAX_DURATION));
        assert_eq!((ask.self_approval, ask.combine, ask.min_people), (SelfApproval::Refused, Combine::AllOf, 1));
        assert_eq!(stored.policy.matches.target, "*");
    }

    #[test]
    fn what_is_kept_is_written_again_the_same() {
        let input = PolicyInput {
            priority: -3,
            doors: vec![DoorWord::Exec, DoorWord::Guard],
            connection: "prod-*".into(),
            groups: vec!["dev".into()],
            ..asking(&["sre:2", "bob@example.com"])
        };
        let stored = input.to_policy("prod").unwrap();
        let view = PolicyView::from(&stored);
        assert_eq!(view.policy.to_policy(&view.name).unwrap(), stored);
        assert_eq!(PolicyView::from(&view.policy.to_policy(&view.name).unwrap()), view);
    }

    #[rstest]
    #[case::nothing_follows("x", PolicyInput::default(), "ask: say what follows")]
    #[case::two_follow("x", PolicyInput { allow: true, ..asking(&["sre"]) }, "ask: only one of")]
    #[case::nobody("x", asking(&[]), "ask.approvers: a policy that asks must say whom")]
    #[case::twice("x", asking(&["sre", "sre:2"]), "ask.approvers: the same stands there twice")]
    #[case::nought("x", asking(&["sre:0"]), "ask.approvers: \"sre:0\": after the ':'")]
    #[case::no_number("x", asking(&["sre:many"]), "ask.approvers: \"sre:many\": after the ':'")]
    #[case::address("x", asking(&["a b@example.com"]), "ask.approvers: \"a b@example.com\" is not an e-mail")]
    #[case::empty_denial("x", PolicyInput { deny: Some(" ".into()), ..PolicyInput::default() }, "deny: say why")]
    #[case::pattern("x", PolicyInput { allow: true, connection: "a b".into(), ..PolicyInput::default() }, "connection: \"a b\" is neither")]
    #[case::plugins_name("review/bash", PolicyInput { allow: true, ..PolicyInput::default() }, "name: \"review/bash\" is not a name for a policy")]
    #[case::no_name("", PolicyInput { allow: true, ..PolicyInput::default() }, "name: \"\" is not a name")]
    fn what_is_wrong_is_named(#[case] name: &str, #[case] input: PolicyInput, #[case] expected: &str) {
        let error = input.to_policy(name).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }

    #[rstest]
    #[case("ttl", "5s")]
    #[case("ttl", "31d")]
    #[case("claim_within", "8d")]
    #[case("max_duration", "59s")]
    fn times_have_bounds(#[case] field: &str, #[case] span: &str) {
        let mut input = asking(&["sre"]);
        let span = Some(span.parse().unwrap());
        let ask = input.ask.as_mut().unwrap();
        match field {
            "ttl" => ask.ttl = span,
            "claim_within" => ask.claim_within = span,
            _ => ask.max_duration = span,
        }
        let error = input.to_policy("x").unwrap_err();
        assert_eq!(error.field, format!("ask.{field}"));
    }

    proptest! {
        #[test]
        fn any_words_are_a_policy_or_an_error(name: String, target: String, words: Vec<String>) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let input = PolicyInput { connection: target, ..asking(&words) };
            if let Ok(stored) = input.to_policy(&name) {
                let view = PolicyView::from(&stored);
                prop_assert_eq!(view.policy.to_policy(&view.name).unwrap(), stored);
            }
        }
    }
}
