//! Where on the page somebody is: who, in which conversation, with what beside it.

use serde::Deserialize;

use crate::model::{ChannelId, ChannelKind, State, Ts, User, UserId};

/// The part of an address after the question mark.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    pub(super) thread: Option<String>,
    pub(super) dev: Option<String>,
    pub(super) before: Option<String>,
    pub(super) tab: Option<String>,
    pub(super) since: Option<String>,
    /// Which sheet is asked for.
    pub(super) show: Option<String>,
    /// The message a sheet is about.
    pub(super) ts: Option<String>,
    /// What was typed so far.
    pub(super) q: Option<String>,
}

/// The tab of an app; other conversations have messages only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    Messages,
    Home,
}

/// What the developer pane lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    All,
    Api,
    Events,
    Problems,
}

impl Filter {
    pub(super) const EVERY: [Self; 4] = [Self::All, Self::Api, Self::Events, Self::Problems];

    /// The word in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Api => "api",
            Self::Events => "events",
            Self::Problems => "problems",
        }
    }

    fn parse(word: &str) -> Self {
        Self::EVERY.into_iter().find(|filter| filter.word() == word).unwrap_or(Self::All)
    }
}

/// What stands to the right of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    Nothing,
    Thread(Ts),
    Developer(Filter),
}

/// Where somebody is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) user: UserId,
    /// The user's name in addresses.
    pub(super) user_word: String,
    pub(super) channel: ChannelId,
    pub(super) beside: Beside,
    /// Only messages before this one: a page of the past, which is not live.
    pub(super) before: Option<Ts>,
    pub(super) tab: Tab,
    /// How far the person had read when the page was opened: it stays marked while they look.
    pub(super) since: Option<Ts>,
}

impl Place {
    /// Finds a place by handle or id, if that person may be there.
    pub(super) fn find(state: &State, user: &str, channel: &str, query: &Query) -> Option<Self> {
        let person = find_person(state, user)?;
        let room = state.channel(channel).or_else(|| state.channel_named(channel))?;
        if !state.can_read(&person.id, room) {
            return None;
        }
        let thread = query.thread.as_deref().and_then(Ts::parse);
        let beside = match (thread, &query.dev) {
            (Some(ts), _) => Beside::Thread(ts),
            (None, Some(word)) => Beside::Developer(Filter::parse(word)),
            (None, None) => Beside::Nothing,
        };
        Some(Self {
            user: person.id.clone(),
            user_word: word_of(state, person),
            channel: room.id.clone(),
            beside,
            before: query.before.as_deref().and_then(Ts::parse),
            tab: if room.kind == ChannelKind::Im { tab(query) } else { Tab::Messages },
            since: query.since.as_deref().and_then(Ts::parse_bound),
        })
    }

    /// Where a person begins: the first channel, else whatever there is.
    pub(super) fn home(state: &State, user: &str) -> Option<Self> {
        let person = find_person(state, user)?;
        let seen = || state.channels().filter(|room| state.can_read(&person.id, room));
        let room = seen()
            .find(|room| room.kind == ChannelKind::Public && room.name == "approvals")
            .or_else(|| seen().find(|room| room.kind == ChannelKind::Public))
            .or_else(|| seen().next())?;
        Self::find(state, user, room.id.as_str(), &Query::default())
    }

    /// Whether the developer pane is open.
    pub(super) fn shows_journal(&self) -> bool {
        matches!(self.beside, Beside::Developer(_))
    }

    /// The page's address.
    pub(super) fn path(&self) -> String {
        self.path_to("")
    }

    /// The address of a verb here, what stands beside kept.
    pub(super) fn path_to(&self, verb: &str) -> String {
        format!("{}{}{}", self.room_path(), verb, self.query())
    }

    /// The address with something else beside the conversation.
    pub(super) fn with(&self, beside: Beside) -> String {
        Self { beside, before: None, ..self.clone() }.path()
    }

    /// Another conversation; the developer pane stays open, a thread does not.
    pub(super) fn at(&self, channel: &ChannelId) -> String {
        let beside = match self.beside {
            Beside::Developer(filter) => Beside::Developer(filter),
            Beside::Nothing | Beside::Thread(_) => Beside::Nothing,
        };
        Self { channel: channel.clone(), beside, before: None, tab: Tab::Messages, ..self.clone() }.path()
    }

    /// A conversation with an app, at one of its tabs.
    pub(super) fn at_tab(&self, channel: &ChannelId, tab: Tab) -> String {
        let beside = if self.shows_journal() { self.beside } else { Beside::Nothing };
        Self { channel: channel.clone(), beside, before: None, tab, ..self.clone() }.path()
    }

    /// A thread of a conversation.
    pub(super) fn in_thread(&self, channel: &ChannelId, thread: Ts) -> String {
        let there = Self { channel: channel.clone(), tab: Tab::Messages, ..self.clone() };
        there.with(Beside::Thread(thread))
    }

    /// The address of the live updates; what was unread when the page was opened stays marked.
    pub(super) fn live(&self, read: Ts) -> String {
        Self::and(&self.path_to("/live"), "since", &read.to_string())
    }

    /// The address of a sheet, perhaps about a message.
    pub(super) fn sheet(&self, name: &str, ts: Option<Ts>) -> String {
        let address = Self::and(&self.path_to("/sheet"), "show", name);
        match ts {
            Some(ts) => Self::and(&address, "ts", &ts.to_string()),
            None => address,
        }
    }

    fn and(address: &str, name: &str, value: &str) -> String {
        let sign = if address.contains('?') { '&' } else { '?' };
        format!("{address}{sign}{name}={value}")
    }

    fn room_path(&self) -> String {
        format!("/u/{}/c/{}", self.user_word, self.channel)
    }

    fn query(&self) -> String {
        let mut parts = Vec::new();
        match self.beside {
            Beside::Nothing => {}
            Beside::Thread(ts) => parts.push(format!("thread={ts}")),
            Beside::Developer(filter) => parts.push(format!("dev={}", filter.word())),
        }
        if self.tab == Tab::Home {
            parts.push("tab=home".to_owned());
        }
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }
}

fn tab(query: &Query) -> Tab {
    if query.tab.as_deref() == Some("home") { Tab::Home } else { Tab::Messages }
}

/// A person by handle or id; bots have no page.
pub(super) fn find_person<'a>(state: &'a State, user: &str) -> Option<&'a User> {
    state.user(user).or_else(|| state.user_named(user)).filter(|user| !user.is_bot())
}

/// The handle where it is fit for an address and means this person, else the id.
pub(super) fn word_of(state: &State, user: &User) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fit = !user.name.is_empty() && user.name.chars().all(plain) && user.name.chars().any(|c| c != '.');
    let same =
        state.user(&user.name).is_none() && state.user_named(&user.name).is_some_and(|named| named.id == user.id);
    if fit && same && !state.is_beside { user.name.clone() } else { user.id.to_string() }
}
