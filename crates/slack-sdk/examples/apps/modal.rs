//! Asks for feedback in a modal, and posts it.

use countersign_slack_sdk::slack::blocks::{
    Actions, Block, Button, Input, LimitError, Mrkdwn, PlainTextInput, Section, View as Modal,
};
use countersign_slack_sdk::slack::client::Message;
use countersign_slack_sdk::slack::ids::ChannelId;
use countersign_slack_sdk::slack::payload::BlockActions;
use countersign_slack_sdk::{App, Client, HandlerError, Say, View, ViewResponse, Views};
use serde::Deserialize;

/// What is entered: a field for each block.
#[derive(Deserialize)]
struct Feedback {
    text: String,
}

fn invitation() -> Result<Vec<Block>, LimitError> {
    let button = Button::new("give_feedback", "Give feedback")?;
    Ok(vec![Section::new(Mrkdwn::trusted("How was it?"))?.into(), Actions::new(vec![button.into()])?.into()])
}

fn modal(channel: &ChannelId) -> Result<Modal, LimitError> {
    let input = Input::new("Your feedback", PlainTextInput::area("text")?)?.block_id("text")?;
    Modal::modal("Feedback", vec![input.into()])?
        .submit("Send")?
        .callback_id("feedback")?
        .private_metadata(channel.as_str())
}

async fn invite(say: Say) -> Result<(), HandlerError> {
    say.send(Message::new("How was it?", invitation()?)).await?;
    Ok(())
}

async fn open(click: BlockActions, views: Views) -> Result<(), HandlerError> {
    let channel = click.container.channel_id.as_ref().ok_or("a button outside of a channel")?;
    views.open(&modal(channel)?).await?;
    Ok(())
}

async fn submitted(feedback: View<Feedback>, client: Client) -> Result<ViewResponse, HandlerError> {
    if feedback.text.trim().len() < 5 {
        return Ok(ViewResponse::error("text", "A little more, please."));
    }
    let channel = ChannelId::from(feedback.submission.view.private_metadata.as_str());
    let user = &feedback.submission.origin.user_id;
    let text = Mrkdwn::trusted(format!("<@{user}> says: ")).and_text(&feedback.text);
    client.post_message(&channel, &Message::text(text.as_str())).await?;
    Ok(ViewResponse::Close)
}

/// The app.
pub(crate) fn app() -> App {
    App::new().event("app_mention", invite).action("give_feedback", open).view("feedback", submitted)
}
