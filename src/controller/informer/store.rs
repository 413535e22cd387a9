//! The objects of one kind as the watch shows them, with our own writes on top, found by what other objects call them.
//!
//! kube's `Store` has neither: a late event puts an older version over what we just wrote, so that the next look would write again
//! and meet a conflict, and what names an agreement is found by a scan of everything (ADR 16, `tests/shell/kube_lacks.rs`).

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::Arc;

use kube::Resource;
use serde::de::DeserializeOwned;

use crate::controller::informer::guarded::Undecodable;
use crate::controller::informer::key::{Key, version};

/// A kind that is kept in a store.
pub(crate) trait Indexed:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
    /// What the object can be found by.
    fn index(&self) -> Vec<Index> {
        Vec::new()
    }
}

/// What an object can be found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Index {
    /// Decisions and order requests that name the agreement with this UID; the agreement itself.
    AgreementUid(String),
    /// Decisions that name the agreement.
    Agreement(Key),
    /// Agreements that use the catalogue.
    StandardTerms(String),
    /// Agreements that amend, supersede or call off this one.
    Linked(Key),
    /// The agreement that needs the order request.
    OrderRequest(Key),
}

/// How an object became another.
pub(crate) struct Change<K> {
    pub(crate) key: Key,
    pub(crate) old: Option<Arc<K>>,
    pub(crate) new: Option<Arc<K>>,
}

/// The objects of one kind.
pub(crate) struct Store<K> {
    objects: HashMap<Key, Arc<K>>,
    index: HashMap<Index, BTreeSet<Key>>,
    undecodable: BTreeSet<Key>,
    /// What was put here ahead of the watch, by the number of the write. The watch has the last word, but not with
    /// what it saw before the write.
    ahead: HashMap<Key, u64>,
    written: u64,
    seen: u64,
}

impl<K> Default for Store<K> {
    fn default() -> Self {
        Self {
            objects: HashMap::new(),
            index: HashMap::new(),
            undecodable: BTreeSet::new(),
            ahead: HashMap::new(),
            written: 0,
            seen: 0,
        }
    }
}

impl<K: Indexed> Store<K> {
    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<K>> {
        self.objects.get(key)
    }

