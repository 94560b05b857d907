//! From a manifest to an app with tokens.

use countersign_slack::ids::AppId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{App, AppKind, Installed, Overwrite, Tokens, choice, files, guard};
use crate::{
    Failure, Session,
    account::Account,
    manifest,
    project::{ManifestSource, Project},
};

/// Creates or updates the app from the project's manifest and installs it on the account's team.
///
/// The app's files are written before this returns. Settings that were changed elsewhere since the last time are refused
/// without `--force`, unless `overwrite`.
pub async fn install(
    session: &Session,
    project: &Project,
    account: &Account,
    kind: AppKind,
    overwrite: Overwrite,
) -> Result<Installed, Failure> {
    let account = &account.renewed(session).await?;
    let installation = Installation { session, project, account, kind, overwrite };
    let (app, manifest) = installation.settle().await?;
    session.talk.say(&format!("installing the app {} on {}", app.id, app.team_domain));
    let tokens = grant(account, &app, &manifest).await?;
    Ok(Installed { app, tokens, api_url: account.api.client().base().to_string() })
}

struct Installation<'a> {
    session: &'a Session,
    project: &'a Project,
    account: &'a Account,
    kind: AppKind,
    overwrite: Overwrite,
}

/// An app's manifest.
type Manifest = Map<String, Value>;

#[derive(Deserialize)]
struct Created {
    app_id: AppId,
}

#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    api_access_tokens: Granting,
}

#[derive(Default, Deserialize)]
struct Granting {
    #[serde(default)]
    bot: Option<SecretString>,
    #[serde(default)]
    app_level: Option<SecretString>,
}

impl Installation<'_> {
    /// The app with the settings that it is to have.
    async fn settle(&self) -> Result<(App, Manifest), Failure> {
        let Some(app) = choice::known(self.session, self.project, self.account, self.kind)? else {
            return self.create().await;
        };
        match manifest::of_slack(&self.account.api, &app.id).await {
            Ok(settings) => self.update(app, settings).await,
            // It was deleted elsewhere. A local app is nobody's but ours; a deployed one is not replaced just like that.
            Err(failure) if is_gone(&failure) && self.kind == AppKind::Local && !self.is_named(&app) => {
                self.session.talk.warn(&format!("the app {} is not there any more; making a new one", app.id));
                self.create().await
            }
            Err(failure) if is_gone(&failure) => {
                Err(failure.remedy(format!("forget it with `countersign slack app unlink --app {}`", app.id)))
            }
            Err(failure) => Err(failure),
        }
    }

    fn is_named(&self, app: &App) -> bool {
        self.session.settings.app == Some(crate::AppChoice::Id(app.id.clone()))
    }

    async fn create(&self) -> Result<(App, Manifest), Failure> {
        let (session, account) = (self.session, self.account);
        let manifest = self.of_project().await?;
        let warnings = manifest::validate(&account.api, &manifest, None).await?;
        manifest::warn(session, &warnings);
        session.talk.say(&format!("creating the app {} on {}", manifest::name(&manifest), account.team_domain));
        let arguments = json!({"manifest": text(&manifest)});
        let created: Created = account.api.call("apps.manifest.create", &arguments).await?;
        let app = App {
            id: created.app_id,
            kind: self.kind,
            team: account.team.clone(),
            team_domain: account.team_domain.clone(),
            user: (self.kind == AppKind::Local).then(|| account.user.clone()),
        };
        // At once: if what follows fails, the next try finds this app and makes no second one.
        let saved = files::save(self.project, &app, account.enterprise.as_deref());
        saved.map_err(|failure| {
            failure.detail(format!("the app {} was made, and the project does not know it", app.id))
        })?;
        self.note(&app, &manifest).await?;
        Ok((app, manifest))
    }

    async fn update(&self, app: App, settings: Manifest) -> Result<(App, Manifest), Failure> {
        // An app that was named and that the project does not know stays none of its own.
        if choice::all(self.project)?.contains(&app) {
            files::save(self.project, &app, self.account.enterprise.as_deref())?;
        }
        if self.project.manifest_source() == ManifestSource::Remote {
            return Ok((app, settings));
        }
        let (session, api) = (self.session, &self.account.api);
        let manifest = self.of_project().await?;
        // Slack takes few updates a minute, and one that changes nothing is one of them.
        if guard::is_settled(self.project, &app.id, (&settings, &manifest))? {
            guard::note(self.project, &app.id, (&settings, &manifest))?;
            return Ok((app, manifest));
        }
        guard::check(session, self.project, &app, (&settings, &manifest), self.overwrite)?;
        let warnings = manifest::validate(api, &manifest, Some(&app.id)).await?;
        match self.overwrite {
            Overwrite::Ask => manifest::confirm(session, &warnings)?,
            Overwrite::Always => manifest::warn(session, &warnings),
        }
        session.talk.say(&format!("updating the app {} on {}", manifest::name(&manifest), app.team_domain));
        let arguments = json!({
            "app_id": app.id, "manifest": text(&manifest), "force_update": session.settings.force,
            "consent_breaking_changes": true,
        });
        let _: Value = api.call("apps.manifest.update", &arguments).await?;
        self.note(&app, &manifest).await?;
        Ok((app, manifest))
    }

    /// What the project says, fitted to where the app runs.
    async fn of_project(&self) -> Result<Manifest, Failure> {
        let mut manifest =
            manifest::of_project_for(self.session, self.project, Some(self.account), Some(self.kind)).await?;
        match self.kind {
            AppKind::Local => manifest::make_local(&mut manifest),
            AppKind::Deployed => manifest::make_hosted(&mut manifest, self.account.api.client().base()),
        }
        Ok(manifest)
    }

    /// Remembers the settings as Slack has them now, which is not always to the letter what it was given.
    async fn note(&self, app: &App, given: &Manifest) -> Result<(), Failure> {
        let settings = manifest::of_slack(&self.account.api, &app.id).await?;
        guard::note(self.project, &app.id, (&settings, given))
    }
}

/// The tokens of an app that there is, which is installed with what it may do already.
pub async fn tokens(account: &Account, app: &App) -> Result<Tokens, Failure> {
    let settings = manifest::of_slack(&account.api, &app.id).await?;
    grant(account, app, &settings).await
}

async fn grant(account: &Account, app: &App, manifest: &Manifest) -> Result<Tokens, Failure> {
    let list = |value: Option<&Value>| value.filter(|value| value.is_array()).cloned().unwrap_or_else(|| json!([]));
    let scopes = manifest.get("oauth_config").and_then(|config| config.pointer("/scopes/bot"));
    let arguments = json!({
        "app_id": app.id, "bot_scopes": list(scopes), "outgoing_domains": list(manifest.get("outgoing_domains")),
    });
    let granted: Granted = account.api.call("apps.developerInstall", &arguments).await?;
    let given = |token: Option<SecretString>| token.filter(|token| !token.expose_secret().is_empty());
    Ok(Tokens { app: given(granted.api_access_tokens.app_level), bot: given(granted.api_access_tokens.bot) })
}

fn is_gone(failure: &Failure) -> bool {
    matches!(failure.code().as_str(), "app_not_found" | "invalid_app_id" | "invalid_app")
}

/// A manifest as Slack takes it: JSON in a text.
fn text(manifest: &Manifest) -> String {
    Value::Object(manifest.clone()).to_string()
}
