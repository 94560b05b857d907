//! Apps that Slack runs: packed, sent to a place that was signed for it, deployed from there.
//!
//! There is no reference page: it is as Slack's command line does it, which sends the archive to Amazon S3 ("Browser-based
//! uploads using POST").

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::bundle::{Bundle, Unfit};
use super::secret::same_secret;
use super::{AppId, State, UserId};

/// The largest archive that is taken.
pub(crate) const MAX_BUNDLE: usize = 64 * 1024 * 1024;
/// How long an archive may be sent to the place that was signed for it.
const SIGNED_MS: u64 = 15 * 60 * 1000;
/// How long an archive that was sent waits for being deployed.
const WAITING_MS: u64 = 3_600_000;
/// How many deployments of an app are remembered.
const MAX_REMEMBERED: usize = 20;
/// The field whose value is the place.
const KEY: &str = "key";
/// The field that nobody can make up.
const SIGNATURE: &str = "X-Amz-Signature";

/// A place for one archive, signed for whoever may fill it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Exactly what the form must say.
    fields: BTreeMap<&'static str, SecretString>,
    /// Milliseconds since the epoch.
    expires_at: u64,
    /// What was sent, looked at already.
    sent: Option<Result<Bundle, Unfit>>,
}

/// A place as `apps.hosted.generatePresignedPost` tells of it.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) url: String,
    pub(crate) file_name: String,
    pub(crate) fields: Map<String, Value>,
}

/// Why a form is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forged {
    #[error("nothing was signed for this key")]
    Key,
    #[error("Invalid according to Policy: the fields are not those that were signed")]
    Fields,
    #[error("The request signature does not match the signature you provided.")]
    Signature,
    #[error("Invalid according to Policy: Policy expired.")]
    Expired,
    #[error("an archive was sent with this key before")]
    Used,
}

/// Why an archive is not deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undeployed {
    /// No place of the app's has this name.
    Unknown,
    /// Nothing was sent there.
    Empty,
    /// What was sent is no app.
    Unfit(Unfit),
}

/// What was deployed, and when.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Deployment {
    app: AppId,
    user: UserId,
    runtime: String,
    s3_key: String,
    bundle: Bundle,
    /// Milliseconds since the epoch.
    at: u64,
}

impl Deployment {
    /// As `GET deployments` of the control API shows it.
    pub(crate) fn to_json(&self) -> Value {
        let Self { app, user, runtime, s3_key, bundle, at } = self;
        json!({
            "app_id": app, "user_id": user, "runtime": runtime, "s3_key": s3_key, "bytes": bundle.bytes,
            "sha256": bundle.sha256, "files": bundle.files, "deployed_at_ms": at,
        })
    }
}

impl Place {
    /// Whether a form may fill it. The signature is looked at last, so that a wrong one is told apart.
    fn admits(&self, fields: &BTreeMap<String, String>, now_ms: u64) -> Result<(), Forged> {
        let is_same = |name: &str, signed: &SecretString| {
            fields.get(name).is_some_and(|given| same_secret(given, signed.expose_secret()))
        };
        let mut others = self.fields.iter().filter(|(name, _)| **name != SIGNATURE);
        if fields.len() != self.fields.len() || !others.all(|(name, signed)| is_same(name, signed)) {
            return Err(Forged::Fields);
        }
        if !self.fields.get(SIGNATURE).is_some_and(|signed| is_same(SIGNATURE, signed)) {
            return Err(Forged::Signature);
        }
        if self.expires_at <= now_ms {
            return Err(Forged::Expired);
        }
        if self.sent.is_some() { Err(Forged::Used) } else { Ok(()) }
    }

    /// Whether it is of any use still.
    pub(crate) fn is_useful(&self, now_ms: u64) -> bool {
        self.expires_at.saturating_add(WAITING_MS) > now_ms
    }
}

