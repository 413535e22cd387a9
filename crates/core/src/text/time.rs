//! Times and spans of time. All times are shown in UTC.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::list::count;

/// To the second, as in the fields of objects: `2026-11-26T14:00:00Z`.
#[must_use]
pub fn time(time: &Time) -> String {
    time.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// To the minute: `26 Nov 2026 14:00 UTC`.
#[must_use]
pub fn minute(time: &Time) -> String {
    time.0.strftime("%-d %b %Y %H:%M UTC").to_string()
}

/// `26 Nov 2026`.
#[must_use]
pub fn day(time: &Time) -> String {
    time.0.strftime("%-d %b %Y").to_string()
}

/// `26 Nov`.
#[must_use]
pub fn day_and_month(time: &Time) -> String {
    time.0.strftime("%-d %b").to_string()
}

/// `26 Nov 14:00 UTC`, with the year if it is another than today's.
#[must_use]
pub fn moment(time: Timestamp, now: Timestamp) -> String {
    let year = |time: Timestamp| time.strftime("%Y").to_string();
    let form = if year(time) == year(now) { "%-d %b %H:%M UTC" } else { "%-d %b %Y %H:%M UTC" };
    time.strftime(form).to_string()
}

/// Exactly, in the largest unit of which it is a multiple: `3 days`, `90 minutes`.
#[must_use]
pub fn span(seconds: i64) -> String {
    let whole = |unit: i64, word: &str| {
        let number = usize::try_from(seconds / unit).unwrap_or(0);
        (seconds % unit == 0 && number > 0).then(|| count(number, word))
    };
    whole(86_400, "day")
        .or_else(|| whole(3_600, "hour"))
        .or_else(|| whole(60, "minute"))
        .unwrap_or_else(|| count(usize::try_from(seconds).unwrap_or(0), "second"))
}

/// Rounded down to the two largest units that are not zero: `2 d 4 h`.
#[must_use]
pub fn brief_span(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds.unsigned_abs();
    let parts = units.map(|(size, unit)| {
        let number = rest / size;
        rest %= size;
        (number, unit)
    });
    let from = parts.iter().position(|(number, _)| *number > 0).unwrap_or(units.len() - 1);
    let words: Vec<String> = parts
        .iter()
        .skip(from)
        .take(2)
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

/// `2 d 4 h left`, or `over`.
#[must_use]
pub fn left(until: Timestamp, now: Timestamp) -> String {
    let seconds = until.as_second() - now.as_second();
    if seconds > 0 { format!("{} left", brief_span(seconds)) } else { "over".to_owned() }
}

/// `2 d 4 h left, until 26 Nov 14:00 UTC`.
#[must_use]
pub fn left_until(until: Timestamp, now: Timestamp) -> String {
    let word = if until > now { "until" } else { "since" };
    format!("{}, {word} {}", left(until, now), moment(until, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        for (until, words) in [
            ("2026-11-26T14:00:00Z", "2 d 4 h left, until 26 Nov 14:00 UTC"),
            ("2026-11-26T10:59:00Z", "2 d left, until 26 Nov 10:59 UTC"),
            ("2026-11-24T10:05:07Z", "5 min 7 s left, until 24 Nov 10:05 UTC"),
            ("2027-12-01T08:00:00Z", "371 d 22 h left, until 1 Dec 2027 08:00 UTC"),
            ("2026-11-24T09:00:00Z", "over, since 24 Nov 09:00 UTC"),
        ] {
            assert_eq!(left_until(until.parse().unwrap(), now), words);
        }
        assert_eq!(brief_span(0), "0 s");
    }

    #[test]
    fn a_span_is_said_in_the_largest_unit_that_is_exact() {
        for (seconds, words) in
            [(0, "0 seconds"), (1, "1 second"), (5_400, "90 minutes"), (7_200, "2 hours"), (86_400, "1 day")]
        {
            assert_eq!(span(seconds), words);
        }
    }
}
