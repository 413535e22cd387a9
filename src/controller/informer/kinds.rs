//! Everything that is watched, and which agreements depend on it.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::{NamespaceResourceScope, PartialObjectMeta};
use kube::{Api, Client, Resource};
use tokio::sync::Notify;

use crate::controller::informer::guarded::Guarded;
use crate::controller::informer::key::Key;
use crate::controller::informer::store::{Change, Index, Indexed, Store};
use crate::controller::metrics::agreements::Snapshot;
use countersign_api::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};
use countersign_core::decide::order_request_names;

/// A namespace, of which only metadata is read.
pub(crate) type NamespaceMeta = PartialObjectMeta<Namespace>;

/// Everything that is watched.
#[derive(Default)]
pub(crate) struct Kinds {
    stores: RwLock<Stores>,
    /// An admission policy of ours, or a binding, is another than it was.
    pub(crate) admission_changed: Notify,
}

/// A store for each kind.
#[derive(Default)]
pub(crate) struct Stores {
    pub(crate) agreements: Store<CustomerAgreement>,
    pub(crate) decisions: Store<AgreementDecision>,
    pub(crate) orders: Store<OrderRequest>,
    pub(crate) standard_terms: Store<StandardTerms>,
    pub(crate) policies: Store<DelegationPolicy>,
    pub(crate) namespaces: Store<NamespaceMeta>,
    pub(crate) admission_policies: Store<ValidatingAdmissionPolicy>,
    pub(crate) admission_bindings: Store<ValidatingAdmissionPolicyBinding>,
    /// Counts the changes of the two.
    pub(crate) admission_changes: u64,
}

impl Stores {
    /// Every agreement that can be read.
    pub(crate) fn all_agreements(&self) -> Vec<Key> {
        self.agreements.all().map(|(key, _)| key.clone()).collect()
    }

    /// The agreements on which something may still be decided.
    pub(crate) fn open_agreements(&self) -> Vec<Key> {
        self.agreements
            .all()
            .filter(|(_, agreement)| !is_final(agreement))
            .map(|(key, _)| key.clone())
            .collect()
    }
}

/// A kind that is watched, with its place and its meaning for agreements.
pub(crate) trait Watched: Indexed {
    /// Its plural, for logs, metrics and probes.
    const PLURAL: &'static str;
    /// Whether it says who may decide.
    const ADMISSION: bool = false;
    /// The server's objects of this kind, in one namespace or in all.
    fn api(client: Client, namespace: Option<&str>) -> Api<Guarded<Self>>;
    /// Its store.
    fn store(stores: &mut Stores) -> &mut Store<Self>;
    /// The agreements that depend on what changed.
    fn maps_to(change: &Change<Self>, stores: &Stores) -> Vec<Key>;
}

fn within<K>(client: Client, namespace: Option<&str>) -> Api<Guarded<K>>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    }
}

impl Kinds {
    /// Changes a store. Returns the agreements that depend on what changed.
    pub(crate) fn update<K, I>(&self, change: impl FnOnce(&mut Store<K>) -> I) -> BTreeSet<Key>
    where
        K: Watched,
        I: IntoIterator<Item = Change<K>>,
    {
        let mut stores = self.stores.write().unwrap_or_else(PoisonError::into_inner);
        let mut changes = change(K::store(&mut stores)).into_iter().peekable();
        if K::ADMISSION && changes.peek().is_some() {
            stores.admission_changes += 1;
            self.admission_changed.notify_one();
        }
        changes.flat_map(|change| K::maps_to(&change, &stores)).collect()
    }

