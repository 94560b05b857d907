//! Times as people read them.

use jiff::{Timestamp, Zoned, civil::Date};
use maud::{Markup, html};

use super::reader::Reader;
use super::text::text;

const MS: i64 = 1_000;

fn zoned(ms: i64, reader: &Reader) -> Zoned {
    Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(reader.zone.clone())
}

/// The day of a moment, for separators.
pub(super) fn day(ms: i64, reader: &Reader) -> Date {
    zoned(ms, reader).date()
}

/// A day as a heading: "Today", "Yesterday", or the date.
pub(super) fn day_name(date: Date, reader: &Reader) -> String {
    let today = day(reader.now_ms, reader);
    if date == today {
        "Today".to_owned()
    } else if today.yesterday().is_ok_and(|yesterday| yesterday == date) {
        "Yesterday".to_owned()
    } else {
        date.strftime("%A, %e %B %Y").to_string()
    }
}

/// A moment: the hour as text, the exact time on hover; the script makes recent ones relative.
pub(super) fn clock(ms: i64, reader: &Reader) -> Markup {
    let at = zoned(ms, reader);
    html! {
        time datetime=(Timestamp::from_millisecond(ms).unwrap_or_default())
            title=(at.strftime("%A, %e %B %Y, %H:%M:%S %Z")) { (at.strftime("%H:%M")) }
    }
}

/// A moment to the millisecond, for the journal.
pub(super) fn precise(ms: i64, reader: &Reader) -> Markup {
    let at = zoned(ms, reader);
    html! {
        span.at title=(at.strftime("%A, %e %B %Y, %H:%M:%S%.3f %Z")) { (at.strftime("%H:%M:%S%.3f")) }
    }
}

/// `epoch^format^link` of a `<!date…>`; the fallback when it is not a date.
pub(super) fn slack_date(spec: &str, fallback: Option<&str>, reader: &Reader) -> Markup {
    let mut parts = spec.split('^');
    let epoch = parts.next().and_then(|epoch| epoch.parse::<i64>().ok());
    let format = parts.next().unwrap_or_default();
    let address = parts.next();
    let shown = epoch.map(|epoch| format_date(epoch, format, reader));
    let Some(shown) = shown else {
        return text(fallback.unwrap_or(spec));
    };
    if let Some(address) = address {
        return super::reference::link(address, Some(&shown));
    }
    let exact = zoned(epoch.unwrap_or(0).saturating_mul(MS), reader);
    html! { span title=(exact.strftime("%A, %e %B %Y, %H:%M:%S %Z")) { (text(&shown)) } }
}

/// Slack's date tokens (docs.slack.dev, "Date formatting").
pub(super) fn format_date(epoch: i64, format: &str, reader: &Reader) -> String {
    const TOKENS: &[(&str, &str)] = &[
        ("{date_num}", "%Y-%m-%d"),
        ("{date_slash}", "%d/%m/%Y"),
        ("{date_long}", "%A, %B %-d, %Y"),
        ("{date_long_full}", "%A, %B %-d, %Y"),
        ("{date_short}", "%b %-d, %Y"),
        ("{date}", "%B %-d, %Y"),
        ("{day_divider_pretty}", "%A, %B %-d"),
        ("{time_secs}", "%H:%M:%S"),
        ("{time}", "%H:%M"),
    ];
    let at = zoned(epoch.saturating_mul(MS), reader);
    let near = nearby_day(&at, reader);
    let mut shown = format.to_owned();
    for (token, long) in [
        ("{date_pretty}", "%B %-d, %Y"),
        ("{date_short_pretty}", "%b %-d, %Y"),
        ("{date_long_pretty}", "%A, %B %-d, %Y"),
    ] {
        let value = near.map_or_else(|| at.strftime(long).to_string(), str::to_owned);
        shown = shown.replace(token, &value);
    }
    shown = shown.replace("{ago}", &ago((reader.now_ms / MS).saturating_sub(epoch)));
    for (token, pattern) in TOKENS {
        shown = shown.replace(token, &at.strftime(pattern).to_string());
    }
    shown
}

fn nearby_day(at: &Zoned, reader: &Reader) -> Option<&'static str> {
    let today = day(reader.now_ms, reader);
    if at.date() == today {
        Some("today")
    } else if today.yesterday().ok() == Some(at.date()) {
        Some("yesterday")
    } else if today.tomorrow().ok() == Some(at.date()) {
        Some("tomorrow")
    } else {
        None
    }
}

fn ago(seconds: i64) -> String {
    let (amount, unit) = match seconds.unsigned_abs() {
        s @ 0..60 => (s, "second"),
        s @ 60..3_600 => (s / 60, "minute"),
        s @ 3_600..86_400 => (s / 3_600, "hour"),
        s => (s / 86_400, "day"),
    };
    let plural = if amount == 1 { "" } else { "s" };
    if seconds < 0 { format!("in {amount} {unit}{plural}") } else { format!("{amount} {unit}{plural} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_near_now_have_names() {
        let reader = Reader::alice();
        let name = |ms| day_name(day(ms, &reader), &reader);
        assert_eq!(name(reader.now_ms), "Today");
        assert_eq!(name(reader.now_ms - 86_400_000), "Yesterday");
        assert_eq!(name(0), "Thursday,  1 January 1970");
    }

    #[test]
    fn dates_use_the_readers_clock_and_fall_back() {
        let reader = Reader::alice();
        let draw = |spec| slack_date(spec, Some("never"), &reader).into_string();
        assert!(draw("1392734382^Posted {date_num} {time_secs}").contains("Posted 2014-02-18 14:39:42"));
        assert_eq!(draw("soon^{date}"), "never");
        assert!(draw("99999999999999999^{date}").contains("1970"));
        assert!(draw("-9223372036854775808^{ago}").contains("days ago"));
        assert!(draw("9223372036854775807^{ago}").contains("days"));
    }
}
