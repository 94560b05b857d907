//! A line about something that was logged.

use jiff::Timestamp;
use serde_json::Value;

use super::Activity;

/// So much of a payload is shown; the whole of it is in the JSON.
const MAX_SHOWN: usize = 10_000;

/// `<time> [<level>] [<component>] (Trace=<trace>) <what happened>`.
pub(super) fn of(activity: &Activity) -> String {
    let Activity { level, component_id, trace_id, .. } = activity;
    let mut line =
        format!("{} [{level}] [{component_id}] (Trace={trace_id}) {}", time(activity.created), said(activity));
    if let Some((end, _)) = line.char_indices().nth(MAX_SHOWN) {
        line.truncate(end);
        line.push('…');
    }
    // What somebody else logged does not get to drive the terminal.
    line.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

fn time(created: i64) -> String {
    let time = Timestamp::from_microsecond(created).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn said(activity: &Activity) -> String {
    let has_failed = matches!(activity.level.as_str(), "error" | "fatal");
    let ended = if has_failed { "failed" } else { "completed" };
    let text = |name: &str| payload(activity, name);
    let said = match activity.event_type.as_str() {
        "function_execution_started" => {
            format!("Function '{}' ({} function) started", text("function_name"), text("function_type"))
        }
        "function_execution_result" => {
            format!("Function '{}' ({} function) {ended}", text("function_name"), text("function_type"))
        }
        "function_execution_output" => format!("Function output:\n{}", text("log")),
        "trigger_payload_received" => format!("Trigger payload:\n{}", text("log")),
        "trigger_executed" if has_failed => {
            format!("Trigger for workflow '{}' failed: {}\n{}", text("function_name"), text("reason"), text("errors"))
        }
        "trigger_executed" => format!("Trigger successfully started execution of function '{}'", text("function_name")),
        "workflow_execution_started" => format!("Workflow '{}' started", text("workflow_name")),
        "workflow_execution_result" => format!("Workflow '{}' {ended}", text("workflow_name")),
        "workflow_step_started" => {
            format!("Workflow step {} of {} started", text("current_step"), text("total_steps"))
        }
        "workflow_step_execution_result" => format!("Workflow step '{}' {ended}", text("function_name")),
        "workflow_published" => format!("Workflow '{}' published", text("workflow_name")),
        "workflow_unpublished" => format!("Workflow '{}' unpublished", text("workflow_name")),
        "function_deployment" => {
            format!("Application {}d by user '{}' on team '{}'", text("action"), text("user_id"), text("team_id"))
        }
        // What is not known is shown as it came.
        kind => return format!("{kind} {}", Value::Object(activity.payload.clone())),
    };
    let said = match activity.payload.get("error") {
        Some(_) => format!("{said}\n{}", text("error")),
        None => said,
    };
    said.replace('\n', "\n\t")
}

/// A value of the payload as text.
fn payload(activity: &Activity, name: &str) -> String {
    match activity.payload.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(event: &str, level: &str, payload: &Value) -> String {
        let activity = json!({
            "trace_id": "Tr1", "level": level, "event_type": event, "component_id": "Fn1", "payload": payload,
            "created": 1_750_000_000_000_000_i64,
        });
        of(&serde_json::from_value(activity).unwrap())
    }

    #[test]
    fn a_line_is_as_the_official_one() {
        let payload = json!({"function_name": "greet", "function_type": "app"});
        assert_eq!(
            line("function_execution_started", "info", &payload),
            "2025-06-15 15:06:40 [info] [Fn1] (Trace=Tr1) Function 'greet' (app function) started"
        );
        let payload = json!({"function_name": "greet", "function_type": "app", "error": "a\nb"});
        assert!(line("function_execution_result", "error", &payload).ends_with("function) failed\n\ta\n\tb"));
    }

    #[test]
    fn what_is_not_known_is_shown_as_it_came() {
        assert!(line("new_kind", "info", &json!({"a": 1})).ends_with(r#"new_kind {"a":1}"#));
    }

    #[test]
    fn a_log_neither_drives_the_terminal_nor_fills_it() {
        let shown = line("function_execution_output", "info", &json!({"log": "\u{1b}[2J".repeat(100_000)}));
        assert!(!shown.contains('\u{1b}') && shown.chars().count() <= MAX_SHOWN + 1);
    }
}
