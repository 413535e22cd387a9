//! A namespace with an agreement and the people around it, each with exactly the rights of their role.

use anyhow::{Context, Result, anyhow, ensure};
use countersign_api::agreement_status::Approval;
use countersign_api::{CustomerAgreement, CustomerAgreementStatus, OrderRequest};
use futures::future::try_join_all;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use testenv::until;

use crate::decision;
use crate::example::{Example, RULES, common_policy, selecting};
use crate::people::{ORDER_DESK, Person, desk, eva, jonas, lea, mary, nina, omar, order_desk, patel, rita};
use crate::{Cluster, PATIENCE, documents, raw, schema};

/// The value of the label where the policy of the examples holds.
pub const COMMON: &str = "b2b-2026";

/// Where an agreement lives, and who acts on it.
#[derive(Clone)]
pub struct Stage<'a> {
    /// The control plane that it stands on.
    pub cluster: &'a Cluster,
    /// The namespace.
    pub namespace: String,
    /// The agreement.
    pub agreement: String,
    /// The agreement as it is applied.
    pub document: Value,
    /// The policy of this namespace alone, where it has one.
    pub policy: Option<Value>,
}

/// Everybody in the examples, with the roles that they need.
pub fn cast() -> Vec<(Person, &'static [&'static str])> {
    const CUSTOMER: &[&str] = &["countersign-confirmer", "countersign-signatory"];
    const MANAGER: &[&str] = &["countersign-approver"];
    vec![
        (eva(), CUSTOMER),
        (nina(), CUSTOMER),
        (omar(), &["countersign-confirmer"]),
        (lea(), CUSTOMER),
        (jonas(), &["countersign-author", "countersign-countersignatory"]),
        (patel(), &["countersign-author"]),
        (desk(), MANAGER),
        (rita(), MANAGER),
        (mary(), &["countersign-approver", "countersign-countersignatory"]),
    ]
}

/// The catalogue and the policy of the examples, applied once. The policy selects the namespaces that ask for it.
pub async fn rules(cluster: &Cluster) -> Result<()> {
    cluster.rules.get_or_try_init(|| apply_rules(cluster)).await.copied()
}

async fn apply_rules(cluster: &Cluster) -> Result<()> {
    let [catalogue] =
        documents("examples/common/standard-terms.yaml")?.try_into().map_err(|_| anyhow!("one document"))?;
    for document in [catalogue, selecting(&common_policy()?, COMMON, COMMON)] {
        cluster.plane.apply_yaml(&cluster.admin()?, &document.to_string()).await?;
    }
    Ok(())
}

impl Example {
    /// A namespace of its own, with the rules and the people; the agreement itself is not there yet.
    pub async fn set(self, cluster: &Cluster) -> Result<Stage<'_>> {
        let namespace = cluster.plane.namespace(&self.name).await?;
        let policy = self.policy.map(|policy| selecting(&policy, &namespace, &namespace));
        if let Some(policy) = &policy {
            cluster.plane.apply_yaml(&cluster.admin()?, &policy.to_string()).await?;
        }
        let stage = Stage {
            cluster,
            agreement: schema::word(&self.agreement, "/metadata/name").to_owned(),
            document: self.agreement,
            policy,
            namespace,
        };
        let rules = if stage.policy.is_some() { stage.namespace.as_str() } else { COMMON };
        stage.put_under(json!(rules)).await?;

        let parties = stage.document.pointer("/spec").map(Value::to_string).unwrap_or_default();
        let mut people = self.people;
        for (person, roles) in cast() {
            let acts_here = parties.contains(&person.name) || roles.contains(&"countersign-approver");
            people.extend(roles.iter().filter(|_| acts_here).map(|role| (person.clone(), *role)));
        }
        try_join_all(people.iter().map(|(person, role)| stage.grant(person, role))).await?;
        Ok(stage)
    }

    /// The same with the agreement applied.
    pub async fn begin(self, cluster: &Cluster) -> Result<Stage<'_>> {
        let stage = self.set(cluster).await?;
        stage.submit().await?;
        Ok(stage)
    }
}

