//! A small world around one agreement: objects, people and a clock, without a cluster.
//!
//! Statuses go through JSON as they would through the server, so that nothing survives that the server would lose.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use countersign_api::agreement_decision::{
    DecidedAgreement, Evidence, OrderConfirmation, OrderDecision, Statement,
};
use countersign_api::agreement_status::{ApprovalState, CustomerAgreementStatus, IgnoredDecision};
use countersign_api::{
    Action, AgreementDecision, AgreementDecisionSpec, CustomerAgreement, DelegationPolicy, OrderRequest,
    StandardTerms,
};
use countersign_core::decide::{Changes, Gathered, Guard, Notice, Observed, Plan, RefusedCreate, decide};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::de::DeserializeOwned;

use crate::decision;
use crate::people::{DESK, EVA, JONAS, LEA, MARY, OMAR, Somebody};
use crate::status_schema::faults_of_status;

/// What a plan changes that needs no more evidence.
pub fn changes(plan: Plan) -> Changes {
    match plan {
        Plan::Write(changes) => changes,
        Plan::Rest { wake } => Changes { wake, ..Changes::default() },
        Plan::Need(evidence) => panic!("{evidence:?} is missing"),
    }
}

#[derive(Clone)]
pub struct World {
    pub agreement: CustomerAgreement,
    pub decisions: Vec<Arc<AgreementDecision>>,
    pub policies: Vec<Arc<DelegationPolicy>>,
    pub labels: BTreeMap<String, String>,
    pub terms: Option<StandardTerms>,
    pub related: Vec<Arc<CustomerAgreement>>,
    pub orders: Vec<Arc<OrderRequest>>,
    pub refused: Vec<RefusedCreate>,
    pub guard: Guard,
    pub now: Timestamp,
    /// Every status that was written.
    pub written: Vec<CustomerAgreementStatus>,
    /// Everything that people were told.
    pub told: Vec<Notice>,
    pub wake: Option<Timestamp>,
    made: usize,
}

static POLICY: LazyLock<DelegationPolicy> =
    LazyLock::new(|| read(include_str!("../../examples/common/delegation-policy.yaml")));
static TERMS: LazyLock<StandardTerms> =
    LazyLock::new(|| read(include_str!("../../examples/common/standard-terms.yaml")));

pub fn read<T: DeserializeOwned>(yaml: &str) -> T {
    serde_saphyr::from_str(yaml).unwrap()
}

impl World {
    pub fn fibre() -> Self {
        Self::of(include_str!("../../examples/fibre/agreement.yaml"))
    }

    pub fn fleet() -> Self {
        Self::of(include_str!("../../examples/fleet/agreement.yaml"))
    }

    pub fn cafe() -> Self {
        Self::of(include_str!("../../examples/cafe/agreement.yaml"))
    }

    pub fn of(agreement: &str) -> Self {
        let mut agreement: CustomerAgreement = read(agreement);
        let (mut policy, mut terms) = (POLICY.clone(), TERMS.clone());
        let now: Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
        for (metadata, uid) in [
            (&mut agreement.metadata, "agreement-1"),
            (&mut policy.metadata, "policy-1"),
            (&mut terms.metadata, "terms-1"),
        ] {
            metadata.uid = Some(uid.to_owned());
            metadata.generation = Some(1);
            metadata.creation_timestamp = Some(Time(now));
        }
        agreement.metadata.namespace = Some("commerce".to_owned());
        Self {
            agreement,
            decisions: Vec::new(),
            policies: vec![Arc::new(policy)],
            labels: BTreeMap::new(),
            terms: Some(terms),
            related: Vec::new(),
            orders: Vec::new(),
            refused: Vec::new(),
            guard: Guard::Active { since: None },
            now,
            written: Vec::new(),
            told: Vec::new(),
            wake: None,
            made: 0,
        }
    }

    /// One look at what is there, with this evidence.
    pub fn decide(&self, now: Timestamp, evidence: Gathered) -> Plan {
        decide(
            &Observed {
                agreement: &self.agreement,
                decisions: &self.decisions,
                policies: &self.policies,
                namespace_labels: &self.labels,
                standard_terms: self.terms.as_ref(),
                related: &self.related,
                orders: &self.orders,
                refused: &self.refused,
                guard: self.guard.clone(),
                evidence,
            },
            now,
        )
    }

