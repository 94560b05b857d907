//! Taking back what an app was given.

use std::collections::BTreeSet;

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{App, AppId, ChangeKind, ChannelKind, Effect, Grant, Holder, State, UserId};
use crate::events::{self, Audience};

impl State {
    /// Why a token is not good.
    pub(crate) fn refusal(&self, token: &str) -> &'static str {
        if self.revoked.contains(token) { "token_revoked" } else { "invalid_auth" }
    }

    /// Takes back a token; the last one of its people and its bot takes the app with it.
    ///
    /// A bot's token takes the bot's others along: its user is deactivated and out of every channel, and the app stays
    /// installed (docs.slack.dev, `auth.revoke` and `app_uninstalled`).
    pub(crate) fn revoke(&mut self, token: &str, now_ms: u64) {
        let Some(grant) = self.grants.get(token).cloned() else { return };
        match &grant.holder {
            Holder::App => self.forget(|known, _| known == token),
            Holder::User(_) if grant.is_tool => self.forget(|known, _| known == token),
            // A running step's own token.
            Holder::Bot(_) if token.starts_with("xwfp-") => self.forget(|known, _| known == token),
            Holder::Bot(_) | Holder::User(_) if !self.has_others(token, &grant) => {
                self.remove_app(&grant.app, now_ms);
            }
            Holder::User(user) => {
                self.forget(|known, _| known == token);
                self.tell_revoked(&grant.app, std::slice::from_ref(user), &[], now_ms);
            }
            Holder::Bot(user) => {
                self.tell_revoked(&grant.app, &[], std::slice::from_ref(user), now_ms);
                self.forget(|_, known| known.app == grant.app && matches!(known.holder, Holder::Bot(_)));
                if let Some(app) = self.apps.get_mut(&grant.app) {
                    app.bot_scopes.clear();
                }
                self.deactivate(user, now_ms);
            }
        }
    }

    /// Whether people or the bot have a token of the app left when this one is taken back.
    fn has_others(&self, token: &str, grant: &Grant) -> bool {
        let is_bot = matches!(grant.holder, Holder::Bot(_));
        self.grants.iter().any(|(known, other)| {
            other.app == grant.app
                && match other.holder {
                    Holder::App => false,
                    Holder::Bot(_) => !is_bot,
                    Holder::User(_) => known.expose() != token,
                }
        })
    }

    /// A bot whose app is gone, or that lost its tokens: its user is out of every channel and no longer active.
    ///
    /// It stays in its direct messages, which are the same again once it is back.
    fn deactivate(&mut self, bot: &UserId, now_ms: u64) {
        let rooms = self.channels.values_mut();
        for room in rooms.filter(|room| matches!(room.kind, ChannelKind::Public | ChannelKind::Private)) {
            room.members.remove(bot);
        }
        if let Some(user) = self.users.get_mut(bot) {
            user.deleted = true;
            user.updated = now_ms / 1000;
            let event = json!({"type": "user_change", "user": user.to_json(&self.team.id, false)});
            events::emit(self, Audience::Everyone, event, now_ms);
        }
        self.changed(ChangeKind::Directory);
    }

    /// Uninstalls an app, which hears of it; true if it was installed.
    pub(crate) fn remove_app(&mut self, id: &AppId, now_ms: u64) -> bool {
        let Some(app) = self.apps.get(id).cloned() else { return false };
        let holders = self.grants.values().filter(|grant| grant.app == *id);
        let users = holders.filter_map(|grant| match &grant.holder {
            Holder::User(user) => Some(user.clone()),
            Holder::Bot(_) | Holder::App => None,
        });
        let users: BTreeSet<UserId> = users.collect();
        let users: Vec<UserId> = users.into_iter().collect();
        self.tell_revoked(id, &users, std::slice::from_ref(&app.bot_user), now_ms);
        events::emit(self, Audience::App(id), json!({"type": "app_uninstalled"}), now_ms);
        self.make_farewells(&app);
        self.scheduled.retain(|_, scheduled| scheduled.author.app.as_ref() != Some(id));
        self.streams.retain(|_, stream| stream.app != *id);
        self.homes.retain(|(of, _), _| of != id);
        self.forget(|_, grant| grant.app == *id);
        self.platform.refreshes.retain(|_, refresh| refresh.app != *id);
        self.platform.codes.retain(|_, code| code.app != *id);
        self.apps.remove(id);
        self.deactivate(&app.bot_user, now_ms);
        self.effects.push(Effect::Gone { app: id.clone() });
        true
    }

    /// What an app is still to hear is delivered as it was installed.
    fn make_farewells(&mut self, app: &App) {
        for effect in &mut self.effects {
            if let Effect::Event { app: to, payload } = effect
                && *to == app.id
            {
                *effect = Effect::Farewell { app: Box::new(app.clone()), payload: payload.clone() };
            }
        }
    }

    /// Takes back every token that is meant, and what renews it.
    fn forget(&mut self, is_meant: impl Fn(&str, &Grant) -> bool) {
        let (grants, refreshes) = (&mut self.grants, &mut self.platform.refreshes);
        for (token, grant) in grants.extract_if(|token, grant| is_meant(token.expose(), grant)) {
            if let Some(renewal) = &grant.renewal {
                refreshes.remove(renewal.expose_secret());
            }
            self.revoked.insert(token);
        }
    }

    fn tell_revoked(&mut self, app: &AppId, users: &[UserId], bots: &[UserId], now_ms: u64) {
        let event = json!({"type": "tokens_revoked", "tokens": {"oauth": users, "bot": bots}});
        events::emit(self, Audience::App(app), event, now_ms);
    }
}
