//! The workspace as it is at the start, and after a reset.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::config::Config;
use crate::model::{
    App, AppId, AppSecrets, BotId, ChangeKind, ChannelId, ChannelKind, Command, Grant, Holder, Mint, ModelError, State,
    Team, TeamId, Token, User, UserId,
};

/// The bot scopes an app has when none are given.
pub(crate) const BOT_SCOPES: [&str; 27] = [
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "chat:write.public",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users.profile:read",
    "users:read",
    "users:read.email",
    "channels:manage",
];

/// The events an app's bot hears of when none are given.
const EVENTS: [&str; 4] = ["app_mention", "message.channels", "message.groups", "message.im"];

/// An app that is to be installed.
#[derive(Clone, Debug)]
pub(crate) struct NewApp {
    pub(crate) name: String,
    pub(crate) installer: UserId,
    pub(crate) scopes: Vec<String>,
    pub(crate) user_scopes: Vec<String>,
    pub(crate) events: BTreeSet<String>,
    pub(crate) commands: Vec<Command>,
}

impl NewApp {
    /// An app with every bot scope and user scope, and the usual events.
    pub(crate) fn usual(name: &str, installer: &UserId) -> Self {
        Self {
            name: name.to_owned(),
            installer: installer.clone(),
            scopes: BOT_SCOPES.iter().map(|&scope| scope.to_owned()).collect(),
            user_scopes: every_user_scope(),
            events: EVENTS.iter().map(|&event| event.to_owned()).collect(),
            commands: Vec::new(),
        }
    }
}

/// Every scope that some method wants of a user token.
fn every_user_scope() -> Vec<String> {
    let methods = countersign_slack::method::Method::all().iter();
    let scopes: BTreeSet<&str> = methods.flat_map(countersign_slack::method::Method::user_scopes).collect();
    scopes.into_iter().map(str::to_owned).collect()
}

/// What the readiness line says beside the addresses.
#[derive(Clone, Debug)]
pub(crate) struct Landmarks {
    pub(crate) team: TeamId,
    pub(crate) app: AppId,
    pub(crate) bot_user: UserId,
    pub(crate) secrets: Arc<AppSecrets>,
    pub(crate) cli_token: SecretString,
    pub(crate) users: BTreeMap<String, UserId>,
    pub(crate) channels: BTreeMap<String, ChannelId>,
}

/// Builds the workspace: the same seed makes the same ids and tokens.
pub(crate) fn build(
    config: &Config,
    seed: [u8; 32],
    base: String,
    now_ms: u64,
) -> Result<(State, Landmarks), ModelError> {
    let mut mint = Mint::new(seed);
    let team =
        Team { id: TeamId::from(mint.id('T')), name: config.team_name.clone(), domain: "countersign".to_owned() };
    let mut state = State::new(team, base, mint);
    let mut users = BTreeMap::new();
    for (position, name) in config.people.iter().enumerate() {
        let id = state.add_person(name, None, position == 0, now_ms);
        users.insert(name.clone(), id);
    }
    let owner = config.people.first().and_then(|name| users.get(name)).cloned();
    let owner = owner.ok_or(ModelError::new("user_not_found"))?;
    let mut new = NewApp::usual(&config.app_name, &owner);
    new.commands.push(Command { name: "/countersign".to_owned(), description: "Ask Countersign.".to_owned() });
    let app = state.install(new, now_ms);
    let cli_token = state.grant_cli_token(&app);
    let members: BTreeSet<UserId> = users.values().cloned().chain([app.bot_user.clone()]).collect();
    let mut channels = BTreeMap::new();
    for name in &config.channels {
        let id = state.create_channel(name, ChannelKind::Public, members.clone(), &owner, now_ms)?;
        channels.insert(name.clone(), id);
    }
    state.effects.clear();
    let landmarks = Landmarks {
        team: state.team.id.clone(),
        app: app.id.clone(),
        bot_user: app.bot_user.clone(),
        secrets: Arc::clone(&app.secrets),
        cli_token,
        users,
        channels,
    };
    Ok((state, landmarks))
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
            updated: now_ms / 1000,
        };
        self.users.insert(id.clone(), user);
        self.changed(ChangeKind::Directory);
        id
    }

    /// Installs an app with its bot and tokens.
    pub(crate) fn install(&mut self, new: NewApp, now_ms: u64) -> App {
        let id = AppId::from(self.mint.id('A'));
        let bot = BotId::from(self.mint.id('B'));
        let bot_user = UserId::from(self.mint.id('U'));
        let handle = new.name.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "_");
        let user = User {
            id: bot_user.clone(),
            name: handle,
            real_name: new.name.clone(),
            email: None,
            is_admin: false,
            is_owner: false,
            bot: Some((id.clone(), bot.clone())),
            updated: now_ms / 1000,
        };
        self.users.insert(bot_user.clone(), user);
        let secrets = Arc::new(self.mint_secrets(&id));
        let app = App {
            id: id.clone(),
            name: new.name,
            bot,
            bot_user: bot_user.clone(),
            installer: new.installer.clone(),
            events: new.events,
            commands: new.commands,
            secrets: Arc::clone(&secrets),
            updated: now_ms / 1000,
        };
        self.grant_token(&secrets.bot_token, Grant::new(id.clone(), Holder::Bot(bot_user), &new.scopes));
        let of_user = Grant::new(id.clone(), Holder::User(new.installer), &new.user_scopes);
        self.grant_token(&secrets.user_token, of_user);
        let of_app = Grant::new(id.clone(), Holder::App, &["connections:write".to_owned()]);
        self.grant_token(&secrets.app_token, of_app);
        self.apps.insert(id, app.clone());
        self.changed(ChangeKind::Directory);
        app
    }

    /// A token as the Slack CLI has one, for the same person and scopes as the app's user token.
    fn grant_cli_token(&mut self, app: &App) -> SecretString {
        let token = format!("xoxe.xoxp-1-{}", self.mint.word(32));
        let token = SecretString::from(token);
        if let Some(grant) = self.grants.get(app.secrets.user_token.expose_secret()).cloned() {
            self.grants.insert(Token::from(&token), grant);
        }
        token
    }

    fn grant_token(&mut self, token: &SecretString, grant: Grant) {
        self.grants.insert(Token::from(token), Arc::new(grant));
    }

    fn mint_secrets(&mut self, app: &AppId) -> AppSecrets {
        let mint = &mut self.mint;
        let (team, bot) = (mint.digits(13), mint.digits(13));
        AppSecrets {
            bot_token: format!("xoxb-{team}-{bot}-{}", mint.word(24)).into(),
            user_token: format!("xoxp-{team}-{}-{}-{}", mint.digits(13), mint.digits(13), mint.hex(32)).into(),
            app_token: format!("xapp-1-{app}-{}-{}", mint.digits(13), mint.hex(64)).into(),
            signing_secret: mint.hex(32).into(),
            client_id: format!("{team}.{}", mint.digits(13)),
            client_secret: mint.hex(32).into(),
            verification_token: mint.word(24).into(),
        }
    }
}
