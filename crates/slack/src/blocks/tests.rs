//! Every limit, at the limit and one beyond, judged by the builders and by the validation.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::ids::{ChannelId, UserId};

/// A block for a message, built with some size.
type Build = fn(usize) -> Result<Block, LimitError>;

fn x(length: usize) -> String {
    "é".repeat(length)
}

fn url(length: usize) -> String {
    let start = "https://x.test/";
    format!("{start}{}", "u".repeat(length.saturating_sub(start.len())))
}

fn choices(count: usize) -> Vec<Choice> {
    (0..count).map(|index| Choice::new(format!("o{index}"), format!("{index}")).unwrap()).collect()
}

fn marked(count: usize) -> Vec<MarkedChoice> {
    choices(count).into_iter().map(MarkedChoice::from).collect()
}

fn of(element: impl Into<Element>) -> Result<Block, LimitError> {
    Ok(Actions::new(vec![element.into()])?.into())
}

fn asked(element: impl Into<Element>) -> Result<Block, LimitError> {
    Ok(Input::new("Label", element)?.into())
}

fn button() -> Button {
    Button::new("a", "Press").unwrap()
}

fn confirm(title: &str, text: &str, yes: &str, no: &str) -> Result<Block, LimitError> {
    of(button().confirm(Confirm::new(title, PlainText::new(text), yes, no)?))
}

fn buttons(count: usize) -> Result<Block, LimitError> {
    let button = |index| Ok(Button::new(format!("a{index}"), "b")?.into());
    Ok(Actions::new((0..count).map(button).collect::<Result<Vec<Element>, LimitError>>()?)?.into())
}

#[rstest]
#[case::header_text(limits::HEADER_TEXT, |n| Ok(Header::new(x(n))?.into()))]
#[case::section_text(limits::SECTION_TEXT, |n| Ok(Section::new(Mrkdwn::text(&x(n)))?.into()))]
#[case::section_fields(limits::SECTION_FIELDS, |n| Ok(Section::of_fields(vec![PlainText::new("f").into(); n])?.into()))]
#[case::section_field(limits::SECTION_FIELD, |n| Ok(Section::of_fields(vec![PlainText::new(x(n)).into()])?.into()))]
#[case::context_elements(limits::CONTEXT_ELEMENTS, |n| Ok(Context::new(vec![PlainText::new("c").into(); n])?.into()))]
#[case::context_text(limits::TEXT, |n| Ok(Context::new(vec![Mrkdwn::text(&x(n)).into()])?.into()))]
#[case::actions_elements(limits::ACTIONS_ELEMENTS, buttons)]
#[case::block_id(limits::BLOCK_ID, |n| Ok(Divider::new().block_id(x(n))?.into()))]
#[case::image_url(limits::URL, |n| Ok(Image::new(url(n), "alt")?.into()))]
#[case::image_alt(limits::ALT_TEXT, |n| Ok(Image::new("https://x.test/i", x(n))?.into()))]
#[case::image_title(limits::IMAGE_TITLE, |n| Ok(Image::new("https://x.test/i", "alt")?.title(x(n))?.into()))]
#[case::image_element_alt(limits::ALT_TEXT, |n| Ok(Context::new(vec![ImageElement::new("https://x.test/i", x(n))?.into()])?.into()))]
#[case::input_label(limits::INPUT_LABEL, |n| Ok(Input::new(x(n), PlainTextInput::line("a")?)?.into()))]
#[case::input_hint(limits::INPUT_HINT, |n| Ok(Input::new("l", PlainTextInput::line("a")?)?.hint(x(n))?.into()))]
#[case::file_external_id(limits::EXTERNAL_ID, |n| Ok(FileBlock::remote(x(n))?.into()))]
#[case::video_title(limits::VIDEO_TITLE, |n| Ok(Video::new(x(n), "https://x.test/v", "https://x.test/t", "alt")?.into()))]
#[case::video_alt(limits::ALT_TEXT, |n| Ok(Video::new("t", "https://x.test/v", "https://x.test/t", x(n))?.into()))]
#[case::video_url(limits::URL, |n| Ok(Video::new("t", url(n), "https://x.test/t", "alt")?.into()))]
#[case::video_thumbnail(limits::URL, |n| Ok(Video::new("t", "https://x.test/v", url(n), "alt")?.into()))]
#[case::video_title_url(limits::URL, |n| Ok(video()?.title_url(url(n))?.into()))]
#[case::video_description(limits::VIDEO_DESCRIPTION, |n| Ok(video()?.description(x(n))?.into()))]
#[case::video_author(limits::VIDEO_AUTHOR, |n| Ok(video()?.author(x(n))?.into()))]
#[case::video_provider(limits::VIDEO_AUTHOR, |n| Ok(video()?.provider(x(n), "https://x.test/i")?.into()))]
#[case::markdown(limits::MARKDOWN_TEXT, |n| Ok(Markdown::trusted(x(n))?.into()))]
#[case::table_rows(limits::TABLE_ROWS, |n| Ok(Table::new(vec![vec!["c".into()]; n])?.into()))]
#[case::table_columns(limits::TABLE_COLUMNS, |n| Ok(Table::new(vec![vec!["c".into(); n]])?.into()))]
#[case::table_settings(limits::TABLE_COLUMNS, |n| Ok(Table::new(vec![vec!["c".into()]])?.columns(vec![Column::default(); n])?.into()))]
#[case::rich_link(limits::URL, |n| Ok(RichText::new(vec![RichPart::section(vec![RichElement::link(url(n))])])?.into()))]
fn a_block_takes_as_much_as_slack_does(#[case] limit: usize, #[case] build: Build) {
    holds_on_both_sides(limit, build);
}

