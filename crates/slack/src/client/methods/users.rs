//! `users.*`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::{Client, Error, Token};
use crate::ids::{TeamId, UserId};

/// A person or bot; what is not named here is in `extra`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "Slack's user object is switches")]
pub struct User {
    /// The person.
    pub id: UserId,
    /// The person's workspace.
    #[serde(default)]
    pub team_id: Option<TeamId>,
    /// The handle.
    #[serde(default)]
    pub name: String,
    /// Deactivated.
    #[serde(default)]
    pub deleted: bool,
    /// A bot user.
    #[serde(default)]
    pub is_bot: bool,
    /// An administrator of the workspace.
    #[serde(default)]
    pub is_admin: bool,
    /// A guest.
    #[serde(default)]
    pub is_restricted: bool,
    /// Names and e-mail.
    #[serde(default)]
    pub profile: UserProfile,
    /// Everything else Slack said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A person's profile; what is not named here is in `extra`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct UserProfile {
    /// The full name.
    #[serde(default)]
    pub real_name: Option<String>,
    /// The name the person chose to be shown with.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The e-mail address; needs the scope `users:read.email`.
    #[serde(default)]
    pub email: Option<String>,
    /// Everything else Slack said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl User {
    /// What to call the person: the chosen name, else the full name, else the handle.
    pub fn shown_name(&self) -> &str {
        let names = [&self.profile.display_name, &self.profile.real_name];
        names.into_iter().flatten().map(String::as_str).find(|name| !name.is_empty()).unwrap_or(&self.name)
    }
}

#[derive(Deserialize)]
struct Info {
    user: User,
}

impl Client {
    /// What is known of a person.
    pub async fn user(&self, token: &Token, user: &UserId) -> Result<User, Error> {
        Ok(self.call::<Info>(token, "users.info", &BTreeMap::from([("user", user)])).await?.body.user)
    }

    /// The person with an e-mail address.
    pub async fn user_by_email(&self, token: &Token, email: &str) -> Result<User, Error> {
        Ok(self.call::<Info>(token, "users.lookupByEmail", &BTreeMap::from([("email", email)])).await?.body.user)
    }
}
