//! Reads everything that a decision rests on: from the watches, and before an irrevocable step once from the server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::ResourceExt;
use kube::api::ListParams;
use kube::core::Request;
use tokio::time::Instant;

use super::cache::{NamespaceMeta, Tables, Watched, changed_by, links, rivals};
use super::clock::Clock;
use super::context::Context;
use super::decode::{RawList, decode};
use super::error::Error;
use super::key::{Key, number, version};
use super::table::Index;
use countersign_api::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};
use countersign_core::decide::{Evidence, Gathered, Guard, Observed, RefusedCreate, order_request_names};

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

/// Everything that was read about one agreement.
pub(crate) struct Seen {
    pub(crate) key: Key,
    pub(crate) agreement: Arc<CustomerAgreement>,
    decisions: Vec<Arc<AgreementDecision>>,
    policies: Vec<Arc<DelegationPolicy>>,
    namespace: Arc<NamespaceMeta>,
    standard_terms: Option<Arc<StandardTerms>>,
    related: Vec<Arc<CustomerAgreement>>,
    orders: Vec<Arc<OrderRequest>>,
    refused: Vec<RefusedCreate>,
    guard: Guard,
    evidence: Gathered,
    /// Since when the decisions here may have been read.
    read: Instant,
}

/// What the watches know of an agreement.
pub(crate) enum Sight {
    /// All there is to know.
    Whole(Box<Seen>),
    /// There is no such agreement.
    Gone,
    /// Its namespace was not shown yet, so nothing can be said about policies. Its arrival wakes the agreement.
    NamespaceMissing,
}

/// Looks the agreement up in the watches.
pub(crate) fn observe(context: &Context, key: &Key) -> Sight {
    let read = Clock::instant();
    let tables = context.cache.read();
    let Some(agreement) = tables.agreements.get(key) else { return Sight::Gone };
    let Some(namespace) = tables.namespaces.get(&Key::new("", &key.namespace)) else {
        return Sight::NamespaceMissing;
    };
    let uid = agreement.metadata.uid.clone().unwrap_or_default();
    let inside = |other: &Key| other.namespace == key.namespace;

    let by_uid = Index::AgreementUid(uid.clone());
    let decisions: BTreeSet<&Key> = tables
        .decisions
        .names(&by_uid)
        .filter(|name| inside(name))
        .chain(tables.decisions.names(&Index::Agreement(key.clone())))
        .collect();
    let orders: BTreeSet<Key> = tables
        .orders
        .names(&by_uid)
        .filter(|name| inside(name))
        .cloned()
        .chain(order_request_names(agreement).iter().map(|name| Key::new(&key.namespace, name)))
        .collect();
    let mut related: BTreeSet<Key> = links(agreement).map(|name| Key::new(&key.namespace, name)).collect();
    related.extend(changed_by(key, &tables.agreements));
    related.extend(rivals(agreement, &tables.agreements));
    related.remove(key);
    let mut policies: Vec<_> = tables.policies.all().map(|(_, policy)| policy.clone()).collect();
    policies.sort_by_cached_key(|policy| policy.name_any());

    Sight::Whole(Box::new(Seen {
        decisions: decisions.into_iter().filter_map(|name| tables.decisions.get(name).cloned()).collect(),
        policies,
        namespace: namespace.clone(),
        standard_terms: tables
            .standard_terms
            .get(&Key::new("", &agreement.spec.standard_terms_ref.name))
            .cloned(),
        related: related.iter().filter_map(|name| tables.agreements.get(name).cloned()).collect(),
        orders: orders.iter().filter_map(|name| tables.orders.get(name).cloned()).collect(),
        refused: context.refusals.of(key, &uid),
        guard: guard_now(context, &tables),
        evidence: Gathered::default(),
        read,
        agreement: agreement.clone(),
        key: key.clone(),
    }))
}

fn guard_now(context: &Context, tables: &Tables) -> Guard {
    context.guard.as_ref().map_or(Guard::Active { since: None }, |guard| guard.now(tables))
}