    /// What metrics count. Cloned out of the lock: deciding and watching must not wait for a scrape.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let stores = self.read();
        Snapshot {
            agreements: stores.agreements.all().map(|(_, agreement)| agreement.clone()).collect(),
            orders: stores.orders.all().map(|(_, order)| order.clone()).collect(),
            undecodable: [
                (CustomerAgreement::PLURAL, stores.agreements.undecodable()),
                (AgreementDecision::PLURAL, stores.decisions.undecodable()),
                (OrderRequest::PLURAL, stores.orders.undecodable()),
                (StandardTerms::PLURAL, stores.standard_terms.undecodable()),
                (DelegationPolicy::PLURAL, stores.policies.undecodable()),
            ],
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Stores> {
        self.stores.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Change<K> {
    /// The object before and after, as far as there is one.
    fn both(&self) -> impl Iterator<Item = &K> {
        self.old.iter().chain(&self.new).map(AsRef::as_ref)
    }
}

impl Indexed for CustomerAgreement {
    fn index(&self) -> Vec<Index> {
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        let mut index: Vec<_> = self.metadata.uid.iter().cloned().map(Index::AgreementUid).collect();
        index.push(Index::StandardTerms(self.spec.standard_terms_ref.name.clone()));
        if let Some(pinned) = self.status.as_ref().and_then(|status| status.pinned.as_ref()) {
            index.push(Index::StandardTerms(pinned.standard_terms.name.clone()));
        }
        index.extend(links(self).map(|name| Index::Linked(Key::new(namespace, name))));
        index.extend(
            order_request_names(self).iter().map(|name| Index::OrderRequest(Key::new(namespace, name))),
        );
        index
    }
}

impl Watched for CustomerAgreement {
    const PLURAL: &'static str = "customeragreements";
    fn api(client: Client, namespace: Option<&str>) -> Api<Guarded<Self>> {
        within(client, namespace)
    }
    fn store(stores: &mut Stores) -> &mut Store<Self> {
        &mut stores.agreements
    }
    fn maps_to(change: &Change<Self>, stores: &Stores) -> Vec<Key> {
        let mut keys = vec![change.key.clone()];
        keys.extend(stores.agreements.names(&Index::Linked(change.key.clone())).cloned());
        for agreement in change.both() {
            keys.extend(links(agreement).map(|name| Key::new(&change.key.namespace, name)));
            keys.extend(competing_changes(agreement, &stores.agreements));
        }
        keys
    }
}

/// The agreements that amend or supersede what this one amends or supersedes.
pub(crate) fn competing_changes(agreement: &CustomerAgreement, store: &Store<CustomerAgreement>) -> Vec<Key> {
    let namespace = agreement.metadata.namespace.as_deref().unwrap_or_default();
    let spec = &agreement.spec;
    let targets = [&spec.amends_ref, &spec.supersedes_ref].into_iter().flatten();
    targets.flat_map(|target| changed_by(&Key::new(namespace, &target.name), store)).collect()
}

/// The agreements that amend or supersede another: not its call-offs, of which there may be thousands.
pub(crate) fn changed_by(target: &Key, store: &Store<CustomerAgreement>) -> Vec<Key> {
    let changes = |key: &&Key| {
        let Some(agreement) = store.get(key) else { return false };
        let mut named = [&agreement.spec.amends_ref, &agreement.spec.supersedes_ref].into_iter().flatten();
        named.any(|named| named.name.as_str() == &*target.name)
    };
    store.names(&Index::Linked(target.clone())).filter(changes).cloned().collect()
}

/// The names of the agreements that this one names.
pub(crate) fn links(agreement: &CustomerAgreement) -> impl Iterator<Item = &str> {
    agreement.spec.links().map(|(_, name)| name)
}

impl Indexed for AgreementDecision {
    fn index(&self) -> Vec<Index> {
        let agreement = &self.spec.agreement_ref;
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        vec![
            Index::AgreementUid(agreement.uid.clone()),
            Index::Agreement(Key::new(namespace, &agreement.name)),
        ]
    }
}

impl Watched for AgreementDecision {
    const PLURAL: &'static str = "agreementdecisions";
    fn api(client: Client, namespace: Option<&str>) -> Api<Guarded<Self>> {
        within(client, namespace)
    }
    fn store(stores: &mut Stores) -> &mut Store<Self> {
        &mut stores.decisions
    }
    fn maps_to(change: &Change<Self>, stores: &Stores) -> Vec<Key> {
        let named = change.both().map(|decision| &decision.spec.agreement_ref);
        named
            .flat_map(|agreement| named_agreements(&change.key, &agreement.uid, &agreement.name, stores))
            .collect()
    }
}

impl Indexed for OrderRequest {
    fn index(&self) -> Vec<Index> {
        vec![Index::AgreementUid(self.spec.agreement_ref.uid.clone())]
    }
}

impl Watched for OrderRequest {
    const PLURAL: &'static str = "orderrequests";
    fn api(client: Client, namespace: Option<&str>) -> Api<Guarded<Self>> {
        within(client, namespace)
    }
    fn store(stores: &mut Stores) -> &mut Store<Self> {
        &mut stores.orders
    }
    fn maps_to(change: &Change<Self>, stores: &Stores) -> Vec<Key> {
        let named = change.both().map(|order| &order.spec.agreement_ref);
        named
            .flat_map(|agreement| named_agreements(&change.key, &agreement.uid, &agreement.name, stores))
            .chain(stores.agreements.names(&Index::OrderRequest(change.key.clone())).cloned())
            .collect()
    }
}

/// The agreements that an object in the namespace of `key` names, by UID and by name.
fn named_agreements(key: &Key, uid: &str, name: &str, stores: &Stores) -> Vec<Key> {
    let (by_name, by_uid) = (Key::new(&key.namespace, name), Index::AgreementUid(uid.to_owned()));
    stores
        .agreements
        .names(&by_uid)
        .filter(|agreement| agreement.namespace == key.namespace)
        .cloned()
        .chain(stores.agreements.get(&by_name).map(|_| by_name.clone()))
        .collect()
}

impl Indexed for StandardTerms {}

impl Watched for StandardTerms {
    const PLURAL: &'static str = "standardterms";
    fn api(client: Client, _: Option<&str>) -> Api<Guarded<Self>> {
        Api::all(client)
    }
    fn store(stores: &mut Stores) -> &mut Store<Self> {
        &mut stores.standard_terms
    }
    fn maps_to(change: &Change<Self>, stores: &Stores) -> Vec<Key> {
        stores.agreements.names(&Index::StandardTerms(change.key.name.to_string())).cloned().collect()
    }
}

impl Indexed for DelegationPolicy {}

impl Watched for DelegationPolicy {
    const PLURAL: &'static str = "delegationpolicies";
    fn api(client: Client, _: Option<&str>) -> Api<Guarded<Self>> {
        Api::all(client)
    }
    fn store(stores: &mut Stores) -> &mut Store<Self> {
        &mut stores.policies
    }
    fn maps_to(_: &Change<Self>, stores: &Stores) -> Vec<Key> {
        stores.open_agreements()
    }
}

/// Whether no policy can change anything any more.
fn is_final(agreement: &CustomerAgreement) -> bool {
    agreement.status.as_ref().is_some_and(|status| status.closed.is_some() || status.agreed_time.is_some())
}

impl Indexed for NamespaceMeta {}

impl Watched for NamespaceMeta {
    const PLURAL: &'static str = "namespaces";
    fn api(client: Client, _: Option<&str>) -> Api<Guarded<Self>> {
        Api::all(client)
    }
    fn store(stores: &mut Stores) -> &mut Store<Self> {
        &mut stores.namespaces
    }
    fn maps_to(change: &Change<Self>, stores: &Stores) -> Vec<Key> {
        if let (Some(old), Some(new)) = (&change.old, &change.new)
            && old.metadata.labels == new.metadata.labels
        {
            return Vec::new();
        }
        let inside = stores.agreements.all().filter(|(key, _)| key.namespace == change.key.name);
        inside.map(|(key, _)| key.clone()).collect()
    }
}

impl Indexed for ValidatingAdmissionPolicy {}

impl Watched for ValidatingAdmissionPolicy {
    const PLURAL: &'static str = "validatingadmissionpolicies";
    const ADMISSION: bool = true;
    fn api(client: Client, _: Option<&str>) -> Api<Guarded<Self>> {
        Api::all(client)
    }
    fn store(stores: &mut Stores) -> &mut Store<Self> {
        &mut stores.admission_policies
    }
    fn maps_to(_: &Change<Self>, _: &Stores) -> Vec<Key> {
        Vec::new()
    }
}

impl Indexed for ValidatingAdmissionPolicyBinding {}

impl Watched for ValidatingAdmissionPolicyBinding {
    const PLURAL: &'static str = "validatingadmissionpolicybindings";
    const ADMISSION: bool = true;
    fn api(client: Client, _: Option<&str>) -> Api<Guarded<Self>> {
        Api::all(client)
    }
    fn store(stores: &mut Stores) -> &mut Store<Self> {
        &mut stores.admission_bindings
    }
    fn maps_to(_: &Change<Self>, _: &Stores) -> Vec<Key> {
        Vec::new()
    }
}
