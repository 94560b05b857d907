//! Apps as their developers know them: created from a manifest, installed or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::app::{App, AppSecrets, Grant, Holder};
use super::plan::Plan;
use super::{AppId, BotId, ChangeKind, Effect, State, TeamId, Token, User, UserId};

/// How long a token of an app with token rotation works; docs.slack.dev, "Token rotation".
pub(crate) const ROTATING_MS: u64 = 12 * 60 * 60 * 1000;

/// An app as its developer knows it.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Registration {
    pub(crate) id: AppId,
    /// Who created it, and may change it.
    pub(crate) owner: UserId,
    /// Exactly as it was last given.
    pub(crate) manifest: Value,
    pub(crate) bot: BotId,
    pub(crate) bot_user: UserId,
    #[serde(with = "super::saved::arc")]
    pub(crate) secrets: Arc<AppSecrets>,
    /// The team it was made in, when that is another one: only there it can be changed.
    #[serde(default)]
    pub(crate) home: Option<TeamId>,
    /// User tokens by the person they stand for.
    #[serde(with = "super::saved::secrets")]
    pub(crate) user_tokens: BTreeMap<UserId, SecretString>,
}

// The user tokens must not be shown.
impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("id", &self.id).field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// What an installation gives: the scopes of the bot, and of the person who installs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) user: UserId,
    pub(crate) bot_scopes: Vec<String>,
    pub(crate) user_scopes: Vec<String>,
}

impl State {
    /// Creates an app from a manifest; it is not installed yet.
    pub(crate) fn register(&mut self, manifest: Value, owner: &UserId) -> AppId {
        let id = AppId::from(self.mint.id('A'));
        let bot = BotId::from(self.mint.id('B'));
        let bot_user = UserId::from(self.mint.id('U'));
        let secrets = Arc::new(self.mint_secrets(&id));
        let registration = Registration {
            id: id.clone(),
            owner: owner.clone(),
            manifest,
            bot,
            bot_user,
            home: None,
            user_tokens: BTreeMap::from([(owner.clone(), secrets.user_token.clone())]),
            secrets,
        };
        self.platform.registrations.insert(id.clone(), registration);
        self.effects.push(Effect::Secrets { app: id.clone() });
        id
    }

    /// Makes an app of another team known here: the same app and secrets, a bot and tokens of its own.
    ///
    /// Nothing changes when it is known already.
    pub(crate) fn adopt(&mut self, known: &Registration, home: &TeamId, owner: &UserId) {
        if self.platform.registrations.contains_key(&known.id) {
            return;
        }
        let own = self.mint_secrets(&known.id);
        let secrets = AppSecrets { bot_token: own.bot_token, user_token: own.user_token, ..(*known.secrets).clone() };
        let registration = Registration {
            owner: owner.clone(),
            bot: BotId::from(self.mint.id('B')),
            bot_user: UserId::from(self.mint.id('U')),
            home: Some(known.home.clone().unwrap_or_else(|| home.clone())),
            user_tokens: BTreeMap::from([(owner.clone(), secrets.user_token.clone())]),
            secrets: Arc::new(secrets),
            ..known.clone()
        };
        self.platform.registrations.insert(known.id.clone(), registration);
    }

    /// Installs an app with everything its manifest asks for.
    pub(crate) fn install_whole(&mut self, id: &AppId, user: &UserId, now_ms: u64) -> Option<App> {
        let plan = Plan::read(&self.platform.registrations.get(id)?.manifest);
        let consent = Consent { user: user.clone(), bot_scopes: plan.bot_scopes, user_scopes: plan.user_scopes };
        self.install(id, &consent, now_ms)
    }

    /// Creates an app and installs it with everything its manifest asks for.
    pub(crate) fn add_app(&mut self, manifest: Value, owner: &UserId, now_ms: u64) -> Option<App> {
        let id = self.register(manifest, owner);
        self.install_whole(&id, owner, now_ms)
    }

    /// Installs an app, or adds to what an installed one may do.
    pub(crate) fn install(&mut self, id: &AppId, consent: &Consent, now_ms: u64) -> Option<App> {
        let registration = self.platform.registrations.get(id)?.clone();
        let secrets = &registration.secrets;
        self.show_bot(&registration, now_ms);
        if !consent.bot_scopes.is_empty() {
            let holder = Holder::Bot(registration.bot_user.clone());
            let scopes = self.widened(&secrets.bot_token, &consent.bot_scopes);
            self.grant_token(&secrets.bot_token, Grant::new(id.clone(), holder, &scopes));
        }
        if let (false, Some(token)) = (consent.user_scopes.is_empty(), self.user_token(id, &consent.user)) {
            let holder = Holder::User(consent.user.clone());
            let scopes = self.widened(&token, &consent.user_scopes);
            self.grant_token(&token, Grant::new(id.clone(), holder, &scopes));
        }
        let of_app = Grant::new(id.clone(), Holder::App, &["connections:write".to_owned()]);
        self.grant_token(&secrets.app_token, of_app);
        let mut app = app_of(&registration, &consent.user, now_ms);
        app.bot_scopes = self.apps.get(id).map(|known| known.bot_scopes.clone()).unwrap_or_default();
        app.bot_scopes.extend(consent.bot_scopes.iter().cloned());
        if let Some(bot) = self.users.get_mut(&app.bot_user).filter(|_| !app.bot_scopes.is_empty()) {
            bot.deleted = false;
        }
        self.apps.insert(id.clone(), app.clone());
        self.changed(ChangeKind::Directory);
        Some(app)
    }