impl<'a> Stage<'a> {
    /// A namespace of its own for an example; the agreement itself is not there yet.
    pub async fn set(cluster: &'a Cluster, example: &str) -> Result<Self> {
        Example::of(example)?.set(cluster).await
    }

    /// The same with the agreement applied.
    pub async fn with_agreement(cluster: &'a Cluster, example: &str) -> Result<Self> {
        Example::of(example)?.begin(cluster).await
    }

    /// Applies the agreement.
    pub async fn submit(&self) -> Result<()> {
        let document = schema::with(&self.document, "/metadata/namespace", &json!(self.namespace));
        self.cluster.plane.apply_yaml(&self.cluster.admin()?, &document.to_string()).await.map(drop)
    }

    /// The same agreement under another name, in the same namespace.
    pub fn another(&self, name: &str) -> Self {
        let document = schema::with(&self.document, "/metadata/name", &json!(name));
        Self { agreement: name.to_owned(), document, ..self.clone() }
    }

    /// Binds a shipped role in the namespace.
    pub async fn grant(&self, who: &Person, role: &str) -> Result<()> {
        self.cluster.grant(&self.namespace, role, who).await
    }

    /// Changes something as an admin: a JSON merge patch on a cluster-wide object.
    pub async fn change(&self, path: &str, patch: &Value) -> Result<()> {
        raw::ask(&self.cluster.admin()?, "PATCH", path, patch).await.map(drop)
    }

    /// Changes the policy of this namespace, or another one.
    pub async fn change_policy(&self, name: &str, spec: Value) -> Result<()> {
        self.change(&raw::path(&format!("delegationpolicies/{name}"), ""), &json!({"spec": spec})).await
    }

    /// Which rules hold in the namespace from now on; null for none.
    pub async fn put_under(&self, rules: Value) -> Result<()> {
        let labels = json!({"metadata": {"labels": {RULES: rules}}});
        self.change(&format!("/api/v1/namespaces/{}", self.namespace), &labels).await
    }

    pub fn agreements(&self) -> Result<Api<CustomerAgreement>> {
        Ok(Api::namespaced(self.cluster.admin()?, &self.namespace))
    }

    pub async fn get(&self) -> Result<CustomerAgreement> {
        Ok(self.agreements()?.get(&self.agreement).await?)
    }

    /// The order requests in the namespace, by name.
    pub async fn order_requests(&self) -> Result<Vec<OrderRequest>> {
        let api: Api<OrderRequest> = Api::namespaced(self.cluster.admin()?, &self.namespace);
        let mut found = api.list(&ListParams::default()).await?.items;
        found.sort_by_key(ResourceExt::name_any);
        Ok(found)
    }

    /// Edits the agreement as an author would.
    pub async fn edit(&self, spec: Value) -> Result<CustomerAgreement> {
        let patch = Patch::Merge(json!({"spec": spec}));
        Ok(self.agreements()?.patch(&self.agreement, &PatchParams::default(), &patch).await?)
    }

    /// The same by the author, with the author's own rights.
    pub async fn edit_as(&self, author: &Person, spec: Value) -> Result<()> {
        let path = raw::path(&format!("customeragreements/{}", self.agreement), &self.namespace);
        let client = self.cluster.client(author).await?;
        raw::ask(&client, "PATCH", &path, &json!({"spec": spec})).await.map(drop)
    }