impl State {
    /// Signs a place for one archive of an app.
    pub(crate) fn sign_place(&mut self, app: &AppId, now_ms: u64) -> Signed {
        let file_name = format!("{}.zip", self.mint.hex(32));
        let key = self.place_key(app, &file_name);
        let expires_at = now_ms.saturating_add(SIGNED_MS);
        let date = time(now_ms, "%Y%m%dT%H%M%SZ");
        let day = time(now_ms, "%Y%m%d");
        let credential = format!("ASIA{}/{day}/us-east-1/s3/aws4_request", self.mint.digits(16));
        let policy = json!({
            "expiration": time(expires_at, "%Y-%m-%dT%H:%M:%SZ"),
            "conditions": [
                {KEY: key}, ["content-length-range", 1, MAX_BUNDLE], {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
                {"x-amz-credential": credential}, {"x-amz-date": date},
            ],
        });
        let fields: BTreeMap<&str, String> = BTreeMap::from([
            (KEY, key.clone()),
            ("Policy", STANDARD.encode(policy.to_string())),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", credential),
            ("X-Amz-Date", date),
            ("X-Amz-Security-Token", STANDARD.encode(self.mint.word(32))),
            // Not computed: whoever has not been given it cannot know it, which is all that a signature says.
            (SIGNATURE, self.mint.hex(64)),
        ]);
        let told = fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        let fields = fields.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect();
        self.places.insert(key, Place { fields, expires_at, sent: None });
        Signed { url: format!("{}/bundles/v1", self.base), file_name, fields: told }
    }

    /// Whether a form may be sent here.
    pub(crate) fn admits(&self, fields: &BTreeMap<String, String>, now_ms: u64) -> Result<(), Forged> {
        let place = fields.get(KEY).and_then(|key| self.places.get(key));
        place.ok_or(Forged::Key)?.admits(fields, now_ms)
    }

    /// Takes what was sent with a form; a place takes one archive.
    pub(crate) fn take_bundle(
        &mut self,
        fields: &BTreeMap<String, String>,
        bundle: Result<Bundle, Unfit>,
        now_ms: u64,
    ) -> Result<(), Forged> {
        self.admits(fields, now_ms)?;
        if let Some(place) = fields.get(KEY).and_then(|key| self.places.get_mut(key)) {
            place.sent = Some(bundle);
        }
        Ok(())
    }

    /// Deploys the archive that was sent under a name; what was sent is used up, fit or not.
    pub(crate) fn deploy(
        &mut self,
        (app, user): (&AppId, &UserId),
        file_name: &str,
        runtime: &str,
        now_ms: u64,
    ) -> Result<(), Undeployed> {
        let key = self.place_key(app, file_name);
        let place = self.places.get(&key).filter(|place| place.is_useful(now_ms)).ok_or(Undeployed::Unknown)?;
        let sent = place.sent.clone().ok_or(Undeployed::Empty)?;
        self.places.remove(&key);
        let bundle = sent.map_err(Undeployed::Unfit)?;
        let deployment = Deployment {
            app: app.clone(),
            user: user.clone(),
            runtime: runtime.to_owned(),
            s3_key: file_name.to_owned(),
            bundle,
            at: now_ms,
        };
        let deployments = self.platform.deployments.entry(app.clone()).or_default();
        if deployments.len() >= MAX_REMEMBERED {
            deployments.pop_front();
        }
        deployments.push_back(deployment);
        self.log_deployment(app, user, now_ms);
        Ok(())
    }

    /// What was deployed of an app, or of all, each app's newest last.
    pub(crate) fn deployments(&self, app: Option<&AppId>) -> impl Iterator<Item = &Deployment> {
        let wanted = self.platform.deployments.iter().filter(move |(of, _)| app.is_none_or(|app| *of == app));
        wanted.flat_map(|(_, deployments)| deployments)
    }

    /// Forgets what was sent and deployed of an app.
    pub(super) fn forget_deployments(&mut self, app: &AppId) {
        let of_app = self.place_key(app, "");
        self.places.retain(|key, _| !key.starts_with(&of_app));
        self.platform.deployments.remove(app);
    }

    fn log_deployment(&mut self, app: &AppId, user: &UserId, now_ms: u64) {
        let trace = self.mint.id('0');
        let payload = json!({"action": "deploy", "user_id": user, "team_id": self.team.id});
        self.log(app, ("function_deployment", false), (app.as_str(), &trace), payload, now_ms);
    }

    /// Where an archive goes: no app has a place below another's.
    fn place_key(&self, app: &AppId, file_name: &str) -> String {
        format!("{}/{app}/{file_name}", self.team.id)
    }
}

fn time(ms: u64, format: &str) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.unwrap_or(Timestamp::MAX).strftime(format).to_string()
}
