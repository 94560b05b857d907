//! The workspace as it is at the start, and after a reset.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::config::Config;
use crate::error::StartError;
use crate::events::{self, Audience};
use crate::founding::{Founded, found};
use crate::model::{
    App, AppId, AppSecrets, ChangeKind, ChannelId, Grant, Mint, ModelError, State, Team, TeamId, Token, User, UserId,
};
use crate::seed::{Planted, Planter, Seed, SeedChannel, SeedError, SeedUser, refuse};
use crate::teams::Teams;

/// The bot scopes an app has when none are given.
pub(crate) const BOT_SCOPES: &[&str] = &[
    "app_mentions:read",
    "assistant:write",
    "bookmarks:read",
    "bookmarks:write",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "chat:write.public",
    "commands",
    "emoji:read",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "links:read",
    "links:write",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "usergroups:write",
    "users.profile:read",
    "users:read",
    "users:read.email",
    "users:write",
    "channels:manage",
];

/// The events an app's bot hears of when none are given: those of channels it is in, and of what people do with it.
pub(crate) const EVENTS: &[&str] = &[
    "agent_session_stopped",
    "agent_session_title_changed",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "assistant_thread_context_changed",
    "assistant_thread_started",
    "channel_archive",
    "channel_left",
    "channel_rename",
    "channel_unarchive",
    "file_deleted",
    "file_shared",
    "group_archive",
    "group_left",
    "group_rename",
    "group_unarchive",
    "link_shared",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "pin_added",
    "pin_removed",
    "reaction_added",
    "reaction_removed",
    "subteam_created",
    "subteam_members_changed",
    "subteam_updated",
    "tokens_revoked",
];

/// A manifest with every bot scope and user scope, and the usual events.
pub(crate) fn usual_manifest(name: &str) -> Value {
    json!({
        "display_information": {"name": name},
        "features": {"bot_user": {"display_name": name, "always_online": true}},
        "oauth_config": {"scopes": {"bot": BOT_SCOPES, "user": every_user_scope()}},
        "settings": {
            "event_subscriptions": {"bot_events": EVENTS},
            "interactivity": {"is_enabled": true},
            "socket_mode_enabled": true, "org_deploy_enabled": false, "token_rotation_enabled": false,
        },
    })
}

/// Every scope that some method wants of a user token.
pub(crate) fn every_user_scope() -> Vec<String> {
    let methods = countersign_slack::method::Method::all().iter();
    let scopes: BTreeSet<&str> = methods.flat_map(countersign_slack::method::Method::user_scopes).collect();
    scopes.into_iter().map(str::to_owned).collect()
}

/// What the readiness line says beside the addresses.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Landmarks {
    pub(crate) team: TeamId,
    pub(crate) app: AppId,
    pub(crate) bot_user: UserId,
    #[serde(with = "crate::model::saved::arc")]
    pub(crate) secrets: Arc<AppSecrets>,
    #[serde(with = "crate::model::saved::secret")]
    pub(crate) cli_token: SecretString,
    pub(crate) users: BTreeMap<String, UserId>,
    pub(crate) channels: BTreeMap<String, ChannelId>,
    /// The seed's apps by name.
    pub(crate) apps: BTreeMap<String, AppId>,
    /// The seed's further teams by name.
    #[serde(default)]
    pub(crate) teams: BTreeMap<String, Founded>,
}

/// What a workspace is built from; the same always makes the same ids and tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) config: &'a Config,
    pub(crate) seed: &'a Seed,
    /// The randomness everything is minted from.
    pub(crate) entropy: [u8; 32],
}

/// Builds the workspace.
pub(crate) fn build(ground: Ground<'_>, base: String, now_ms: u64) -> Result<(Teams, Landmarks), StartError> {
    let Ground { config, seed, entropy } = ground;
    let mut mint = Mint::new(entropy);
    let name = seed.team.clone().unwrap_or_else(|| config.team_name.clone());
    let team = Team { id: TeamId::from(mint.id('T')), name, domain: "countersign".to_owned() };
    let team_id = team.id.clone();
    let mut state = State::new(team, base, mint);
    let (users, owner) = people(&mut state, &wanted_people(ground), now_ms).map_err(StartError::Seed)?;
    let mut manifest = usual_manifest(&config.app_name);
    manifest["features"]["slash_commands"] = json!([{
        "command": "/countersign", "description": "Ask Countersign.", "should_escape": false,
    }]);
    let app = state.add_app(manifest, &owner, now_ms);
    let app = app.ok_or(StartError::World(ModelError::new("app_not_found")))?;
    let cli_token = state.grant_cli_token(&app);
    let planted = plant(&mut state, ground, (&users, &owner), now_ms).map_err(StartError::Seed)?;
    state.effects.clear();
    let mut teams = Teams::new(state, Vec::new());
    let mut founded = BTreeMap::new();
    for wanted in &seed.teams {
        founded.insert(wanted.team.clone(), found(&mut teams, wanted, now_ms).map_err(StartError::Seed)?);
    }
    let landmarks = Landmarks {
        team: team_id,
        app: app.id.clone(),
        bot_user: app.bot_user.clone(),
        secrets: Arc::clone(&app.secrets),
        cli_token,
        users,
        channels: planted.channels,
        apps: planted.apps,
        teams: founded,
    };
    Ok((teams, landmarks))
}

