//! Tables: `table` and `data_table` blocks (docs.slack.dev, "Table block").

use maud::{Markup, html};
use serde_json::Value;

use super::elements::text_of;
use super::json::{flag, items, string};
use super::reader::Reader;
use super::rich_text::rich_text;
use super::text::text;

/// Rows that are drawn; the rest is counted.
const MAX_ROWS: usize = 101;
/// Columns that are drawn.
const MAX_COLUMNS: usize = 50;

/// A table whose first row names the columns.
pub(super) fn table(block: &Value, reader: &Reader) -> Markup {
    let settings = items(block, "column_settings");
    let rows = items(block, "rows");
    let more = rows.len().saturating_sub(MAX_ROWS);
    let cells = |row: &Value| -> Vec<(Value, &'static str)> {
        let cells = row.as_array().map_or(&[][..], Vec::as_slice).iter().take(MAX_COLUMNS).enumerate();
        cells.map(|(at, cell)| (cell.clone(), column_class(settings.get(at)))).collect()
    };
    html! {
        div.tablebox tabindex="0" role="region" aria-label=(caption(block)) data-testid="table" {
            table {
                @if let Some(first) = rows.first() {
                    thead { tr { @for (content, class) in cells(first) { th.(class) scope="col" { (cell(&content, reader)) } } } }
                }
                tbody {
                    @for row in rows.iter().skip(1).take(MAX_ROWS - 1) {
                        tr { @for (content, class) in cells(row) { td.(class) { (cell(&content, reader)) } } }
                    }
                }
            }
        }
        @if more > 0 { div.muted { (more) " more rows." } }
    }
}

/// A table with named columns and rows of values. Slack has published no schema: what is not of the expected shape is
/// shown as JSON by the caller.
pub(super) fn data_table(block: &Value, reader: &Reader) -> Option<Markup> {
    if items(block, "rows").iter().any(Value::is_array) {
        return Some(table(block, reader));
    }
    let columns = items(block, "columns");
    let rows = [items(block, "rows"), items(block, "data")].into_iter().find(|rows| !rows.is_empty())?;
    if columns.is_empty() {
        return None;
    }
    let key = |column: &Value| {
        let keys = ["key", "id", "name"].map(|name| string(column, name).to_owned());
        keys.into_iter().find(|key| !key.is_empty()).unwrap_or_default()
    };
    let title = |column: &Value| {
        let named = ["title", "label", "header", "name"].into_iter().find_map(|name| column.get(name));
        named.map_or_else(|| text(&key(column)), |named| text_of(named, reader))
    };
    Some(html! {
        div.tablebox tabindex="0" role="region" aria-label=(caption(block)) data-testid="table" {
            table {
                thead { tr { @for column in columns.iter().take(MAX_COLUMNS) { th scope="col" { (title(column)) } } } }
                tbody {
                    @for row in rows.iter().take(MAX_ROWS) {
                        tr {
                            @for column in columns.iter().take(MAX_COLUMNS) {
                                td { (cell(row.get(key(column)).unwrap_or(&Value::Null), reader)) }
                            }
                        }
                    }
                }
            }
        }
    })
}

fn caption(block: &Value) -> String {
    match string(block, "caption") {
        "" => "Table".to_owned(),
        caption => super::text::visible(caption),
    }
}

/// Alignment and wrapping of a column; anything else is left to the browser.
fn column_class(settings: Option<&Value>) -> &'static str {
    let Some(settings) = settings else { return "" };
    match (string(settings, "align"), flag(settings, "is_wrapped")) {
        ("right", true) => "right wrapped",
        ("right", false) => "right",
        ("center", true) => "center wrapped",
        ("center", false) => "center",
        (_, true) => "wrapped",
        (_, false) => "",
    }
}

fn cell(content: &Value, reader: &Reader) -> Markup {
    match content {
        Value::Null => html! {},
        Value::Bool(_) | Value::Number(_) => text(&content.to_string()),
        Value::String(raw) => text(raw),
        _ => match string(content, "type") {
            "rich_text" => rich_text(content, reader),
            "raw_text" | "plain_text" => text(string(content, "text")),
            "raw_number" => match content.get("text").and_then(Value::as_str) {
                Some(shown) => text(shown),
                None => text(&content.get("value").unwrap_or(&Value::Null).to_string()),
            },
            "mrkdwn" => text_of(content, reader),
            _ => super::unknown::unknown("cell", content),
        },
    }
}
