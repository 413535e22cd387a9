//! The operator is down while things happen, and the next one goes straight to where the facts lead.

use anyhow::Result;
use countersign_api::OrderRequest;
use countersign_api::agreement_status::ApprovalState;
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use http::{Method, Request};
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;
use kube::client::Body;
use serde_json::{Value, json};
use testkit::alone::installed;
use testkit::example::Example;
use testkit::operator::{Operator, Tamper};
use testkit::people::{Person, desk, eva, ivan, jonas};
use testkit::stage::{Stage, condition, ignored_in, phase_of, status_of, step_of};
use testkit::{decision, documents, raw, schema};

/// How long after the end of a wait it is judged.
const GRACE: SignedDuration = SignedDuration::from_secs(5);
/// Decisions that the operator reads at a time.
const PAGE: usize = 500;

fn later(time: &Time, by: SignedDuration) -> Time {
    Time(time.0 + by)
}

/// When a decision was made, for the API server.
async fn made_at(stage: &Stage<'_>, decision: &str) -> Result<Time> {
    let path = raw::path(&format!("agreementdecisions/{decision}"), &stage.namespace);
    let decision = raw::ask(&stage.cluster.admin()?, "GET", &path, &Value::Null).await?;
    Ok(serde_json::from_value(decision["metadata"]["creationTimestamp"].clone())?)
}

/// The phases that were written since there were `before` states.
async fn phases_since(stage: &Stage<'_>, before: usize) -> Result<Vec<String>> {
    Ok(stage.history().await?.iter().skip(before).map(|agreement| phase_of(agreement).to_owned()).collect())
}

/// A manager who approved in time while nobody looked is counted and the offer does not expire.
#[tokio::test]
async fn who_approved_in_time_while_it_was_down_is_counted() -> Result<()> {
    let cluster = installed("restarts").await?;
    let stage = Example::of("fibre")?
        .with_term("payment-days", "45")
        .answering_within("finance", "L1", 12)?
        .under("/spec/rules/escalation/onTimeout", &json!("Expire"))?
        .set(&cluster)
        .await?;
    let first = Operator::start(stage.cluster, &[&stage.namespace]).await?;
    stage.submit().await?;
    stage.confirm_fibre().await?;
    let asked = stage.until_waiting_for("(finance L1)").await?;
    first.stop().await?;
    let before = stage.history().await?.len();

    let end = step_of(&asked, "finance").unwrap().asked[0].wait_end_time.clone().unwrap();
    let act = json!({"action": "Approve", "function": "finance", "level": "L1"});
    let decision = stage.decide(&desk(), act).await?;
    assert!(made_at(&stage, &decision).await?.0 <= end.0, "the machine is too slow for this test");
    stage.until_after(&later(&end, GRACE)).await?;

    let second = Operator::start(stage.cluster, &[&stage.namespace]).await?;
    let approved = stage.until_phase("AwaitingSignOff").await?;
    let step = step_of(&approved, "finance").unwrap();
    assert_eq!((step.state, step.asked.len()), (ApprovalState::Approved, 1));
    assert_eq!(step.decided_by[0].decision, decision);
    assert_eq!(phases_since(&stage, before).await?, ["AwaitingSignOff"], "in one write, without a reminder");
    second.stop().await
}

#[tokio::test]
async fn a_customer_who_confirmed_in_time_while_nobody_looked_has_confirmed() -> Result<()> {
    let cluster = installed("restarts").await?;
    let stage = Example::of("fibre")?
        .under("/spec/rules/confirmation/deadlineSeconds", &json!(12))?
        .set(&cluster)
        .await?;
    let first = Operator::start(stage.cluster, &[&stage.namespace]).await?;
    stage.submit().await?;
    let asked = stage.until_phase("AwaitingConfirmation").await?;
    first.stop().await?;
    let before = stage.history().await?.len();

    let end = status_of(&asked).waiting_for[0].wait_end_time.clone().unwrap();
    let in_time = stage.confirm(&eva(), json!([{"id": "o1", "outcome": "Confirmed"}])).await?;
    assert!(made_at(&stage, &in_time).await?.0 <= end.0, "the machine is too slow for this test");
    stage.until_after(&later(&end, GRACE)).await?;

    let second = Operator::start(stage.cluster, &[&stage.namespace]).await?;
    stage.until_phase("AwaitingSignOff").await?;
    assert_eq!(phases_since(&stage, before).await?, ["AwaitingSignOff"]);
    second.stop().await
}

