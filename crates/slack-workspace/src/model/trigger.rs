//! What starts workflows by itself: events, and the clock.
//!
//! docs.slack.dev, "Creating event triggers" and "Creating scheduled triggers".

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use serde_json::{Map, Value, json};

use super::{AppId, Effect, State, WorkflowTrigger};

/// What comes before the name of an event in a trigger.
const EVENTS: &str = "slack#/events/";
/// How many times one trigger runs when the clock is moved a long way; the rest of what was missed is left out.
const MAX_MISSED: u64 = 1000;
/// How far the next time of a schedule is looked for.
const MAX_SKIPPED: u64 = 200_000;

/// What happened, as triggers know it.
#[derive(Debug)]
pub(crate) struct Happening<'a> {
    /// The event's name in triggers, such as `message_posted`.
    kind: &'static str,
    channel: Option<&'a str>,
    /// The app whose deed it is: it starts none of its own workflows.
    by: Option<&'a str>,
    data: Map<String, Value>,
}

impl<'a> Happening<'a> {
    /// An event of the Events API as triggers know it; nothing when no trigger can hear of it.
    pub(crate) fn of(event: &'a Map<String, Value>) -> Option<Self> {
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        let kind = match text("type")? {
            // What is changed or told by the system is no message that was posted.
            "message" if matches!(text("subtype"), None | Some("bot_message" | "file_share" | "thread_broadcast")) => {
                "message_posted"
            }
            "app_mention" => "app_mentioned",
            "reaction_added" => "reaction_added",
            "reaction_removed" => "reaction_removed",
            "member_joined_channel" => "user_joined_channel",
            "member_left_channel" => "user_left_channel",
            "channel_created" => "channel_created",
            "channel_archive" => "channel_archived",
            "channel_unarchive" => "channel_unarchived",
            "channel_rename" => "channel_renamed",
            "team_join" => "user_joined_team",
            "pin_added" => "pin_added",
            "pin_removed" => "pin_removed",
            _ => return None,
        };
        let object = |name: &str, field: &str| event.get(name).and_then(|of| of.get(field)).and_then(Value::as_str);
        let channel = text("channel").or_else(|| text("channel_id"));
        let channel = channel.or_else(|| object("channel", "id")).or_else(|| object("item", "channel"));
        let user = text("user").or_else(|| object("user", "id"));
        let ts = object("item", "ts").or_else(|| text("ts"));
        let mut data = Map::new();
        let known = [
            ("channel_id", channel),
            ("channel_name", object("channel", "name")),
            ("channel_type", text("channel_type")),
            ("user_id", user),
            ("user_name", object("user", "name")),
            ("inviter_id", text("inviter")),
            ("creator_id", object("channel", "creator")),
            ("message_ts", ts),
            ("thread_ts", text("thread_ts")),
            ("text", text("text")),
            ("reaction", text("reaction")),
            ("item_user_id", text("item_user")),
        ];
        data.extend(known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
        data.insert("event_type".to_owned(), format!("{EVENTS}{kind}").into());
        Some(Self { kind, channel, by: text("app_id"), data })
    }
}

impl State {
    /// Whether anything happens when something happens.
    pub(crate) fn has_event_triggers(&self) -> bool {
        self.platform.workflow_triggers.values().any(|trigger| kind_of(trigger) == Some("event"))
    }

    /// Starts the workflows whose triggers wait for this.
    pub(crate) fn trigger_event(&mut self, happening: &Happening<'_>, only: Option<&AppId>, now_ms: u64) {
        let waits = |trigger: &&WorkflowTrigger| {
            only.is_none_or(|app| trigger.app == *app)
                && happening.by != Some(trigger.app.as_str())
                && self.waits_for(trigger, happening)
        };
        let waiting = self.platform.workflow_triggers.values().filter(waits);
        let waiting: Vec<String> = waiting.map(|trigger| trigger.id.clone()).collect();
        for id in waiting {
            self.start(&id, &Value::Object(happening.data.clone()), now_ms);
        }
    }

