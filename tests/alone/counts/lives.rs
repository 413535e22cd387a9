//! The lives that are counted, and what each may cost.

use anyhow::{Context, Result};
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use testkit::example::Example;
use testkit::people::{clerk, desk, eva, jonas, kaur, lea, mary, nina, omar, order_desk, patel, paul, rita};
use testkit::stage::{Stage, condition, status_of};

use super::Life;

const PENDING: &str = "Pending";
const CONFIRMATION: &str = "AwaitingConfirmation";
const ESCALATED: &str = "Escalated";
const REVISING: &str = "Revising";
const SIGN_OFF: &str = "AwaitingSignOff";
const ISSUING: &str = "IssuingOrders";
const AGREED: &str = "Agreed";

pub(super) fn lives() -> Vec<Life> {
    vec![
        Life {
            name: "fibre: standard terms, one order",
            example: || Example::of("fibre"),
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.sign_fibre().await?;
                    stage.until_phase(AGREED).await.map(drop)
                })
            },
            // Asked, confirmed, signed by the customer, sealed, passed on.
            states: &[CONFIRMATION, SIGN_OFF, SIGN_OFF, ISSUING, AGREED],
            orders: 1,
            // Valid, confirmed, complete, signed, countersigned, sealed, passed on, agreed.
            events: 8,
            lists: 1,
        },
        Life {
            name: "framework: no orders, three approvals",
            example: Example::framework,
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.until_phase(CONFIRMATION).await?;
                    stage.confirm(&eva(), json!([])).await?;
                    stage.approve(&paul(), "finance", "L3").await?;
                    stage.approve(&kaur(), "legal", "L3").await?;
                    stage.approve(&rita(), "sales", "L2").await?;
                    stage.sign(&eva(), "Jonas Berg", &jonas()).await?;
                    stage.until_phase(AGREED).await.map(drop)
                })
            },
            // One state for each function that is asked; sealed and agreed are one where there is nothing to pass on.
            states: &[CONFIRMATION, ESCALATED, ESCALATED, ESCALATED, SIGN_OFF, SIGN_OFF, AGREED],
            orders: 0,
            // As fibre without the passing on; asked and approved, three times each.
            events: 7 + 6,
            lists: 1,
        },
        Life {
            name: "fleet: two confirm, two approve, one of two orders",
            example: || Example::of("fleet"),
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.until_phase(CONFIRMATION).await?;
                    confirm_fleet(stage).await?;
                    stage.approve(&desk(), "finance", "L1").await?;
                    stage.approve(&mary(), "sales", "L3").await?;
                    stage.sign(&lea(), "Mary Osei", &mary()).await?;
                    stage.until_phase(AGREED).await.map(drop)
                })
            },
            states: &[CONFIRMATION, CONFIRMATION, ESCALATED, ESCALATED, SIGN_OFF, SIGN_OFF, ISSUING, AGREED],
            orders: 1,
            events: 8 + 1 + 4,
            lists: 1,
        },
        Life {
            name: "silence over two levels",
            example: Example::silent,
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.confirm_fibre().await?;
                    stage.approve(&paul(), "finance", "L3").await?;
                    stage.sign(&eva(), "Jonas Berg", &jonas()).await?;
                    stage.until_phase(AGREED).await.map(drop)
                })
            },
            // Escalated: L1 asked, reminded, L2 asked, reminded, L3 asked.
            states: &[
                CONFIRMATION,
                ESCALATED,
                ESCALATED,
                ESCALATED,
                ESCALATED,
                ESCALATED,
                SIGN_OFF,
                SIGN_OFF,
                ISSUING,
                AGREED,
            ],
            orders: 1,
            // As fibre; asked, reminded, escalated, reminded, escalated, approved.
            events: 8 + 6,
            lists: 1,
        },
        Life {
            name: "silence of everybody",
            example: || {
                Example::silent()?.with_term("payment-days", "70").answering_within("finance", "L3", 2)
            },
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.confirm_fibre().await?;
                    stage.until("it is stalled", |a| condition(a, "Stalled").0 == "True").await?;
                    Ok(())
                })
            },
            // Asked, reminded, exhausted: from then on nothing moves by itself.
            states: &[CONFIRMATION, ESCALATED, ESCALATED, ESCALATED],
            orders: 0,
            // Valid, confirmed, complete, asked, reminded, exhausted.
            events: 6,
            lists: 0,
        },
        Life {
            name: "change after an approval",
            example: || Example::of("fleet"),
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.until_phase(CONFIRMATION).await?;
                    confirm_fleet(stage).await?;
                    stage.approve(&desk(), "finance", "L1").await?;
                    stage.until_waiting_for("(sales L3)").await?;
                    let wish = json!({"action": "RequestChange", "function": "sales", "level": "L3", "reason": "less"});
                    stage.decide(&mary(), wish).await?;
                    let revising = stage.until_phase(REVISING).await?;
                    let mut orders = serde_json::to_value(&revising.spec.orders)?;
                    orders[0]["items"][0]["discountPercent"] = json!("12");
                    stage.edit_as(&patel(), json!({"orders": orders})).await?;
                    stage.until_phase(CONFIRMATION).await?;
                    confirm_fleet(stage).await?;
                    stage.approve(&desk(), "finance", "L1").await?;
                    stage.approve(&rita(), "sales", "L2").await?;
                    stage.sign(&lea(), "Mary Osei", &mary()).await?;
                    stage.until_phase(AGREED).await.map(drop)
                })
            },
            states: &[
                CONFIRMATION,
                CONFIRMATION,
                ESCALATED,
                ESCALATED,
                REVISING, // the first revision
                CONFIRMATION,
                CONFIRMATION,
                ESCALATED,
                ESCALATED,
                SIGN_OFF,
                SIGN_OFF,
                ISSUING,
                AGREED,
            ],
            orders: 1,
            // As far as the change: valid, confirmed twice, complete, asked, approved, asked, a change. Then: changed, four
            // decisions that do not count any more, and all of the fleet's.
            events: 8 + 5 + 13,
            lists: 1,
        },
        Life {
            name: "managers first",
            example: || {
                let timing = json!("BeforeConfirmation");
                Example::of("fibre")?
                    .with_term("payment-days", "45")
                    .under("/spec/rules/escalation/timing", &timing)
            },
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.approve(&desk(), "finance", "L1").await?;
                    stage.sign_fibre().await?;
                    stage.until_phase(AGREED).await.map(drop)
                })
            },
            states: &[ESCALATED, CONFIRMATION, SIGN_OFF, SIGN_OFF, ISSUING, AGREED],
            orders: 1,
            events: 8 + 2,
            lists: 1,
        },
        Life {
            name: "withdrawn by the customer",
            example: || Example::of("fibre"),
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.until_phase(CONFIRMATION).await?;
                    stage.decide(&eva(), json!({"action": "Withdraw", "reason": "sold"})).await?;
                    stage.until_phase("Withdrawn").await.map(drop)
                })
            },
            states: &[CONFIRMATION, "Withdrawn"],
            orders: 0,
            events: 2,
            lists: 1,
        },
        Life {
            name: "declined after it was understood, and confirmed too late",
            example: || Example::of("cafe"),
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.until_phase(CONFIRMATION).await?;
                    stage.decide(&nina(), json!({"action": "Confirm", "statements": ["Understood"]})).await?;
                    stage.until("it is understood", |a| condition(a, "Understood").0 == "True").await?;
                    stage.decide(&nina(), json!({"action": "Decline", "reason": "too long"})).await?;
                    stage.until_phase("Declined").await?;
                    let late =
                        stage.confirm(&nina(), json!([{"id": "lines", "outcome": "Confirmed"}])).await?;
                    stage.ignored(&late).await.map(drop)
                })
            },
            // The last one tells who came too late.
            states: &[CONFIRMATION, CONFIRMATION, "Declined", "Declined"],
            orders: 0,
            events: 4,
            lists: 1,
        },
        Life {
            name: "refused by a manager",
            example: || Ok(Example::of("fibre")?.with_term("payment-days", "45")),
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.confirm_fibre().await?;
                    stage.until_waiting_for("(finance L1)").await?;
                    let no =
                        json!({"action": "Refuse", "function": "finance", "level": "L1", "reason": "no"});
                    stage.decide(&desk(), no).await?;
                    stage.until_phase("Refused").await.map(drop)
                })
            },
            states: &[CONFIRMATION, ESCALATED, "Refused"],
            orders: 0,
            // Valid, confirmed, complete, asked, refused, and that it is the end.
            events: 6,
            lists: 1,
        },
        Life {
            name: "expired: nobody confirmed in time",
            example: || Example::of("fibre")?.under("/spec/rules/confirmation/deadlineSeconds", &json!(2)),
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.until_phase("Expired").await.map(drop)
                })
            },
            // Asked, reminded, over.
            states: &[CONFIRMATION, CONFIRMATION, "Expired"],
            orders: 0,
            events: 3,
            lists: 1,
        },
        Life {
            name: "expired: the offer ended long before the time to answer",
            example: || Example::of("fibre"),
            people: |stage| {
                Box::pin(async {
                    let mut stage = stage.clone();
                    let end = Time(stage.server_time().await?.0 + SignedDuration::from_secs(4));
                    stage.document["spec"]["offerEndTime"] = json!(end);
                    stage.submit().await?;
                    stage.until_phase("Expired").await.map(drop)
                })
            },
            states: &[CONFIRMATION, "Expired"],
            orders: 0,
            events: 2,
            lists: 1,
        },
        Life {
            name: "attested: signed on paper",
            example: || Ok(Example::of("fibre")?.and(clerk(), "countersign-attester")),
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.until_phase(CONFIRMATION).await?;
                    let confirm = json!({"action": "Confirm", "statements": ["Understood", "Acceptable"],
                                         "orders": [{"id": "o1", "outcome": "Confirmed"}]});
                    stage.decide(&clerk(), on_paper(&confirm)).await?;
                    stage.until_phase(SIGN_OFF).await?;
                    stage.decide(&clerk(), on_paper(&json!({"action": "Sign"}))).await?;
                    stage.until_waiting_for("Jonas Berg").await?;
                    stage.decide(&jonas(), json!({"action": "Countersign"})).await?;
                    stage.until_phase(AGREED).await.map(drop)
                })
            },
            states: &[CONFIRMATION, SIGN_OFF, SIGN_OFF, ISSUING, AGREED],
            orders: 1,
            events: 8,
            lists: 1,
        },
        Life {
            name: "three orders, taken over and completed by a consumer",
            example: || {
                let fibre = testkit::documents("examples/fibre/agreement.yaml")?.remove(0);
                let order = |id: &str| testkit::schema::with(&fibre["spec"]["orders"][0], "/id", &json!(id));
                Ok(Example::of("fibre")?
                    .with("/spec/orders/-", &order("o2"))
                    .with("/spec/orders/-", &order("o3"))
                    .and(order_desk(), "countersign-order-consumer"))
            },
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    stage.until_phase(CONFIRMATION).await?;
                    let all: Vec<Value> = ["o1", "o2", "o3"]
                        .iter()
                        .map(|id| json!({"id": id, "outcome": "Confirmed"}))
                        .collect();
                    stage.confirm(&eva(), json!(all)).await?;
                    stage.sign(&eva(), "Jonas Berg", &jonas()).await?;
                    stage.until_phase(AGREED).await?;
                    report(stage, &["Acknowledged"]).await?;
                    stage
                        .until("all are taken over", |a| condition(a, "HandedOver").1 == "Acknowledged")
                        .await?;
                    report(stage, &["Acknowledged", "Completed"]).await?;
                    stage
                        .until("all are done", |a| condition(a, "HandedOver").1 == "Completed")
                        .await
                        .map(drop)
                })
            },
            // Six reports of the consumer are two states: all taken over, all done.
            states: &[CONFIRMATION, SIGN_OFF, SIGN_OFF, ISSUING, AGREED, AGREED, AGREED],
            orders: 3,
            events: 8 + 2,
            lists: 1,
        },
        Life {
            name: "faulty terms, mended",
            example: || Ok(Example::of("fibre")?.with_term("payment-days", "soon")),
            people: |stage| {
                Box::pin(async {
                    stage.submit().await?;
                    let faulty = stage.until_phase(PENDING).await?;
                    let mut terms = serde_json::to_value(&faulty.spec.terms)?;
                    terms[0]["value"] = json!("30");
                    stage.edit_as(&jonas(), json!({"terms": terms})).await?;
                    stage.until_phase(CONFIRMATION).await.map(drop)
                })
            },
            states: &[PENDING, CONFIRMATION],
            orders: 0,
            // A Warning; then that the terms changed, and that they are valid.
            events: 3,
            lists: 0,
        },
    ]
}

async fn confirm_fleet(stage: &Stage<'_>) -> Result<()> {
    let outcomes =
        json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "NotConfirmed"}]);
    stage.confirm(&omar(), outcomes.clone()).await?;
    stage.until("his counts", |a| status_of(a).confirmation.is_some_and(|c| c.decisions.len() == 1)).await?;
    stage.confirm(&lea(), outcomes).await.map(drop)
}

fn on_paper(act: &Value) -> Value {
    let evidence = json!({"channel": "Paper", "uri": "https://archive.example/77", "signedTime": "2026-11-25T09:12:44Z",
                          "digest": testkit::decision::SOME_DIGEST});
    let named = testkit::schema::with(act, "/onBehalfOf", &json!(eva().name));
    testkit::schema::with(&named, "/evidence", &evidence)
}

/// The consumer reports on every order request, one after the other.
async fn report(stage: &Stage<'_>, hold: &[&str]) -> Result<()> {
    for request in stage.order_requests().await? {
        let name = request.metadata.name.context("an order request without a name")?;
        stage.report(&name, hold).await?;
    }
    Ok(())
}