#[rstest]
#[case::button_text(limits::BUTTON_TEXT, |n| of(Button::new("a", x(n))?))]
#[case::button_value(limits::BUTTON_VALUE, |n| of(button().value(x(n))?))]
#[case::button_url(limits::URL, |n| of(button().url(url(n))?))]
#[case::button_label(limits::BUTTON_LABEL, |n| of(button().accessibility_label(x(n))?))]
#[case::confirm_title(limits::CONFIRM_TITLE, |n| confirm(&x(n), "t", "y", "n"))]
#[case::confirm_text(limits::CONFIRM_TEXT, |n| confirm("t", &x(n), "y", "n"))]
#[case::confirm_yes(limits::CONFIRM_BUTTON, |n| confirm("t", "t", &x(n), "n"))]
#[case::confirm_no(limits::CONFIRM_BUTTON, |n| confirm("t", "t", "y", &x(n)))]
#[case::option_text(limits::OPTION_TEXT, |n| of(StaticSelect::new("a", vec![Choice::new(x(n), "v")?])?))]
#[case::option_value(limits::OPTION_VALUE, |n| of(StaticSelect::new("a", vec![Choice::new("t", x(n))?])?))]
#[case::option_description(limits::OPTION_DESCRIPTION, |n| of(StaticSelect::new("a", vec![Choice::new("t", "v")?.description(x(n))?])?))]
#[case::options(limits::OPTIONS, |n| of(StaticSelect::new("a", choices(n))?))]
#[case::multi_options(limits::OPTIONS, |n| of(MultiStaticSelect::new("a", choices(n))?))]
#[case::group_label(limits::OPTION_TEXT, |n| of(StaticSelect::of_groups("a", vec![ChoiceGroup::new(x(n), choices(1))?])?))]
#[case::group_options(limits::OPTIONS, |n| of(StaticSelect::of_groups("a", vec![ChoiceGroup::new("g", choices(n))?])?))]
#[case::groups(limits::OPTION_GROUPS, |n| of(StaticSelect::of_groups("a", vec![ChoiceGroup::new("g", choices(1))?; n])?))]
#[case::multi_groups(limits::OPTION_GROUPS, |n| of(MultiStaticSelect::of_groups("a", vec![ChoiceGroup::new("g", choices(1))?; n])?))]
#[case::multi_external_initial(limits::OPTIONS, |n| of(MultiExternalSelect::new("a")?.initial(choices(n))?))]
#[case::checkboxes(limits::CHOICES, |n| of(Checkboxes::new("a", marked(n))?))]
#[case::radio_buttons(limits::CHOICES, |n| of(RadioButtons::new("a", marked(n))?))]
#[case::marked_text(limits::OPTION_TEXT, |n| of(Checkboxes::new("a", vec![MarkedChoice::new(Mrkdwn::text(&x(n)), "v")?])?))]
#[case::marked_value(limits::OPTION_VALUE, |n| of(Checkboxes::new("a", vec![MarkedChoice::new(Mrkdwn::text("t"), x(n))?])?))]
#[case::marked_description(limits::OPTION_DESCRIPTION, |n| of(Checkboxes::new("a", vec![MarkedChoice::new(Mrkdwn::text("t"), "v")?.description(Mrkdwn::text(&x(n)))?])?))]
#[case::overflow(limits::OVERFLOW_OPTIONS, |n| of(Overflow::new("a", choices(n).into_iter().map(OverflowChoice::from).collect())?))]
#[case::overflow_url(limits::URL, |n| of(Overflow::new("a", vec![OverflowChoice::url(Choice::new("t", "v")?, url(n))?])?))]
#[case::placeholder(limits::PLACEHOLDER, |n| of(UsersSelect::new("a")?.placeholder(x(n))?))]
#[case::input_placeholder(limits::PLACEHOLDER, |n| asked(PlainTextInput::line("a")?.placeholder(x(n))?))]
#[case::initial_value(limits::INPUT_LENGTH, |n| asked(PlainTextInput::line("a")?.initial_value(x(n))?))]
#[case::files(limits::FILE_INPUT_FILES, |n| asked(FileInput::new("a")?.at_most(n)?))]
#[case::date(limits::DATE, |n| of(DatePicker::new("a")?.initial("2026-11-20-and-more".chars().take(n).collect::<String>())?))]
#[case::time(limits::TIME, |n| of(TimePicker::new("a")?.initial("12:30:00".chars().take(n).collect::<String>())?))]
fn an_element_takes_as_much_as_slack_does(#[case] limit: usize, #[case] build: Build) {
    holds_on_both_sides(limit, build);
}