    /// What time it is for the API server, by which decisions are judged.
    pub async fn server_time(&self) -> Result<Time> {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "time-"}});
        let path = format!("/api/v1/namespaces/{}/configmaps?dryRun=All", self.namespace);
        let made = raw::ask(&self.cluster.admin()?, "POST", &path, &object).await?;
        Ok(serde_json::from_value(made.pointer("/metadata/creationTimestamp").context("no time")?.clone())?)
    }

    /// Waits until it is later than this for the API server.
    pub async fn until_after(&self, time: &Time) -> Result<()> {
        until(format_args!("{} had passed", time.0), PATIENCE, || async {
            Ok((self.server_time().await?.0 > time.0).then_some(()))
        })
        .await
    }

    /// What people were told, first things first.
    pub async fn told(&self) -> Result<Vec<Event>> {
        let events: Api<Event> = Api::namespaced(self.cluster.admin()?, &self.namespace);
        let mut events = events.list(&ListParams::default()).await?.items;
        events.retain(|event| {
            event.regarding.as_ref().and_then(|r| r.name.as_deref()) == Some(self.agreement.as_str())
        });
        events.sort_by_key(|event| event.metadata.creation_timestamp.clone().map(|time| time.0));
        Ok(events)
    }

    /// The events with this reason, once there are so many.
    pub async fn until_told(&self, reason: &str, number: usize) -> Result<Vec<Event>> {
        until(format_args!("{reason} was told {number} times"), PATIENCE, || async {
            let mut told = self.told().await?;
            told.retain(|event| event.reason.as_deref() == Some(reason));
            Ok((told.len() >= number).then_some(told))
        })
        .await
    }

    /// Every state that the agreement was ever in.
    pub async fn history(&self) -> Result<Vec<CustomerAgreement>> {
        let prefix = format!("customeragreements/{}/{}", self.namespace, self.agreement);
        let revisions = self.cluster.plane.history_of::<CustomerAgreement>(&prefix).await?;
        let own = revisions.into_iter().filter(|revision| revision.name == self.agreement);
        Ok(own.filter_map(|revision| revision.object().cloned()).collect())
    }

    /// Waits until the status is as it should be.
    pub async fn until(
        &self,
        what: &str,
        check: impl Fn(&CustomerAgreement) -> bool,
    ) -> Result<CustomerAgreement> {
        until(format_args!("{}: {what}", self.agreement), PATIENCE, || async {
            let agreement = self.get().await?;
            if check(&agreement) {
                return Ok(Some(agreement));
            }
            let status = serde_json::to_string(&agreement.status)?;
            Err(anyhow!("its status is {status}"))
        })
        .await
    }

    pub async fn until_phase(&self, phase: &str) -> Result<CustomerAgreement> {
        self.until(phase, |agreement| phase_of(agreement) == phase).await
    }

    /// Waits until somebody is waited for.
    pub async fn until_waiting_for(&self, who: &str) -> Result<CustomerAgreement> {
        let named = |agreement: &CustomerAgreement| {
            agreement.status.iter().flat_map(|status| &status.waiting_for).any(|wait| wait.who.contains(who))
        };
        self.until(&format!("{who} is waited for"), named).await
    }

    /// Every decision of the fibre agreement's life, up to the countersignature.
    pub async fn sign_fibre(&self) -> Result<()> {
        self.confirm_fibre().await?;
        self.sign(&eva(), "Jonas Berg", &jonas()).await
    }

    /// Signed by both sides, and passed on.
    pub async fn agreed(&self) -> Result<CustomerAgreement> {
        self.sign_fibre().await?;
        self.until_phase("Agreed").await
    }

    /// All of these orders of the fibre agreement confirmed, signed by both sides, and passed on.
    pub async fn agreed_on(&self, orders: &[&str]) -> Result<CustomerAgreement> {
        self.until_phase("AwaitingConfirmation").await?;
        let outcomes: Vec<Value> =
            orders.iter().map(|id| json!({"id": id, "outcome": "Confirmed"})).collect();
        self.confirm(&eva(), json!(outcomes)).await?;
        self.sign(&eva(), "Jonas Berg", &jonas()).await?;
        self.until_phase("Agreed").await
    }

    /// The consumer reports on an order request, with its own rights: these conditions hold.
    pub async fn report(&self, order_request: &str, hold: &[&str]) -> Result<()> {
        let condition = |type_: &&str| {
            json!({"type": type_, "status": "True", "reason": "Reported", "message": "by the order desk",
                   "lastTransitionTime": "2026-11-25T09:12:44Z"})
        };
        let conditions: Vec<Value> = hold.iter().map(condition).collect();
        let status = json!({"status": {"acknowledgedBy": ORDER_DESK.0, "conditions": conditions}});
        let client = self.cluster.client(&order_desk()).await?;
        let path = raw::path(&format!("orderrequests/{order_request}/status"), &self.namespace);
        raw::ask(&client, "PATCH", &path, &status).await.map(drop)
    }

    /// The first of them.
    pub async fn confirm_fibre(&self) -> Result<()> {
        self.until_phase("AwaitingConfirmation").await?;
        self.confirm(&eva(), json!([{"id": "o1", "outcome": "Confirmed"}])).await.map(drop)
    }

    /// Both signatures, the customer's first.
    pub async fn sign(&self, customer: &Person, named: &str, provider: &Person) -> Result<()> {
        self.until_phase("AwaitingSignOff").await?;
        self.decide(customer, json!({"action": "Sign"})).await?;
        self.until_waiting_for(named).await?;
        self.decide(provider, json!({"action": "Countersign"})).await.map(drop)
    }

    /// Waits until this authority is asked, and approves with it.
    pub async fn approve(&self, who: &Person, function: &str, level: &str) -> Result<String> {
        self.until_waiting_for(&format!("({function} {level})")).await?;
        self.decide(who, json!({"action": "Approve", "function": function, "level": level})).await
    }

    /// Makes a decision on what the agreement's status shows now. Returns its name.
    pub async fn decide(&self, who: &Person, act: Value) -> Result<String> {
        self.decide_on(&self.get().await?, who, act).await
    }

    /// Makes a decision on the agreement as it was seen.
    pub async fn decide_on(&self, agreement: &CustomerAgreement, who: &Person, act: Value) -> Result<String> {
        let decision = decision::as_shown(agreement, who, act);
        let made = self.cluster.decide(who, &self.namespace, &decision).await?;
        let made = made.map_err(|refusal| refusal.into_error().context(format!("{} decided", who.name)))?;
        let name = schema::word(&made, "/metadata/name").to_owned();
        ensure!(!name.is_empty(), "a decision without a name");
        Ok(name)
    }

    /// Both statements, with these outcomes.
    pub async fn confirm(&self, who: &Person, orders: Value) -> Result<String> {
        let mut act = json!({"action": "Confirm", "statements": ["Understood", "Acceptable"]});
        if orders.as_array().is_some_and(|orders| !orders.is_empty()) {
            act.as_object_mut().context("an act is an object")?.insert("orders".to_owned(), orders);
        }
        self.decide(who, act).await
    }

    /// Waits until a decision is shown as ignored, and returns why.
    pub async fn ignored(&self, decision: &str) -> Result<String> {
        let shown = |agreement: &CustomerAgreement| {
            let ignored = agreement.status.iter().flat_map(|status| &status.ignored_decisions);
            ignored.into_iter().find(|ignored| ignored.name == decision).map(|ignored| ignored.reason.clone())
        };
        let agreement =
            self.until("the decision was shown as ignored", |agreement| shown(agreement).is_some()).await?;
        shown(&agreement).context("it was shown")
    }
}

/// The status; empty where there is none yet.
pub fn status_of(agreement: &CustomerAgreement) -> CustomerAgreementStatus {
    agreement.status.clone().unwrap_or_default()
}

/// The step of a function; only where it is needed.
pub fn step_of(agreement: &CustomerAgreement, function: &str) -> Option<Approval> {
    status_of(agreement).approvals.into_iter().find(|step| step.function == function)
}

/// Names and reasons of the decisions that do not count.
pub fn ignored_in(agreement: &CustomerAgreement) -> Vec<(String, String)> {
    status_of(agreement).ignored_decisions.into_iter().map(|own| (own.name, own.reason)).collect()
}

pub fn phase_of(agreement: &CustomerAgreement) -> &str {
    agreement.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// Status, reason and message of a condition.
pub fn condition(agreement: &CustomerAgreement, type_: &str) -> (String, String, String) {
    let conditions = agreement.status.iter().flat_map(|status| &status.conditions);
    let found = conditions.into_iter().find(|condition| condition.type_ == type_);
    found.map(|c| (c.status.clone(), c.reason.clone(), c.message.clone())).unwrap_or_default()
}
