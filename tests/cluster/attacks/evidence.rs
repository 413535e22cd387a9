//! Changing or removing what people decided, and what followed from it.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use testenv::until;

use super::{account, gitops, may, running};
use testkit::people::{Person, eva, jonas};
use testkit::raw::{self, Refusal};
use testkit::schema::{with, word};
use testkit::stage::Stage;
use testkit::{DEFINITIONS, OPERATOR, OPERATOR_NAMESPACE, PATIENCE};

const WRITE: [&str; 7] = ["get", "list", "create", "update", "patch", "delete", "deletecollection"];

/// Everybody with a right to write decisions: who made it, who looks after the namespace, tools, administrators, and
/// the operator itself.
async fn writers(stage: &Stage<'_>) -> Result<Vec<Person>> {
    let rules = json!([may("agreementdecisions", &WRITE), may("orderrequests", &WRITE)]);
    let admin_of_it = Person::user(&format!("admin@{}.example", stage.namespace), &[]);
    stage.cluster.grant(&stage.namespace, "admin", &admin_of_it).await?;
    let operator = Person::account(OPERATOR_NAMESPACE, OPERATOR);
    for who in [&eva(), &admin_of_it, &operator] {
        stage.cluster.allow(&stage.namespace, who, &rules).await?;
    }
    Ok(vec![
        eva(),
        admin_of_it,
        operator,
        account(stage, "tool", &rules).await?,
        gitops(stage).await?,
        Person::user("admin", &["system:masters"]),
    ])
}

/// An owner that is not there, so that the garbage collector would delete what it owns.
fn missing_owner(namespaced: bool) -> Value {
    let (version, kind) = if namespaced { ("v1", "ConfigMap") } else { ("v1", "Namespace") };
    json!([{"apiVersion": version, "kind": kind, "name": "gone", "uid": "00000000-0000-0000-0000-000000000000"}])
}

/// A decision that counted, by its path.
async fn decided(stage: &Stage<'_>) -> Result<(Value, String)> {
    stage.until_phase("AwaitingConfirmation").await?;
    let name = stage.decide(&eva(), json!({"action": "Confirm", "statements": ["Understood"]})).await?;
    stage
        .until("it counted", |a| a.status.as_ref().is_some_and(|status| status.decided_time.is_some()))
        .await?;
    let path = format!("{}/{name}", raw::path("agreementdecisions", &stage.namespace));
    Ok((raw::ask(&stage.cluster.admin()?, "GET", &path, &Value::Null).await?, path))
}

#[tokio::test]
async fn nobody_changes_a_decision_in_whatever_way_it_is_written() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let (made, path) = decided(&stage).await?;
    let changes = [
        ("/spec/statements", json!(["Understood", "Acceptable"])),
        ("/spec/decidedBy/username", json!("omar@havlink.example")),
        ("/spec/agreementRef/digest", json!(format!("sha256:{}", "0".repeat(64)))),
        ("/metadata/labels", json!({"seen": "yes"})),
        ("/metadata/annotations", json!({"seen": "yes"})),
        ("/metadata/ownerReferences", missing_owner(true)),
        ("/metadata/finalizers", json!(["example.dev/hold"])),
    ];
    for who in writers(&stage).await? {
        let client = stage.cluster.client(&who).await?;
        for (pointer, value) in &changes {
            let edited = with(&made, pointer, value);
            let keys: Vec<&str> = pointer.split('/').skip(1).collect();
            let merge = keys.iter().rev().fold(value.clone(), |inner, key| json!({*key: inner}));
            let by_json = json!([{"op": "add", "path": pointer, "value": value}]);
            // What is applied has no list of fields that others manage.
            let applied = with(
                &with(&edited, "/metadata/managedFields", &Value::Null),
                "/metadata/resourceVersion",
                &Value::Null,
            );
            for (way, answer) in [
                ("kubectl edit", raw::send(&client, "PATCH", &path, &merge).await),
                (
                    "kubectl patch --type=json",
                    raw::send_as(&client, "PATCH", &path, "application/json-patch+json", &by_json).await,
                ),
                ("kubectl replace", raw::send(&client, "PUT", &path, &edited).await),
                ("kubectl apply --server-side", raw::apply(&client, &path, &applied).await),
            ] {
                let refusal = answer.err().with_context(|| format!("{}: {way} of {pointer}", who.name))?;
                let by_definition = refusal.message.contains("`spec` may not be changed");
                assert!(
                    refusal.by_policy("append-only") || (pointer.starts_with("/spec") && by_definition),
                    "{} {way} {pointer}: {}",
                    who.name,
                    refusal.message
                );
            }
        }
        // There is no way in beside it.
        for beside in ["status", "scale", "finalizers", "approval"] {
            for (method, body) in [("PUT", made.clone()), ("PATCH", json!({"status": {"approved": true}}))] {
                let answer = raw::send(&client, method, &format!("{path}/{beside}"), &body).await;
                let refusal = answer.err().with_context(|| format!("{} wrote {beside}", who.name))?;
                assert!([403, 404, 405].contains(&refusal.code), "{beside}: {refusal:?}");
            }
        }
    }
    assert_eq!(raw::ask(&stage.cluster.admin()?, "GET", &path, &Value::Null).await?, made);
    Ok(())
}

