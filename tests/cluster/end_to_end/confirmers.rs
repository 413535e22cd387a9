//! What it takes until the customer has confirmed.

use anyhow::Result;
use countersign_api::agreement_decision::Statement;
use serde_json::{Value, json};

use super::running;
use testkit::example::Example;
use testkit::people::{eva, lea, omar};
use testkit::stage::{Stage, condition, status_of};

fn states(statement: &str, orders: Option<Value>) -> Value {
    let mut act = json!({"action": "Confirm", "statements": [statement]});
    if let Some(orders) = orders {
        act["orders"] = orders;
    }
    act
}

/// Two representatives make both statements apart and only the fourth completes it.
#[tokio::test]
async fn two_representatives_make_both_statements_one_by_one() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let orders = json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
    let acts = [
        (omar(), states("Understood", None), 1),
        (lea(), states("Acceptable", Some(orders.clone())), 2),
        (omar(), states("Acceptable", Some(orders)), 3),
        (lea(), states("Understood", None), 4),
    ];
    let mut decisions = Vec::new();
    for (who, act, so_far) in acts {
        let before = stage.get().await?;
        assert_eq!(status_of(&before).phase.as_deref(), Some("AwaitingConfirmation"));
        assert!(status_of(&before).confirmation.is_none_or(|confirmation| confirmation.digest.is_none()));
        decisions.push(stage.decide(&who, act).await?);
        let counted =
            |agreement: &_| status_of(agreement).confirmation.map_or(0, |c| c.decisions.len()) == so_far;
        let after = stage.until(&format!("{so_far} statements count"), counted).await?;
        let facts = (condition(&after, "Understood").0, condition(&after, "Acceptable").0);
        let expected = match so_far {
            1 | 2 => ("False", "False"),
            3 => ("False", "True"),
            _ => ("True", "True"),
        };
        assert_eq!((facts.0.as_str(), facts.1.as_str()), expected, "after {so_far} statements");
    }
    let confirmed = stage.until_phase("Escalated").await?;
    let confirmation = status_of(&confirmed).confirmation.unwrap();
    assert!(confirmation.digest.is_some());
    let mut counted: Vec<_> = confirmation.decisions.iter().map(|own| own.decision.clone()).collect();
    counted.sort();
    decisions.sort();
    assert_eq!(counted, decisions);
    assert!(confirmation.decisions.iter().all(|own| own.statements.len() == 1));
    let of_lea: Vec<_> = confirmation
        .decisions
        .iter()
        .filter(|own| own.username == lea().name)
        .flat_map(|own| &own.statements)
        .collect();
    assert!(of_lea.contains(&&Statement::Understood) && of_lea.contains(&&Statement::Acceptable));

    // In the very second of the last statement it would still be the latest of his.
    stage.until_after(confirmation.understood_time.as_ref().unwrap()).await?;
    let again = stage.decide(&omar(), states("Understood", None)).await?;
    assert_eq!(stage.ignored(&again).await?, "AlreadyConfirmed");
    Ok(())
}

#[tokio::test]
async fn where_orders_may_not_be_left_out_all_or_none_are_confirmed() -> Result<()> {
    let stage = Example::of("fibre")?
        .under("/spec/rules/confirmation/partialOrders", &json!("Forbidden"))?
        .begin(running().await?)
        .await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let partial = stage.confirm(&eva(), json!([{"id": "o1", "outcome": "NotConfirmed"}])).await?;
    assert_eq!(stage.ignored(&partial).await?, "PartialOrdersForbidden");
    let silent = stage.decide(&eva(), states("Acceptable", None)).await?;
    assert_eq!(stage.ignored(&silent).await?, "OrdersIncomplete");
    assert_eq!(condition(&stage.get().await?, "Acceptable").0, "False");
    stage.sign_fibre().await?;
    stage.until_phase("Agreed").await?;
    assert_eq!(stage.order_requests().await?.len(), 1);
    Ok(())
}
