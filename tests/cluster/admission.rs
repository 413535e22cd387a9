//! The shipped policies and roles on a real API server, tried by the people, tools and administrators that they are about.

mod append_only;
mod audit;
mod definitions;
mod kept;
mod names;
mod outcomes;
mod people;
mod roles;
mod verbs;

use anyhow::Result;
use countersign_api::GROUP;
use serde_json::{Value, json};
use testenv::until;
use testkit::decision::SOME_DIGEST;
use testkit::people::Person;
use testkit::raw::{Refusal, ask, path, send};
use testkit::schema::{with, word};
use testkit::{Cluster, decision};

const AGREEMENT: &str = "norrland-timber-fibre";

/// A namespace of its own, with the policies enforced.
struct Stage {
    cluster: &'static Cluster,
    namespace: String,
}

impl Stage {
    async fn new(prefix: &str) -> Result<Self> {
        let cluster = testkit::installed().await?;
        Ok(Self { cluster, namespace: cluster.plane.namespace(prefix).await? })
    }

    /// Somebody who holds one of the shipped roles here.
    async fn with_role(&self, name: &str, role: &str) -> Result<Person> {
        let who = Person::user(name, &[]);
        self.cluster.grant(&self.namespace, role, &who).await?;
        Ok(who)
    }

    /// A service account of this namespace.
    async fn account(&self, name: &str) -> Result<Person> {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
        let path = format!("/api/v1/namespaces/{}/serviceaccounts", self.namespace);
        ask(&self.cluster.admin()?, "POST", &path, &account).await?;
        Ok(Person::account(&self.namespace, name))
    }

    async fn decide(&self, who: &Person, act: Value) -> Result<Result<Value, Refusal>> {
        self.cluster.decide(who, &self.namespace, &decision::on(AGREEMENT, "00", who, act)).await
    }

    fn path(&self, plural: &str) -> String {
        path(plural, &self.namespace)
    }

    /// A decision that was made, by its path.
    async fn decided(&self) -> Result<(Value, String)> {
        let eva = self.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
        let made = self.decide(&eva, sign_nothing()).await?.map_err(Refusal::into_error)?;
        let path = format!("{}/{}", self.path("agreementdecisions"), word(&made, "/metadata/name"));
        Ok((made, path))
    }

    /// An order request that the operator made, by its path.
    async fn issued(&self, operator: &kube::Client) -> Result<(Value, String)> {
        let made = ask(operator, "POST", &self.path("orderrequests"), &order_request()?).await?;
        let path = format!("{}/{}", self.path("orderrequests"), word(&made, "/metadata/name"));
        Ok((made, path))
    }

    /// The operator, with the rights that these tests take.
    async fn operator(&self) -> Result<kube::Client> {
        let who = Person::account(testkit::OPERATOR_NAMESPACE, testkit::OPERATOR);
        self.cluster.allow(&self.namespace, &who, &outcome_rules()).await?;
        self.cluster.operator().await
    }
}

/// Rights to write outcomes, for the operator and for those who must not although RBAC lets them.
fn outcome_rules() -> Value {
    json!([
        {"apiGroups": [GROUP], "resources": ["customeragreements/status"], "verbs": ["get", "update", "patch"]},
        {"apiGroups": [GROUP], "resources": ["orderrequests", "orderrequests/status"],
         "verbs": ["get", "create", "update", "patch", "delete", "deletecollection"]},
    ])
}

fn order_request() -> Result<Value> {
    let object = testkit::documents("testkit/complete/orderrequests.yaml")?.swap_remove(0);
    Ok(with(&object, "/status", &Value::Null))
}

fn sign_nothing() -> Value {
    json!({"action": "Withdraw", "reason": "changed their mind"})
}

/// Every act that a person can decide, with the roles that may do it.
fn acts() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let evidence = json!({
        "channel": "Paper", "uri": "https://archive.example/1", "digest": SOME_DIGEST, "signedTime": "2026-11-25T09:12:44Z",
    });
    let attested = |act: Value| {
        let act = with(&act, "/onBehalfOf", &json!("eva.lund@norrland-timber.example"));
        with(&act, "/evidence", &evidence)
    };
    let confirm = json!({"action": "Confirm", "statements": ["Understood"]});
    let decline = json!({"action": "Decline", "reason": "too long"});
    let change = json!({"action": "RequestChange", "reason": "45 days"});
    let sign = json!({"action": "Sign"});
    let with_authority =
        |action: &str| json!({"action": action, "function": "sales", "level": "L1", "reason": "because"});
    let stand_in = with(&with_authority("Approve"), "/onBehalfOf", &json!("r.lind"));
    vec![
        ("Confirm", confirm.clone(), &["confirmer"]),
        ("Decline", decline.clone(), &["confirmer", "signatory"]),
        ("RequestChange", change.clone(), &["confirmer", "signatory"]),
        ("Approve", with_authority("Approve"), &["approver"]),
        ("Approve for somebody", stand_in, &["approver"]),
        ("Refuse", with_authority("Refuse"), &["approver"]),
        ("RequestChange with authority", with_authority("RequestChange"), &["approver"]),
        ("Sign", sign.clone(), &["signatory"]),
        ("Countersign", json!({"action": "Countersign"}), &["countersignatory"]),
        ("Withdraw", sign_nothing(), &["author", "confirmer", "signatory", "countersignatory"]),
        ("attested Confirm", attested(confirm), &["attester"]),
        ("attested Decline", attested(decline), &["attester"]),
        ("attested RequestChange", attested(change), &["attester"]),
        ("attested Sign", attested(sign), &["attester"]),
    ]
}

