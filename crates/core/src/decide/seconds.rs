//! Times are stored as whole seconds: a fraction would come back from the server as a difference.

use jiff::{SignedDuration, Timestamp};

/// The last whole second at or before a time.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    let before = |time: Timestamp| time.checked_sub(SignedDuration::from_secs(1)).unwrap_or(time);
    Timestamp::from_second(time.as_second())
        .map_or(time, |whole| if whole > time { before(whole) } else { whole })
}

/// The first whole second at or after a time.
pub(super) fn next_second(time: Timestamp) -> Timestamp {
    let whole = whole_seconds(time);
    if whole == time { whole } else { whole.checked_add(SignedDuration::from_secs(1)).unwrap_or(whole) }
}