#[rstest]
#[case(|id| of(Button::new(id, "b")?))]
#[case(|id| of(Checkboxes::new(id, marked(1))?))]
#[case(|id| of(RadioButtons::new(id, marked(1))?))]
#[case(|id| of(Overflow::new(id, vec![OverflowChoice::from(choices(1).remove(0))])?))]
#[case(|id| of(DatePicker::new(id)?))]
#[case(|id| of(TimePicker::new(id)?))]
#[case(|id| of(DateTimePicker::new(id)?))]
#[case(|id| of(StaticSelect::new(id, choices(1))?))]
#[case(|id| of(ExternalSelect::new(id)?))]
#[case(|id| of(UsersSelect::new(id)?))]
#[case(|id| of(ConversationsSelect::new(id)?))]
#[case(|id| of(ChannelsSelect::new(id)?))]
#[case(|id| of(MultiStaticSelect::new(id, choices(1))?))]
#[case(|id| of(MultiExternalSelect::new(id)?))]
#[case(|id| of(MultiUsersSelect::new(id)?))]
#[case(|id| of(MultiConversationsSelect::new(id)?))]
#[case(|id| of(MultiChannelsSelect::new(id)?))]
#[case(|id| asked(PlainTextInput::line(id)?))]
#[case(|id| asked(NumberInput::whole(id)?))]
#[case(|id| asked(EmailInput::new(id)?))]
#[case(|id| asked(UrlInput::new(id)?))]
#[case(|id| asked(RichTextInput::new(id)?))]
#[case(|id| asked(FileInput::new(id)?))]
fn every_element_has_a_name_of_limited_length(#[case] build: fn(String) -> Result<Block, LimitError>) {
    let sized = |length: usize| build("a".repeat(length));
    let block = sized(limits::ACTION_ID).unwrap();
    assert_eq!(judge(&block), Vec::<String>::new());
    let error = sized(limits::ACTION_ID + 1).unwrap_err();
    assert_eq!((error.limit(), error.actual()), (limits::ACTION_ID, limits::ACTION_ID + 1));
    assert_eq!(sized(0).unwrap_err().actual(), 0);
}

fn video() -> Result<Video, LimitError> {
    Video::new("t", "https://x.test/v", "https://x.test/t", "alt")
}