/// After several silent deadlines only the next level is asked and has its full time.
#[tokio::test]
async fn after_several_silent_deadlines_only_the_next_level_is_asked() -> Result<()> {
    let wait = SignedDuration::from_secs(2);
    let cluster = installed("restarts").await?;
    let stage = Example::silent()?.set(&cluster).await?;
    let first = Operator::start(stage.cluster, &[&stage.namespace]).await?;
    stage.submit().await?;
    stage.confirm_fibre().await?;
    let asked = stage.until_waiting_for("(finance L1)").await?;
    stage.until_told("ApprovalRequested", 1).await?;
    first.stop().await?;
    let before = stage.history().await?.len();
    assert_eq!(step_of(&stage.get().await?, "finance").unwrap().asked.len(), 1);

    // Long enough for both levels that have seconds to answer.
    let end = step_of(&asked, "finance").unwrap().asked[0].wait_end_time.clone().unwrap();
    stage.until_after(&later(&end, GRACE + wait + GRACE)).await?;
    let start = stage.server_time().await?;
    let second = Operator::start(stage.cluster, &[&stage.namespace]).await?;
    stage.until_waiting_for("(finance L2)").await?;
    let next = stage.history().await?.remove(before);
    let step = step_of(&next, "finance").unwrap();
    let levels: Vec<_> = step.asked.iter().map(|asked| asked.level.as_str()).collect();
    assert_eq!(levels, ["L1", "L2"], "the first write asks one level, however long nobody looked");
    let asked = &step.asked[1];
    assert!(asked.asked_time.0 >= start.0, "{step:?}");
    assert_eq!(asked.wait_end_time.as_ref().unwrap().0.duration_since(asked.asked_time.0), wait);
    assert_eq!(stage.until_told("ApprovalRequested", 1).await?.len(), 1, "nothing is asked twice");

    let act = json!({"action": "Approve", "function": "finance", "level": "L2"});
    stage.decide(&ivan(), act).await?;
    let approved = stage.until_phase("AwaitingSignOff").await?;
    assert_eq!(step_of(&approved, "finance").unwrap().decided_by[0].username, ivan().name);
    second.stop().await
}

#[tokio::test]
async fn an_operator_that_is_told_to_stop_first_tells_what_it_wrote() -> Result<()> {
    const MANY: usize = 40;
    let cluster = installed("restarts").await?;
    let stage = Stage::set(&cluster, "fibre").await?;
    let operator = Operator::start(stage.cluster, &[&stage.namespace]).await?;
    let all: Vec<_> = (0..MANY).map(|number| stage.another(&format!("fibre-{number}"))).collect();
    try_join_all(all.iter().map(Stage::submit)).await?;
    try_join_all(all.iter().map(|stage| stage.until_phase("AwaitingConfirmation"))).await?;
    operator.stop().await?;
    let told: usize = try_join_all(all.iter().map(Stage::told)).await?.iter().map(Vec::len).sum();
    assert_eq!(told, MANY, "each has valid terms, and nobody was cut off");
    Ok(())
}

fn never_creates_order_requests(request: &Request<Body>) -> Tamper {
    let creates = request.method() == Method::POST && request.uri().path().ends_with("/orderrequests");
    if creates { Tamper::Swallow } else { Tamper::Pass }
}

/// What stands under the name of an order request and is not ours is never adopted.
#[tokio::test]
async fn what_has_the_name_of_an_order_request_is_never_adopted() -> Result<()> {
    let cluster = installed("restarts").await?;
    let stage = Stage::set(&cluster, "fibre").await?;
    let namespaces = [stage.namespace.as_str()];
    let first =
        Operator::start_behind(stage.cluster, &namespaces, Some(never_creates_order_requests)).await?;
    stage.submit().await?;
    stage.sign_fibre().await?;
    let sealed = stage.until_phase("IssuingOrders").await?;
    drop(first);

    let name = status_of(&sealed).orders[0].order_request_name.clone().unwrap();
    let foreign = documents("testkit/complete/orderrequests.yaml")?.swap_remove(0);
    let foreign = schema::with(&foreign, "/metadata/name", &json!(name));
    let requests = raw::path("orderrequests", &stage.namespace);
    let by_nobody_else = stage.cluster.operator().await?;
    let foreign = raw::ask(&by_nobody_else, "POST", &requests, &foreign).await?;

    let second = Operator::start(stage.cluster, &namespaces).await?;
    let conflict =
        stage.until("it is stalled", |agreement| condition(agreement, "Stalled").0 == "True").await?;
    let (_, reason, message) = condition(&conflict, "Stalled");
    assert_eq!(reason, "NameConflict");
    assert!(message.contains(&format!("`{name}`")), "{message}");
    assert_eq!(phase_of(&conflict), "IssuingOrders");
    let path = format!("{requests}/{name}");
    let untouched = raw::ask(&stage.cluster.admin()?, "GET", &path, &Value::Null).await?;
    assert_eq!(untouched, foreign, "nothing is overwritten");

    let records = Person::user("r.records", &[]);
    let right = |verb: &str| json!({"apiGroups": ["countersign.dev"], "resources": ["orderrequests"], "verbs": [verb]});
    stage.cluster.allow(&stage.namespace, &records, &json!([right("delete"), right("purge")])).await?;
    raw::ask(&stage.cluster.client(&records).await?, "DELETE", &path, &Value::Null).await?;
    let agreed = stage.until_phase("Agreed").await?;
    assert_eq!(condition(&agreed, "Stalled").0, "");
    let api: Api<OrderRequest> = Api::namespaced(stage.cluster.admin()?, &stage.namespace);
    let ours = api.get(&name).await?;
    assert_eq!(ours.metadata.uid, status_of(&agreed).orders[0].uid);
    assert_eq!(ours.metadata.owner_references.unwrap()[0].uid, agreed.metadata.uid.unwrap());
    second.stop().await
}