impl Seen {
    pub(crate) fn view(&self) -> Observed<'_> {
        Observed {
            agreement: &self.agreement,
            decisions: &self.decisions,
            policies: &self.policies,
            namespace_labels: self.namespace.metadata.labels.as_ref().unwrap_or(&NO_LABELS),
            standard_terms: self.standard_terms.as_deref(),
            related: &self.related,
            orders: &self.orders,
            refused: &self.refused,
            guard: self.guard.clone(),
            evidence: self.evidence,
        }
    }

    pub(crate) fn uid(&self) -> &str {
        self.agreement.metadata.uid.as_deref().unwrap_or_default()
    }

    pub(crate) fn version(&self) -> u64 {
        version(&self.agreement.metadata)
    }

    /// Whether this evidence is there.
    pub(crate) const fn has(&self, evidence: Evidence) -> bool {
        self.evidence.has(evidence)
    }

    /// That the policies were in force for everything that is here.
    ///
    /// # Errors
    /// When the server gave no answer that says anything.
    pub(crate) async fn try_the_guard(&mut self, context: &Context) -> Result<(), Error> {
        if let Some(guard) = &context.guard {
            if guard.try_since(context, self.read).await? {
                context.cache.admission_changed.notify_one();
            }
            self.guard = guard.now(&context.cache.read());
        }
        self.evidence = self.evidence.with(Evidence::GuardTrial);
        Ok(())
    }

    /// The decisions as the server has them now: the one read of them outside the watches.
    ///
    /// # Errors
    /// When the server gave no answer that says anything.
    pub(crate) async fn read_decisions(&mut self, context: &Context) -> Result<(), Error> {
        let of_the_agreement = format!("spec.agreementRef.name={}", self.key.name);
        let (decisions, at) =
            list::<AgreementDecision>(context, &self.key.namespace, Some(of_the_agreement)).await?;
        // The next round must not know less than this one does.
        context.cache.update::<AgreementDecision, _>(|table| table.read(decisions.iter().cloned(), at));
        // What names our UID under another name is not in that list.
        let name = &*self.key.name;
        self.decisions.retain(|decision| decision.spec.agreement_ref.name != name);
        self.decisions.extend(decisions);
        self.read = Clock::instant();
        self.evidence = self.evidence.with(Evidence::FreshDecisions);
        Ok(())
    }

    /// The same, looked up again behind a read of the agreements that it names.
    pub(crate) fn with_links(mut self: Box<Self>) -> Box<Self> {
        self.evidence = self.evidence.with(Evidence::LinkedAgreements);
        self
    }
}

/// Everything of a kind that a namespace has, and as of which version.
async fn list<K: Watched>(
    context: &Context,
    namespace: &str,
    field_selector: Option<String>,
) -> Result<(Vec<Arc<K>>, u64), Error> {
    let request = Request::new(K::url_path(&K::DynamicType::default(), Some(namespace)));
    let (mut objects, mut continue_token) = (Vec::new(), None);
    loop {
        // No resource version: as of now, not as of some time ago.
        let params = ListParams {
            field_selector: field_selector.clone(),
            limit: Some(500),
            continue_token,
            ..ListParams::default()
        };
        let request = request.list(&params).map_err(kube::Error::BuildRequest)?;
        let page: RawList = context.client.request(request).await?;
        // The watch has named those that cannot be read.
        objects.extend(page.items.iter().filter_map(|item| decode::<K>(item).ok()).map(Arc::new));
        continue_token = page.metadata.continue_token.filter(|token| !token.is_empty());
        if continue_token.is_none() {
            return Ok((objects, page.metadata.resource_version.as_deref().map_or(0, number)));
        }
    }
}

/// What is known of agreements that name others, by the one look that may seal such an agreement.
#[derive(Default)]
pub(crate) struct Linked {
    term: Option<u64>,
    /// The namespaces whose agreements were read from the server in this term.
    namespaces: BTreeSet<String>,
}

impl Linked {
    /// Makes sure that the cache has what another operator wrote before this term. What is written in it, it has at once.
    ///
    /// # Errors
    /// When the server gave no answer that says anything.
    pub(crate) async fn read(&mut self, context: &Context, term: u64, key: &Key) -> Result<(), Error> {
        if self.term != Some(term) {
            *self = Self { term: Some(term), namespaces: BTreeSet::new() };
        }
        if !self.namespaces.contains(&*key.namespace) {
            let (agreements, at) = list::<CustomerAgreement>(context, &key.namespace, None).await?;
            let mut affected =
                context.cache.update::<CustomerAgreement, _>(|table| table.read(agreements, at));
            // This one is in our hands.
            affected.remove(key);
            context.queue.add(affected);
            self.namespaces.insert(key.namespace.to_string());
        }
        Ok(())
    }
}