    /// Replaces an app's manifest in every team; what it may do changes with the next installation only.
    pub(crate) fn set_manifest(&mut self, id: &AppId, manifest: Value, now_ms: u64) -> bool {
        let Some(registration) = self.platform.registrations.get_mut(id) else { return false };
        let is_plugged =
            |manifest: &Value| manifest.pointer("/settings/socket_mode_enabled") == Some(&Value::Bool(true));
        let is_unplugged = is_plugged(&registration.manifest) && !is_plugged(&manifest);
        registration.manifest = manifest;
        let registration = registration.clone();
        if is_unplugged {
            self.effects.push(Effect::Unplugged { app: id.clone() });
        }
        if let Some(known) = self.apps.get(id) {
            let app = App { bot_scopes: known.bot_scopes.clone(), ..app_of(&registration, &known.installer, now_ms) };
            self.apps.insert(id.clone(), app);
            self.show_bot(&registration, now_ms);
            self.changed(ChangeKind::Directory);
        }
        if registration.home.is_none() {
            self.effects.push(Effect::Described { app: id.clone() });
        }
        true
    }

    /// Forgets an app, in every team when it was made in this one.
    pub(crate) fn unregister(&mut self, id: &AppId, now_ms: u64) {
        self.remove_app(id, now_ms);
        let known = self.platform.registrations.remove(id);
        self.platform.variables.remove(id);
        self.forget_deployments(id);
        self.platform.workflow_triggers.retain(|_, trigger| trigger.app != *id);
        if known.is_some_and(|known| known.home.is_none()) {
            self.effects.push(Effect::Unregistered { app: id.clone() });
        }
    }

    /// The token that stands for a person in an app, minted when there is none yet.
    pub(crate) fn user_token(&mut self, id: &AppId, user: &UserId) -> Option<SecretString> {
        let registration = self.platform.registrations.get_mut(id)?;
        if let Some(token) = registration.user_tokens.get(user) {
            return Some(token.clone());
        }
        let mint = &mut self.mint;
        let token = format!("xoxp-{}-{}-{}-{}", mint.digits(13), mint.digits(13), mint.digits(13), mint.hex(32));
        let token = SecretString::from(token);
        registration.user_tokens.insert(user.clone(), token.clone());
        Some(token)
    }

    /// Scopes are added, never taken away, by installing again; docs.slack.dev, "Installing with OAuth".
    fn widened(&self, token: &SecretString, wanted: &[String]) -> Vec<String> {
        let mut scopes: Vec<String> = wanted.to_vec();
        let known = self.grants.get(token.expose_secret());
        let more = known.into_iter().flat_map(|grant| grant.scopes.iter());
        scopes.extend(more.filter(|scope| !wanted.contains(scope)).cloned().collect::<Vec<_>>());
        scopes
    }

    /// Finds what a state file of an earlier version does not say: the scopes of bots, which follow from their tokens.
    pub(crate) fn fill_missing(&mut self) {
        let grants = &self.grants;
        for app in self.apps.values_mut().filter(|app| app.bot_scopes.is_empty()) {
            let of_bot = |grant: &&Arc<Grant>| grant.app == app.id && matches!(grant.holder, Holder::Bot(_));
            app.bot_scopes = grants.values().filter(of_bot).flat_map(|grant| grant.scopes.iter().cloned()).collect();
        }
    }

    /// Makes or renames the user that the app's bot appears as.
    fn show_bot(&mut self, of: &Registration, now_ms: u64) {
        let name = Plan::read(&of.manifest).name;
        let shown = of.manifest.pointer("/features/bot_user/display_name").and_then(Value::as_str);
        let handle = shown.unwrap_or(&name).to_lowercase().replace(|c: char| !c.is_alphanumeric(), "_");
        let mut user = User::bot(of.bot_user.clone(), (of.id.clone(), of.bot.clone()));
        user.name = handle;
        user.real_name = name;
        user.deleted = self.users.get(&of.bot_user).is_some_and(|known| known.deleted);
        user.updated = now_ms / 1000;
        self.users.insert(of.bot_user.clone(), user);
    }

    pub(crate) fn grant_token(&mut self, token: &SecretString, grant: Grant) {
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

/// The installed app that a registration describes.
fn app_of(registration: &Registration, installer: &UserId, now_ms: u64) -> App {
    let plan = Plan::read(&registration.manifest);
    App {
        id: registration.id.clone(),
        name: plan.name,
        bot: registration.bot.clone(),
        bot_user: registration.bot_user.clone(),
        installer: installer.clone(),
        events: plan.events,
        bot_scopes: BTreeSet::new(),
        commands: plan.commands,
        endpoints: plan.endpoints,
        secrets: Arc::clone(&registration.secrets),
        updated: now_ms / 1000,
    }
}
