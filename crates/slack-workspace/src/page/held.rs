//! What a form control holds when it is drawn.

use serde_json::Value;

use super::json::{items, number, string};
use super::selects::packed;

/// A state object as form values.
pub(super) fn entered(state: &Value) -> Vec<String> {
    let single =
        ["value", "selected_date", "selected_time", "selected_user", "selected_conversation", "selected_channel"];
    let several = ["selected_users", "selected_conversations", "selected_channels"];
    let mut found: Vec<String> =
        single.iter().map(|key| string(state, key).to_owned()).filter(|value| !value.is_empty()).collect();
    for key in several {
        found.extend(items(state, key).iter().filter_map(Value::as_str).map(str::to_owned));
    }
    let options = state.get("selected_option").into_iter().chain(items(state, "selected_options"));
    found.extend(options.filter(|option| option.is_object()).map(|option| held_option(state, option)));
    found.extend(number(state, "selected_date_time").and_then(local_time));
    found.extend(state.get("rich_text_value").filter(|value| value.is_object()).map(typed));
    found
}

/// An option of a menu that the app fills is kept whole: nobody else knows its text.
fn held_option(of: &Value, option: &Value) -> String {
    if string(of, "type").ends_with("external_select") { packed(option) } else { string(option, "value").to_owned() }
}

/// Rich text as it may have been typed.
fn typed(rich: &Value) -> String {
    let parts: Vec<String> = items(rich, "elements").iter().map(typed_part).collect();
    parts.join("\n")
}

fn typed_part(part: &Value) -> String {
    let inline = |of: &Value| items(of, "elements").iter().map(typed_inline).collect::<String>();
    match string(part, "type") {
        "rich_text_preformatted" => format!("```\n{}\n```", inline(part)),
        "rich_text_quote" => format!("> {}", inline(part).replace('\n', "\n> ")),
        "rich_text_list" => {
            let mark = |at: usize| if string(part, "style") == "ordered" { format!("{at}. ") } else { "- ".to_owned() };
            let entries = items(part, "elements").iter().zip(1..);
            let lines: Vec<String> = entries.map(|(entry, at)| format!("{}{}", mark(at), inline(entry))).collect();
            lines.join("\n")
        }
        _ => inline(part),
    }
}

fn typed_inline(element: &Value) -> String {
    let plain = match string(element, "type") {
        "user" => format!("<@{}>", string(element, "user_id")),
        "channel" => format!("<#{}>", string(element, "channel_id")),
        "broadcast" => format!("@{}", string(element, "range")),
        "emoji" => format!(":{}:", string(element, "name")),
        "link" => string(element, "url").to_owned(),
        _ => string(element, "text").to_owned(),
    };
    let style = element.get("style").unwrap_or(&Value::Null);
    let marks = [("code", "`"), ("strike", "~"), ("italic", "_"), ("bold", "*")];
    let worn = marks.into_iter().filter(|(name, _)| super::json::flag(style, name));
    worn.fold(plain, |text, (_, mark)| format!("{mark}{text}{mark}"))
}

/// Seconds since the epoch as a `datetime-local` field holds them.
fn local_time(epoch: i64) -> Option<String> {
    let at = jiff::Timestamp::from_second(epoch).ok()?.to_zoned(jiff::tz::TimeZone::system());
    Some(at.strftime("%Y-%m-%dT%H:%M").to_string())
}

/// Initial values as form values.
pub(super) fn initial(element: &Value) -> Vec<String> {
    let single =
        ["initial_value", "initial_date", "initial_time", "initial_user", "initial_conversation", "initial_channel"];
    let several = ["initial_users", "initial_conversations", "initial_channels"];
    let mut found: Vec<String> =
        single.iter().map(|key| string(element, key).to_owned()).filter(|value| !value.is_empty()).collect();
    for key in several {
        found.extend(items(element, key).iter().filter_map(Value::as_str).map(str::to_owned));
    }
    let options = element.get("initial_option").into_iter().chain(items(element, "initial_options"));
    found.extend(options.filter(|option| option.is_object()).map(|option| held_option(element, option)));
    found.extend(number(element, "initial_date_time").and_then(local_time));
    found.extend(element.get("initial_value").filter(|value| value.is_object()).map(typed));
    found
}