    /// The same with all evidence but, perhaps, a fresh read of the decisions.
    pub fn plan_at(&self, now: Timestamp, fresh_decisions: bool) -> Plan {
        self.decide(now, Gathered { fresh_decisions, ..Gathered::ALL })
    }

    /// One look at everything: the changes that would be made, once all evidence is there that is asked for.
    pub fn plan(&self) -> Changes {
        let mut evidence = Gathered::default();
        loop {
            match self.decide(self.now, evidence) {
                Plan::Need(more) => {
                    assert!(!evidence.has(more), "{more:?} is asked for although it is there");
                    evidence = evidence.with(more);
                }
                plan => return changes(plan),
            }
        }
    }

    /// Carries plans out until nothing is left to do. Returns how many statuses were written.
    pub fn settle(&mut self) -> usize {
        let before = self.written.len();
        for _ in 0..10 {
            let Changes { status, mut orders, notices, wake } = self.plan();
            // The shell holds back what was refused until it is time to try again.
            orders
                .retain(|order| !self.refused.iter().any(|refused| refused.order_id == order.spec.order_id));
            self.wake = wake;
            if status.is_none() && orders.is_empty() {
                assert_eq!(notices, [], "nothing is told that was not written");
                return self.written.len() - before;
            }
            if let Some(status) = status {
                self.write(&status);
            }
            for order in orders {
                self.create(order);
            }
            self.told.extend(notices);
        }
        panic!("the plans of {:?} never come to an end", self.agreement.metadata.name);
    }

    /// Creates an order request as the server would.
    pub fn create(&mut self, mut order: OrderRequest) {
        let name = order.metadata.name.clone().unwrap();
        let known = self.orders.iter().any(|known| known.metadata.name == order.metadata.name);
        assert!(!known, "{name} twice");
        // No longer than those that the server gives.
        order.metadata.uid = Some(format!("uid-of-{name}").chars().take(63).collect());
        self.orders.push(Arc::new(order));
    }

    /// Writes a status as the server would keep it.
    pub fn write(&mut self, status: &CustomerAgreementStatus) {
        let json = serde_json::to_value(status).unwrap();
        assert_eq!(faults_of_status(&json), Vec::<String>::new(), "the server would refuse this status");
        let status: CustomerAgreementStatus = serde_json::from_value(json).unwrap();
        self.written.push(status.clone());
        self.agreement.status = Some(status);
    }

    pub fn status(&self) -> &CustomerAgreementStatus {
        self.agreement.status.as_ref().expect("no status was written")
    }

    pub fn phase(&self) -> &str {
        self.status().phase.as_deref().unwrap()
    }

    pub fn condition(&self, type_: &str) -> (String, String, String) {
        let found = self.status().conditions.iter().find(|c| c.type_ == type_);
        found.map(|c| (c.status.clone(), c.reason.clone(), c.message.clone())).unwrap_or_default()
    }

    pub fn ignored(&self) -> Vec<&IgnoredDecision> {
        self.status().ignored_decisions.iter().collect()
    }

    /// The reason why the last decision does not count; empty where it does.
    pub fn last_ignored(&self) -> &str {
        let last = self.decisions.last().unwrap().metadata.name.as_deref();
        self.status()
            .ignored_decisions
            .iter()
            .find(|i| Some(i.name.as_str()) == last)
            .map_or("", |i| &i.reason)
    }

