//! What each guide takes for granted, and what others do while it is followed.

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};
use testenv::until;

use super::blocks::{Block, Kind, is_shown};
use super::reader::Reader;
use testkit::example::common_policy;
use testkit::people::{
    CLERK, DESK, EVA, IVAN, JONAS, KIM, LEA, MARY, OMAR, PATEL, Person, Somebody, lea, omar,
};
use testkit::stage::{Stage, condition, status_of};
use testkit::{Cluster, PATIENCE, documents, raw, schema};

/// Everybody in the guides, and the groups that their identity provider puts them into.
const PEOPLE: [Somebody; 11] = [
    EVA,
    OMAR,
    LEA,
    JONAS,
    PATEL,
    DESK,
    MARY,
    KIM,
    Somebody(IVAN.0, &["finance-team"]),
    CLERK,
    Somebody("l.legal", &["contract-lawyers"]),
];

/// The roles that people have where a guide does not give them.
const ROLES: [(&str, &[&str]); 9] = [
    (EVA.0, &["countersign-confirmer", "countersign-signatory"]),
    (OMAR.0, &["countersign-confirmer"]),
    (LEA.0, &["countersign-confirmer", "countersign-signatory"]),
    (JONAS.0, &["countersign-author", "countersign-countersignatory"]),
    (PATEL.0, &["countersign-author"]),
    (DESK.0, &["countersign-approver"]),
    (MARY.0, &["countersign-approver", "countersign-countersignatory"]),
    (IVAN.0, &["countersign-approver"]),
    (CLERK.0, &["countersign-attester"]),
];

/// Where a guide is followed.
pub struct Setting {
    stage: Stage<'static>,
    reader: Reader,
    /// Never valid, so that it is held against the policies of the day whenever they change.
    canary: Option<Stage<'static>>,
}

impl Setting {
    /// The rules of the examples as they are shipped, and what the guide begins with.
    pub async fn of(guide: &str, cluster: &'static Cluster) -> Result<Self> {
        restore_rules(cluster).await?;
        let example = match guide {
            "leave" => "fleet",
            "amend" | "attest" | "back-up" | "rights" | "write-a-catalogue" | "write-a-policy" => "fibre",
            other => bail!("what does {other} begin with?"),
        };
        // A guide that names its namespace has it under that name, every other one has a new one.
        let namespace = if guide == "write-a-policy" {
            for name in ["norrland-timber", "cafe-corner"] {
                let named = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
                cluster.plane.apply_yaml(&cluster.admin()?, &named.to_string()).await?;
            }
            "norrland-timber".to_owned()
        } else {
            cluster.plane.namespace(guide).await?
        };
        let file = format!("examples/{example}/agreement.yaml");
        let document = documents(&file)?.pop().context("one document")?;
        let agreement = schema::word(&document, "/metadata/name").to_owned();
        let reader = Reader::new(&cluster.plane, &PEOPLE, &namespace)?;
        let stage = Stage { cluster, namespace, agreement, document, policy: None };
        if guide != "rights" {
            for (name, roles) in ROLES {
                for role in roles {
                    stage.grant(&person(name)?, role).await?;
                }
            }
        }
        stage.submit().await?;
        stage.until_phase("AwaitingConfirmation").await?;
        match guide {
            "amend" | "back-up" => {
                stage.sign_fibre().await?;
                stage.until_phase("Agreed").await?;
            }
            "leave" => {
                let orders = json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
                stage.confirm(&omar(), orders.clone()).await?;
                stage.confirm(&lea(), orders).await?;
                stage.approve(&person("d.desk")?, "finance", "L1").await?;
                stage.until_waiting_for("(sales L3)").await?;
            }
            _ => {}
        }
        let mut canary = None;
        if guide == "write-a-policy" {
            let mut own = Stage { namespace: "cafe-corner".to_owned(), ..stage.another("canary") };
            own.document = schema::with(&own.document, "/spec/terms/0/value", &json!("soon"));
            own.submit().await?;
            own.until("it is not valid", |agreement| condition(agreement, "Valid").1 == "TermsInvalid")
                .await?;
            canary = Some(own);
        }
        Ok(Self { stage, reader, canary })
    }

    /// What has to hold once the guide was followed.
    pub async fn end(&self) -> Result<()> {
        let Some(canary) = &self.canary else { return Ok(()) };
        // What it becomes valid under shows that the operator has seen every step.
        canary.edit(json!({"terms": self.stage.document["spec"]["terms"]})).await?;
        let valid = canary.until_phase("AwaitingConfirmation").await?;
        let pinned = status_of(&valid).pinned.map(|pinned| pinned.policy.name);
        ensure!(pinned.as_deref() == Some("b2b-2027"), "{pinned:?}");
        for state in canary.history().await? {
            let (_, reason, message) = condition(&state, "Valid");
            ensure!(!["NoPolicy", "PolicyConflict"].contains(&reason.as_str()), "a gap: {message}");
        }
        Ok(())
    }