    /// Everything, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Arc<K>)> {
        self.objects.iter()
    }

    /// The names of what is found by `index`, in order.
    pub(crate) fn names(&self, index: &Index) -> impl Iterator<Item = &Key> {
        self.index.get(index).into_iter().flatten()
    }

    pub(crate) fn undecodable(&self) -> usize {
        self.undecodable.len()
    }

    /// The watch showed an object.
    pub(crate) fn shown(&mut self, object: Result<K, Undecodable>) -> Option<Change<K>> {
        let (key, at) = identity(&object);
        self.see(at);
        if self.has_newer(&key, at) {
            return None;
        }
        self.ahead.remove(&key);
        self.place(key, object)
    }

    /// The watch showed that an object is gone.
    pub(crate) fn gone(&mut self, object: &Result<K, Undecodable>) -> Option<Change<K>> {
        let (key, at) = identity(object);
        self.see(at);
        // A new object may stand under the name already, written by us and not shown yet.
        if self.has_newer(&key, at) {
            return None;
        }
        self.undecodable.remove(&key);
        self.remove(&key)
    }

    /// The watch has listed everything in its scope again, as of version `at`, in an answer that was asked for after write `since`.
    /// `began_anew`: the server's history did, so that an older version may be the newer state.
    pub(crate) fn listed(
        &mut self,
        in_scope: impl Fn(&Key) -> bool,
        objects: Vec<Result<K, Undecodable>>,
        since: u64,
        at: u64,
        began_anew: bool,
    ) -> Vec<Change<K>> {
        self.seen = at;
        self.ahead.retain(|key, write| *write > since || !in_scope(key));
        let mut missing: BTreeSet<Key> = self.objects.keys().filter(|key| in_scope(key)).cloned().collect();
        self.undecodable.retain(|key| !in_scope(key));
        let mut changes = Vec::new();
        for object in objects {
            let (key, at) = identity(&object);
            missing.remove(&key);
            if began_anew && !self.ahead.contains_key(&key) || !self.has_newer(&key, at) {
                changes.extend(self.place(key, object));
            }
        }
        missing.retain(|key| !self.ahead.contains_key(key));
        changes.extend(missing.iter().filter_map(|key| self.remove(key)));
        changes
    }

    /// Within one history a version never goes back: what is older comes late, or again.
    fn has_newer(&self, key: &Key, at: u64) -> bool {
        self.objects.get(key).is_some_and(|known| version(known.meta()) > at)
    }

    fn place(&mut self, key: Key, object: Result<K, Undecodable>) -> Option<Change<K>> {
        match object {
            Ok(object) => self.put(key, Arc::new(object)),
            Err(undecodable) => self.leave_out(&key, &undecodable),
        }
    }

    /// The number of the last write. What is asked for from now on knows of it.
    pub(crate) fn writes(&self) -> u64 {
        self.written
    }

    /// We wrote an object, and this is how it stands now.
    pub(crate) fn wrote(&mut self, object: Arc<K>) -> Option<Change<K>> {
        let key = Key::of(object.meta());
        if self.objects.get(&key).is_some_and(|known| version(known.meta()) >= version(object.meta())) {
            return None;
        }
        self.written += 1;
        self.ahead.insert(key.clone(), self.written);
        self.put(key, object)
    }

    /// A list beside the watch, as of version `at`; of the `known` names it has all that are still there. Not taken if the watch has
    /// seen more: it would bring back what was deleted since.
    pub(crate) fn read(&mut self, objects: Vec<Arc<K>>, at: u64, known: Vec<Key>) -> Vec<Change<K>> {
        if at < self.seen {
            return Vec::new();
        }
        let mut gone: BTreeSet<Key> = known.into_iter().filter(|key| !self.has_newer(key, at)).collect();
        let mut changes = Vec::new();
        for object in objects {
            gone.remove(&Key::of(object.meta()));
            changes.extend(self.wrote(object));
        }
        changes.extend(gone.iter().filter_map(|key| self.remove(key)));
        changes
    }

    /// The watch has seen everything up to this version.
    pub(crate) fn see(&mut self, version: u64) {
        self.seen = self.seen.max(version);
    }

    fn put(&mut self, key: Key, object: Arc<K>) -> Option<Change<K>> {
        self.undecodable.remove(&key);
        if self.objects.get(&key).is_some_and(|known| same_version(known.meta(), object.meta())) {
            return None;
        }
        let old = self.take(&key);
        for index in object.index() {
            self.index.entry(index).or_default().insert(key.clone());
        }
        self.objects.insert(key.clone(), object.clone());
        Some(Change { key, old, new: Some(object) })
    }

    fn remove(&mut self, key: &Key) -> Option<Change<K>> {
        self.ahead.remove(key);
        let old = self.take(key)?;
        Some(Change { key: key.clone(), old: Some(old), new: None })
    }

    fn take(&mut self, key: &Key) -> Option<Arc<K>> {
        let old = self.objects.remove(key)?;
        for index in old.index() {
            if let Some(keys) = self.index.get_mut(&index) {
                keys.remove(key);
                if keys.is_empty() {
                    self.index.remove(&index);
                }
            }
        }
        Some(old)
    }

    /// An earlier version that could be decoded is not the object as it is: nobody acts on it.
    fn leave_out(&mut self, key: &Key, object: &Undecodable) -> Option<Change<K>> {
        if self.undecodable.insert(key.clone()) {
            tracing::warn!(
                kind = %K::kind(&()),
                namespace = %key.namespace,
                name = %key.name,
                error = object.error,
                "Skipped an object that could not be decoded"
            );
        }
        self.remove(key)
    }
}

fn identity<K: Resource>(object: &Result<K, Undecodable>) -> (Key, u64) {
    match object {
        Ok(object) => (Key::of(object.meta()), version(object.meta())),
        Err(undecodable) => (undecodable.key.clone(), undecodable.version),
    }
}