/// At the limit both builder and validation take it; one beyond, the builder says which limit, and the validation, given
/// the same thing unchecked, refuses it as well.
fn holds_on_both_sides(limit: usize, build: Build) {
    let block = build(limit).unwrap();
    assert_eq!(judge(&block), Vec::<String>::new(), "at the limit");
    let error = build(limit + 1).unwrap_err();
    assert_eq!((error.limit(), error.actual()), (limit, limit + 1), "{error}");
    let grown = grow(serde_json::to_value(&block).unwrap(), limit);
    assert!(!validate(&grown).is_empty(), "the validation takes one more: {grown}");
}

fn judge(block: &impl serde::Serialize) -> Vec<String> {
    validate(&serde_json::to_value(block).unwrap())
}

fn validate(block: &Value) -> Vec<String> {
    let found = validate_blocks(&json!([block]), Surface::Message).err().unwrap_or_default();
    found.iter().map(Violation::to_string).collect()
}

/// Makes whatever is exactly at the limit one larger: every text and list of that length, and the number itself.
fn grow(value: Value, limit: usize) -> Value {
    match value {
        Value::String(text) if text.chars().count() == limit => Value::String(text + "x"),
        Value::Number(number) if number.as_u64() == Some(limit as u64) => json!(limit + 1),
        Value::Array(items) => {
            let full = items.len() == limit;
            let mut items: Vec<Value> = items.into_iter().map(|item| grow(item, limit)).collect();
            if full {
                items.extend(items.last().cloned());
            }
            Value::Array(items)
        }
        Value::Object(fields) => {
            let grow = |(name, field)| if name == "type" { (name, field) } else { (name, grow(field, limit)) };
            Value::Object(fields.into_iter().map(grow).collect())
        }
        other => other,
    }
}

#[test]
fn names_are_unique_where_slack_wants_it() {
    let twice = Actions::new(vec![button().into(), button().into()]).unwrap_err();
    assert_eq!((twice.field(), twice.actual()), ("actions.elements with one action_id", 2));
    let line: Block = Divider::new().block_id("x").unwrap().into();
    assert!(check_message(&[line.clone(), line.clone()]).is_err());
    assert!(View::home(vec![line.clone(), line]).is_err());
    assert!(check_message(&[Divider::new().into(), Divider::new().into()]).is_ok());
}

#[test]
fn all_markdown_of_a_message_shares_one_limit() {
    let half = || Block::from(Markdown::trusted(x(limits::MARKDOWN_TEXT / 2)).unwrap());
    assert!(check_message(&[half(), half()]).is_ok());
    let error = check_message(&[half(), half(), Markdown::trusted("m").unwrap().into()]).unwrap_err();
    assert_eq!((error.limit(), error.actual()), (limits::MARKDOWN_TEXT, limits::MARKDOWN_TEXT + 1));
}

#[rstest]
#[case::blocks(limits::VIEW_BLOCKS, |n| View::home(vec![Divider::new().into(); n]))]
#[case::title(limits::VIEW_TITLE, |n| View::modal(x(n), Vec::new()))]
#[case::submit(limits::VIEW_TITLE, |n| View::modal("t", Vec::new())?.submit(x(n)))]
#[case::close(limits::VIEW_TITLE, |n| View::modal("t", Vec::new())?.close(x(n)))]
#[case::callback_id(limits::CALLBACK_ID, |n| View::modal("t", Vec::new())?.callback_id(x(n)))]
#[case::private_metadata(limits::PRIVATE_METADATA, |n| View::modal("t", Vec::new())?.private_metadata(x(n)))]
#[case::external_id(limits::EXTERNAL_ID, |n| View::modal("t", Vec::new())?.external_id(x(n)))]
fn a_view_takes_as_much_as_slack_does(#[case] limit: usize, #[case] build: fn(usize) -> Result<View, LimitError>) {
    let view = serde_json::to_value(build(limit).unwrap()).unwrap();
    assert_eq!(validate_view(&view), Ok(()));
    let error = build(limit + 1).unwrap_err();
    assert_eq!((error.limit(), error.actual()), (limit, limit + 1));
    assert!(validate_view(&grow(view, limit)).is_err());
}

