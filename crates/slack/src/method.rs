//! The table of Web API methods.
//!
//! One table for the client (how to encode a call) and for the workspace (which token, scope and arguments a call needs).
//! Source: the method reference of docs.slack.dev, as of 2026-11; a column per fact, a row per method. What has no page
//! there (`apps.hosted.*` and others of developers) is as Slack's command line calls it.

use std::sync::LazyLock;

use crate::ids::ChannelKind;

static TABLE: LazyLock<Vec<Method>> = LazyLock::new(|| SOURCE.lines().skip(1).filter_map(Method::parse).collect());

const SOURCE: &str = include_str!("method/methods.tsv");

/// Errors that every method can answer with, beside its own (docs.slack.dev, Web API).
pub const COMMON_ERRORS: [&str; 22] = [
    "access_denied",
    "account_inactive",
    "fatal_error",
    "internal_error",
    "invalid_arg_name",
    "invalid_arguments",
    "invalid_array_arg",
    "invalid_auth",
    "invalid_charset",
    "invalid_form_data",
    "invalid_json",
    "invalid_post_type",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
    "team_access_not_granted",
    "token_expired",
    "token_revoked",
];

/// One Web API method.
#[derive(Debug, Clone)]
pub struct Method {
    name: &'static str,
    verb: Verb,
    json_body: bool,
    tier: Tier,
    bot_scopes: &'static str,
    user_scopes: &'static str,
    args: &'static str,
    outputs: &'static str,
    errors: &'static str,
}

/// The HTTP verb that the reference names; `POST` is accepted everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A read.
    Get,
    /// Everything else.
    Post,
}

/// How often a method may be called, per workspace and app (docs.slack.dev, Rate limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// At least 1 a minute.
    T1,
    /// At least 20 a minute.
    T2,
    /// At least 50 a minute.
    T3,
    /// At least 100 a minute.
    T4,
    /// Rules of its own; `chat.postMessage` for one takes one message a second and channel.
    Special,
}

impl Tier {
    /// Calls a minute that are promised, or `None` where the method has rules of its own.
    pub fn per_minute(self) -> Option<u32> {
        match self {
            Self::T1 => Some(1),
            Self::T2 => Some(20),
            Self::T3 => Some(50),
            Self::T4 => Some(100),
            Self::Special => None,
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "t1" => Self::T1,
            "t2" => Self::T2,
            "t3" => Self::T3,
            "t4" => Self::T4,
            _ => Self::Special,
        }
    }
}

/// One argument of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// Whether a call without it fails with `missing_argument` or `invalid_arguments`.
    pub required: bool,
    /// JSON type names joined by `|`, or `any`; in a form everything is text.
    pub kind: &'static str,
}

impl Method {
    /// Looks a method up by its exact name.
    pub fn find(name: &str) -> Option<&'static Self> {
        let index = TABLE.binary_search_by(|method| method.name.cmp(name)).ok()?;
        TABLE.get(index)
    }

    /// Every method, sorted by name.
    pub fn all() -> &'static [Self] {
        &TABLE
    }

    /// The name, such as `chat.postMessage`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The verb the reference names.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Whether the method takes a JSON body; all take a form.
    pub fn json_body(&self) -> bool {
        self.json_body
    }

    /// The rate limit tier.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Scopes of a bot token, any one of which is enough, unless the conversation's kind decides; see [`Self::bot_scopes_for`].
    pub fn bot_scopes(&self) -> impl Iterator<Item = &'static str> + use<> {
        list(self.bot_scopes)
    }

    /// Scopes of a user token, any one of which is enough.
    pub fn user_scopes(&self) -> impl Iterator<Item = &'static str> + use<> {
        list(self.user_scopes)
    }

    /// Bot scopes any one of which is enough for a conversation of this kind.
    ///
    /// `conversations.*` list `channels:read,groups:read,im:read,mpim:read`: the kind of conversation says which counts.
    pub fn bot_scopes_for(&self, kind: ChannelKind) -> impl Iterator<Item = &'static str> + use<> {
        self.bot_scopes().filter(move |scope| fits(scope, kind))
    }

    /// User scopes any one of which is enough for a conversation of this kind.
    pub fn user_scopes_for(&self, kind: ChannelKind) -> impl Iterator<Item = &'static str> + use<> {
        self.user_scopes().filter(move |scope| fits(scope, kind))
    }

    /// Whether its scopes differ by the kind of conversation.
    pub fn scopes_depend_on_channel(&self) -> bool {
        let families = |scopes| {
            ChannelKind::ALL.iter().filter(|kind| list(scopes).any(|s| family(s) == kind.scope_family())).count()
        };
        families(self.bot_scopes) > 1 || families(self.user_scopes) > 1
    }

    /// The arguments, without the token.
    pub fn args(&self) -> impl Iterator<Item = Arg> + use<> {
        self.args.split_ascii_whitespace().filter_map(Arg::parse)
    }

    /// Keys of a successful answer beside `ok`.
    pub fn outputs(&self) -> impl Iterator<Item = &'static str> + use<> {
        list(self.outputs)
    }

    /// Error codes of its own, beside [`COMMON_ERRORS`].
    pub fn errors(&self) -> impl Iterator<Item = &'static str> + use<> {
        list(self.errors)
    }

    /// Whether calling it twice with the same arguments is the same as calling it once.
    ///
    /// True for reads, and for the writes that set rather than add; a retry after a lost answer is only safe for these.
    pub fn repeatable(&self) -> bool {
        self.verb == Verb::Get || REPEATABLE_WRITES.contains(&self.name)
    }

    fn parse(row: &'static str) -> Option<Self> {
        let mut columns = row.split('\t');
        let mut next = || columns.next();
        Some(Self {
            name: next()?,
            verb: if next()? == "GET" { Verb::Get } else { Verb::Post },
            json_body: next()? == "True",
            tier: Tier::parse(next()?),
            bot_scopes: next()?,
            user_scopes: next()?,
            args: next()?,
            outputs: next()?,
            errors: next()?,
        })
    }
}

