//! Who clicked, on what, where: read from a payload, and checked.

use std::{convert::Infallible, time::Duration};

use countersign_approval::{Request, RequestToken, SlackIdentity, Voters, port::Posted};
use countersign_slack::{
    blocks::Mrkdwn,
    payload::{BlockActions, Origin, ViewSubmission},
};
use countersign_slack_sdk::{Context, FromRequest, HandlerError, Request as SlackRequest, Respond, Views};

use crate::{core::Core, dossier, installation, strangers};

/// A click waits this long for `auth.test`, which came before it as a rule.
const INSTALLATION_WITHIN: Duration = Duration::from_secs(5);

/// Said to whoever clicks on what we do not know.
pub(super) const FOREIGN: &str = "This request belongs to another Countersign, or to one that has forgotten it. \
     Nothing was decided here. If two programs use the same Slack app, give each its own.";

/// A click on one of our buttons.
#[derive(Debug)]
pub(super) struct Click {
    /// The secret in the button.
    pub(super) token: RequestToken,
    /// Whose click it was.
    pub(super) voter: Voter,
    /// The message it was on; `None` in a modal.
    pub(super) place: Option<Posted>,
}

/// Somebody, as Slack proves it.
#[derive(Debug)]
pub(super) struct Voter {
    /// The enterprise or team, and the user in it.
    pub(super) identity: SlackIdentity,
    /// The user's id, for mentions.
    pub(super) user: String,
    /// What Slack calls them.
    pub(super) name: String,
}

/// A click that cannot be one of ours; the text says so to the person.
#[derive(Debug, thiserror::Error)]
#[error("{FOREIGN}")]
pub(super) struct Foreign;

impl Click {
    /// Reads a click on a button.
    pub(super) fn read(core: &Core, click: &BlockActions) -> Result<Self, Foreign> {
        let value = click.action().and_then(|action| action.value.as_deref()).ok_or(Foreign)?;
        let channel = click.container.channel_id.as_ref();
        let place = channel
            .zip(click.container.message_ts.as_ref())
            .map(|(channel, ts)| Posted { channel: channel.as_str().to_owned(), ts: ts.as_str().to_owned() });
        Ok(Self { token: value.parse().map_err(|_| Foreign)?, voter: Voter::of(core, &click.origin)?, place })
    }

    /// Reads a submitted modal.
    pub(super) fn read_submission(core: &Core, view: &ViewSubmission) -> Result<Self, Foreign> {
        let token = view.view.private_metadata.parse().map_err(|_| Foreign)?;
        Ok(Self { token, voter: Voter::of(core, &view.origin)?, place: None })
    }

    /// The request, whose copy was clicked on is known from now on and closed with the others.
    pub(super) async fn request(&self, core: &Core) -> Result<Option<Request>, HandlerError> {
        let store = core.approvals().store();
        let Some(request) = store.request_by_token(self.token).await? else { return Ok(None) };
        let register = async {
            match &self.place {
                Some(place) => Ok(store.register_copy(request.id, place.clone()).await.map(drop)?),
                None => Ok::<(), HandlerError>(()),
            }
        };
        tokio::try_join!(register, self.voter.introduce(core, &request))?;
        Ok(Some(dossier::shown(core, request)))
    }
}

impl Voter {
    pub(super) fn of(core: &Core, origin: &Origin) -> Result<Self, Foreign> {
        let (ours, theirs) = (&core.slack().app_id, &origin.api_app_id);
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && ours != theirs
        {
            strangers::refused(core, origin, "it is of another Slack app");
            return Err(Foreign);
        }
        let Some(identity) = strangers::actor(core, origin) else {
            strangers::refused(core, origin, "Slack does not say whose user it is");
            return Err(Foreign);
        };
        let user = identity.user.clone();
        let name = origin.user_name.clone().unwrap_or_else(|| user.clone());
        Ok(Self { identity, user, name })
    }

    /// Makes sure that an approver is known by now whose click was faster than our own start, and keeps their name.
    async fn introduce(&self, core: &Core, request: &Request) -> Result<(), HandlerError> {
        if core.gateway().is_some() {
            // There people prove which account is theirs: nobody becomes known by clicking.
            return Ok(());
        }
        let known = tokio::time::timeout(INSTALLATION_WITHIN, core.installation()).await;
        let Ok(Some(installation)) = known else {
            return Err("Slack has not told us yet which team this is".into());
        };
        let person = Voters::Person(installation::person_id(&self.user));
        let named = request.policy.requirements.iter().any(|requirement| requirement.voters == person);
        if named && installation.identity(&self.user) == self.identity {
            installation::know_approver(core, &self.identity, &self.name).await?;
        }
        Ok(())
    }
}

/// The identity of whoever typed a command. Only people of the app's own team can: the command's team is theirs.
pub(crate) async fn identity_of_command(core: &Core, origin: &Origin) -> Option<SlackIdentity> {
    let installation = tokio::time::timeout(INSTALLATION_WITHIN, core.installation()).await.ok()??;
    let team = origin.user_team_id.as_ref().or(origin.team_id.as_ref())?;
    installation.identity_of_actor(origin.user_id.as_str(), Some(team.as_str()))
}

/// Whoever acted in Slack, and the ways to answer them.
#[derive(Debug)]
pub(super) struct Asker {
    context: Context,
    respond: Respond,
    /// To open dialogs.
    pub(super) views: Views,
}

impl<S: Sync> FromRequest<S> for Asker {
    type Rejection = Infallible;

    async fn from_request(request: &SlackRequest, state: &S) -> Result<Self, Infallible> {
        Ok(Self {
            context: Context::from_request(request, state).await?,
            respond: Respond::from_request(request, state).await?,
            views: Views::from_request(request, state).await?,
        })
    }
}

impl Asker {
    /// Whether what they did was left over by an earlier daemon: they do not wait any more.
    pub(super) fn is_gone(&self) -> bool {
        self.context.is_resumed()
    }

    /// Tells the person who clicked, and nobody else.
    pub(super) async fn tell(&self, text: &str) -> Result<(), HandlerError> {
        if self.is_gone() {
            // The addresses of an old click have lapsed; the message itself shows what became of the request.
            return Ok(());
        }
        Ok(self.respond.ephemeral(&Mrkdwn::text(text)).await?)
    }
}
