//! The only place in the plugin that reads the clock.
#![expect(clippy::disallowed_methods, reason = "everything else gets the time from here as an argument")]

use jiff::Timestamp;

pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