/// An agreement with more decisions than one page holds is sealed on all of them.
#[tokio::test]
async fn an_agreement_with_several_pages_of_decisions_is_sealed_on_all() -> Result<()> {
    let cluster = installed("restarts").await?;
    let stage = Stage::set(&cluster, "fibre").await?;
    let first = Operator::start(stage.cluster, &[&stage.namespace]).await?;
    stage.submit().await?;
    stage.confirm_fibre().await?;
    let confirmed = stage.until_phase("AwaitingSignOff").await?;
    first.stop().await?;
    let before = stage.history().await?.len();
    // In the very second of the first one another Confirm would still be the latest.
    stage.until_after(status_of(&confirmed).confirmation.unwrap().acceptable_time.as_ref().unwrap()).await?;

    let (evas, jonases) = (stage.cluster.client(&eva()).await?, stage.cluster.client(&jonas()).await?);
    let path = raw::path("agreementdecisions", &stage.namespace);
    let again = json!({"action": "Confirm", "statements": ["Understood"]});
    let again = decision::as_shown(&confirmed, &eva(), again);
    let repeated: Vec<String> = stream::iter(0..=PAGE)
        .map(|_| raw::ask(&evas, "POST", &path, &again))
        .buffer_unordered(16)
        .map_ok(|made| schema::word(&made, "/metadata/name").to_owned())
        .try_collect()
        .await?;
    // The last names of all, so that they stand on the second page.
    for (client, who, action) in [(&evas, eva(), "Sign"), (&jonases, jonas(), "Countersign")] {
        let decision = decision::as_shown(&confirmed, &who, json!({"action": action}));
        let name = format!("zz-{}", action.to_lowercase());
        let decision = schema::with(&decision, "/metadata/name", &json!(name));
        raw::ask(client, "POST", &path, &decision).await?;
    }

    let mark = stage.cluster.plane.audit_mark()?;
    let second = Operator::start(stage.cluster, &[&stage.namespace]).await?;
    let agreed = stage.until_phase("Agreed").await?;
    assert_eq!(phases_since(&stage, before).await?, ["IssuingOrders", "Agreed"]);
    let signatures = status_of(&agreed).sign_off.unwrap().signatures;
    let counted: Vec<_> = signatures.iter().map(|own| own.decision.as_str()).collect();
    assert_eq!(counted, ["zz-sign", "zz-countersign"]);
    let ignored = ignored_in(&agreed);
    assert_eq!(ignored.len(), 20);
    assert!(
        ignored.iter().all(|(name, why)| repeated.contains(name) && why == "AlreadyConfirmed"),
        "{ignored:?}"
    );
    assert_eq!(stage.order_requests().await?.len(), 1);

    let pages = pages_since(&stage, mark)?;
    assert_eq!(pages.len(), 2, "the fresh list has two pages: {pages:?}");
    assert!(!pages[0].contains("continue=") && pages[1].contains("continue="), "{pages:?}");
    second.stop().await
}

/// The lists of decisions that were asked for straight from the store, in the namespace and for the agreement.
fn pages_since(stage: &Stage<'_>, mark: testenv::AuditMark) -> Result<Vec<String>> {
    let mut pages = Vec::new();
    for event in stage.cluster.plane.audit_since(mark)? {
        let Some(object) = &event.object_ref else { continue };
        let here = object.namespace.as_deref() == Some(stage.namespace.as_str());
        let decisions = object.resource.as_deref() == Some("agreementdecisions");
        let of_it = event.request_uri.contains("spec.agreementRef.name");
        if here
            && decisions
            && of_it
            && event.verb == "list"
            && event.user.username.contains("countersign-system")
        {
            pages.push(event.request_uri);
        }
    }
    Ok(pages)
}
