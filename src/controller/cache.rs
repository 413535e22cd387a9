//! Everything that is watched, and which agreements depend on it.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use tokio::sync::Notify;

use super::key::Key;
use super::table::{Cached, Change, Index, Table};
use countersign_api::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};
use countersign_core::decide::order_request_names;

/// A namespace, of which only metadata is read.
pub(crate) type NamespaceMeta = PartialObjectMeta<Namespace>;

/// Everything that is watched.
#[derive(Default)]
pub(crate) struct Cache {
    tables: RwLock<Tables>,
    /// An admission policy of ours, or a binding, is another than it was.
    pub(crate) admission_changed: Notify,
}

/// A table for each kind.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) agreements: Table<CustomerAgreement>,
    pub(crate) decisions: Table<AgreementDecision>,
    pub(crate) orders: Table<OrderRequest>,
    pub(crate) standard_terms: Table<StandardTerms>,
    pub(crate) policies: Table<DelegationPolicy>,
    pub(crate) namespaces: Table<NamespaceMeta>,
    pub(crate) admission_policies: Table<ValidatingAdmissionPolicy>,
    pub(crate) admission_bindings: Table<ValidatingAdmissionPolicyBinding>,
    /// Counts the changes of the two.
    pub(crate) admission_changes: u64,
}

impl Tables {
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
pub(crate) trait Watched: Cached {
    /// Its plural, for logs, metrics and probes.
    const PLURAL: &'static str;
    /// Whether the server is asked for metadata only.
    const METADATA_ONLY: bool = false;
    /// Whether it says who may decide.
    const ADMISSION: bool = false;
    /// Its table.
    fn table(tables: &mut Tables) -> &mut Table<Self>;
    /// The agreements that depend on what changed.
    fn affects(change: &Change<Self>, tables: &Tables) -> Vec<Key>;
}

impl Cache {
    /// Changes a table. Returns the agreements that depend on what changed.
    pub(crate) fn update<K, I>(&self, change: impl FnOnce(&mut Table<K>) -> I) -> BTreeSet<Key>
    where
        K: Watched,
        I: IntoIterator<Item = Change<K>>,
    {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let mut changes = change(K::table(&mut tables)).into_iter().peekable();
        if K::ADMISSION && changes.peek().is_some() {
            tables.admission_changes += 1;
            self.admission_changed.notify_one();
        }
        changes.flat_map(|change| K::affects(&change, &tables)).collect()
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Change<K> {
    /// The object before and after, as far as there is one.
    fn both(&self) -> impl Iterator<Item = &K> {
        self.old.iter().chain(&self.new).map(AsRef::as_ref)
    }
}

impl Cached for CustomerAgreement {
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
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.agreements
    }
    fn affects(change: &Change<Self>, tables: &Tables) -> Vec<Key> {
        let mut keys = vec![change.key.clone()];
        keys.extend(tables.agreements.names(&Index::Linked(change.key.clone())).cloned());
        for agreement in change.both() {
            keys.extend(links(agreement).map(|name| Key::new(&change.key.namespace, name)));
            keys.extend(rivals(agreement, &tables.agreements));
        }
        keys
    }
}

/// The agreements that amend or supersede what this one amends or supersedes.
pub(crate) fn rivals(agreement: &CustomerAgreement, table: &Table<CustomerAgreement>) -> Vec<Key> {
    let namespace = agreement.metadata.namespace.as_deref().unwrap_or_default();
    let spec = &agreement.spec;
    let targets = [&spec.amends_ref, &spec.supersedes_ref].into_iter().flatten();
    targets.flat_map(|target| changed_by(&Key::new(namespace, &target.name), table)).collect()
}

/// The agreements that amend or supersede another: not its call-offs, of which there may be thousands.
pub(crate) fn changed_by(target: &Key, table: &Table<CustomerAgreement>) -> Vec<Key> {
    let changes = |key: &&Key| {
        let Some(agreement) = table.get(key) else { return false };
        let mut named = [&agreement.spec.amends_ref, &agreement.spec.supersedes_ref].into_iter().flatten();
        named.any(|named| named.name.as_str() == &*target.name)
    };
    table.names(&Index::Linked(target.clone())).filter(changes).cloned().collect()
}

/// The names of the agreements that this one names.
pub(crate) fn links(agreement: &CustomerAgreement) -> impl Iterator<Item = &str> {
    agreement.spec.links().map(|(_, name)| name)
}

impl Cached for AgreementDecision {
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
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.decisions
    }
    fn affects(change: &Change<Self>, tables: &Tables) -> Vec<Key> {
        let named = change.both().map(|decision| &decision.spec.agreement_ref);
        named
            .flat_map(|agreement| named_agreements(&change.key, &agreement.uid, &agreement.name, tables))
            .collect()
    }
}

impl Cached for OrderRequest {
    fn index(&self) -> Vec<Index> {
        vec![Index::AgreementUid(self.spec.agreement_ref.uid.clone())]
    }
}

impl Watched for OrderRequest {
    const PLURAL: &'static str = "orderrequests";
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.orders
    }
    fn affects(change: &Change<Self>, tables: &Tables) -> Vec<Key> {
        let named = change.both().map(|order| &order.spec.agreement_ref);
        named
            .flat_map(|agreement| named_agreements(&change.key, &agreement.uid, &agreement.name, tables))
            .chain(tables.agreements.names(&Index::OrderRequest(change.key.clone())).cloned())
            .collect()
    }
}