const ROLES: [&str; 10] = [
    "author",
    "confirmer",
    "signatory",
    "approver",
    "countersignatory",
    "attester",
    "order-consumer",
    "reader",
    "auditor",
    "policy-admin",
];

async fn gone(cluster: &Cluster, path: &str, patience: std::time::Duration) -> Result<()> {
    let admin = cluster.admin()?;
    until(format_args!("{path} was gone"), patience, || async {
        match send(&admin, "GET", path, &Value::Null).await {
            Err(refusal) if refusal.code == 404 => Ok(Some(())),
            other => anyhow::bail!("{other:?}"),
        }
    })
    .await
}

impl Stage {
    /// An agreement that an author wrote, by its path.
    async fn written(&self, name: &str) -> Result<String> {
        let agreement = testkit::documents("examples/fibre/agreement.yaml")?.swap_remove(0);
        let agreement = with(&agreement, "/metadata", &json!({"name": name}));
        ask(&self.cluster.admin()?, "POST", &self.path("customeragreements"), &agreement).await?;
        Ok(format!("{}/{name}", self.path("customeragreements")))
    }

    /// An agreement on which the operator counted a decision, by its path.
    async fn counted(&self, operator: &kube::Client, name: &str) -> Result<String> {
        let path = self.written(name).await?;
        let status = json!({"status": {"phase": "AwaitingSignOff", "decidedTime": "2026-11-25T09:12:44Z"}});
        ask(operator, "PATCH", &format!("{path}/status"), &status).await?;
        Ok(path)
    }

    /// An agreement on which people decided, and an order request that it owns. Both by their paths.
    async fn agreed(&self, operator: &kube::Client, name: &str) -> Result<(String, String)> {
        let agreement = self.counted(operator, name).await?;
        let made = ask(operator, "GET", &format!("{agreement}/status"), &Value::Null).await?;
        let owner = json!([{
            "apiVersion": format!("{GROUP}/v1alpha1"), "kind": "CustomerAgreement", "name": name,
            "uid": word(&made, "/metadata/uid"), "controller": true,
        }]);
        let owned = with(&order_request()?, "/metadata/ownerReferences", &owner);
        let owned = with(&owned, "/metadata/name", &json!(name));
        ask(operator, "POST", &self.path("orderrequests"), &owned).await?;
        Ok((agreement, format!("{}/{name}", self.path("orderrequests"))))
    }

    /// Everybody who might think that they may delete something, each with the rights that they would need.
    async fn deleters(&self, plural: &str) -> Result<Vec<Person>> {
        let delete = |verbs: Value| json!([{"apiGroups": [GROUP], "resources": [plural], "verbs": verbs}]);
        let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
        let named = |who: &str| Person::user(&format!("{who}-{plural}@{}.example", self.namespace), &[]);
        let mut people = vec![Person::user("admin", &["system:masters"])];
        for (who, rules) in [
            (named("clerk"), vec![delete(json!(["delete", "deletecollection"]))]),
            (named("gitops"), vec![everything.clone()]),
            // Who holds all verbs holds `purge` too; that it was granted by name as well changes nothing.
            (named("root"), vec![everything, delete(json!(["purge"]))]),
            (named("all-verbs"), vec![delete(json!(["*"]))]),
            (
                self.account(&format!("tool-{plural}")).await?,
                vec![delete(json!(["delete", "deletecollection"]))],
            ),
            (
                Person::account(testkit::OPERATOR_NAMESPACE, testkit::OPERATOR),
                vec![delete(json!(["delete", "deletecollection"]))],
            ),
        ] {
            for rules in rules {
                self.cluster.allow_everywhere(&who, &rules).await?;
            }
            people.push(who);
        }
        Ok(people)
    }
}
