//! Finding elements in blocks.

use serde_json::{Map, Value};

use crate::model::{Message, Mint};

/// An element and the block it is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) block: &'a Value,
    pub(crate) element: &'a Value,
    /// The attachment it is in, counted from one.
    pub(crate) attachment: Option<usize>,
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
}

/// The interactive elements of a block: an input's, a section's accessory, a row of actions.
pub(crate) fn elements(block: &Value) -> impl Iterator<Item = &Value> {
    let single = ["element", "accessory"].into_iter().filter_map(|name| block.get(name));
    let row = match text(block, "type") {
        "actions" | "context_actions" => block.get("elements").and_then(Value::as_array),
        _ => None,
    };
    single.chain(row.into_iter().flatten())
}

/// The option of a select with this value, in its options or option groups.
pub(crate) fn option_of<'a>(element: &'a Value, value: &str) -> Option<&'a Value> {
    let list = |of: &'a Value, name: &str| of.get(name).and_then(Value::as_array).into_iter().flatten();
    let grouped = list(element, "option_groups").flat_map(move |group| list(group, "options"));
    list(element, "options").chain(grouped).find(|option| text(option, "value") == value)
}

/// The element with this action id, in the block with this id if given.
pub(crate) fn find<'a>(blocks: &'a [Value], block_id: Option<&str>, action_id: &str) -> Option<Found<'a>> {
    let wanted = |block: &&Value| block_id.is_none_or(|id| text(block, "block_id") == id);
    blocks.iter().filter(wanted).find_map(|block| {
        let element = elements(block).find(|element| text(element, "action_id") == action_id)?;
        Some(Found { block, element, attachment: None })
    })
}

/// The same in a message, whose attachments may have blocks too.
pub(crate) fn find_in_message<'a>(message: &'a Message, block_id: Option<&str>, action_id: &str) -> Option<Found<'a>> {
    find(message.blocks(), block_id, action_id).or_else(|| {
        let attachments = message.field("attachments").and_then(Value::as_array)?;
        attachments.iter().zip(1..).find_map(|(attachment, number)| {
            let blocks = attachment.get("blocks").and_then(Value::as_array)?;
            let found = find(blocks, block_id, action_id)?;
            Some(Found { attachment: Some(number), ..found })
        })
    })
}

/// Gives ids to the blocks and interactive elements that have none, as Slack does.
pub(crate) fn fill_ids(blocks: &mut [Value], mint: &mut Mint) {
    for block in blocks {
        let Value::Object(fields) = block else { continue };
        fill(fields, "block_id", mint);
        for name in ["element", "accessory"] {
            if let Some(Value::Object(element)) = fields.get_mut(name) {
                fill_action(element, mint);
            }
        }
        let has_row = matches!(fields.get("type").and_then(Value::as_str), Some("actions" | "context_actions"));
        if let (true, Some(Value::Array(row))) = (has_row, fields.get_mut("elements")) {
            for element in row.iter_mut().filter_map(Value::as_object_mut) {
                fill_action(element, mint);
            }
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
