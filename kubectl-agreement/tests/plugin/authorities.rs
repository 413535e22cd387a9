//! One person with several authorities.

use anyhow::Result;
use serde_json::json;
use testkit::example::Example;
use testkit::operator::running;
use testkit::people::{Person, lea, omar};
use testkit::stage::{Stage, status_of};

use crate::decisions::{escalated, everywhere};
use crate::user::User;

/// Who holds it, in the policy of the examples.
const SALES_L3: &str = "/spec/holders/2/subjects/-";

#[tokio::test]
async fn of_several_functions_that_ask_one_person_the_person_chooses() -> Result<()> {
    // Not one of the examples, for some of what is granted here is granted everywhere.
    let both = Person::user("b.both", &["deal-desk"]);
    let stage = Example::of("fleet")?
        .under("/spec/rules/escalation/mode", &json!("Parallel"))?
        .under(SALES_L3, &json!({"kind": "User", "name": both.name}))?
        .and(both.clone(), "countersign-approver")
        .begin(running().await?)
        .await?;
    escalated(&stage).await?;
    stage.until_waiting_for("(sales L3)").await?;
    let (name, user) = (stage.agreement.as_str(), User::of(&both, &stage).await?);
    let inbox = user.types(&["inbox"]).await?.done();
    assert!(inbox.contains("finance L1") && inbox.contains("sales L3"), "{inbox}");
    let approve = ["approve", name, "--yes"];
    let choices = "several authorities fit: choose with `--function finance --level L1` or `--function sales --level L3`";
    user.types(&approve).await?.failed(2, choices);
    let wrong = user.types(&[&approve, ["--function", "legal"].as_slice()].concat()).await?;
    wrong.failed(1, "there is nothing that b.both could approve here");
    // The choices are the same where the policy can be read.
    everywhere(&stage, &both).await?;
    user.types(&approve).await?.failed(2, choices);
    let chosen = [&approve, ["--function", "sales", "--level", "L3"].as_slice()].concat();
    let said = user.types(&chosen).await?.done();
    assert!(said.contains("You are b.both, acting as sales L3 (VP Enterprise Sales)."), "{said}");
    assert!(said.contains("It counts."), "{said}");
    // Who approved one is not asked for the other: `distinctApprovers`.
    user.types(&approve).await?.failed(3, "would not count");
    Ok(())
}

/// Who holds an authority and stands in for another acts in person unless told otherwise.
#[tokio::test]
async fn who_holds_and_stands_in_acts_in_person_unless_told_otherwise() -> Result<()> {
    for (name, reads) in [("s.blind", false), ("s.seeing", true)] {
        let who = Person::user(name, &[]);
        for (flags, for_whom, on_behalf_of) in
            [(vec![], "", None), (vec!["--on-behalf-of", "m.osei"], ", for m.osei", Some("m.osei"))]
        {
            let absent = json!({
                "holder": "m.osei", "substitute": name, "functions": ["sales"],
                "startTime": "2020-01-01T00:00:00Z", "endTime": "2100-01-01T00:00:00Z", "reason": "leave",
            });
            let stage = Example::of("fleet")?
                .with_term("payment-days", "30")
                .under(SALES_L3, &json!({"kind": "User", "name": name}))?
                .under("/spec/substitutes/-", &absent)?
                .and(who.clone(), "countersign-approver")
                .begin(running().await?)
                .await?;
            if reads {
                everywhere(&stage, &who).await?;
            }
            confirmed(&stage).await?;
            let title = if reads { " (VP Enterprise Sales)" } else { "" };
            let line = [&["approve", &stage.agreement, "--yes"], flags.as_slice()].concat();
            let said = User::of(&who, &stage).await?.types(&line).await?.done();
            let words: Vec<&str> = said.split_whitespace().collect();
            let shown = format!("You are {name}, acting as sales L3{title}{for_whom}.");
            assert!(words.join(" ").contains(&shown), "{shown}: {said}");
            let step = status_of(&stage.get().await?).approvals.swap_remove(0);
            let counted = step.decided_by.iter().map(|own| own.on_behalf_of.as_deref());
            assert_eq!(counted.collect::<Vec<_>>(), [on_behalf_of]);
        }
    }
    Ok(())
}

async fn confirmed(stage: &Stage<'_>) -> Result<()> {
    let all = json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
    stage.until_phase("AwaitingConfirmation").await?;
    for who in [omar(), lea()] {
        stage.confirm(&who, all.clone()).await?;
    }
    stage.until_waiting_for("(sales L3)").await.map(drop)
}