    fn waits_for(&self, trigger: &WorkflowTrigger, happening: &Happening<'_>) -> bool {
        let Some(event) = trigger.given.get("event").filter(|_| kind_of(trigger) == Some("event")) else {
            return false;
        };
        let name = event.get("event_type").and_then(Value::as_str).unwrap_or_default();
        if name.trim_start_matches(EVENTS) != happening.kind {
            return false;
        }
        let is_there = happening.channel.is_none_or(|channel| self.is_watched(trigger, event, channel, happening.kind));
        let filter = event.pointer("/filter/root");
        is_there && filter.is_none_or(|filter| holds(filter, &json!({"data": happening.data})))
    }

    /// Whether a trigger is meant for a channel: one that it names, else one that its app is in.
    fn is_watched(&self, trigger: &WorkflowTrigger, event: &Value, channel: &str, kind: &str) -> bool {
        if matches!(kind, "channel_created") {
            return true;
        }
        if let Some(ids) = event.get("channel_ids").and_then(Value::as_array) {
            return ids.iter().any(|id| id == channel);
        }
        let bot = self.apps.get(&trigger.app).map(|app| &app.bot_user);
        let room = self.channels.get(channel);
        bot.zip(room).is_some_and(|(bot, room)| room.members.contains(bot))
    }

    fn start(&mut self, trigger: &str, data: &Value, now_ms: u64) {
        if let Err(error) = self.run_trigger(trigger, data, now_ms) {
            self.log_not_started(trigger, error.code, now_ms);
        }
    }

    /// Works out when a trigger runs next; whoever made or changed it calls this.
    pub(crate) fn plan(&mut self, trigger: &mut WorkflowTrigger, now_ms: u64) {
        trigger.runs = 0;
        trigger.next_at = None;
        if kind_of(trigger) == Some("scheduled") {
            skip(trigger, now_ms);
            self.effects.push(Effect::Due);
        }
    }

    /// When the next trigger runs by the clock, milliseconds since the epoch.
    pub(super) fn next_scheduled(&self) -> Option<u64> {
        self.platform.workflow_triggers.values().filter_map(|trigger| trigger.next_at).min()
    }