#[tokio::test]
async fn nobody_deletes_a_decision_in_whatever_way_it_is_asked() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let (made, path) = decided(&stage).await?;
    let (collection, _) = path.rsplit_once('/').context("a path")?;
    let uid = word(&made, "/metadata/uid");
    for who in writers(&stage).await? {
        let client = stage.cluster.client(&who).await?;
        for (target, options) in [
            (path.clone(), Value::Null),
            // `kubectl replace --force` deletes at once and makes it anew.
            (path.clone(), json!({"gracePeriodSeconds": 0, "propagationPolicy": "Background"})),
            (path.clone(), json!({"propagationPolicy": "Foreground", "preconditions": {"uid": uid}})),
            (path.clone(), json!({"propagationPolicy": "Orphan"})),
            (collection.to_owned(), Value::Null),
            (format!("{collection}?fieldSelector=spec.action%3DConfirm"), Value::Null),
        ] {
            let options = if options.is_null() {
                options
            } else {
                with(&with(&options, "/kind", &json!("DeleteOptions")), "/apiVersion", &json!("v1"))
            };
            let answer = raw::send(&client, "DELETE", &target, &options).await;
            let refusal = answer.err().with_context(|| format!("{} deleted {target}", who.name))?;
            assert!(refusal.by_policy("append-only"), "{} {target}: {}", who.name, refusal.message);
        }
    }
    assert_eq!(raw::ask(&stage.cluster.admin()?, "GET", &path, &Value::Null).await?, made);
    Ok(())
}

/// Makes an order request whose owner is not there, as only the operator can, and waits until the collector has taken it.
async fn collector_came_by(stage: &Stage<'_>) -> Result<()> {
    let bait = testkit::documents("testkit/complete/orderrequests.yaml")?.swap_remove(0);
    let bait = with(&bait, "/metadata", &json!({"name": "bait", "ownerReferences": missing_owner(true)}));
    let requests = raw::path("orderrequests", &stage.namespace);
    raw::ask(&stage.cluster.operator().await?, "POST", &requests, &bait).await?;
    let admin = stage.cluster.admin()?;
    // Its discovery of new kinds takes half a minute.
    until("the collector came by", PATIENCE * 3, || async {
        match raw::send(&admin, "GET", &format!("{requests}/bait"), &Value::Null).await {
            Err(refusal) if refusal.code == 404 => Ok(Some(())),
            other => bail!("{other:?}"),
        }
    })
    .await
}

