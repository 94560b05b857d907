//! The whole workspace in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::saved;
use super::{
    App, AppId, AssistantThread, ChangeKind, Channel, ChannelId, ChannelKind, Effect, File, FileId, Grant, Message,
    Mint, Place, Platform, ResponseUrl, STREAM_TTL_MS, Scheduled, ScheduledMessageId, Session, Stream, TeamId, Ticket,
    Token, Trigger, Ts, Upload, User, UserGroup, UserGroupId, UserId, View,
};
use crate::events::EventCounts;

/// The workspace's own name and address.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Team {
    /// `T…`.
    pub id: TeamId,
    /// The name as displayed.
    pub name: String,
    /// The name in addresses.
    pub domain: String,
}

/// Everything there is. Reached through [`crate::Workspace::read`].
#[derive(serde::Serialize, serde::Deserialize)]
pub struct State {
    pub(crate) team: Team,
    /// Where the workspace is reached, such as `http://127.0.0.1:4100`, without a slash at the end.
    #[serde(skip)]
    pub(crate) base: String,
    pub(crate) users: BTreeMap<UserId, User>,
    pub(crate) channels: BTreeMap<ChannelId, Channel>,
    /// Direct messages by their two members, in order.
    #[serde(with = "saved::pairs")]
    pub(crate) ims: HashMap<(UserId, UserId), ChannelId>,
    pub(crate) apps: BTreeMap<AppId, App>,
    #[serde(with = "saved::grants")]
    pub(crate) grants: HashMap<Token, Arc<Grant>>,
    #[serde(with = "saved::pairs")]
    pub(crate) ephemerals: HashMap<(ChannelId, UserId), Vec<Message>>,
    pub(crate) stacks: HashMap<UserId, Vec<View>>,
    /// What a person has entered in the inputs of a message: block id, action id, state object.
    #[serde(with = "saved::pairs")]
    pub(crate) inputs: HashMap<(UserId, ChannelId, Ts), Map<String, Value>>,
    pub(crate) files: BTreeMap<FileId, File>,
    /// Upload addresses by their secret part.
    #[serde(skip)]
    pub(crate) uploads: HashMap<String, Upload>,
    /// Where archives of hosted apps go, by key.
    #[serde(skip)]
    pub(crate) places: HashMap<String, Place>,
    #[serde(skip)]
    pub(crate) tickets: HashMap<String, Ticket>,
    #[serde(skip)]
    pub(crate) triggers: HashMap<String, Trigger>,
    pub(crate) response_urls: HashMap<String, ResponseUrl>,
    pub(crate) usergroups: BTreeMap<UserGroupId, UserGroup>,
    /// Messages that wait for their time.
    pub(crate) scheduled: BTreeMap<ScheduledMessageId, Scheduled>,
    /// Messages that still grow.
    #[serde(with = "saved::pairs")]
    pub(crate) streams: HashMap<(ChannelId, Ts), Stream>,
    /// A fault: it ends with the workspace.
    #[serde(skip, default = "usual_stream_ttl")]
    pub(crate) stream_ttl_ms: u64,
    /// The Home tabs that apps published.
    #[serde(with = "saved::pairs")]
    pub(crate) homes: BTreeMap<(AppId, UserId), View>,
    /// Conversations with agents, by the message that begins them.
    #[serde(with = "saved::pairs")]
    pub(crate) assistants: BTreeMap<(ChannelId, Ts), AssistantThread>,
    pub(crate) sessions: BTreeMap<UserId, Vec<Session>>,
    /// The messages that `unfurl_id`s stand for.
    pub(crate) unfurls: HashMap<String, (ChannelId, Ts)>,
    /// Who set themselves away.
    pub(crate) away: BTreeSet<UserId>,
    /// Custom emoji: name and address.
    pub(crate) emoji: BTreeMap<String, String>,
    /// Tokens that were good once.
    #[serde(with = "saved::tokens")]
    pub(crate) revoked: HashSet<Token>,
    pub(crate) platform: Platform,
    #[serde(skip, default = "Mint::unset")]
    pub(crate) mint: Mint,
    #[serde(skip)]
    pub(crate) effects: Vec<Effect>,
    /// A team beside the first: its people are named by id where one address is for all.
    #[serde(skip)]
    pub(crate) is_beside: bool,
    /// How many events each app got of late.
    #[serde(skip)]
    pub(crate) event_counts: EventCounts,
    /// When what has run out was last thrown away, milliseconds since the epoch.
    #[serde(skip)]
    pub(crate) swept_at: u64,
}

impl State {
    pub(crate) fn new(team: Team, base: String, mint: Mint) -> Self {
        Self {
            team,
            base,
            users: BTreeMap::new(),
            channels: BTreeMap::new(),
            ims: HashMap::new(),
            apps: BTreeMap::new(),
            grants: HashMap::new(),
            ephemerals: HashMap::new(),
            stacks: HashMap::new(),
            inputs: HashMap::new(),
            files: BTreeMap::new(),
            uploads: HashMap::new(),
            places: HashMap::new(),
            tickets: HashMap::new(),
            triggers: HashMap::new(),
            response_urls: HashMap::new(),
            usergroups: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            streams: HashMap::new(),
            stream_ttl_ms: STREAM_TTL_MS,
            homes: BTreeMap::new(),
            assistants: BTreeMap::new(),
            sessions: BTreeMap::new(),
            unfurls: HashMap::new(),
            away: BTreeSet::new(),
            emoji: BTreeMap::new(),
            revoked: HashSet::new(),
            platform: Platform::default(),
            mint,
            effects: Vec::new(),
            is_beside: false,
            event_counts: EventCounts::default(),
            swept_at: 0,
        }
    }