    /// Runs what is due at this time.
    pub(super) fn run_scheduled(&mut self, due: u64, now_ms: u64) {
        let is_due = |trigger: &&mut WorkflowTrigger| trigger.next_at.is_some_and(|at| at <= due);
        let Some(trigger) = self.platform.workflow_triggers.values_mut().find(is_due) else { return };
        let (id, owner) = (trigger.id.clone(), trigger.owner.clone());
        trigger.runs += 1;
        trigger.next_at = time_of(trigger, trigger.runs);
        trigger.missed = if trigger.next_at.is_some_and(|at| at <= now_ms) { trigger.missed + 1 } else { 0 };
        if trigger.missed >= MAX_MISSED {
            trigger.missed = 0;
            skip(trigger, now_ms);
        }
        self.start(&id, &json!({"user_id": owner}), due);
    }
}

fn kind_of(trigger: &WorkflowTrigger) -> Option<&str> {
    trigger.given.get("type").and_then(Value::as_str)
}

/// Goes on to the first time that is still to come.
fn skip(trigger: &mut WorkflowTrigger, now_ms: u64) {
    let first = trigger.runs;
    let times = (first..first.saturating_add(MAX_SKIPPED)).map_while(|run| Some((run, time_of(trigger, run)?)));
    let next = times.into_iter().find(|(_, at)| *at > now_ms);
    trigger.runs = next.map_or(first, |(run, _)| run);
    trigger.next_at = next.map(|(_, at)| at);
}

/// Whether a schedule can be read.
pub(crate) fn is_schedule(schedule: &Value) -> bool {
    occurrence(schedule, 0).is_some()
}

/// When a scheduled trigger runs for the `run`th time; nothing when it does not run as often.
fn time_of(trigger: &WorkflowTrigger, run: u64) -> Option<u64> {
    let schedule = trigger.given.get("schedule")?;
    let times = schedule.get("occurrence_count").and_then(Value::as_u64);
    let end = schedule.get("end_time").and_then(Value::as_str).and_then(|text| moment(text, &zone(schedule)));
    let at = occurrence(schedule, run)?;
    let is_over = times.is_some_and(|times| run >= times) || end.is_some_and(|end| at > end);
    (!is_over).then(|| u64::try_from(at.timestamp().as_millisecond()).ok()).flatten()
}

fn zone(schedule: &Value) -> TimeZone {
    let name = schedule.get("timezone").and_then(Value::as_str).unwrap_or("UTC");
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// A time with its zone, or one of the schedule's own zone.
fn moment(text: &str, zone: &TimeZone) -> Option<Zoned> {
    match text.parse::<Timestamp>() {
        Ok(timestamp) => Some(timestamp.to_zoned(zone.clone())),
        Err(_) => text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok(),
    }
}

fn occurrence(schedule: &Value, run: u64) -> Option<Zoned> {
    let start = moment(schedule.get("start_time")?.as_str()?, &zone(schedule))?;
    let frequency = schedule.get("frequency").unwrap_or(&Value::Null);
    let every = frequency.get("repeats_every").and_then(Value::as_i64).unwrap_or(1).clamp(1, 10_000);
    let steps = i64::try_from(run).ok()?.checked_mul(every)?;
    let span: Span = match frequency.get("type").and_then(Value::as_str).unwrap_or("once") {
        "once" => return (run == 0).then_some(start),
        "hourly" => Span::new().try_hours(steps).ok()?,
        "daily" => Span::new().try_days(steps).ok()?,
        "weekly" => return on_days(&start, frequency, run, every),
        "monthly" => Span::new().try_months(steps).ok()?,
        "yearly" => Span::new().try_years(steps).ok()?,
        _ => return None,
    };
    start.checked_add(span).ok()
}

/// A weekly time, on the days that are named, else on the weekday it began with.
fn on_days(start: &Zoned, frequency: &Value, run: u64, every: i64) -> Option<Zoned> {
    let named = frequency.get("on_days").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut days: Vec<i8> = named.iter().filter_map(Value::as_str).filter_map(weekday).collect();
    let first = start.weekday().to_monday_zero_offset();
    if days.is_empty() {
        days.push(first);
    }
    days.sort_unstable();
    days.dedup();
    let before = u64::try_from(days.iter().filter(|day| **day < first).count()).ok()?;
    let (length, at) = (u64::try_from(days.len()).ok()?, run.checked_add(before)?);
    let day = days.get(usize::try_from(at.checked_rem(length)?).ok()?)?;
    let weeks = i64::try_from(at.checked_div(length)?).ok()?.checked_mul(every)?;
    let days = weeks.checked_mul(7)?.checked_add(i64::from(*day) - i64::from(first))?;
    start.checked_add(Span::new().try_days(days).ok()?).ok()
}

fn weekday(name: &str) -> Option<i8> {
    let day = match name.to_ascii_lowercase().as_str() {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    };
    Some(day.to_monday_zero_offset())
}

/// Whether a filter lets something through; what is no filter lets nothing through.
fn holds(filter: &Value, known: &Value) -> bool {
    if let Some(statement) = filter.get("statement").and_then(Value::as_str) {
        return is_true(statement, known);
    }
    let inputs = filter.get("inputs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut all = inputs.iter().map(|input| holds(input, known));
    match filter.get("operator").and_then(Value::as_str) {
        Some("OR") => all.any(|one| one),
        Some("NOT") => !all.any(|one| one),
        Some("AND") => all.all(|one| one),
        _ => false,
    }
}

/// A statement such as `{{data.text}} CONTAINS 'help'` or `{{data.reaction}} == eyes`.
fn is_true(statement: &str, known: &Value) -> bool {
    let operators = [" CONTAINS ", "==", "!=", ">=", "<=", ">", "<"];
    // The first one counts: what is compared with may contain any of them.
    let found = operators.iter().filter_map(|operator| Some((statement.find(operator)?, *operator)));
    let Some((at, operator)) = found.min_by_key(|(at, operator)| (*at, std::cmp::Reverse(operator.len()))) else {
        return false;
    };
    let (left, rest) = statement.split_at(at);
    let right = rest.get(operator.len()..).unwrap_or_default();
    let plain = |side: &str| {
        let side = side.trim();
        let unquoted = ['\'', '"'].iter().find_map(|quote| side.strip_prefix(*quote)?.strip_suffix(*quote));
        match super::function::filled(&Value::String(unquoted.unwrap_or(side).to_owned()), known) {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        }
    };
    let (left, right) = (plain(left), plain(right));
    let order = match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.partial_cmp(&right),
        _ => Some(left.cmp(&right)),
    };
    match operator {
        " CONTAINS " => left.contains(&right),
        "==" => order.is_some_and(std::cmp::Ordering::is_eq),
        "!=" => order.is_some_and(std::cmp::Ordering::is_ne),
        ">=" => order.is_some_and(std::cmp::Ordering::is_ge),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        ">" => order.is_some_and(std::cmp::Ordering::is_gt),
        _ => order.is_some_and(std::cmp::Ordering::is_lt),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times(schedule: &Value, count: u64) -> Vec<String> {
        let at = |run| occurrence(schedule, run).map(|at| at.datetime().to_string());
        (0..count).filter_map(at).collect()
    }

    #[test]
    fn schedules_repeat_as_they_say() {
        let schedule = |frequency: Value| json!({"start_time": "2026-11-20T09:00:00Z", "frequency": frequency});
        assert_eq!(times(&schedule(json!({"type": "once"})), 3), ["2026-11-20T09:00:00"]);
        assert_eq!(
            times(&schedule(json!({"type": "daily", "repeats_every": 2})), 2),
            ["2026-11-20T09:00:00", "2026-11-22T09:00:00"]
        );
        // 2026-11-20 is a Friday.
        let weekly = json!({"type": "weekly", "on_days": ["Monday", "Friday"], "repeats_every": 1});
        assert_eq!(times(&schedule(weekly), 3), ["2026-11-20T09:00:00", "2026-11-23T09:00:00", "2026-11-27T09:00:00"]);
        assert_eq!(times(&schedule(json!({"type": "monthly"})), 2)[1], "2026-12-20T09:00:00");
        assert!(times(&schedule(json!({"type": "sometimes"})), 1).is_empty());
        assert!(!is_schedule(&json!({"start_time": "soon"})));
    }

    #[test]
    fn filters_let_through_what_they_say() {
        let known = json!({"data": {"text": "please help", "reaction": "eyes", "n": 3}});
        let holds = |filter: Value| holds(&filter, &known);
        let statement = |text: &str| json!({"statement": text});
        assert!(holds(statement("{{data.text}} CONTAINS 'help'")));
        assert!(!holds(statement("{{data.text}} CONTAINS 'hello'")));
        assert!(holds(statement("{{data.reaction}} == eyes")));
        assert!(holds(statement("{{data.n}} >= 3")) && !holds(statement("{{data.n}} > 3")));
        let both =
            json!({"operator": "AND", "inputs": [statement("{{data.n}} == 3"), statement("{{data.reaction}} == x")]});
        assert!(!holds(both.clone()));
        assert!(holds(json!({"operator": "NOT", "inputs": [both]})));
        assert!(!holds(json!({})));
    }

    proptest! {
        #[test]
        fn anything_can_be_a_filter_or_a_schedule(text in ".{0,30}", run in any::<u64>(), every in any::<i64>()) {
            let _ = is_true(&text, &json!({"data": {"a": text}}));
            for kind in ["once", "hourly", "daily", "weekly", "monthly", "yearly"] {
                let frequency = json!({"type": kind, "repeats_every": every, "on_days": [text, "Sunday"]});
                let schedule = json!({"start_time": "2026-11-20T09:00:00Z", "timezone": text, "frequency": frequency});
                let _ = occurrence(&schedule, run);
            }
            let _ = occurrence(&json!({"start_time": text}), run);
        }
    }
}
