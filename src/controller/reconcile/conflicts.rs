//! Agreements that something else wrote to before us. Until the watch shows what, a second try could only fail again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::controller::clock::later;
use crate::controller::informer::key::Key;

/// The watch shows it within moments. If it does not, it may be the watch that is wrong.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The versions that turned out to be old.
#[derive(Default)]
pub(crate) struct Conflicts(Mutex<HashMap<Key, (u64, Timestamp)>>);

impl Conflicts {
    /// This version is old. True if that was known: then the watch has left something out.
    pub(crate) fn note(&self, key: &Key, version: u64, now: Timestamp) -> bool {
        let before = self.all().insert(key.clone(), (version, later(now, MAX_WAIT)));
        before.is_some_and(|(known, _)| known == version)
    }

    /// Until when nothing should be written on the ground of this version; `None`: it is as good as any.
    pub(crate) fn until(&self, key: &Key, version: u64, now: Timestamp) -> Option<Timestamp> {
        let mut all = self.all();
        let (old, until) = *all.get(key)?;
        if old != version {
            all.remove(key);
            return None;
        }
        (now < until).then_some(until)
    }

    /// The agreement is gone.
    pub(crate) fn forget(&self, key: &Key) {
        self.all().remove(key);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, (u64, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