    /// What is to be kept, as it is now: large things are shared with it, so that this is quick.
    ///
    /// For writing it down alone: what is made of it would have ids that are given out again.
    pub(crate) fn snapshot(&self) -> Self {
        Self {
            team: self.team.clone(),
            base: String::new(),
            users: self.users.clone(),
            channels: self.channels.clone(),
            ims: self.ims.clone(),
            apps: self.apps.clone(),
            grants: self.grants.clone(),
            ephemerals: self.ephemerals.clone(),
            stacks: self.stacks.clone(),
            inputs: self.inputs.clone(),
            files: self.files.clone(),
            uploads: HashMap::new(),
            places: HashMap::new(),
            tickets: HashMap::new(),
            triggers: HashMap::new(),
            response_urls: self.response_urls.clone(),
            usergroups: self.usergroups.clone(),
            scheduled: self.scheduled.clone(),
            streams: self.streams.clone(),
            stream_ttl_ms: STREAM_TTL_MS,
            homes: self.homes.clone(),
            assistants: self.assistants.clone(),
            sessions: self.sessions.clone(),
            unfurls: self.unfurls.clone(),
            away: self.away.clone(),
            emoji: self.emoji.clone(),
            revoked: self.revoked.clone(),
            platform: self.platform.snapshot(),
            mint: Mint::unset(),
            effects: Vec::new(),
            is_beside: self.is_beside,
            event_counts: EventCounts::default(),
            swept_at: 0,
        }
    }

    /// The workspace's name and address.
    pub fn team(&self) -> &Team {
        &self.team
    }

    /// Where the workspace is reached, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Everyone, bots included, by id.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// A person or a bot's user.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    /// A person by handle, such as `alice`.
    pub fn user_named(&self, name: &str) -> Option<&User> {
        self.users.values().find(|user| user.name == name)
    }

    /// Every conversation, by id.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    /// A conversation.
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.get(id)
    }

    /// A channel by name without `#`.
    pub fn channel_named(&self, name: &str) -> Option<&Channel> {
        self.channels.values().find(|channel| channel.kind != ChannelKind::Im && channel.name == name)
    }

    /// The direct message between two users, once there is one.
    pub fn im_between(&self, one: &UserId, other: &UserId) -> Option<&Channel> {
        self.channels.get(self.ims.get(&im_key(one, other))?)
    }

    /// Every installed app, by id.
    pub fn apps(&self) -> impl Iterator<Item = &App> {
        self.apps.values()
    }

    /// An installed app.
    pub fn app(&self, id: &str) -> Option<&App> {
        self.apps.get(id)
    }

    /// What one person alone sees in a channel, oldest first.
    pub fn ephemerals(&self, channel: &ChannelId, user: &UserId) -> &[Message] {
        let key = (channel.clone(), user.clone());
        self.ephemerals.get(&key).map_or(&[], Vec::as_slice)
    }

    /// A person's open modals, the top one last.
    pub fn views(&self, user: &UserId) -> &[View] {
        self.stacks.get(user).map_or(&[], Vec::as_slice)
    }

    /// What a person has entered in the inputs of a message: block id, action id, state object.
    pub fn inputs(&self, user: &UserId, channel: &ChannelId, ts: Ts) -> Option<&Map<String, Value>> {
        self.inputs.get(&(user.clone(), channel.clone(), ts))
    }

    /// A file.
    pub fn file(&self, id: &str) -> Option<&File> {
        self.files.get(id)
    }

    /// What a token allows.
    pub fn grant(&self, token: &str) -> Option<&Arc<Grant>> {
        self.grants.get(token)
    }

    pub(crate) fn changed(&mut self, kind: ChangeKind) {
        self.effects.push(Effect::Change(kind));
    }

    /// Throws away what has long run out and puts away what was looked at, at most once a minute.
    pub(crate) fn sweep(&mut self, now_ms: u64) {
        const INTERVAL_MS: u64 = 60_000;
        /// Kept this long after it ran out, so that the error can still say so.
        const MEMORY_MS: u64 = 3_600_000;
        /// The same for tokens, whose apps may sleep for a while.
        const TOKEN_MEMORY_MS: u64 = 7 * 24 * 3_600_000;
        if now_ms < self.swept_at.saturating_add(INTERVAL_MS) {
            return;
        }
        self.swept_at = now_ms;
        self.channels.values_mut().for_each(Channel::pack);
        self.tickets.retain(|_, ticket| ticket.expires_at > now_ms);
        self.places.retain(|_, place| place.is_useful(now_ms));
        self.grants.retain(|_, grant| grant.expires_at.is_none_or(|at| at.saturating_add(TOKEN_MEMORY_MS) > now_ms));
        self.unfurls.retain(|_, (_, ts)| ts.micros() / 1000 + MEMORY_MS > now_ms);
        self.triggers.retain(|_, trigger| trigger.expires_at.saturating_add(MEMORY_MS) > now_ms);
        self.response_urls.retain(|_, url| url.expires_at.saturating_add(MEMORY_MS) > now_ms);
    }
}

fn usual_stream_ttl() -> u64 {
    STREAM_TTL_MS
}

/// The key of the direct message between two users.
pub(crate) fn im_key(one: &UserId, other: &UserId) -> (UserId, UserId) {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    (first.clone(), second.clone())
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("team", &self.team)
            .field("users", &self.users.len())
            .field("channels", &self.channels.len())
            .field("apps", &self.apps.len())
            .finish_non_exhaustive()
    }
}