/// The collector may delete what nobody else may; so nobody may make it want to.
#[tokio::test]
async fn the_garbage_collector_takes_nothing_that_is_kept() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let (_, decision) = decided(&stage).await?;
    stage.sign_fibre().await?;
    stage.until_phase("Agreed").await?;
    let order = stage.order_requests().await?.remove(0);
    let order = format!("{}/{}", raw::path("orderrequests", &stage.namespace), order.metadata.name.unwrap());
    let agreement = format!("{}/{}", raw::path("customeragreements", &stage.namespace), stage.agreement);
    let admin = stage.cluster.admin()?;
    let mut alone = Vec::new();
    for plural in ["delegationpolicies", "standardterms"] {
        let object = testkit::documents(&format!("testkit/complete/{plural}.yaml"))?.swap_remove(0);
        let object = with(&object, "/metadata", &json!({"name": "collected"}));
        let object = with(&object, "/spec/lifecycleState", &json!("Retired"));
        raw::ask(&admin, "POST", &raw::path(plural, ""), &object).await?;
        alone.push(format!("{}/collected", raw::path(plural, "")));
    }
    let [rules, terms] = &alone[..] else { unreachable!("two kinds") };
    // The author may edit the agreement, and a policy-admin the rules; neither may delete them.
    let author = stage.cluster.client(&jonas()).await?;
    let keeper = Person::user("keeper@collected.example", &[]);
    stage.cluster.grant_everywhere("countersign-policy-admin", &keeper).await?;
    let keeper = stage.cluster.client(&keeper).await?;
    let mut taken = Vec::new();
    for (path, client, namespaced) in [
        (&decision, &admin, true),
        (&order, &admin, true),
        (&agreement, &author, true),
        (&agreement, &admin, true),
        (rules, &keeper, false),
        (terms, &keeper, false),
        (rules, &admin, false),
    ] {
        let change = json!({"metadata": {"ownerReferences": missing_owner(namespaced)}});
        match raw::send(client, "PATCH", path, &change).await {
            Ok(_) => taken.push(path),
            Err(refusal) => {
                let by = ["append-only", "order-requests", "unowned"];
                assert!(by.iter().any(|policy| refusal.by_policy(policy)), "{}", refusal.message);
            }
        }
    }
    collector_came_by(&stage).await?;
    for path in [&decision, &order, &agreement, rules, terms] {
        let now = raw::send(&admin, "GET", path, &Value::Null).await;
        let now = now.map_err(Refusal::into_error).with_context(|| format!("{path} was collected"))?;
        assert!(now.pointer("/metadata/deletionTimestamp").is_none(), "{path} is being collected");
    }
    assert!(taken.is_empty(), "these got an owner that is gone: {taken:?}");
    Ok(())
}

/// An owner that lives when the agreement is made may be deleted after people decided.
#[tokio::test]
async fn nothing_that_is_kept_is_born_with_an_owner() -> Result<()> {
    let cluster = running().await?;
    let stage = Stage::set(cluster, "fibre").await?;
    let admin = cluster.admin()?;
    for (plural, file, namespaced) in [
        ("customeragreements", "examples/fibre/agreement.yaml", true),
        ("standardterms", "examples/common/standard-terms.yaml", false),
        ("delegationpolicies", "examples/common/delegation-policy.yaml", false),
    ] {
        let object = testkit::documents(file)?.swap_remove(0);
        let owned = json!({"name": format!("owned-{}", stage.namespace), "ownerReferences": missing_owner(namespaced)});
        let owned = with(&object, "/metadata", &owned);
        let collection = raw::path(plural, if namespaced { &stage.namespace } else { "" });
        let answer = raw::send(&admin, "POST", &collection, &owned).await;
        let refusal = answer.err().with_context(|| format!("{plural} with an owner"))?;
        assert!(refusal.by_policy("unowned"), "{plural}: {}", refusal.message);
        let words = "must not have `metadata.ownerReferences`";
        assert!(refusal.message.contains(words), "{}", refusal.message);
    }
    Ok(())
}

