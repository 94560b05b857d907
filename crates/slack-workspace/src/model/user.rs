//! People and the users of bots.

use serde_json::{Map, Value, json};

use super::{AppId, BotId, TeamId, UserId};

/// A person, or the user a bot appears as.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// `U…`.
    pub id: UserId,
    /// The handle, such as `alice`.
    pub name: String,
    /// The name as displayed.
    pub real_name: String,
    /// Address; bots have none.
    pub email: Option<String>,
    /// An administrator of the workspace.
    pub is_admin: bool,
    /// The owner of the workspace.
    pub is_owner: bool,
    /// The app and bot this user stands for.
    pub bot: Option<(AppId, BotId)>,
    /// Deactivated: it takes part in nothing any more.
    #[serde(default)]
    pub deleted: bool,
    /// What the person said of themselves, by the profile's fields.
    #[serde(default)]
    pub profile: Map<String, Value>,
    /// Seconds since the epoch of the last change.
    pub updated: u64,
}

/// Colours that names are drawn in.
const COLORS: [&str; 6] = ["9f69e7", "4bbe2e", "e7392d", "3c989f", "674b1b", "e96699"];

impl User {
    /// The user of a bot, without a name yet.
    pub(crate) fn bot(id: UserId, bot: (AppId, BotId)) -> Self {
        Self {
            id,
            name: String::new(),
            real_name: String::new(),
            email: None,
            is_admin: false,
            is_owner: false,
            bot: Some(bot),
            deleted: false,
            profile: Map::new(),
            updated: 0,
        }
    }

    /// Whether this is the person's address.
    pub(crate) fn has_email(&self, email: &str) -> bool {
        self.email.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(email))
    }

    /// True for the user of a bot.
    pub fn is_bot(&self) -> bool {
        self.bot.is_some()
    }

    /// The colour of the name, six hexadecimal digits.
    pub fn color(&self) -> &'static str {
        let sum: usize = self.id.as_str().bytes().map(usize::from).sum();
        COLORS.get(sum % COLORS.len()).copied().unwrap_or("9f69e7")
    }

    /// The user object of `users.info`; the address only when `with_email`.
    pub fn to_json(&self, team: &TeamId, with_email: bool) -> Value {
        json!({
            "id": self.id, "team_id": team, "name": self.name, "deleted": self.deleted,
            "color": self.color(), "real_name": self.real_name,
            "tz": "Etc/UTC", "tz_label": "Coordinated Universal Time", "tz_offset": 0,
            "profile": self.profile(team, with_email),
            "is_admin": self.is_admin, "is_owner": self.is_owner,
            "is_primary_owner": self.is_owner, "is_restricted": false,
            "is_ultra_restricted": false, "is_bot": self.is_bot(), "is_app_user": false,
            "updated": self.updated, "is_email_confirmed": self.email.is_some(),
            "who_can_share_contact_card": "EVERYONE",
        })
    }

    fn profile(&self, team: &TeamId, with_email: bool) -> Value {
        let mut profile = json!({
            "title": "", "phone": "", "skype": "", "real_name": self.real_name,
            "real_name_normalized": self.real_name, "display_name": self.name,
            "display_name_normalized": self.name, "status_text": "", "status_emoji": "",
            "status_expiration": 0, "avatar_hash": "", "team": team,
        });
        for (field, value) in &self.profile {
            profile[field] = value.clone();
        }
        if let Some((app, bot)) = &self.bot {
            profile["api_app_id"] = app.as_str().into();
            profile["bot_id"] = bot.as_str().into();
            profile["always_active"] = true.into();
        }
        if let (Some(email), true) = (&self.email, with_email) {
            profile["email"] = email.as_str().into();
        }
        profile
    }
}
