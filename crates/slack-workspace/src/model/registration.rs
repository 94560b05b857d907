//! Apps as their developers know them: created from a manifest, installed or not.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::app::{App, AppSecrets, Grant, Holder};
use super::plan::Plan;
use super::{AppId, BotId, ChangeKind, Effect, State, Token, User, UserId};

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
            user_tokens: BTreeMap::from([(owner.clone(), secrets.user_token.clone())]),
            secrets,
        };
        self.platform.registrations.insert(id.clone(), registration);
        self.effects.push(Effect::Secrets { app: id.clone() });
        id
    }

    /// Creates an app and installs it with everything its manifest asks for.
    pub(crate) fn add_app(&mut self, manifest: Value, owner: &UserId, now_ms: u64) -> Option<App> {
        let plan = Plan::read(&manifest);
        let id = self.register(manifest, owner);
        let consent = Consent { user: owner.clone(), bot_scopes: plan.bot_scopes, user_scopes: plan.user_scopes };
        self.install(&id, &consent, now_ms)
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
        let app = app_of(&registration, &consent.user, now_ms);
        self.apps.insert(id.clone(), app.clone());
        self.changed(ChangeKind::Directory);
        Some(app)
    }

    /// Takes an app out of the workspace; it stays registered.
    pub(crate) fn uninstall(&mut self, id: &AppId) -> bool {
        let Some(app) = self.apps.remove(id) else { return false };
        self.grants.retain(|_, grant| grant.app != *id || grant.is_tool);
        for channel in self.channels.values_mut() {
            channel.members.remove(&app.bot_user);
        }
        self.effects.push(Effect::Gone { app: id.clone() });
        self.changed(ChangeKind::Directory);
        true
    }

    /// Replaces an app's manifest; what it may do changes with the next installation only.
    pub(crate) fn set_manifest(&mut self, id: &AppId, manifest: Value, now_ms: u64) -> bool {
        let Some(registration) = self.platform.registrations.get_mut(id) else { return false };
        registration.manifest = manifest;
        let registration = registration.clone();
        if let Some(installer) = self.apps.get(id).map(|app| app.installer.clone()) {
            self.apps.insert(id.clone(), app_of(&registration, &installer, now_ms));
            self.show_bot(&registration, now_ms);
            self.changed(ChangeKind::Directory);
        }
        true
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

    /// Makes or renames the user that the app's bot appears as.
    fn show_bot(&mut self, of: &Registration, now_ms: u64) {
        let name = Plan::read(&of.manifest).name;
        let shown = of.manifest.pointer("/features/bot_user/display_name").and_then(Value::as_str);
        let handle = shown.unwrap_or(&name).to_lowercase().replace(|c: char| !c.is_alphanumeric(), "_");
        let mut user = User::bot(of.bot_user.clone(), (of.id.clone(), of.bot.clone()));
        user.name = handle;
        user.real_name = name;
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
        commands: plan.commands,
        endpoints: plan.endpoints,
        secrets: Arc::clone(&registration.secrets),
        updated: now_ms / 1000,
    }
}
