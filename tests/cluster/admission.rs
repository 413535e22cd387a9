//! The shipped policies and roles on a real API server, tried by the people, tools and administrators that they are about.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use countersign_api::{GROUP, crd};
use serde_json::{Value, json};
use testenv::until;
use testkit::{
    Cluster, DEFINITIONS, PATIENCE,
    people::{Person, SOME_DIGEST, decision_on},
    raw::{Refusal, ask, path, send},
    schema::{with, word},
};

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
        self.cluster.decide(who, &self.namespace, &decision_on(AGREEMENT, "00", who, act)).await
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

// ---- Rule 1: the right verb ----------------------------------------------------------------------------------------

#[tokio::test]
async fn each_role_makes_its_own_decisions_and_no_other() -> Result<()> {
    let stage = Stage::new("roles").await?;
    let mut faults = Vec::new();
    for role in ROLES {
        let who =
            stage.with_role(&format!("{role}@countersign.example"), &format!("countersign-{role}")).await?;
        for (act, spec, roles) in acts() {
            let answer = stage.decide(&who, spec).await?;
            match (roles.contains(&role), answer) {
                (true, Ok(made)) if word(&made, "/spec/decidedBy/username") == who.name => {}
                // Who may not create decisions at all never gets as far as the policy.
                (false, Err(refusal))
                    if refusal.message.contains("cannot create resource \"agreementdecisions\"") => {}
                (false, Err(refusal))
                    if refusal.by_policy("decide") && refusal.message.contains("right verb: ") => {}
                (expected, answer) => {
                    faults.push(format!("{role} {act}: expected {expected}, got {answer:?}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_refusal_names_rule_person_and_what_to_do() -> Result<()> {
    let stage = Stage::new("words").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let refusal = stage.decide(&eva, json!({"action": "Sign"})).await?.err().context("accepted")?;
    let words = "right verb: \"eva.lund@norrland-timber.example\" does not hold the verb \"sign\" on the customeragreement \
                 \"norrland-timber-fibre\", which Sign takes; ask for a role that has it in this namespace";
    assert!(refusal.message.ends_with(words), "{}", refusal.message);
    Ok(())
}

#[tokio::test]
async fn a_grant_for_one_agreement_does_not_reach_another() -> Result<()> {
    let stage = Stage::new("narrow").await?;
    let lea = Person::user("lea@havlink.example", &[]);
    let rules = json!([
        {"apiGroups": [GROUP], "resources": ["customeragreements"], "verbs": ["sign"], "resourceNames": [AGREEMENT]},
        {"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["create"]},
    ]);
    stage.cluster.allow(&stage.namespace, &lea, &rules).await?;
    let own = stage.decide(&lea, json!({"action": "Sign"})).await?;
    assert!(own.is_ok(), "{own:?}");
    let other = decision_on("havlink-fleet", "00", &lea, json!({"action": "Sign"}));
    let refusal = stage.cluster.decide(&lea, &stage.namespace, &other).await?.err().context("accepted")?;
    assert!(refusal.message.contains("right verb: "), "{}", refusal.message);
    Ok(())
}

#[tokio::test]
async fn a_grant_in_one_namespace_does_not_reach_another() -> Result<()> {
    let here = Stage::new("here").await?;
    let there = Stage::new("there").await?;
    let eva = here.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let create = json!([{"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["create"]}]);
    there.cluster.allow(&there.namespace, &eva, &create).await?;
    assert!(here.decide(&eva, sign_nothing()).await?.is_ok());
    let refusal = there.decide(&eva, sign_nothing()).await?.err().context("accepted")?;
    assert!(refusal.message.contains("right verb: "), "{}", refusal.message);
    Ok(())
}

// ---- Rules 2 and 3: no wildcard holder, people only ----------------------------------------------------------------

#[tokio::test]
async fn administrators_and_delivery_tools_decide_nothing_even_when_they_were_granted_the_verb() -> Result<()>
{
    let stage = Stage::new("wildcard").await?;
    let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    let all_verbs = json!([{"apiGroups": [GROUP], "resources": ["customeragreements", "agreementdecisions"], "verbs": ["*"]}]);
    let argo = stage.account("argocd").await?;
    let root = Person::user("root@countersign.example", &[]);
    let ours = Person::user("ours@countersign.example", &[]);
    stage.cluster.allow(&stage.namespace, &argo, &everything).await?;
    stage.cluster.allow(&stage.namespace, &root, &everything).await?;
    stage.cluster.allow(&stage.namespace, &ours, &all_verbs).await?;
    let admin = Person::user("admin", &["system:masters"]);
    let masquerading = Person::user("eva.lund@norrland-timber.example", &["system:masters"]);
    let mut faults = Vec::new();
    for who in [argo, root, ours, admin, masquerading] {
        for role in ["confirmer", "signatory", "approver", "countersignatory", "attester"] {
            stage.cluster.grant(&stage.namespace, &format!("countersign-{role}"), &who).await?;
        }
        for (act, spec, _) in acts() {
            match stage.decide(&who, spec).await? {
                Err(refusal)
                    if refusal.by_policy("decide") && refusal.message.contains("no wildcard holder: ") => {}
                other => faults.push(format!("{} {act}: {other:?}", who.name)),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_service_account_attests_and_decides_nothing_else() -> Result<()> {
    let stage = Stage::new("account").await?;
    let callback = stage.account("esign-callback").await?;
    for role in ["attester", "confirmer", "signatory", "approver", "countersignatory"] {
        stage.cluster.grant(&stage.namespace, &format!("countersign-{role}"), &callback).await?;
    }
    for (act, spec, _) in acts() {
        match (act.starts_with("attested"), stage.decide(&callback, spec).await?) {
            (true, Ok(_)) => {}
            (false, Err(refusal)) if refusal.message.contains("people only: ") => {}
            (_, other) => panic!("{act}: {other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn system_users_decide_nothing() -> Result<()> {
    let stage = Stage::new("system").await?;
    let node = Person::user("system:node:n1", &["system:nodes"]);
    let component = Person::user("system:kube-scheduler", &[]);
    let in_nodes = Person::user("eva.lund@norrland-timber.example", &["system:nodes"]);
    let in_accounts = Person::user("omar@havlink.example", &["system:serviceaccounts"]);
    for who in [node, component, in_nodes, in_accounts] {
        for role in ["confirmer", "attester"] {
            stage.cluster.grant(&stage.namespace, &format!("countersign-{role}"), &who).await?;
        }
        for (act, spec, roles) in acts() {
            if roles.contains(&"confirmer") || roles.contains(&"attester") {
                match stage.decide(&who, spec).await? {
                    Err(refusal) if refusal.message.contains("people only: ") => {}
                    other => panic!("{} {act}: {other:?}", who.name),
                }
            }
        }
    }
    Ok(())
}

// ---- Rule 4: no borrowed name --------------------------------------------------------------------------------------

#[tokio::test]
async fn nobody_decides_in_the_name_of_somebody_else() -> Result<()> {
    let stage = Stage::new("names").await?;
    let eva = Person::user("eva.lund@norrland-timber.example", &["customers", "norrland"]);
    stage.cluster.grant(&stage.namespace, "countersign-confirmer", &eva).await?;
    let decision = decision_on(AGREEMENT, "00", &eva, sign_nothing());
    let as_whom = |by: Value| with(&decision, "/spec/decidedBy", &by);
    // One client for all: each has a certificate, and so a credential, of its own.
    let client = stage.cluster.client(&eva).await?;
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let own = ask(&client, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", &review).await?;
    let credential = word(&own, "/status/userInfo/extra/authentication.kubernetes.io~1credential-id/0");
    ensure!(!credential.is_empty(), "the server gives no credential id: {own}");

    for accepted in [
        json!({"username": eva.name}),
        json!({"username": eva.name, "groups": ["norrland"]}),
        json!({"username": eva.name, "groups": ["customers", "norrland", "system:authenticated"]}),
        json!({"username": eva.name, "credentialID": credential}),
    ] {
        let answer =
            send(&client, "POST", &stage.path("agreementdecisions"), &as_whom(accepted.clone())).await;
        assert!(answer.is_ok(), "{accepted}: {answer:?}");
    }
    for (refused, says) in [
        (
            json!({"username": "omar@havlink.example"}),
            "`spec.decidedBy.username` must be \"eva.lund@norrland-timber.example\", who makes the request, and is \"omar@havlink.example\"",
        ),
        (json!({"username": "Eva.Lund@norrland-timber.example"}), "`spec.decidedBy.username` must be "),
        (
            json!({"username": eva.name, "groups": ["customers", "deal-desk"]}),
            "who is not in \"deal-desk\"; leave them out",
        ),
        (json!({"username": eva.name, "groups": ["system:masters"]}), "who is not in \"system:masters\""),
        (json!({"username": eva.name, "uid": "4711"}), "`spec.decidedBy.uid` must be the uid of "),
        (
            json!({"username": eva.name, "credentialID": "X509SHA256=00"}),
            "`spec.decidedBy.credentialID` must be ",
        ),
    ] {
        let answer =
            send(&client, "POST", &stage.path("agreementdecisions"), &as_whom(refused.clone())).await;
        let refusal = answer.err().with_context(|| format!("accepted {refused}"))?;
        assert!(refusal.by_policy("decide"), "{refused}: {}", refusal.message);
        assert!(refusal.message.contains("no borrowed name: "), "{refused}: {}", refusal.message);
        assert!(refusal.message.contains(says), "{refused}: {}", refusal.message);
    }
    Ok(())
}

// ---- Rule 5: append-only -------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_decision_is_not_born_with_an_owner_or_a_finalizer() -> Result<()> {
    let stage = Stage::new("born").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let decision = decision_on(AGREEMENT, "00", &eva, sign_nothing());
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00"}]);
    for (field, value) in [("ownerReferences", owner), ("finalizers", json!(["example.dev/hold"]))] {
        let owned = with(&decision, &format!("/metadata/{field}"), &value);
        let refusal =
            stage.cluster.decide(&eva, &stage.namespace, &owned).await?.err().context("accepted")?;
        assert!(refusal.message.contains("append-only: "), "{field}: {}", refusal.message);
    }
    Ok(())
}

#[tokio::test]
async fn not_even_an_administrator_changes_or_deletes_a_decision() -> Result<()> {
    let stage = Stage::new("kept").await?;
    let (made, path) = stage.decided().await?;
    let admin = stage.cluster.admin()?;
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00"}]);
    for change in [
        json!({"metadata": {"labels": {"seen": "yes"}}}),
        json!({"metadata": {"annotations": {"seen": "yes"}}}),
        json!({"metadata": {"ownerReferences": owner}}),
        json!({"metadata": {"finalizers": ["example.dev/hold"]}}),
    ] {
        let refusal = send(&admin, "PATCH", &path, &change).await.err().context("accepted")?;
        assert!(refusal.by_policy("append-only"), "{change}: {}", refusal.message);
    }
    // The definition itself says no before the policy is asked.
    let edited = with(&made, "/spec/reason", &json!("other words"));
    let refusal = send(&admin, "PUT", &path, &edited).await.err().context("accepted")?;
    assert!(refusal.message.contains("`spec` may not be changed"), "{}", refusal.message);

    let collection = stage.path("agreementdecisions");
    for target in [path.as_str(), collection.as_str()] {
        let refusal = send(&admin, "DELETE", target, &Value::Null).await.err().context("accepted")?;
        assert!(refusal.by_policy("append-only"), "{target}: {}", refusal.message);
    }
    let now = ask(&admin, "GET", &path, &Value::Null).await?;
    assert_eq!(now, made);
    Ok(())
}

/// Server time is the only time that the operator trusts.
#[tokio::test]
async fn nobody_dates_a_decision_back() -> Result<()> {
    let stage = Stage::new("dated").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let decision = decision_on(AGREEMENT, "00", &eva, sign_nothing());
    let old = "2020-01-01T00:00:00Z";
    let dated = with(&decision, "/metadata/creationTimestamp", &json!(old));
    let dated = with(&dated, "/metadata/uid", &json!("00000000-0000-0000-0000-000000000000"));
    let made = stage.cluster.decide(&eva, &stage.namespace, &dated).await?.map_err(Refusal::into_error)?;
    assert_ne!(word(&made, "/metadata/creationTimestamp"), old);
    assert!(!word(&made, "/metadata/uid").starts_with("00000000"));
    let path = format!("{}/{}", stage.path("agreementdecisions"), word(&made, "/metadata/name"));
    let change = json!({"metadata": {"creationTimestamp": old}});
    let answer = send(&stage.cluster.admin()?, "PATCH", &path, &change).await;
    let now = ask(&stage.cluster.admin()?, "GET", &path, &Value::Null).await?;
    assert_eq!(
        word(&now, "/metadata/creationTimestamp"),
        word(&made, "/metadata/creationTimestamp"),
        "{answer:?}"
    );
    Ok(())
}

/// Server-side apply of what does not exist creates it, with PATCH: the policies must not only look at POST.
#[tokio::test]
async fn applying_a_decision_is_making_it() -> Result<()> {
    let stage = Stage::new("applied").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let patch = json!([{"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["patch"]}]);
    stage.cluster.allow(&stage.namespace, &eva, &patch).await?;
    let apply = async |who: &Person, name: &str, act: Value| -> Result<Option<Refusal>> {
        let decision = with(&decision_on(AGREEMENT, "00", who, act), "/metadata", &json!({"name": name}));
        let target = format!("{}/{name}?fieldManager=x", stage.path("agreementdecisions"));
        let request = http::Request::patch(target).header("content-type", "application/apply-patch+yaml");
        let request = request.body(decision.to_string().into_bytes())?;
        let answer: Result<Value, kube::Error> = stage.cluster.client(who).await?.request(request).await;
        Ok(answer.err().map(Refusal::from))
    };
    assert_eq!(apply(&eva, "own", sign_nothing()).await?, None);
    let refusal = apply(&eva, "not-own", json!({"action": "Sign"})).await?.context("accepted")?;
    assert!(refusal.message.contains("right verb: "), "{}", refusal.message);
    let admin = Person::user("admin", &["system:masters"]);
    let refusal = apply(&admin, "admins", sign_nothing()).await?.context("accepted")?;
    assert!(refusal.message.contains("no wildcard holder: "), "{}", refusal.message);
    Ok(())
}

#[tokio::test]
async fn writing_a_decision_as_it_is_stays_possible() -> Result<()> {
    let stage = Stage::new("same").await?;
    let (made, path) = stage.decided().await?;
    // A storage migration does this.
    ask(&stage.cluster.admin()?, "PUT", &path, &made).await.map(drop)
}

#[tokio::test]
async fn only_the_explicit_verb_purge_deletes() -> Result<()> {
    let stage = Stage::new("purge").await?;
    let (_, path) = stage.decided().await?;
    let (_, other) = stage.decided().await?;
    let clerk = Person::user("clerk@countersign.example", &[]);
    let records = Person::user("records@countersign.example", &[]);
    let delete = json!({"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["delete"]});
    let purge = json!({"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["purge"]});
    stage.cluster.allow(&stage.namespace, &clerk, &json!([delete])).await?;
    stage.cluster.allow(&stage.namespace, &records, &json!([delete, purge])).await?;
    let refusal = send(&stage.cluster.client(&clerk).await?, "DELETE", &path, &Value::Null).await.err();
    let refusal = refusal.context("accepted")?;
    assert!(refusal.by_policy("append-only"), "{}", refusal.message);
    let records = stage.cluster.client(&records).await?;
    ask(&records, "DELETE", &path, &Value::Null).await?;
    // The garbage collector has to take off the finalizer that this leaves, and the policy has to let it.
    let foreground = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"});
    ask(&records, "DELETE", &other, &foreground).await?;
    // Its discovery of new kinds takes half a minute.
    let patience = PATIENCE * 3;
    gone(stage.cluster, &other, patience).await
}

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

#[tokio::test]
async fn a_namespace_with_decisions_and_order_requests_can_be_deleted() -> Result<()> {
    let stage = Stage::new("deleted").await?;
    let operator = stage.operator().await?;
    stage.decided().await?;
    stage.issued(&operator).await?;
    stage.cluster.example(&stage.namespace, "fibre").await?;
    let path = format!("/api/v1/namespaces/{}", stage.namespace);
    ask(&stage.cluster.admin()?, "DELETE", &path, &Value::Null).await?;
    gone(stage.cluster, &path, PATIENCE * 2).await
}

// ---- Rule 6: only the operator writes outcomes ---------------------------------------------------------------------

#[tokio::test]
async fn only_the_operator_writes_the_status_of_an_agreement() -> Result<()> {
    let stage = Stage::new("status").await?;
    let operator = stage.operator().await?;
    let name = stage.cluster.example(&stage.namespace, "fibre").await?;
    let path = format!("{}/{name}/status", stage.path("customeragreements"));
    let status = json!({"status": {"phase": "Agreed"}});
    let author = stage.with_role("s.patel", "countersign-author").await?;
    let imposter = stage.account("countersign").await?;
    for who in [&author, &imposter] {
        stage.cluster.allow(&stage.namespace, who, &outcome_rules()).await?;
    }
    for who in [author, imposter, Person::user("admin", &["system:masters"])] {
        let client = stage.cluster.client(&who).await?;
        let now = ask(&client, "GET", &path, &Value::Null).await?;
        for (method, body) in
            [("PATCH", status.clone()), ("PUT", with(&now, "/status", &json!({"phase": "Agreed"})))]
        {
            let refusal = send(&client, method, &path, &body).await.err().context("accepted")?;
            assert!(refusal.by_policy("outcome"), "{} {method}: {}", who.name, refusal.message);
            let words =
                format!("only the operator writes outcomes: \"{}\" may not write the status", who.name);
            assert!(refusal.message.contains(&words), "{}", refusal.message);
        }
    }
    let written = ask(&operator, "PATCH", &path, &status).await?;
    assert_eq!(word(&written, "/status/phase"), "Agreed");
    Ok(())
}

#[tokio::test]
async fn a_status_that_comes_with_the_spec_is_dropped() -> Result<()> {
    let stage = Stage::new("dropped").await?;
    let mut object = testkit::documents("examples/fibre/agreement.yaml")?.swap_remove(0);
    object = with(&object, "/status", &json!({"phase": "Agreed"}));
    let made = ask(&stage.cluster.admin()?, "POST", &stage.path("customeragreements"), &object).await?;
    assert_eq!(made.get("status"), None);
    Ok(())
}

#[tokio::test]
async fn only_the_operator_makes_order_requests() -> Result<()> {
    let stage = Stage::new("issue").await?;
    let operator = stage.operator().await?;
    let consumer = stage.account("orders").await?;
    stage.cluster.grant(&stage.namespace, "countersign-order-consumer", &consumer).await?;
    stage.cluster.allow(&stage.namespace, &consumer, &outcome_rules()).await?;
    for who in [consumer, Person::user("admin", &["system:masters"])] {
        let client = stage.cluster.client(&who).await?;
        let refusal = send(&client, "POST", &stage.path("orderrequests"), &order_request()?).await.err();
        let refusal = refusal.context("accepted")?;
        assert!(refusal.by_policy("outcome"), "{}: {}", who.name, refusal.message);
        assert!(refusal.message.contains("may not create order requests"), "{}", refusal.message);
        // Applying what does not exist creates it.
        let target = format!("{}/applied?fieldManager=x", stage.path("orderrequests"));
        let request = http::Request::patch(target).header("content-type", "application/apply-patch+yaml");
        let applied = with(&order_request()?, "/metadata/name", &json!("applied"));
        let answer: Result<Value, kube::Error> =
            client.request(request.body(applied.to_string().into_bytes())?).await;
        let refusal = Refusal::from(answer.err().context("accepted")?);
        assert!(refusal.by_policy("outcome"), "{}: {}", who.name, refusal.message);
    }
    stage.issued(&operator).await.map(drop)
}

#[tokio::test]
async fn a_consumer_reports_and_holds_but_neither_takes_over_nor_deletes() -> Result<()> {
    let stage = Stage::new("consume").await?;
    let operator = stage.operator().await?;
    let (made, path) = stage.issued(&operator).await?;
    let consumer = stage.account("orders").await?;
    stage.cluster.grant(&stage.namespace, "countersign-order-consumer", &consumer).await?;
    let client = stage.cluster.client(&consumer).await?;

    let claim = json!({
        "metadata": {"resourceVersion": word(&made, "/metadata/resourceVersion")},
        "status": {"acknowledgedBy": "orders"},
    });
    let status = format!("{path}/status");
    let claimed = ask(&client, "PATCH", &status, &claim).await?;
    assert_eq!(word(&claimed, "/status/acknowledgedBy"), "orders");
    let again = send(&client, "PATCH", &status, &claim).await.err().context("a second claim was accepted")?;
    assert_eq!(again.code, 409, "{}", again.message);
    let held =
        ask(&client, "PATCH", &path, &json!({"metadata": {"finalizers": ["orders.example/hold"]}})).await?;
    assert_eq!(word(&held, "/metadata/finalizers/0"), "orders.example/hold");
    ask(&client, "PATCH", &path, &json!({"metadata": {"labels": {"team": "north"}}})).await?;

    let refusal =
        send(&client, "PATCH", &path, &json!({"spec": {"priority": 0}})).await.err().context("accepted")?;
    assert!(refusal.message.contains("`spec` may not be changed"), "{}", refusal.message);
    let refusal = send(&client, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
    assert_eq!(refusal.code, 403, "{}", refusal.message);
    // Whether RBAC allows it or not, and whoever it is.
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00"}]);
    let take_over = json!({"metadata": {"ownerReferences": owner}});
    for client in [&client, &operator, &stage.cluster.admin()?] {
        let refusal = send(client, "PATCH", &path, &take_over).await.err().context("accepted")?;
        assert!(refusal.by_policy("order-requests"), "{}", refusal.message);
    }
    let collection = stage.path("orderrequests");
    for client in [&operator, &stage.cluster.admin()?] {
        for target in [path.as_str(), collection.as_str()] {
            let refusal = send(client, "DELETE", target, &Value::Null).await.err().context("accepted")?;
            assert!(refusal.by_policy("order-requests"), "{target}: {}", refusal.message);
        }
    }
    let records = Person::user("records@countersign.example", &[]);
    let rules = json!([{"apiGroups": [GROUP], "resources": ["orderrequests"], "verbs": ["purge", "delete"]}]);
    stage.cluster.allow(&stage.namespace, &records, &rules).await?;
    ask(&client, "PATCH", &path, &json!({"metadata": {"finalizers": null}})).await?;
    ask(&stage.cluster.client(&records).await?, "DELETE", &path, &Value::Null).await.map(drop)
}

/// An agreement owns its order requests; however it is deleted, the collector has to be able to do its part.
#[tokio::test]
async fn order_requests_do_not_make_the_deletion_of_their_agreement_hang() -> Result<()> {
    let stage = Stage::new("collected").await?;
    let operator = stage.operator().await?;
    let admin = stage.cluster.admin()?;
    for policy in ["Orphan", "Background", "Foreground"] {
        let name = stage.cluster.example(&stage.namespace, "fibre").await?;
        let agreement = format!("{}/{name}", stage.path("customeragreements"));
        let uid = ask(&admin, "GET", &agreement, &Value::Null).await?;
        let owner = json!([{
            "apiVersion": format!("{GROUP}/v1alpha1"), "kind": "CustomerAgreement", "name": name,
            "uid": word(&uid, "/metadata/uid"), "controller": true,
        }]);
        let owned = with(&order_request()?, "/metadata/ownerReferences", &owner);
        let owned = with(&owned, "/metadata/name", &json!(policy.to_lowercase()));
        ask(&operator, "POST", &stage.path("orderrequests"), &owned).await?;
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
        ask(&admin, "DELETE", &agreement, &options).await?;
        gone(stage.cluster, &agreement, PATIENCE * 3).await?;
        let order = format!("{}/{}", stage.path("orderrequests"), policy.to_lowercase());
        // Where the collector had not heard of the order request before its owner went, it collects it instead.
        until(format_args!("{order} had lost its owner, or was gone"), PATIENCE * 3, || async {
            match send(&admin, "GET", &order, &Value::Null).await {
                Err(refusal) if refusal.code == 404 => Ok(Some(())),
                Ok(kept) if kept.pointer("/metadata/ownerReferences").is_none() => Ok(Some(())),
                other => anyhow::bail!("{other:?}"),
            }
        })
        .await?;
    }
    Ok(())
}

// ---- Rule 7: what people decided on is kept ------------------------------------------------------------------------

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

/// However it is asked for, and each in words that say what to do instead.
async fn refused_to_delete(stage: &Stage, who: &Person, path: &str, says: &[&str]) -> Result<()> {
    let client = stage.cluster.client(who).await?;
    let collection = path.rsplit_once('/').context("a path")?.0;
    let options =
        |policy: &str| json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
    for (target, options) in [
        (path, Value::Null),
        (path, options("Background")),
        (path, options("Foreground")),
        (path, options("Orphan")),
        (collection, Value::Null),
    ] {
        let refusal = send(&client, "DELETE", target, &options).await.err();
        let refusal = refusal.with_context(|| format!("{} deleted {target} with {options}", who.name))?;
        ensure!(
            refusal.code == 403 && refusal.by_policy("kept"),
            "{} {target}: {}",
            who.name,
            refusal.message
        );
        for says in says {
            ensure!(refusal.message.contains(says), "{says:?} is missing in {}", refusal.message);
        }
    }
    let now = ask(&stage.cluster.admin()?, "GET", path, &Value::Null).await?;
    ensure!(now.pointer("/metadata/deletionTimestamp").is_none(), "{} began it", who.name);
    Ok(())
}

#[tokio::test]
async fn nobody_deletes_an_agreement_on_which_people_decided() -> Result<()> {
    let stage = Stage::new("decided").await?;
    let operator = stage.operator().await?;
    let path = stage.counted(&operator, "decided").await?;
    for who in stage.deleters("customeragreements").await? {
        let words = format!("kept: \"{}\" may not delete \"decided\", on which people decided; ", who.name);
        let instead = "withdraw it, or amend it. After the retention period, an identity with the explicit verb \"purge\" \
                       on customeragreements may";
        refused_to_delete(&stage, &who, &path, &[&words, instead]).await?;
    }
    let author = stage.with_role("s.patel", "countersign-author").await?;
    let author = stage.cluster.client(&author).await?;
    let refusal = send(&author, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
    assert!(refusal.by_policy("kept"), "{}", refusal.message);
    Ok(())
}

#[tokio::test]
async fn an_agreement_on_which_nothing_was_decided_yet_just_goes() -> Result<()> {
    let stage = Stage::new("undecided").await?;
    let operator = stage.operator().await?;
    let author = stage.with_role("s.patel", "countersign-author").await?;
    let client = stage.cluster.client(&author).await?;
    let fresh = stage.written("fresh").await?;
    ask(&client, "DELETE", &fresh, &Value::Null).await?;
    let asked = stage.written("asked").await?;
    let status = json!({"status": {"phase": "AwaitingConfirmation"}});
    ask(&operator, "PATCH", &format!("{asked}/status"), &status).await?;
    ask(&client, "DELETE", &asked, &Value::Null).await?;

    // Of a collection, what was decided stays and the rest goes.
    let kept = stage.counted(&operator, "a-kept").await?;
    let goes = stage.written("b-goes").await?;
    let all = stage.path("customeragreements");
    let admin = stage.cluster.admin()?;
    let refusal = send(&admin, "DELETE", &all, &Value::Null).await.err().context("accepted")?;
    assert!(refusal.by_policy("kept"), "{}", refusal.message);
    ask(&admin, "GET", &kept, &Value::Null).await?;
    for gone_by_now in [fresh, asked] {
        gone(stage.cluster, &gone_by_now, PATIENCE).await?;
    }
    ask(&client, "DELETE", &goes, &Value::Null).await.or_else(|error| {
        // The collection may have come as far as this one.
        if format!("{error:#}").contains("404") { Ok(Value::Null) } else { Err(error) }
    })?;
    Ok(())
}

#[tokio::test]
async fn only_purge_by_name_deletes_what_people_decided_on() -> Result<()> {
    let stage = Stage::new("purged").await?;
    let operator = stage.operator().await?;
    let (one, _) = stage.agreed(&operator, "one").await?;
    let (two, _) = stage.agreed(&operator, "two").await?;
    let delete = json!({"apiGroups": [GROUP], "resources": ["customeragreements"], "verbs": ["delete"]});
    let purge = |what: Value| json!({"apiGroups": [GROUP], "verbs": ["purge"], "resources": [what]});
    let narrow = with(&purge(json!("customeragreements")), "/resourceNames", &json!(["one"]));
    let records = Person::user("records@countersign.example", &[]);
    let archive = Person::user("archive@countersign.example", &[]);
    stage.cluster.allow(&stage.namespace, &records, &json!([delete, narrow])).await?;
    // Purging one kind is not purging another.
    let others =
        [purge(json!("agreementdecisions")), purge(json!("orderrequests")), purge(json!("standardterms"))];
    stage
        .cluster
        .allow(&stage.namespace, &archive, &json!([delete, others[0], others[1], others[2]]))
        .await?;
    let (records, archive) = (stage.cluster.client(&records).await?, stage.cluster.client(&archive).await?);
    for (client, path) in [(&archive, &one), (&archive, &two), (&records, &two)] {
        let refusal = send(client, "DELETE", path, &Value::Null).await.err().context("accepted")?;
        assert!(refusal.by_policy("kept"), "{path}: {}", refusal.message);
    }
    ask(&records, "DELETE", &one, &Value::Null).await?;
    gone(stage.cluster, &one, PATIENCE).await
}

/// However a purge asks for it, the collector has to be able to do its part.
#[tokio::test]
async fn the_purge_of_an_agreement_with_order_requests_does_not_hang() -> Result<()> {
    let stage = Stage::new("swept").await?;
    let operator = stage.operator().await?;
    let records = Person::user("records@countersign.example", &[]);
    let rules =
        json!([{"apiGroups": [GROUP], "resources": ["customeragreements"], "verbs": ["delete", "purge"]}]);
    stage.cluster.allow(&stage.namespace, &records, &rules).await?;
    let records = stage.cluster.client(&records).await?;
    for policy in ["Orphan", "Background", "Foreground"] {
        let (agreement, _) = stage.agreed(&operator, &policy.to_lowercase()).await?;
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
        ask(&records, "DELETE", &agreement, &options).await?;
        gone(stage.cluster, &agreement, PATIENCE * 3).await.with_context(|| policy.to_owned())?;
    }
    Ok(())
}

#[tokio::test]
async fn nobody_deletes_the_rules_that_agreements_run_by() -> Result<()> {
    let stage = Stage::new("rules").await?;
    let admin = stage.cluster.admin()?;
    for (plural, file) in [
        ("standardterms", "testkit/complete/standardterms.yaml"),
        ("delegationpolicies", "testkit/complete/delegationpolicies.yaml"),
    ] {
        let document = testkit::documents(file)?.swap_remove(0);
        for name in ["kept", "purged"] {
            let named = with(&document, "/metadata", &json!({"name": name}));
            ask(&admin, "POST", &path(plural, ""), &named).await?;
        }
        let (kept, purged) = (format!("{}/kept", path(plural, "")), format!("{}/purged", path(plural, "")));
        let mut people = stage.deleters(plural).await?;
        let keeper = Person::user(&format!("keeper@{plural}.example"), &[]);
        stage.cluster.grant_everywhere("countersign-policy-admin", &keeper).await?;
        let delete =
            json!([{"apiGroups": [GROUP], "resources": [plural], "verbs": ["delete", "deletecollection"]}]);
        stage.cluster.allow_everywhere(&keeper, &delete).await?;
        people.push(keeper.clone());
        // A right in a namespace says nothing about what lives in none.
        let purge = json!([{"apiGroups": [GROUP], "resources": [plural], "verbs": ["purge"]}]);
        stage.cluster.allow(&stage.namespace, &keeper, &purge).await?;
        for who in people {
            let words = format!("kept: \"{}\" may not delete \"", who.name);
            let instead = format!(
                "by whose rules agreements run; retire it with `spec.lifecycleState: Retired`. After the retention \
                 period, an identity with the explicit verb \"purge\" on {plural} may"
            );
            refused_to_delete(&stage, &who, &kept, &[&words, &instead]).await?;
        }
        let keeper_client = stage.cluster.client(&keeper).await?;
        ask(&keeper_client, "PATCH", &kept, &json!({"spec": {"lifecycleState": "Retired"}})).await?;

        let narrow = with(&purge, "/0/resourceNames", &json!(["purged"]));
        stage.cluster.allow_everywhere(&keeper, &narrow).await?;
        let refusal = send(&keeper_client, "DELETE", &kept, &Value::Null).await.err().context("accepted")?;
        assert!(refusal.by_policy("kept"), "{}", refusal.message);
        ask(&keeper_client, "DELETE", &purged, &Value::Null).await?;
        gone(stage.cluster, &purged, PATIENCE).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_namespace_in_which_people_decided_goes_as_a_whole() -> Result<()> {
    let stage = Stage::new("whole").await?;
    let operator = stage.operator().await?;
    stage.decided().await?;
    stage.agreed(&operator, "agreed").await?;
    stage.counted(&operator, "decided").await?;
    let path = format!("/api/v1/namespaces/{}", stage.namespace);
    ask(&stage.cluster.admin()?, "DELETE", &path, &Value::Null).await?;
    gone(stage.cluster, &path, PATIENCE * 2).await
}

#[tokio::test]
async fn a_protected_namespace_goes_only_when_that_is_meant() -> Result<()> {
    let stage = Stage::new("protected").await?;
    let admin = stage.cluster.admin()?;
    let path = format!("/api/v1/namespaces/{}", stage.namespace);
    let root = Person::user("root@protected.example", &[]);
    let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    stage.cluster.allow_everywhere(&root, &everything).await?;
    // The label says it, whatever its value is.
    let label = |value: &str| json!({"metadata": {"labels": {"countersign.dev/protected": value}}});
    for value in ["true", "false", ""] {
        ask(&admin, "PATCH", &path, &label(value)).await?;
        for client in [&admin, &stage.cluster.client(&root).await?] {
            let refusal = send(client, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
            assert!(refusal.by_policy("protected-namespaces"), "{value:?}: {}", refusal.message);
            let words = format!(
                "may not delete \"{}\", whose label countersign.dev/protected keeps the decisions in it; annotate it with \
                 countersign.dev/confirm-deletion first if that is meant",
                stage.namespace
            );
            assert!(refusal.message.contains(&words), "{}", refusal.message);
        }
    }
    let other = json!({"metadata": {"annotations": {"countersign.dev/other": "yes"}}});
    ask(&admin, "PATCH", &path, &other).await?;
    let refusal = send(&admin, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
    assert!(refusal.by_policy("protected-namespaces"), "{}", refusal.message);
    let meant = json!({"metadata": {"annotations": {"countersign.dev/confirm-deletion": "yes"}}});
    ask(&admin, "PATCH", &path, &meant).await?;
    ask(&admin, "DELETE", &path, &Value::Null).await?;
    gone(stage.cluster, &path, PATIENCE * 2).await
}

// ---- The audit log -------------------------------------------------------------------------------------------------

#[tokio::test]
async fn the_audit_log_says_who_decided_what_and_for_whom_they_posed() -> Result<()> {
    let stage = Stage::new("audit").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let plane = &stage.cluster.plane;
    let mark = plane.audit_mark()?;
    stage.decide(&eva, sign_nothing()).await?.map_err(Refusal::into_error)?;
    // Who may impersonate decides as another: no policy can see it, so the audit log has to.
    let decision = decision_on(AGREEMENT, "00", &eva, sign_nothing());
    let posing = http::Request::post(stage.path("agreementdecisions"))
        .header("content-type", "application/json")
        .header("impersonate-user", &eva.name)
        .body(decision.to_string().into_bytes())?;
    stage.cluster.admin()?.request::<Value>(posing).await?;
    // And what was refused is told apart from what was not.
    let refused = stage.decide(&eva, json!({"action": "Sign"})).await?;
    assert!(refused.is_err(), "{refused:?}");

    let events = until("the audit log had all three", PATIENCE, || async {
        let mut events = plane.audit_since(mark)?;
        events.retain(|event| {
            let about = event.object_ref.as_ref();
            event.verb == "create"
                && about.is_some_and(|about| about.namespace.as_deref() == Some(stage.namespace.as_str()))
                && about.is_some_and(|about| about.resource.as_deref() == Some("agreementdecisions"))
        });
        Ok((events.len() == 3).then_some(events))
    })
    .await?;
    let words = format!("Withdraw {}/{AGREEMENT} uid=00 revision=1 {SOME_DIGEST}", stage.namespace);
    let noted = |index: usize| -> Result<Option<String>> {
        let event = events.get(index).context("no such event")?;
        let mut annotations = event.annotations.iter();
        let decision = annotations
            .find(|(key, _)| key.starts_with("decide-") && key.ends_with(&format!(".{GROUP}/decision")));
        Ok(decision.map(|(_, words)| words.clone()))
    };
    assert_eq!(noted(0)?.as_deref(), Some(words.as_str()));
    assert_eq!(noted(1)?.as_deref(), Some(words.as_str()));
    let impersonated = events.get(1).context("no such event")?;
    assert_eq!(impersonated.user.username, "admin");
    assert_eq!(impersonated.impersonated_user.as_ref().map(|user| &user.username), Some(&eva.name));
    let refused = events.get(2).context("no such event")?;
    assert_eq!(refused.response_status.as_ref().map(|status| status.code), Some(403));
    let failures = refused.annotations.get("validation.policy.admission.k8s.io/validation_failure");
    assert!(failures.is_some_and(|words| words.contains("right verb: ")), "{:?}", refused.annotations);
    Ok(())
}

// ---- The definitions -----------------------------------------------------------------------------------------------

#[tokio::test]
async fn no_definition_is_deleted_by_accident() -> Result<()> {
    let stage = Stage::new("definitions").await?;
    let admin = stage.cluster.admin()?;
    for definition in crd::all() {
        let path = format!("{DEFINITIONS}/{}?dryRun=All", word(&definition, "/metadata/name"));
        let refusal = send(&admin, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
        assert!(refusal.by_policy("definitions"), "{path}: {}", refusal.message);
    }
    // The deletion of a collection names no object, and must be refused all the same.
    let all = format!("{DEFINITIONS}?dryRun=All");
    let refusal = send(&admin, "DELETE", &all, &Value::Null).await.err().context("accepted")?;
    assert!(refusal.by_policy("definitions"), "{}", refusal.message);

    let one = format!("{DEFINITIONS}/standardterms.{GROUP}");
    let annotate =
        |value: Value| json!({"metadata": {"annotations": {"countersign.dev/confirm-deletion": value}}});
    ask(&admin, "PATCH", &one, &annotate(json!("yes"))).await?;
    let answer = send(&admin, "DELETE", &format!("{one}?dryRun=All"), &Value::Null).await;
    ask(&admin, "PATCH", &one, &annotate(Value::Null)).await?;
    assert!(answer.is_ok(), "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn definitions_of_others_are_none_of_our_business() -> Result<()> {
    let stage = Stage::new("others").await?;
    let admin = stage.cluster.admin()?;
    let other = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.dev"},
        "spec": {
            "group": "example.dev", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    });
    ask(&admin, "POST", DEFINITIONS, &other).await?;
    ask(&admin, "DELETE", &format!("{DEFINITIONS}/things.example.dev"), &Value::Null).await.map(drop)
}

// ---- What nobody has to type ---------------------------------------------------------------------------------------

#[tokio::test]
async fn the_optional_stamp_fills_in_who_decides_and_replaces_no_name() -> Result<()> {
    let stage = Stage::new("stamp").await?;
    let eva = Person::user("eva.lund@norrland-timber.example", &["customers", "norrland"]);
    stage.cluster.grant(&stage.namespace, "countersign-confirmer", &eva).await?;
    let unnamed = with(&decision_on(AGREEMENT, "00", &eva, sign_nothing()), "/spec/decidedBy", &Value::Null);
    let without = stage.cluster.decide(&eva, &stage.namespace, &unnamed).await?.err().context("accepted")?;
    assert!(without.message.contains("spec.decidedBy: Required value"), "{}", without.message);

    let admin = stage.cluster.admin()?;
    for yaml in testkit::shipped("deploy/admission/optional")? {
        stage.cluster.plane.apply_yaml(&admin, &yaml).await?;
    }
    let made = until("the stamp was in force", PATIENCE, || async {
        let answer = stage.cluster.decide(&eva, &stage.namespace, &unnamed).await?;
        Ok(Some(answer.map_err(Refusal::into_error)?))
    })
    .await?;
    assert_eq!(word(&made, "/spec/decidedBy/username"), eva.name);
    assert_eq!(made.pointer("/spec/decidedBy/groups"), Some(&json!(["customers", "norrland"])));
    assert!(word(&made, "/spec/decidedBy/credentialID").starts_with("X509SHA256="), "{made}");

    let borrowed = with(&unnamed, "/spec/decidedBy", &json!({"username": "omar@havlink.example"}));
    let refusal = stage.cluster.decide(&eva, &stage.namespace, &borrowed).await?.err().context("accepted")?;
    assert!(refusal.message.contains("no borrowed name: "), "{}", refusal.message);

    let many: Vec<String> = (0..70).map(|number| format!("group-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let omar = Person::user("omar@havlink.example", &many);
    stage.cluster.grant(&stage.namespace, "countersign-confirmer", &omar).await?;
    let made = stage.cluster.decide(&omar, &stage.namespace, &unnamed).await?.map_err(Refusal::into_error)?;
    assert_eq!(made.pointer("/spec/decidedBy/groups"), None, "more groups than the definition takes");
    Ok(())
}

// ---- Roles ---------------------------------------------------------------------------------------------------------

/// The verbs of Kubernetes that our roles use, and our own.
const VERBS: [&str; 13] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "confirm",
    "sign",
    "approve",
    "countersign",
    "withdraw",
    "attest",
];

#[test]
fn no_role_has_a_wildcard_or_reaches_people_who_were_not_asked() -> Result<()> {
    let roles = testkit::documents("deploy/rbac/roles.yaml")?;
    let names: BTreeSet<String> = roles.iter().map(|role| word(role, "/metadata/name").to_owned()).collect();
    assert_eq!(names, ROLES.iter().map(|role| format!("countersign-{role}")).collect());
    let ours: BTreeSet<String> =
        crd::all().iter().map(|definition| word(definition, "/spec/names/plural").to_owned()).collect();
    for role in &roles {
        let name = word(role, "/metadata/name");
        assert_eq!(role.get("aggregationRule"), None, "{name}");
        let labels = role.pointer("/metadata/labels").map(Value::to_string).unwrap_or_default();
        assert!(!labels.contains("aggregate-to"), "{name}: {labels}");
        assert!(!word(role, "/metadata/annotations/kubernetes.io~1description").is_empty(), "{name}");
        for rule in role.pointer("/rules").and_then(Value::as_array).context("no rules")? {
            let words = |pointer: &str| -> Vec<String> {
                let list = rule.pointer(pointer).and_then(Value::as_array);
                list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            for verb in words("/verbs") {
                assert!(VERBS.contains(&verb.as_str()), "{name}: {verb}");
            }
            let resources = words("/resources");
            let all = words("/apiGroups").into_iter().chain(resources.clone());
            assert!(all.into_iter().all(|word| !word.contains('*')), "{name}: {rule}");
            assert!(!resources.iter().any(|r| r == "customeragreements/status"), "{name} writes outcomes");
            if words("/apiGroups") == [GROUP] {
                let plurals = resources.iter().map(|r| r.split('/').next().unwrap_or_default());
                assert!(plurals.into_iter().all(|plural| ours.contains(plural)), "{name}: {rule}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn customers_decide_without_seeing_what_the_provider_keeps_to_itself() -> Result<()> {
    let stage = Stage::new("reading").await?;
    for (role, reads) in [
        ("confirmer", &[][..]),
        ("signatory", &[]),
        ("attester", &["customeragreements"]),
        ("approver", &["customeragreements", "agreementdecisions"]),
        ("countersignatory", &["customeragreements", "agreementdecisions"]),
        ("author", &["customeragreements", "agreementdecisions", "orderrequests"]),
        ("reader", &["customeragreements", "agreementdecisions", "orderrequests"]),
        ("auditor", &["customeragreements", "agreementdecisions", "orderrequests"]),
        ("order-consumer", &["orderrequests"]),
        ("policy-admin", &[]),
    ] {
        let who = stage.with_role(&format!("{role}@reading.example"), &format!("countersign-{role}")).await?;
        let client = stage.cluster.client(&who).await?;
        for plural in ["customeragreements", "agreementdecisions", "orderrequests"] {
            let answer = send(&client, "GET", &stage.path(plural), &Value::Null).await;
            assert_eq!(answer.is_ok(), reads.contains(&plural), "{role} {plural}: {answer:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_roles_that_kubernetes_ships_decide_nothing() -> Result<()> {
    let stage = Stage::new("builtin").await?;
    let mut faults = Vec::new();
    for role in ["view", "edit", "admin"] {
        let who = stage.with_role(&format!("{role}@builtin.example"), role).await?;
        for (act, spec, _) in acts() {
            match stage.decide(&who, spec).await? {
                Err(refusal) if refusal.code == 403 => {}
                other => faults.push(format!("{role} {act}: {other:?}")),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}