pub(crate) type People = (BTreeMap<String, UserId>, UserId);

fn wanted_people(ground: Ground<'_>) -> Vec<SeedUser> {
    match ground.seed.users.as_slice() {
        [] => ground.config.people.iter().map(|name| SeedUser::named(name)).collect(),
        people => people.to_vec(),
    }
}

/// Whether a person can be called that: lower-case letters, digits, `-`, `_` and `.`.
pub(crate) fn is_handle(name: &str) -> bool {
    let is_fine = |c: char| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.chars().count() <= 80 && name.chars().all(is_fine)
}

/// Makes the people; the first is the owner.
pub(crate) fn people(state: &mut State, people: &[SeedUser], now_ms: u64) -> Result<People, SeedError> {
    let mut users = BTreeMap::new();
    let mut owner = None;
    for person in people {
        let wrong = |code| refuse(format!("user {:?}", person.name))(ModelError::new(code));
        if !is_handle(&person.name) {
            return Err(wrong("invalid_name"));
        }
        let id = state.add_person(&person.name, person.email.as_deref(), owner.is_none(), now_ms);
        if let Some(user) = state.users.get_mut(&id) {
            user.is_admin |= person.is_admin;
            user.real_name = person.real_name.clone().unwrap_or_else(|| std::mem::take(&mut user.real_name));
        }
        owner.get_or_insert(id.clone());
        if users.insert(person.name.clone(), id).is_some() {
            return Err(wrong("name_taken"));
        }
    }
    Ok((users, owner.ok_or_else(|| refuse("owner")(ModelError::new("user_not_found")))?))
}

fn plant(
    state: &mut State,
    ground: Ground<'_>,
    (users, owner): (&BTreeMap<String, UserId>, &UserId),
    now_ms: u64,
) -> Result<Planted, SeedError> {
    let of_config = |name: &String| SeedChannel { name: name.clone(), private: false, members: None };
    let of_config: Vec<SeedChannel> = ground.config.channels.iter().map(of_config).collect();
    let mut planter = Planter { state, users, owner, now_ms, planted: Planted::default() };
    planter.apps(&ground.seed.apps)?;
    let channels = if ground.seed.channels.is_empty() { &of_config } else { &ground.seed.channels };
    for channel in channels {
        planter.channel(channel)?;
    }
    planter.messages(&ground.seed.messages)?;
    Ok(planter.planted)
}

impl State {
    /// Adds a person.
    pub(crate) fn add_person(&mut self, name: &str, email: Option<&str>, is_owner: bool, now_ms: u64) -> UserId {
        let id = UserId::from(self.mint.id('U'));
        let mut letters = name.chars();
        let real_name: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        let user = User {
            id: id.clone(),
            name: name.to_owned(),
            real_name,
            email: Some(email.map_or_else(|| format!("{name}@countersign.example"), str::to_owned)),
            is_admin: is_owner,
            is_owner,
            bot: None,
            deleted: false,
            profile: serde_json::Map::new(),
            updated: now_ms / 1000,
        };
        let event = json!({"type": "team_join", "user": user.to_json(&self.team.id, false)});
        self.users.insert(id.clone(), user);
        self.sign_in(&id, now_ms);
        events::emit(self, Audience::Everyone, event, now_ms);
        self.changed(ChangeKind::Directory);
        id
    }

    /// A token as the Slack CLI has one, for the same person and scopes as the app's user token.
    fn grant_cli_token(&mut self, app: &App) -> SecretString {
        let token = format!("xoxe.xoxp-1-{}", self.mint.word(32));
        let token = SecretString::from(token);
        if let Some(grant) = self.grants.get(app.secrets.user_token.expose_secret()).cloned() {
            let grant = Grant { app: AppId::from(Grant::COMMAND_LINE), is_tool: true, ..(*grant).clone() };
            self.grants.insert(Token::from(&token), Arc::new(grant));
        }
        token
    }
}
