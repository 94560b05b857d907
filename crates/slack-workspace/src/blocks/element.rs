//! Finding elements in blocks.

use serde_json::{Map, Value};

use crate::model::{AppId, Message, Mint};

/// An element and the block it is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) block: &'a Value,
    pub(crate) element: &'a Value,
    /// The attachment it is in, and which it is, counted from one.
    pub(crate) attachment: Option<(usize, &'a Value)>,
}

impl Found<'_> {
    pub(crate) fn block_id(&self) -> &str {
        text(self.block, "block_id")
    }

    pub(crate) fn action_id(&self) -> &str {
        text(self.element, "action_id")
    }

    pub(crate) fn kind(&self) -> &str {
        text(self.element, "type")
    }

    /// The attachment it is in, where an app put that below a link of somebody's message.
    pub(crate) fn unfurl(&self) -> Option<&Value> {
        let (_, attachment) = self.attachment?;
        (attachment.get("is_app_unfurl") == Some(&Value::Bool(true))).then_some(attachment)
    }

    /// Who is told when it is used: who unfurled the link, else who posted the message.
    pub(crate) fn owner(&self, message: &Message) -> Option<AppId> {
        match self.unfurl() {
            Some(unfurl) => Some(AppId::from(text(unfurl, "app_id"))),
            None => message.app.clone(),
        }
    }
}

/// The interactive elements of a block: an input's, a section's accessory, a row of actions.
pub(crate) fn elements(block: &Value) -> impl Iterator<Item = &Value> {
    let single = ["element", "accessory"].into_iter().filter_map(|name| block.get(name));
    let row = row_of(text(block, "type")).and_then(|name| block.get(name)).and_then(Value::as_array);
    single.chain(row.into_iter().flatten())
}

/// Where a block has its row of interactive elements.
fn row_of(kind: &str) -> Option<&'static str> {
    match kind {
        "actions" | "context_actions" => Some("elements"),
        "card" => Some("actions"),
        _ => None,
    }
}

/// Where a block has blocks of its own.
fn inner_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "carousel" => &["elements"],
        "container" => &["child_blocks", "blocks"],
        _ => &[],
    }
}

/// The blocks within a block, such as the cards of a carousel.
pub(crate) fn inner(block: &Value) -> impl Iterator<Item = &Value> {
    let lists = inner_of(text(block, "type")).iter().filter_map(|name| block.get(*name)?.as_array());
    lists.flatten().filter(|block| block.is_object())
}

/// Every block with its interactive elements, those within others included.
pub(crate) fn each(blocks: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    let with_elements = |block| elements(block).map(move |element| (block, element));
    blocks.iter().flat_map(move |block| std::iter::once(block).chain(inner(block)).flat_map(with_elements))
}

/// The option of a select with this value, in its options or option groups.
pub(crate) fn option_of<'a>(element: &'a Value, value: &str) -> Option<&'a Value> {
    let list = |of: &'a Value, name: &str| of.get(name).and_then(Value::as_array).into_iter().flatten();
    let grouped = list(element, "option_groups").flat_map(move |group| list(group, "options"));
    list(element, "options").chain(grouped).find(|option| text(option, "value") == value)
}

/// The element with this action id, in the block with this id if given.
pub(crate) fn find<'a>(blocks: &'a [Value], block_id: Option<&str>, action_id: &str) -> Option<Found<'a>> {
    let wanted = |(block, element): &(&Value, &Value)| {
        block_id.is_none_or(|id| text(block, "block_id") == id) && text(element, "action_id") == action_id
    };
    each(blocks).find(wanted).map(|(block, element)| Found { block, element, attachment: None })
}

/// The same in a message, whose attachments may have blocks too.
pub(crate) fn find_in_message<'a>(message: &'a Message, block_id: Option<&str>, action_id: &str) -> Option<Found<'a>> {
    find(message.blocks(), block_id, action_id).or_else(|| {
        let attachments = message.field("attachments").and_then(Value::as_array)?;
        attachments.iter().zip(1..).find_map(|(attachment, number)| {
            let blocks = attachment.get("blocks").and_then(Value::as_array)?;
            let found = find(blocks, block_id, action_id)?;
            Some(Found { attachment: Some((number, attachment)), ..found })
        })
    })
}

/// Gives ids to the blocks and interactive elements that have none, as Slack does.
pub(crate) fn fill_ids(blocks: &mut [Value], mint: &mut Mint) {
    for block in blocks {
        fill_block(block, mint);
        let Value::Object(fields) = block else { continue };
        let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        // One level: what the rules allow. Deeper ones are drawn, but nothing in them acts.
        for name in inner_of(&kind) {
            for within in fields.get_mut(*name).and_then(Value::as_array_mut).into_iter().flatten() {
                fill_block(within, mint);
            }
        }
    }
}

fn fill_block(block: &mut Value, mint: &mut Mint) {
    let Value::Object(fields) = block else { return };
    fill(fields, "block_id", mint);
    for name in ["element", "accessory"] {
        if let Some(Value::Object(element)) = fields.get_mut(name) {
            fill_action(element, mint);
        }
    }
    let row = row_of(fields.get("type").and_then(Value::as_str).unwrap_or_default());
    if let Some(Value::Array(row)) = row.and_then(|name| fields.get_mut(name)) {
        for element in row.iter_mut().filter_map(Value::as_object_mut) {
            fill_action(element, mint);
        }
    }
}

fn fill_action(element: &mut Map<String, Value>, mint: &mut Mint) {
    if element.get("type").and_then(Value::as_str) != Some("image") {
        fill(element, "action_id", mint);
    }
}

fn fill(fields: &mut Map<String, Value>, name: &str, mint: &mut Mint) {
    let is_missing = fields.get(name).and_then(Value::as_str).is_none_or(str::is_empty);
    if is_missing {
        fields.insert(name.to_owned(), mint.word(5).into());
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