    pub fn pass(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    pub fn edit(&mut self, change: impl FnOnce(&mut CustomerAgreement)) -> &mut Self {
        change(&mut self.agreement);
        *self.agreement.metadata.generation.as_mut().unwrap() += 1;
        self
    }

    pub fn rules(&mut self, change: impl FnOnce(&mut DelegationPolicy)) -> &mut Self {
        let mut policy = (*self.policies[0]).clone();
        change(&mut policy);
        self.policies[0] = Arc::new(policy);
        self
    }

    pub fn terms_digest(&self) -> String {
        self.status().terms.as_ref().unwrap().digest.clone()
    }

    pub fn confirmation_digest(&self) -> String {
        self.status()
            .confirmation
            .as_ref()
            .and_then(|c| c.digest.clone())
            .expect("confirmation is not complete")
    }

    /// A decision as its maker would write it: what is decided on is copied from status.
    pub fn draft(&self, who: Somebody, action: Action) -> AgreementDecisionSpec {
        let digest = match action {
            Action::Sign | Action::Countersign => self.confirmation_digest(),
            Action::Approve | Action::Refuse => self.status().waiting_for[0].digest.clone().unwrap(),
            _ => self.terms_digest(),
        };
        let agreement = DecidedAgreement {
            name: self.agreement.metadata.name.clone().unwrap(),
            uid: self.agreement.metadata.uid.clone().unwrap(),
            revision: self.status().terms.as_ref().unwrap().revision,
            digest,
        };
        decision::draft(agreement, who.0, who.1, action)
    }

    /// Stores a decision, at the world's time.
    pub fn store(&mut self, spec: AgreementDecisionSpec) -> String {
        self.made += 1;
        let name = format!("decision-{:03}", self.made);
        self.decisions.push(Arc::new(decision::stored(spec, &name, self.now)));
        name
    }

    /// Both statements, with every order confirmed but those named.
    pub fn confirm_but(&mut self, who: Somebody, left_out: &[(&str, &str)]) -> String {
        let mut spec = self.draft(who, Action::Confirm);
        spec.statements = vec![Statement::Understood, Statement::Acceptable];
        spec.orders = self.outcomes(left_out);
        self.store(spec)
    }

    pub fn outcomes(&self, left_out: &[(&str, &str)]) -> Vec<OrderDecision> {
        let outcome = |id: &String| match left_out.iter().find(|(left_out, _)| left_out == id) {
            Some((_, reason)) => OrderDecision {
                id: id.clone(),
                outcome: OrderConfirmation::NotConfirmed,
                reason: Some((*reason).to_owned()),
            },
            None => OrderDecision { id: id.clone(), outcome: OrderConfirmation::Confirmed, reason: None },
        };
        self.agreement.spec.orders.iter().map(|order| outcome(&order.id)).collect()
    }

    pub fn confirm(&mut self, who: Somebody) -> String {
        self.confirm_but(who, &[])
    }

    pub fn state(&mut self, who: Somebody, statement: Statement) -> String {
        let mut spec = self.draft(who, Action::Confirm);
        spec.statements = vec![statement];
        if statement == Statement::Acceptable {
            spec.orders = self.outcomes(&[]);
        }
        self.store(spec)
    }

    pub fn act(&mut self, who: Somebody, action: Action) -> String {
        let spec = self.draft(who, action);
        self.store(spec)
    }

    pub fn act_because(&mut self, who: Somebody, action: Action, reason: &str) -> String {
        let mut spec = self.draft(who, action);
        spec.reason = Some(reason.to_owned());
        self.store(spec)
    }

    pub fn approve(&mut self, who: Somebody, function: &str, level: &str) -> String {
        self.manage(who, Action::Approve, (function, level), None)
    }

    /// A manager's decision, with the authority that it is made with.
    pub fn manage(
        &mut self,
        who: Somebody,
        action: Action,
        (function, level): (&str, &str),
        reason: Option<&str>,
    ) -> String {
        let mut spec = self.draft(who, action);
        spec.function = Some(function.to_owned());
        spec.level = Some(level.to_owned());
        spec.reason = reason.map(str::to_owned);
        self.store(spec)
    }

    pub fn attest(&mut self, by: Somebody, for_whom: Somebody, action: Action) -> String {
        let mut spec = self.draft(by, action);
        spec.on_behalf_of = Some(for_whom.0.to_owned());
        spec.evidence = Some(Evidence {
            channel: "Paper".to_owned(),
            uri: "archive:CA-1".to_owned(),
            digest: format!("sha256:{}", "a".repeat(64)),
            signed_time: Time(self.now),
        });
        if action == Action::Confirm {
            spec.statements = vec![Statement::Understood, Statement::Acceptable];
            spec.orders = self.outcomes(&[]);
        }
        self.store(spec)
    }

    /// The fibre agreement with the customer's confirmation counted.
    pub fn confirmed_fibre() -> Self {
        let mut world = Self::fibre();
        world.settle();
        world.pass(60).confirm(EVA);
        world.settle();
        world.pass(60);
        world
    }

    /// The fibre agreement with every signature there and everything passed on.
    pub fn agreed_fibre() -> Self {
        let mut world = Self::confirmed_fibre();
        world.act(EVA, Action::Sign);
        world.settle();
        world.pass(60).act(JONAS, Action::Countersign);
        world.settle();
        world
    }

    /// What the fleet example still takes once finance has approved: sales, and both signatures.
    pub fn approve_for_sales_and_sign(&mut self) {
        self.pass(60).approve(MARY, "sales", "L3");
        self.settle();
        self.pass(60).act(LEA, Action::Sign);
        self.settle();
        self.pass(60).act(MARY, Action::Countersign);
        self.settle();
    }

    /// The fleet example, agreed: approved by two managers, signed by both sides.
    pub fn agreed_fleet() -> Self {
        let mut world = Self::escalated_fleet();
        world.approve(DESK, "finance", "L1");
        world.settle();
        world.approve_for_sales_and_sign();
        assert_eq!(world.phase(), "Agreed");
        world
    }

    /// The fleet example, refused by the deal desk.
    pub fn refused_fleet() -> Self {
        let mut world = Self::escalated_fleet();
        world.manage(DESK, Action::Refuse, ("finance", "L1"), Some("45 days are too many"));
        world.settle();
        assert_eq!(world.phase(), "Refused");
        world
    }

    /// The fleet agreement, confirmed by both representatives, without the handsets.
    pub fn escalated_fleet() -> Self {
        let mut world = Self::fleet();
        world.confirmed_without_handsets();
        world
    }

    /// Both representatives of the fleet agreement confirm it without the handsets.
    pub fn confirmed_without_handsets(&mut self) {
        self.settle();
        self.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
        self.settle();
        self.pass(60).confirm_but(LEA, &[("handsets", "buying elsewhere")]);
        self.settle();
        self.pass(60);
    }

    /// What the watches show of other agreements.
    pub fn see(&mut self, others: &[&CustomerAgreement]) -> &mut Self {
        let own = self.agreement.metadata.name.clone();
        for other in others.iter().filter(|other| other.metadata.name != own) {
            self.related.retain(|known| known.metadata.name != other.metadata.name);
            self.related.push(Arc::new((*other).clone()));
        }
        self
    }

    pub fn signed_by_the_customer(&mut self) -> &mut Self {
        self.pass(60).act(EVA, Action::Sign);
        self.settle();
        self
    }

    pub fn confirmed(&mut self) -> &mut Self {
        self.settle();
        self.pass(60).confirm(EVA);
        self.settle();
        self
    }

    /// Confirmed and signed by both sides.
    pub fn agreed(&mut self) -> &mut Self {
        self.confirmed().signed_by_the_customer();
        self.pass(60).act(JONAS, Action::Countersign);
        self.settle();
        assert_eq!(self.phase(), "Agreed");
        self
    }

    pub fn compared(&self) -> (&str, Vec<&str>) {
        let value = self.status().value.as_ref().unwrap();
        let names = value.compared_with.iter().map(String::as_str).collect();
        (value.compared_total.as_deref().unwrap_or_default(), names)
    }

    pub fn needs(&self) -> Vec<(&str, ApprovalState)> {
        self.status().approvals.iter().map(|step| (step.level.as_str(), step.state)).collect()
    }

    pub fn link_fault(&self) -> String {
        let (status, reason, message) = self.condition("Valid");
        assert_eq!((status.as_str(), reason.as_str(), self.phase()), ("False", "LinkInvalid", "Pending"));
        assert_eq!(self.condition("Stalled").1, "LinkInvalid");
        message
    }
}