#[test]
fn a_whole_view_is_judged_at_the_end() {
    let input: Block = Input::new("l", PlainTextInput::line("a").unwrap()).unwrap().into();
    let view = View::modal("t", vec![input]).unwrap();
    assert_eq!(view.check().unwrap_err().field(), "view.submit");
    assert!(view.submit("Go").unwrap().check().is_ok());
    let large: Block = Section::new(PlainText::new("x".repeat(limits::SECTION_TEXT))).unwrap().into();
    let view = View::home(vec![large; limits::VIEW_BLOCKS]).unwrap();
    assert_eq!(view.check().unwrap_err().limit(), limits::VIEW_BYTES);
}

#[test]
fn elements_are_written_as_slack_reads_them() {
    let select = MultiStaticSelect::of_groups("a", vec![ChoiceGroup::new("g", choices(2)).unwrap()]).unwrap();
    let select = serde_json::to_value(Element::from(select.initial(&[1, 9]).at_most(2).unwrap())).unwrap();
    let option = |index: usize| json!({"text": {"type": "plain_text", "text": format!("o{index}"), "emoji": false}, "value": index.to_string()});
    let label = json!({"type": "plain_text", "text": "g", "emoji": false});
    assert_eq!(
        select,
        json!({"type": "multi_static_select", "action_id": "a", "initial_options": [option(1)], "max_selected_items": 2,
            "option_groups": [{"label": label, "options": [option(0), option(1)]}]})
    );
    let filter = ConversationFilter {
        include: vec![ConversationKind::Im],
        exclude_bot_users: true,
        ..ConversationFilter::default()
    };
    let conversations =
        ConversationsSelect::new("a").unwrap().initial(ChannelId::from("C1")).filter(filter).focus_on_load();
    assert_eq!(
        serde_json::to_value(conversations).unwrap(),
        json!({"type": "conversations_select", "action_id": "a", "initial_conversation": "C1", "focus_on_load": true,
            "filter": {"include": ["im"], "exclude_bot_users": true}})
    );
    let number = NumberInput::decimal("a").unwrap().initial(1.5).within(0, 10);
    assert_eq!(
        serde_json::to_value(number).unwrap(),
        json!({"type": "number_input", "action_id": "a", "is_decimal_allowed": true, "initial_value": "1.5", "min_value": "0", "max_value": "10"})
    );
}

#[test]
fn rich_text_and_tables_are_written_as_slack_reads_them() {
    let item = RichItem::new(vec![RichElement::text("one"), RichElement::User { user_id: UserId::from("U1") }]);
    let rich = RichText::new(vec![
        RichPart::list(ListStyle::Ordered, vec![item]),
        RichPart::quote(vec![RichElement::Broadcast { range: Broadcast::Here }]),
    ])
    .unwrap();
    let table =
        Table::new(vec![vec!["Name".into(), "Size".into()], vec![Cell::from(rich.clone()), "1".into()]]).unwrap();
    let blocks =
        serde_json::to_value(vec![Block::from(rich), table.columns(vec![Column::default()]).unwrap().into()]).unwrap();
    assert_eq!(validate_blocks(&blocks, Surface::Message), Ok(()));
    let list = json!({"type": "rich_text_list", "style": "ordered",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}, {"type": "user", "user_id": "U1"}]}]});
    let quote = json!({"type": "rich_text_quote", "elements": [{"type": "broadcast", "range": "here"}]});
    let rich = json!({"type": "rich_text", "elements": [list, quote]});
    assert_eq!(blocks[0], rich);
    let raw = |text: &str| json!({"type": "raw_text", "text": text});
    assert_eq!(
        blocks[1],
        json!({"type": "table", "rows": [[raw("Name"), raw("Size")], [rich, raw("1")]],
            "column_settings": [{"align": "left", "is_wrapped": false}]})
    );
}

#[test]
fn untrusted_text_stays_text_wherever_markup_is_taken() {
    let hostile = "<!channel> & <https://evil.test|https://good.test>";
    let escaped = "&lt;!channel&gt; &amp; &lt;https://evil.test|https://good.test&gt;";
    for text in [
        serde_json::to_value(Section::new(Mrkdwn::text(hostile)).unwrap()).unwrap()["text"].clone(),
        serde_json::to_value(MarkedChoice::new(Mrkdwn::text(hostile), "v").unwrap()).unwrap()["text"].clone(),
    ] {
        assert_eq!(text, json!({"type": "mrkdwn", "text": escaped, "verbatim": true}));
    }
}