#[tokio::test]
async fn what_was_agreed_and_passed_on_stays_whoever_wants_it_gone() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.sign_fibre().await?;
    stage.until_phase("Agreed").await?;
    let order = stage.order_requests().await?.remove(0).metadata.name.unwrap();
    let order = format!("{}/{order}", raw::path("orderrequests", &stage.namespace));
    let agreement = format!("{}/{}", raw::path("customeragreements", &stage.namespace), stage.agreement);
    let author = jonas();
    let refusal = raw::send(&stage.cluster.client(&author).await?, "DELETE", &agreement, &Value::Null).await;
    let refusal = refusal.err().context("its author deleted it")?;
    assert!(refusal.by_policy("kept"), "{}", refusal.message);
    for who in writers(&stage).await? {
        stage.cluster.allow(&stage.namespace, &who, &json!([may("customeragreements", &WRITE)])).await?;
        let client = stage.cluster.client(&who).await?;
        let refusal =
            raw::send(&client, "DELETE", &agreement, &Value::Null).await.err().context("deleted")?;
        assert!(refusal.by_policy("kept"), "{}: {}", who.name, refusal.message);
        let refusal = raw::send(&client, "DELETE", &order, &Value::Null).await.err().context("deleted")?;
        assert!(refusal.by_policy("order-requests"), "{}: {}", who.name, refusal.message);
        for owners in [json!(null), missing_owner(true)] {
            let change = json!({"metadata": {"ownerReferences": owners}});
            let refusal = raw::send(&client, "PATCH", &order, &change).await.err().context("changed")?;
            assert!(refusal.by_policy("order-requests"), "{}: {}", who.name, refusal.message);
        }
        let cheaper = json!([{"op": "replace", "path": "/spec/items/0/prices/0/amount", "value": "1.00"}]);
        let answer = raw::send_as(&client, "PATCH", &order, "application/json-patch+json", &cheaper).await;
        let refusal = answer.err().with_context(|| format!("{} changed a price", who.name))?;
        assert!(refusal.message.contains("`spec` may not be changed"), "{}", refusal.message);
    }
    // The definition goes with everything of its kind, and asks about none of it.
    let admin = stage.cluster.admin()?;
    for plural in ["agreementdecisions", "customeragreements", "orderrequests"] {
        let definition = format!("{DEFINITIONS}/{plural}.countersign.dev");
        let refusal =
            raw::send(&admin, "DELETE", &definition, &Value::Null).await.err().context("deleted")?;
        assert!(refusal.by_policy("definitions"), "{}", refusal.message);
    }
    assert_eq!(stage.order_requests().await?.len(), 1);
    Ok(())
}

/// What came of it is said by the operator alone, whomever another word would suit.
#[tokio::test]
async fn nobody_writes_an_end_a_seal_or_an_order_request_of_their_own() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let asked = stage.until_phase("AwaitingConfirmation").await?;
    let agreement = format!("{}/{}", raw::path("customeragreements", &stage.namespace), stage.agreement);
    let order = testkit::documents("testkit/complete/orderrequests.yaml")?.swap_remove(0);
    let order = with(&order, "/metadata", &json!({"name": "forged"}));
    let neighbour = Person::account(OPERATOR_NAMESPACE, "default");
    let mut people = writers(&stage).await?;
    people.retain(|who| !who.name.ends_with(":countersign"));
    people.push(neighbour);
    for who in people {
        let rights = json!([may("customeragreements/status", &WRITE), may("orderrequests", &WRITE)]);
        stage.cluster.allow(&stage.namespace, &who, &rights).await?;
        let client = stage.cluster.client(&who).await?;
        let status = format!("{agreement}/status");
        for forged in [
            json!({"phase": "Agreed"}),
            json!({"signOff": {"sealedTime": "2026-11-25T09:12:44Z"}}),
            json!({"closed": {"outcome": "Withdrawn", "reason": "forged", "time": "2026-11-25T09:12:44Z"}}),
            json!({"decidedTime": null, "owners": []}),
        ] {
            let answer = raw::send(&client, "PATCH", &status, &json!({"status": forged})).await;
            let refusal = answer.err().with_context(|| format!("{} wrote {forged}", who.name))?;
            assert!(refusal.by_policy("outcome"), "{} {forged}: {}", who.name, refusal.message);
        }
        let replaced = with(&serde_json::to_value(&asked)?, "/status/phase", &json!("Agreed"));
        let refusal = raw::send(&client, "PUT", &status, &replaced).await.err().context("replaced")?;
        assert!(refusal.by_policy("outcome"), "{}: {}", who.name, refusal.message);
        let requests = raw::path("orderrequests", &stage.namespace);
        for answer in [
            raw::send(&client, "POST", &requests, &order).await,
            raw::apply(&client, &format!("{requests}/forged"), &order).await,
        ] {
            let refusal = answer.err().with_context(|| format!("{} passed an order on", who.name))?;
            assert!(refusal.by_policy("outcome"), "{}: {}", who.name, refusal.message);
        }
    }
    assert_eq!(stage.get().await?.status, asked.status);
    Ok(())
}