fn same_version(
    one: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    other: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
) -> bool {
    one.uid == other.uid && one.resource_version.is_some() && one.resource_version == other.resource_version
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_api::OrderRequest;
    use serde_json::json;

    impl Store<OrderRequest> {
        fn at(&self, name: &str) -> Option<String> {
            self.get(&Key::new("n", name)).and_then(|object| object.metadata.resource_version.clone())
        }
    }

    fn order(name: &str, uid: &str, version: u64) -> OrderRequest {
        serde_json::from_value(json!({
            "apiVersion": "countersign.dev/v1alpha1", "kind": "OrderRequest",
            "metadata": {"namespace": "n", "name": name, "uid": uid, "resourceVersion": version.to_string()},
            "spec": {
                "agreementRef": {"name": "a", "uid": "u", "revision": 1, "digest": "d"},
                "orderId": name, "idempotencyKey": name, "customer": {"id": "c", "name": "C"}, "items": [],
                "specialHandling": false, "confirmedBy": [], "signedOffTime": "2026-01-01T00:00:00Z"
            }
        }))
        .unwrap()
    }

    fn everything(_: &Key) -> bool {
        true
    }

    #[test]
    fn our_own_write_stands_until_the_watch_has_caught_up() {
        let mut store = Store::default();
        store.shown(Ok(order("a", "1", 5)));
        assert!(store.wrote(Arc::new(order("a", "1", 9))).is_some());
        assert!(store.shown(Ok(order("a", "1", 7))).is_none(), "older than what we wrote");
        assert_eq!(store.at("a").as_deref(), Some("9"));
        assert!(store.shown(Ok(order("a", "1", 9))).is_none(), "nothing new");
        assert!(store.shown(Ok(order("a", "1", 11))).is_some());
    }

    #[test]
    fn a_list_that_was_asked_for_before_the_write_does_not_undo_it() {
        let mut store = Store::default();
        let since = store.writes();
        store.wrote(Arc::new(order("a", "1", 9)));
        assert!(store.listed(everything, Vec::new(), since, 8, false).is_empty());
        assert_eq!(store.at("a").as_deref(), Some("9"));
        let since = store.writes();
        assert_eq!(store.listed(everything, Vec::new(), since, 12, false).len(), 1, "now it is gone");
    }

    #[test]
    fn a_history_that_began_anew_is_believed() {
        let mut store = Store::default();
        store.wrote(Arc::new(order("a", "1", 900)));
        let since = store.writes();
        store.listed(everything, vec![Ok(order("a", "2", 5))], since, 6, true);
        assert_eq!(store.at("a").as_deref(), Some("5"));
        assert!(store.shown(Ok(order("a", "2", 7))).is_some());
    }

    #[test]
    fn the_end_of_an_earlier_object_does_not_take_the_new_one() {
        let mut store = Store::default();
        store.shown(Ok(order("a", "1", 5)));
        store.wrote(Arc::new(order("a", "2", 9)));
        assert!(store.gone(&Ok(order("a", "1", 8))).is_none());
        assert_eq!(store.at("a").as_deref(), Some("9"));
    }

    #[test]
    fn nothing_is_replaced_by_an_older_version_of_itself() {
        let mut store = Store::default();
        store.shown(Ok(order("a", "1", 9)));
        assert!(store.shown(Ok(order("a", "1", 7))).is_none(), "shown again, or late");
        assert!(store.gone(&Ok(order("a", "0", 8))).is_none(), "the end of one before it");
        let since = store.writes();
        assert!(store.listed(everything, vec![Ok(order("a", "1", 7))], since, 8, false).is_empty());
        assert_eq!(store.at("a").as_deref(), Some("9"));
    }

    #[test]
    fn a_fresh_read_brings_nothing_back_and_takes_away_what_is_gone() {
        let mut store = Store::default();
        store.shown(Ok(order("a", "1", 5)));
        store.gone(&Ok(order("a", "1", 9)));
        assert!(store.read(vec![Arc::new(order("a", "1", 5))], 8, Vec::new()).is_empty());
        assert_eq!(store.read(vec![Arc::new(order("b", "1", 10))], 11, Vec::new()).len(), 1);
        assert!(store.read(Vec::new(), 12, vec![Key::new("n", "c")]).is_empty(), "b was not asked for");
        assert_eq!(store.read(Vec::new(), 12, vec![Key::new("n", "b")]).len(), 1, "its end was never shown");
        assert_eq!(store.at("b"), None);
    }

    #[test]
    fn what_cannot_be_decoded_takes_the_place_of_what_could() {
        let mut store = Store::<OrderRequest>::default();
        store.shown(Ok(order("a", "1", 5)));
        let undecodable =
            |version| Err(Undecodable { key: Key::new("n", "a"), version, error: "no".to_owned() });
        assert!(store.shown(undecodable(4)).is_none(), "it was mended since");
        assert!(store.shown(undecodable(6)).is_some());
        assert_eq!((store.at("a"), store.undecodable()), (None, 1));
        store.shown(Ok(order("a", "1", 8)));
        assert_eq!((store.at("a").as_deref(), store.undecodable()), (Some("8"), 0));
    }
}
