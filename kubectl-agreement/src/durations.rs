//! Times in words: how long it is until then, and when that is.

use jiff::Timestamp;

/// `2 d 4 h`: the two largest units that are not zero, rounded down.
pub fn span(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
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

/// `26 Nov 14:00 UTC`, with the year where it is another than today's.
pub fn at(time: Timestamp, now: Timestamp) -> String {
    let year = |time: Timestamp| time.strftime("%Y").to_string();
    let form = if year(time) == year(now) { "%-d %b %H:%M UTC" } else { "%-d %b %Y %H:%M UTC" };
    time.strftime(form).to_string()
}

/// `2 d 4 h left`, or `over`.
pub fn left(until: Timestamp, now: Timestamp) -> String {
    let seconds = until.as_second() - now.as_second();
    if seconds > 0 { format!("{} left", span(seconds)) } else { "over".to_owned() }
}

/// `2 d 4 h left, until 26 Nov 14:00 UTC`.
pub fn left_until(until: Timestamp, now: Timestamp) -> String {
    let word = if until > now { "until" } else { "since" };
    format!("{}, {word} {}", left(until, now), at(until, now))
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
        assert_eq!(span(0), "0 s");
    }
}
