//! Order requests that the server would not take, and when to try them again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::controller::client::backoff;
use crate::controller::clock::later;
use crate::controller::informer::key::Key;
use countersign_core::decide::RefusedCreate;

const FIRST_RETRY_DELAY: Duration = Duration::from_secs(5);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(600);

/// Kept in memory only: after a restart everything may be tried once.
#[derive(Default)]
pub(crate) struct RejectedCreates(Mutex<HashMap<Key, Refused>>);

#[derive(Default)]
struct Refused {
    uid: String,
    orders: BTreeMap<String, Refusal>,
}

struct Refusal {
    message: String,
    attempts: u32,
    retry: Timestamp,
}

impl RejectedCreates {
    /// What was refused for this agreement and has not gone through since.
    pub(crate) fn of(&self, key: &Key, uid: &str) -> Vec<RefusedCreate> {
        let all = self.all();
        let Some(refused) = all.get(key).filter(|refused| refused.uid == uid) else { return Vec::new() };
        let orders = refused.orders.iter();
        orders
            .map(|(id, refusal)| RefusedCreate { order_id: id.clone(), message: refusal.message.clone() })
            .collect()
    }

    /// Whether the order may be tried.
    pub(crate) fn may_try(&self, key: &Key, uid: &str, order_id: &str, now: Timestamp) -> bool {
        let all = self.all();
        let refused = all.get(key).filter(|refused| refused.uid == uid);
        refused.and_then(|refused| refused.orders.get(order_id)).is_none_or(|refusal| refusal.retry <= now)
    }

    /// When to try the next one again.
    pub(crate) fn next_try(&self, key: &Key, uid: &str) -> Option<Timestamp> {
        let all = self.all();
        all.get(key).filter(|refused| refused.uid == uid)?.orders.values().map(|refusal| refusal.retry).min()
    }

    /// The server refused the order.
    pub(crate) fn refused(&self, key: &Key, uid: &str, order_id: &str, message: String, now: Timestamp) {
        let mut all = self.all();
        let refused = all.entry(key.clone()).or_default();
        if refused.uid != uid {
            *refused = Refused { uid: uid.to_owned(), orders: BTreeMap::new() };
        }
        let attempts = refused.orders.get(order_id).map_or(0, |refusal| refusal.attempts);
        let retry = later(now, backoff::delay(attempts, FIRST_RETRY_DELAY, MAX_RETRY_DELAY));
        let refusal = Refusal { message, attempts: attempts.saturating_add(1), retry };
        refused.orders.insert(order_id.to_owned(), refusal);
    }

    /// The order went through.
    pub(crate) fn accepted(&self, key: &Key, order_id: &str) {
        let mut all = self.all();
        if let Some(refused) = all.get_mut(key) {
            refused.orders.remove(order_id);
            if refused.orders.is_empty() {
                all.remove(key);
            }
        }
    }

    /// Another operator may have had more luck.
    pub(crate) fn forget_all(&self) {
        self.all().clear();
    }

    /// The agreement is gone.
    pub(crate) fn forget(&self, key: &Key) {
        self.all().remove(key);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Refused>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