    /// Does what a block says.
    pub async fn follow(&self, block: &Block) -> Result<()> {
        match &block.kind {
            Kind::File(name) => self.reader.save(name, &block.text),
            Kind::Part { file, pointer } => self.accepted(file, pointer, &block.text).await,
            Kind::Command { by, shows: None } => {
                let (well, shown) = self.reader.run(&block.text, by.as_deref())?;
                ensure!(well, "{}\nfailed: {shown}", block.text);
                self.settled().await
            }
            Kind::Command { by, shows: Some(expected) } => {
                until("the commands showed what the guide says", PATIENCE, || async {
                    let (_, shown) = self.reader.run(&block.text, by.as_deref())?;
                    if is_shown(expected, &shown) {
                        return Ok(Some(()));
                    }
                    Err(anyhow!("{}\nshowed:\n{shown}\ninstead of:\n{expected}", block.text))
                })
                .await
            }
            Kind::Meanwhile(what) => self.meanwhile(what).await,
            Kind::NotRun => Ok(()),
        }
    }

    /// Asks the server about a file of the repository with this part in it, under a name of its own.
    async fn accepted(&self, file: &str, pointer: &str, part: &str) -> Result<()> {
        let mut document = documents(file)?.pop().context("one document")?;
        document["metadata"]["name"] = json!("part-of-a-guide");
        let kind = schema::word(&document, "/kind").to_owned();
        let part: Value = serde_saphyr::from_str(part)?;
        let place = document.pointer_mut(pointer).with_context(|| format!("{file} has no {pointer}"))?;
        for (field, value) in part.as_object().context("a part is a mapping")? {
            place[field] = value.clone();
        }
        let (plural, namespace) = match kind.as_str() {
            "CustomerAgreement" => ("customeragreements", self.stage.namespace.as_str()),
            "DelegationPolicy" => ("delegationpolicies", ""),
            "StandardTerms" => ("standardterms", ""),
            other => bail!("a part of a {other}?"),
        };
        // Unknown fields are refused, which a bare create would only warn of.
        let path = format!("{}?dryRun=All&fieldValidation=Strict", raw::path(plural, namespace));
        raw::ask(&self.stage.cluster.admin()?, "POST", &path, &document).await.map(drop)
    }

    /// Waits until rights that a command gave are in force: the authorizer learns of them by a watch.
    async fn settled(&self) -> Result<()> {
        let path = format!("{}/namespaces/{}/rolebindings", testkit::RBAC, self.stage.namespace);
        let bindings = raw::ask(&self.stage.cluster.admin()?, "GET", &path, &Value::Null).await?;
        for binding in bindings["items"].as_array().into_iter().flatten() {
            let role = &binding["roleRef"];
            let (kind, name) = (schema::word(role, "/kind"), schema::word(role, "/name"));
            let place = match kind {
                "ClusterRole" => format!("{}/clusterroles/{name}", testkit::RBAC),
                _ => format!("{}/namespaces/{}/roles/{name}", testkit::RBAC, self.stage.namespace),
            };
            let role = raw::ask(&self.stage.cluster.admin()?, "GET", &place, &Value::Null).await?;
            for subject in binding["subjects"].as_array().into_iter().flatten() {
                let name = schema::word(subject, "/name");
                let who = match schema::word(subject, "/kind") {
                    "Group" => Person::user("somebody", &[name]),
                    _ => person(name)?,
                };
                self.stage.cluster.effective(&self.stage.namespace, &role["rules"], &who).await?;
            }
        }
        Ok(())
    }

    async fn meanwhile(&self, what: &str) -> Result<()> {
        match what {
            "Eva Lund and Jonas Berg agree to norrland-timber-fibre-2" => {
                let second = self.stage.another("norrland-timber-fibre-2");
                second.sign_fibre().await?;
                second.until_phase("Agreed").await.map(drop)
            }
            other => bail!("nobody knows how to do this: {other}"),
        }
    }
}

fn person(name: &str) -> Result<Person> {
    let known = PEOPLE.iter().find(|own| own.0 == name);
    Ok(known.with_context(|| format!("nobody is called {name}"))?.person())
}

/// The policy serves every namespace, as in the examples, and what earlier guides changed is undone.
async fn restore_rules(cluster: &Cluster) -> Result<()> {
    let admin = cluster.admin()?;
    let policy = common_policy()?;
    let mut spec = policy["spec"].clone();
    spec["namespaceSelector"] = json!({"matchLabels": null, "matchExpressions": null});
    let path = raw::path("delegationpolicies/b2b-2026", "");
    raw::ask(&admin, "PATCH", &path, &json!({"spec": spec})).await?;
    let path = raw::path("standardterms/b2b-2026-1", "");
    raw::ask(&admin, "PATCH", &path, &json!({"spec": {"lifecycleState": "Active"}})).await.map(drop)
}
