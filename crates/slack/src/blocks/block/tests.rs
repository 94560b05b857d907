use serde_json::{Value, json};

use super::super::*;

fn approval() -> Result<Vec<Block>, LimitError> {
    Ok(vec![
        Header::new("Run a command?")?.into(),
        Section::new(Mrkdwn::trusted("*Host:* ").and_text("<build>"))?.fields(vec![PlainText::new("a").into()])?.into(),
        RichText::new(vec![
            RichPart::section(vec![RichElement::styled("Command", Style::BOLD)]),
            RichPart::preformatted("rm -rf /tmp/x"),
        ])?
        .into(),
        Divider::new().into(),
        Context::new(vec![PlainText::new("digest 1234").into()])?.into(),
        Actions::new(vec![
            Button::new("approve", "Approve")?.value("token")?.style(ButtonStyle::Primary).into(),
            Button::new("deny", "Deny")?
                .confirm(Confirm::new("Deny?", PlainText::new("Sure?"), "Deny", "Back")?)
                .into(),
            StaticSelect::new("for", vec![Choice::new("1 hour", "60")?])?.initial(0).into(),
        ])?
        .block_id("decide")?
        .into(),
        Input::new("Reason", PlainTextInput::area("reason")?.length(0, 500)?)?.optional().into(),
        Image::new("https://x.test/i.png", "a chart")?.title("Chart")?.into(),
    ])
}

#[test]
fn built_blocks_pass_the_validation() {
    let blocks = serde_json::to_value(approval().unwrap()).unwrap();
    assert_eq!(validate_blocks(&blocks, Surface::Message), Ok(()));
}

#[test]
fn a_built_modal_passes_the_validation() {
    let view = View::modal("Deny", approval().unwrap()).unwrap().submit("Deny").unwrap().callback_id("deny").unwrap();
    let view = serde_json::to_value(view.private_metadata("{}").unwrap().notify_on_close()).unwrap();
    assert_eq!(validate_view(&view), Ok(()));
    assert_eq!(view["type"], "modal");
}

#[test]
fn blocks_are_written_as_slack_reads_them() {
    let blocks = serde_json::to_value(approval().unwrap()).unwrap();
    assert_eq!(
        blocks[0],
        json!({"type": "header", "text": {"type": "plain_text", "text": "Run a command?", "emoji": false}})
    );
    assert_eq!(blocks[1]["text"], json!({"type": "mrkdwn", "text": "*Host:* &lt;build&gt;", "verbatim": true}));
    assert_eq!(
        blocks[2]["elements"],
        json!([
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "Command", "style": {"bold": true}}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "rm -rf /tmp/x"}]},
        ])
    );
    assert_eq!(blocks[5]["elements"][0]["style"], "primary");
    let raw = Block::Raw(json!({"type": "markdown", "text": "x"}));
    assert_eq!(serde_json::to_value(raw).unwrap(), json!({"type": "markdown", "text": "x"}));
}

#[test]
fn what_is_too_large_is_refused_when_built() {
    let long = "x".repeat(3001);
    assert_eq!(Section::new(PlainText::new(long.as_str())).unwrap_err().field(), "section.text");
    assert_eq!(Button::new("a", "x".repeat(76)).unwrap_err().limit(), 75);
    assert_eq!(Button::new("a", "b").unwrap().value("v".repeat(2001)).unwrap_err().actual(), 2001);
    assert!(Header::new("").is_err());
    assert!(Actions::new(Vec::new()).is_err());
    assert!(View::modal("t".repeat(25), Vec::new()).is_err());
    assert!(check_message(&vec![Divider::new().into(); 51]).is_err());
    assert!(RichText::new(vec![RichPart::preformatted("")]).is_err());
    let _: Value = serde_json::to_value(Divider::new()).unwrap();
}
