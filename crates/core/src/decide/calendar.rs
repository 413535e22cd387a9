//! Deadlines and waits. Days on which nobody works do not count in a wait.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use countersign_api::delegation_policy::{Calendar, Weekday};

/// A deadline is judged this long after it, so that what was decided in its last second is there to be read.
pub(crate) const GRACE: SignedDuration = SignedDuration::from_secs(5);
/// When a deadline is judged.
pub(crate) fn judged_at(deadline: Timestamp) -> Timestamp {
    deadline.checked_add(GRACE).unwrap_or(deadline)
}

/// Whether a deadline has passed and everything that was decided in time is there to be read.
pub(crate) fn is_over(deadline: Timestamp, now: Timestamp) -> bool {
    now >= judged_at(deadline)
}

/// Longest search for working time. A wait that has not ended by then ends there.
const HORIZON_DAYS: u32 = 366 * 30;

/// Whether the time zone and the holidays of a calendar can be read; what is wrong, in words.
pub(crate) fn faults(calendar: &Calendar) -> Vec<String> {
    let mut faults = Vec::new();
    if TimeZone::get(&calendar.time_zone).is_err() {
        faults.push(format!("`rules.calendar.timeZone` {:?} must be an IANA time zone", calendar.time_zone));
    }
    for day in calendar.holidays.iter().filter(|day| day.parse::<Date>().is_err()) {
        faults.push(format!("`rules.calendar.holidays` {day:?} must be a date, such as 2026-12-25"));
    }
    faults
}

/// When a wait of `seconds` that starts at `start` is over. Without a calendar every second counts.
pub(crate) fn wait_end(calendar: Option<&Calendar>, start: Timestamp, seconds: i64) -> Timestamp {
    let wait = SignedDuration::from_secs(seconds.max(0));
    let plain = start.checked_add(wait).unwrap_or(Timestamp::MAX);
    let Some(calendar) = calendar else { return plain };
    let Ok(zone) = TimeZone::get(&calendar.time_zone) else { return plain };
    let mut left = wait;
    let mut at = start;
    for _ in 0..HORIZON_DAYS {
        let zoned = at.to_zoned(zone.clone());
        let Some(next_day) = zoned.tomorrow().ok().and_then(|day| day.start_of_day().ok()) else {
            return plain;
        };
        let next_day = next_day.timestamp();
        if works_on(calendar, zoned.date()) {
            let today = next_day.duration_since(at);
            if left <= today {
                return at.checked_add(left).unwrap_or(Timestamp::MAX);
            }
            left -= today;
        }
        at = next_day;
    }
    at
}

/// Half of a wait, when people are reminded.
pub(crate) fn half_way(calendar: Option<&Calendar>, start: Timestamp, seconds: i64) -> Timestamp {
    wait_end(calendar, start, seconds / 2)
}

fn works_on(calendar: &Calendar, day: Date) -> bool {
    let weekday = match day.weekday() {
        jiff::civil::Weekday::Monday => Weekday::Monday,
        jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
        jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
        jiff::civil::Weekday::Thursday => Weekday::Thursday,
        jiff::civil::Weekday::Friday => Weekday::Friday,
        jiff::civil::Weekday::Saturday => Weekday::Saturday,
        jiff::civil::Weekday::Sunday => Weekday::Sunday,
    };
    calendar.work_days.contains(&weekday)
        && !calendar
            .holidays
            .iter()
            .any(|holiday| holiday.parse::<Date>().is_ok_and(|holiday| holiday == day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> Calendar {
        Calendar {
            time_zone: "Europe/Stockholm".into(),
            work_days: vec![
                Weekday::Monday,
                Weekday::Tuesday,
                Weekday::Wednesday,
                Weekday::Thursday,
                Weekday::Friday,
            ],
            holidays: vec!["2026-12-25".into()],
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_asked_on_friday_noon_ends_on_monday_noon() {
        assert_eq!(wait_end(Some(&office()), at("2026-11-27T11:00:00Z"), 86_400), at("2026-11-30T11:00:00Z"));
    }

    #[test]
    fn a_question_at_the_weekend_starts_to_count_on_monday() {
        assert_eq!(wait_end(Some(&office()), at("2026-11-28T12:00:00Z"), 3_600), at("2026-11-30T00:00:00Z"));
    }

    #[test]
    fn a_holiday_does_not_count() {
        // Thursday 24 December noon, over Christmas Day and the weekend, to Monday noon.
        assert_eq!(wait_end(Some(&office()), at("2026-12-24T11:00:00Z"), 86_400), at("2026-12-28T11:00:00Z"));
    }

    #[test]
    fn a_day_of_23_hours_counts_as_it_is() {
        let every_day = Calendar { work_days: vec![Weekday::Saturday, Weekday::Sunday], ..office() };
        // Clocks go forward on 28 March 2027: that Sunday has 23 hours.
        assert_eq!(
            wait_end(Some(&every_day), at("2027-03-27T23:00:00Z"), 23 * 3_600),
            at("2027-03-28T22:00:00Z")
        );
    }

    #[test]
    fn nobody_ever_works_still_ends() {
        let never = Calendar { work_days: vec![], ..office() };
        assert!(wait_end(Some(&never), at("2026-11-27T11:00:00Z"), 60) > at("2050-01-01T00:00:00Z"));
    }

    #[test]
    fn without_a_calendar_every_second_counts() {
        assert_eq!(wait_end(None, at("2026-11-28T12:00:00Z"), 60), at("2026-11-28T12:01:00Z"));
        assert_eq!(wait_end(None, Timestamp::MAX, 60), Timestamp::MAX);
    }
}
