//! Taking back what an app was given.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::{App, AppId, Effect, Grant, Holder, State, Token, UserId};
use crate::events::{self, Audience};

impl State {
    /// Why a token is not good.
    pub(crate) fn refusal(&self, token: &str) -> &'static str {
        if self.revoked.contains(token) { "token_revoked" } else { "invalid_auth" }
    }

    /// Takes back the token of a grant; without its bot's an app is uninstalled.
    pub(crate) fn revoke(&mut self, grant: &Grant, now_ms: u64) {
        match &grant.holder {
            Holder::Bot(_) => {
                self.remove_app(&grant.app, now_ms);
            }
            Holder::User(user) => {
                self.forget(grant);
                if !grant.is_tool {
                    self.tell_revoked(&grant.app, std::slice::from_ref(user), &[], now_ms);
                }
            }
            Holder::App => self.forget(grant),
        }
    }

    /// Uninstalls an app, which hears of it; true if it was installed.
    pub(crate) fn remove_app(&mut self, id: &AppId, now_ms: u64) -> bool {
        let Some(app) = self.apps.get(id).cloned() else { return false };
        let mut users = BTreeSet::new();
        for (token, grant) in &self.grants {
            if grant.app == *id && !grant.is_tool {
                self.revoked.insert(token.clone());
                users.extend(match &grant.holder {
                    Holder::User(user) => Some(user.clone()),
                    Holder::Bot(_) | Holder::App => None,
                });
            }
        }
        let users: Vec<UserId> = users.into_iter().collect();
        self.tell_revoked(id, &users, std::slice::from_ref(&app.bot_user), now_ms);
        events::emit(self, Audience::App(id), json!({"type": "app_uninstalled"}), now_ms);
        self.make_farewells(&app);
        self.scheduled.retain(|_, scheduled| scheduled.author.app.as_ref() != Some(id));
        self.streams.retain(|_, stream| stream.app != *id);
        self.homes.retain(|(of, _), _| of != id);
        self.uninstall(id)
    }

    /// What an app is still to hear is delivered as it was installed.
    fn make_farewells(&mut self, app: &App) {
        for effect in &mut self.effects {
            if let Effect::Event { app: to, payload } = effect
                && *to == app.id
            {
                *effect = Effect::Farewell { app: Box::new(app.clone()), payload: std::mem::take(payload) };
            }
        }
    }

    fn forget(&mut self, grant: &Grant) {
        let is_this = |known: &Arc<Grant>| std::ptr::eq(Arc::as_ptr(known), grant);
        let tokens: Vec<Token> =
            self.grants.iter().filter(|(_, known)| is_this(known)).map(|(token, _)| token.clone()).collect();
        for token in tokens {
            self.grants.remove(&token);
            self.revoked.insert(token);
        }
    }

    fn tell_revoked(&mut self, app: &AppId, users: &[UserId], bots: &[UserId], now_ms: u64) {
        let event = json!({"type": "tokens_revoked", "tokens": {"oauth": users, "bot": bots}});
        events::emit(self, Audience::App(app), event, now_ms);
    }
}
