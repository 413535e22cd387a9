//! Reads everything that a decision rests on: from the watches, and before an irrevocable step once from the server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::ResourceExt;
use tokio::sync::MutexGuard;
use tokio::time::Instant;

use crate::controller::client::error::Error;
use crate::controller::clock::Clock;
use crate::controller::context::Context;
use crate::controller::informer::key::{Key, version};
use crate::controller::informer::kinds::{NamespaceMeta, Stores, changed_by, competing_changes, links};
use crate::controller::informer::list::list;
use crate::controller::informer::store::Index;
use crate::controller::reconcile::linked::Linked;
use countersign_api::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};
use countersign_core::decide::{Evidence, Gathered, Guard, Observed, RefusedCreate, order_request_names};

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

/// Everything that was read about one agreement.
pub(crate) struct Observation<'c> {
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
    /// Held from the read of the agreements that this one names until it is written.
    turn: Option<MutexGuard<'c, Linked>>,
}

/// What the watches know of an agreement.
pub(crate) enum Lookup<'c> {
    /// All there is to know.
    Found(Box<Observation<'c>>),
    /// There is no such agreement.
    Gone,
    /// Its namespace was not shown yet, so nothing can be said about policies. Its arrival wakes the agreement.
    NamespaceMissing,
}

/// Looks the agreement up in the watches.
pub(crate) fn observe<'c>(context: &'c Context, key: &Key) -> Lookup<'c> {
    let read = Clock::instant();
    let stores = context.kinds.read();
    let Some(agreement) = stores.agreements.get(key) else { return Lookup::Gone };
    let Some(namespace) = stores.namespaces.get(&Key::new("", &key.namespace)) else {
        return Lookup::NamespaceMissing;
    };
    let uid = agreement.metadata.uid.clone().unwrap_or_default();
    let inside = |other: &Key| other.namespace == key.namespace;

    let by_uid = Index::AgreementUid(uid.clone());
    let decisions: BTreeSet<&Key> = stores
        .decisions
        .names(&by_uid)
        .filter(|name| inside(name))
        .chain(stores.decisions.names(&Index::Agreement(key.clone())))
        .collect();
    let orders: BTreeSet<Key> = stores
        .orders
        .names(&by_uid)
        .filter(|name| inside(name))
        .cloned()
        .chain(order_request_names(agreement).iter().map(|name| Key::new(&key.namespace, name)))
        .collect();
    let mut related: BTreeSet<Key> = links(agreement).map(|name| Key::new(&key.namespace, name)).collect();
    related.extend(changed_by(key, &stores.agreements));
    related.extend(competing_changes(agreement, &stores.agreements));
    related.remove(key);
    let mut policies: Vec<_> = stores.policies.all().map(|(_, policy)| policy.clone()).collect();
    policies.sort_by_cached_key(|policy| policy.name_any());

    Lookup::Found(Box::new(Observation {
        decisions: decisions.into_iter().filter_map(|name| stores.decisions.get(name).cloned()).collect(),
        policies,
        namespace: namespace.clone(),
        standard_terms: stores
            .standard_terms
            .get(&Key::new("", &agreement.spec.standard_terms_ref.name))
            .cloned(),
        related: related.iter().filter_map(|name| stores.agreements.get(name).cloned()).collect(),
        orders: orders.iter().filter_map(|name| stores.orders.get(name).cloned()).collect(),
        refused: context.rejected_creates.of(key, &uid),
        guard: guard_now(context, &stores),
        evidence: Gathered::default(),
        read,
        turn: None,
        agreement: agreement.clone(),
        key: key.clone(),
    }))
}

fn guard_now(context: &Context, stores: &Stores) -> Guard {
    context.guard.as_ref().map_or(Guard::Active { since: None }, |guard| guard.now(stores))
}

impl<'c> Observation<'c> {
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

    /// Gathers what the decision needs before it can be made.
    ///
    /// # Errors
    /// When the server gave no answer that says anything, or when the same is asked for twice.
    pub(crate) async fn gather(
        &mut self,
        evidence: Evidence,
        context: &'c Context,
        term: u64,
    ) -> Result<(), Error> {
        if self.evidence.has(evidence) {
            return Err(Error::ReadTwice);
        }
        match evidence {
            Evidence::GuardTrial => self.try_the_guard(context).await?,
            Evidence::FreshDecisions => self.read_decisions(context).await?,
            Evidence::LinkedAgreements => self.read_linked(context, term).await?,
        }
        self.evidence = self.evidence.with(evidence);
        Ok(())
    }

    /// That the policies were in force for everything that is here.
    async fn try_the_guard(&mut self, context: &Context) -> Result<(), Error> {
        if let Some(guard) = &context.guard {
            if guard.trial_since(self.read).await? {
                context.kinds.admission_changed.notify_one();
            }
            self.guard = guard.now(&context.kinds.read());
        }
        Ok(())
    }

    /// The decisions as the server has them now: the one read of them outside the watches.
    async fn read_decisions(&mut self, context: &Context) -> Result<(), Error> {
        let of_the_agreement = format!("spec.agreementRef.name={}", self.key.name);
        let (decisions, at) =
            list::<AgreementDecision>(&context.client, &self.key.namespace, Some(of_the_agreement)).await?;
        // The next round must not know less than this one does.
        context.kinds.update::<AgreementDecision, _>(|store| {
            let known = store.names(&Index::Agreement(self.key.clone())).cloned().collect();
            store.read(decisions.clone(), at, known)
        });
        // What names our UID under another name is not in that list.
        let name = &*self.key.name;
        self.decisions.retain(|decision| decision.spec.agreement_ref.name != name);
        self.decisions.extend(decisions);
        self.read = Clock::instant();
        Ok(())
    }

    /// The agreements that it names, as another operator may have left them, and everything looked up again. Of two that supersede
    /// the same, the second to be sealed must see the first: from here on no other takes such a step until this one is written.
    async fn read_linked(&mut self, context: &'c Context, term: u64) -> Result<(), Error> {
        let mut turn = context.linked.lock().await;
        turn.read(&context.client, &context.kinds, &context.queue, term, &self.key).await?;
        // If it is gone meanwhile, its next write finds that out.
        if let Lookup::Found(again) = observe(context, &self.key) {
            *self = *again;
        }
        self.turn = Some(turn);
        Ok(())
    }
}
