//! A namespace with an agreement and the people around it, each with exactly the rights of their role.

use anyhow::{Context, Result, anyhow, ensure};
use countersign::api::{CustomerAgreement, OrderRequest};
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use testenv::until;
use tokio::sync::OnceCell;

use super::people::{Person, decision_as_shown};
use super::{Cluster, PATIENCE, documents, schema};

/// Where an agreement lives, and who acts on it.
pub struct Stage<'a> {
    /// The control plane that it stands on.
    pub cluster: &'a Cluster,
    /// The namespace.
    pub namespace: String,
    /// The agreement.
    pub agreement: String,
}

/// Everybody in the examples, with the roles that they need.
fn cast() -> Vec<(Person, &'static [&'static str])> {
    const CUSTOMER: &[&str] = &["countersign-confirmer", "countersign-signatory"];
    const MANAGER: &[&str] = &["countersign-approver"];
    vec![
        (eva(), CUSTOMER),
        (nina(), CUSTOMER),
        (omar(), &["countersign-confirmer"]),
        (lea(), CUSTOMER),
        (jonas(), &["countersign-author", "countersign-countersignatory"]),
        (Person::user("s.patel", &["account-managers"]), &["countersign-author"]),
        (desk(), MANAGER),
        (rita(), MANAGER),
        (mary(), &["countersign-approver", "countersign-countersignatory"]),
    ]
}

pub fn eva() -> Person {
    Person::user("eva.lund@norrland-timber.example", &["customers"])
}
pub fn nina() -> Person {
    Person::user("owner@cafe-corner.example", &["customers"])
}
pub fn omar() -> Person {
    Person::user("omar@havlink.example", &["customers"])
}
pub fn lea() -> Person {
    Person::user("lea@havlink.example", &["customers"])
}
pub fn jonas() -> Person {
    Person::user("j.berg", &["account-managers"])
}
pub fn desk() -> Person {
    Person::user("d.desk", &["deal-desk"])
}
pub fn rita() -> Person {
    Person::user("r.lind", &["sales-team"])
}
pub fn mary() -> Person {
    Person::user("m.osei", &["sales-team"])
}

/// The catalogue and the policy of the examples, applied once.
pub async fn rules(cluster: &Cluster) -> Result<()> {
    static APPLIED: OnceCell<()> = OnceCell::const_new();
    APPLIED.get_or_try_init(|| apply_rules(cluster)).await.copied()
}

async fn apply_rules(cluster: &Cluster) -> Result<()> {
    for file in ["examples/common/standard-terms.yaml", "examples/common/delegation-policy.yaml"] {
        let [document] = documents(file)?.try_into().map_err(|_| anyhow!("{file}: one document"))?;
        cluster.plane.apply_yaml(&cluster.admin()?, &document.to_string()).await?;
    }
    Ok(())
}

impl<'a> Stage<'a> {
    /// A namespace of its own for an example; the agreement itself is not there yet.
    pub async fn set(cluster: &'a Cluster, example: &str) -> Result<Self> {
        let [document] = documents(&format!("examples/{example}/agreement.yaml"))?
            .try_into()
            .map_err(|_| anyhow!("one document"))?;
        let agreement = schema::word(&document, "/metadata/name").to_owned();
        let parties = document.pointer("/spec").map(Value::to_string).unwrap_or_default();
        let namespace = cluster.plane.namespace(example).await?;
        for (person, roles) in cast() {
            let acts_here = parties.contains(&person.name) || roles.contains(&"countersign-approver");
            for role in roles.iter().filter(|_| acts_here) {
                cluster.grant(&namespace, role, &person).await?;
            }
        }
        Ok(Self { cluster, namespace, agreement })
    }

    /// The same with the agreement applied.
    pub async fn with_agreement(cluster: &'a Cluster, example: &str) -> Result<Self> {
        let stage = Self::set(cluster, example).await?;
        cluster.example(&stage.namespace, example).await?;
        Ok(stage)
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

    /// Makes a decision on what the agreement's status shows now. Returns its name.
    pub async fn decide(&self, who: &Person, act: Value) -> Result<String> {
        self.decide_on(&self.get().await?, who, act).await
    }

    /// Makes a decision on the agreement as it was seen.
    pub async fn decide_on(&self, agreement: &CustomerAgreement, who: &Person, act: Value) -> Result<String> {
        let decision = decision_as_shown(agreement, who, act);
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

pub fn phase_of(agreement: &CustomerAgreement) -> &str {
    agreement.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// Status, reason and message of a condition.
pub fn condition(agreement: &CustomerAgreement, type_: &str) -> (String, String, String) {
    let conditions = agreement.status.iter().flat_map(|status| &status.conditions);
    let found = conditions.into_iter().find(|condition| condition.type_ == type_);
    found.map(|c| (c.status.clone(), c.reason.clone(), c.message.clone())).unwrap_or_default()
}