/// The agreements that an object in the namespace of `key` names, by UID and by name.
fn named_agreements(key: &Key, uid: &str, name: &str, tables: &Tables) -> Vec<Key> {
    let (by_name, by_uid) = (Key::new(&key.namespace, name), Index::AgreementUid(uid.to_owned()));
    tables
        .agreements
        .names(&by_uid)
        .filter(|agreement| agreement.namespace == key.namespace)
        .cloned()
        .chain(tables.agreements.get(&by_name).map(|_| by_name.clone()))
        .collect()
}

impl Cached for StandardTerms {}

impl Watched for StandardTerms {
    const PLURAL: &'static str = "standardterms";
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.standard_terms
    }
    fn affects(change: &Change<Self>, tables: &Tables) -> Vec<Key> {
        tables.agreements.names(&Index::StandardTerms(change.key.name.to_string())).cloned().collect()
    }
}

impl Cached for DelegationPolicy {}

impl Watched for DelegationPolicy {
    const PLURAL: &'static str = "delegationpolicies";
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.policies
    }
    fn affects(_: &Change<Self>, tables: &Tables) -> Vec<Key> {
        tables.open_agreements()
    }
}

/// Whether no policy can change anything any more.
fn is_final(agreement: &CustomerAgreement) -> bool {
    agreement.status.as_ref().is_some_and(|status| status.closed.is_some() || status.agreed_time.is_some())
}

impl Cached for NamespaceMeta {}

impl Watched for NamespaceMeta {
    const PLURAL: &'static str = "namespaces";
    const METADATA_ONLY: bool = true;
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.namespaces
    }
    fn affects(change: &Change<Self>, tables: &Tables) -> Vec<Key> {
        if let (Some(old), Some(new)) = (&change.old, &change.new)
            && old.metadata.labels == new.metadata.labels
        {
            return Vec::new();
        }
        let inside = tables.agreements.all().filter(|(key, _)| key.namespace == change.key.name);
        inside.map(|(key, _)| key.clone()).collect()
    }
}

impl Cached for ValidatingAdmissionPolicy {}

impl Watched for ValidatingAdmissionPolicy {
    const PLURAL: &'static str = "validatingadmissionpolicies";
    const ADMISSION: bool = true;
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.admission_policies
    }
    fn affects(_: &Change<Self>, _: &Tables) -> Vec<Key> {
        Vec::new()
    }
}

impl Cached for ValidatingAdmissionPolicyBinding {}

impl Watched for ValidatingAdmissionPolicyBinding {
    const PLURAL: &'static str = "validatingadmissionpolicybindings";
    const ADMISSION: bool = true;
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.admission_bindings
    }
    fn affects(_: &Change<Self>, _: &Tables) -> Vec<Key> {
        Vec::new()
    }
}