/// Methods that the reference calls with POST, and that nevertheless change nothing when repeated.
const REPEATABLE_WRITES: [&str; 9] = [
    "api.test",
    "apps.connections.open",
    "apps.manifest.validate",
    "assistant.threads.setStatus",
    "auth.test",
    "blocks.validate",
    "chat.update",
    "conversations.open",
    "files.getUploadURLExternal",
];

impl Arg {
    fn parse(text: &'static str) -> Option<Self> {
        let (name, kind) = text.split_once(':')?;
        let required = name.ends_with('*');
        Some(Self { name: name.trim_end_matches('*'), required, kind })
    }
}

fn list(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn family(scope: &str) -> &str {
    scope.split_once(':').map_or(scope, |(family, _)| family)
}

fn fits(scope: &str, kind: ChannelKind) -> bool {
    let family = family(scope);
    family == kind.scope_family() || ChannelKind::ALL.iter().all(|other| other.scope_family() != family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_parses_and_the_table_is_sorted_without_duplicates() {
        assert_eq!(Method::all().len(), SOURCE.lines().count() - 1);
        assert!(Method::all().is_sorted_by(|a, b| a.name < b.name));
        for row in SOURCE.lines() {
            assert_eq!(row.split('\t').count(), 9, "{row}");
        }
    }

    #[test]
    fn every_argument_of_every_method_is_understood() {
        for method in Method::all() {
            assert!(method.name.contains('.'), "{}", method.name);
            assert_eq!(method.args().count(), method.args.split_ascii_whitespace().count(), "{}", method.name);
            for arg in method.args() {
                let known = ["any", "array", "boolean", "integer", "number", "object", "string"];
                assert!(arg.kind.split('|').all(|kind| known.contains(&kind)), "{}: {arg:?}", method.name);
                assert!(!arg.name.is_empty());
            }
            assert!(
                method.bot_scopes().chain(method.user_scopes()).all(|scope| !scope.contains(char::is_whitespace)),
                "{}",
                method.name
            );
            assert_eq!(Method::find(method.name).map(Method::name), Some(method.name));
        }
    }

    #[test]
    fn methods_that_approvals_need_are_there() {
        for name in [
            "auth.test",
            "apps.connections.open",
            "chat.postMessage",
            "chat.update",
            "chat.delete",
            "chat.postEphemeral",
            "chat.getPermalink",
            "conversations.open",
            "conversations.list",
            "conversations.info",
            "conversations.members",
            "conversations.history",
            "conversations.replies",
            "users.info",
            "users.list",
            "users.lookupByEmail",
            "views.open",
            "views.update",
            "views.push",
            "files.getUploadURLExternal",
            "files.completeUploadExternal",
        ] {
            assert!(Method::find(name).is_some(), "{name}");
        }
        assert!(Method::find("chat.postmessage").is_none());
    }

    #[test]
    fn post_message_is_as_documented() {
        let post = Method::find("chat.postMessage").unwrap();
        assert!(post.json_body());
        assert_eq!(post.tier(), Tier::Special);
        assert_eq!(post.bot_scopes().collect::<Vec<_>>(), ["chat:write"]);
        assert!(post.args().any(|arg| arg.name == "channel" && arg.required));
        assert!(!post.repeatable());
        assert!(!post.scopes_depend_on_channel());
    }

    #[test]
    fn scopes_of_conversations_depend_on_the_kind() {
        let info = Method::find("conversations.info").unwrap();
        assert!(info.scopes_depend_on_channel());
        assert_eq!(info.bot_scopes_for(ChannelKind::Private).collect::<Vec<_>>(), ["groups:read"]);
        assert_eq!(info.bot_scopes_for(ChannelKind::Im).collect::<Vec<_>>(), ["im:read"]);
        assert!(!info.json_body() && info.repeatable());
        let chat = Method::find("chat.update").unwrap();
        assert_eq!(chat.bot_scopes_for(ChannelKind::Mpim).collect::<Vec<_>>(), ["chat:write"]);
    }
}
