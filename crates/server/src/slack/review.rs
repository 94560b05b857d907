//! The modals: the one that shows everything, and the one that asks why not.

use countersign_approval::{Person, Request, Verdict, policy::Ineligible};
use countersign_slack::{
    client::{Upload, ViewRef},
    ids::{ChannelId, Ts},
    payload::BlockActions,
};
use countersign_slack_sdk::{HandlerError, State};

use super::{
    click::{Asker, Click, FOREIGN},
    decide::NOT_NAMED,
    words,
};
use crate::{
    chain,
    core::Core,
    render::{self, FileOffer, Review},
};

/// *Deny with reason…* was pressed.
pub(super) async fn ask_why(State(core): State<Core>, asker: Asker, click: BlockActions) -> Result<(), HandlerError> {
    let Some((_, request)) = open_request(&core, &asker, &click).await? else { return Ok(()) };
    open(&asker, &render::deny_modal(&request)?).await.map(drop)
}

/// *Review…* was pressed.
pub(super) async fn review(State(core): State<Core>, asker: Asker, click: BlockActions) -> Result<(), HandlerError> {
    let Some((click, request)) = open_request(&core, &asker, &click).await? else { return Ok(()) };
    let Review::File = render::review(&request)? else {
        return open(&asker, &render::review_modal(&request, None)?).await.map(drop);
    };
    // The dialog opens first: its trigger lasts three seconds, an upload may take longer.
    let Some(view) = open(&asker, &render::review_modal(&request, Some(&FileOffer::Uploading))?).await? else {
        return Ok(());
    };
    let offer = upload(&core, &click, &request).await;
    let modal = render::review_modal(&request, Some(&offer))?;
    let (client, token) = core.slack().bot();
    client.update_view(token, &ViewRef::Id(view), None, &modal).await?;
    Ok(())
}

/// The request of a click, if it is ours and still open; else the person is told.
async fn open_request(
    core: &Core,
    asker: &Asker,
    click: &BlockActions,
) -> Result<Option<(Click, Request)>, HandlerError> {
    if asker.is_gone() {
        // Its trigger has lapsed: there is nothing to open.
        return Ok(None);
    }
    let Ok(click) = Click::read(core, click) else {
        asker.tell(FOREIGN).await?;
        return Ok(None);
    };
    match click.request(core).await? {
        None => asker.tell(FOREIGN).await?,
        Some(request) if request.state.is_final() => {
            asker.tell(&format!("Too late: this request is {} already.", request.state.name())).await?;
        }
        Some(request) => match may_not_decide(core, &click, &request).await? {
            Some(why) => asker.tell(&why).await?,
            None => return Ok(Some((click, request))),
        },
    }
    Ok(None)
}

/// Why whoever clicked could not decide: nobody else is shown more than the message, or offered a button in vain.
async fn may_not_decide(core: &Core, click: &Click, request: &Request) -> Result<Option<String>, HandlerError> {
    let person = core.approvals().store().person_by_identity(&click.voter.identity).await?;
    let eligible = |person: &Person| request.policy.eligibility(&request.requester, person, Verdict::Deny);
    let why = match person.as_ref().map_or(Err(Ineligible::Unknown), eligible) {
        Ok(()) => return Ok(None),
        Err(why) => why,
    };
    Ok(Some(match core.gateway() {
        Some(_) => words::ineligible(core, &click.voter, &why, request).await,
        None => NOT_NAMED.to_owned(),
    }))
}

async fn open(
    asker: &Asker,
    view: &countersign_slack::blocks::View,
) -> Result<Option<countersign_slack::ids::ViewId>, HandlerError> {
    match asker.views.open(view).await {
        Ok(opened) => Ok(Some(opened.id)),
        Err(error) => {
            asker.tell(&format!("The dialog could not be opened ({}). Press the button again.", chain(&error))).await?;
            Ok(None)
        }
    }
}

/// Puts the whole content into the message's thread as a file.
async fn upload(core: &Core, click: &Click, request: &Request) -> FileOffer {
    if let Some(address) = core.file_of(request.id) {
        return FileOffer::At(address);
    }
    if core.installation_now().is_some_and(|known| !known.scopes.is_empty() && !known.has_scope("files:write")) {
        return FileOffer::Unavailable("the Slack app lacks the scope files:write".to_owned());
    }
    let Some(place) = &click.place else {
        return FileOffer::Unavailable("it is not known where to put it".to_owned());
    };
    let (channel, ts) = (ChannelId::from(place.channel.as_str()), Ts::from(place.ts.as_str()));
    let filename = format!("request-{}.txt", request.id.short());
    let upload = Upload {
        filename: &filename,
        title: &filename,
        bytes: render::review_file(request).into_bytes().into(),
        channel: Some(&channel),
        thread_ts: Some(&ts),
        initial_comment: None,
    };
    let (client, token) = core.slack().bot();
    match client.upload_file(token, upload).await {
        Ok(file) => {
            let address = file.permalink.unwrap_or_else(|| format!("{filename}, in the thread of the message"));
            core.set_file(request.id, address.clone());
            FileOffer::At(address)
        }
        Err(error) => FileOffer::Unavailable(chain(&error)),
    }
}
