//! Who is asked for the provider's own agreement, and who may give it.

use anyhow::Result;
use countersign_api::agreement_status::{ApprovalState, DeviationCategory};
use serde_json::{Value, json};

use super::running;
use testkit::example::Example;
use testkit::people::{Person, brandt, eva, jonas, kaur, paul, rita};
use testkit::stage::{condition, status_of, step_of};

const APPROVER: &str = "countersign-approver";

fn approve(function: &str, level: &str) -> Value {
    json!({"action": "Approve", "function": function, "level": level})
}

/// A framework agreement without orders is agreed once three functions approved for five reasons.
#[tokio::test]
async fn a_framework_agreement_is_approved_by_three_functions() -> Result<()> {
    let stage = Example::framework()?.begin(running().await?).await?;
    let asked = stage.until_phase("AwaitingConfirmation").await?;
    assert_eq!(condition(&asked, "Valid").1, "NonStandardTerms");
    stage.confirm(&eva(), json!([])).await?;

    let escalated = stage.until_phase("Escalated").await?;
    let steps: Vec<_> = status_of(&escalated)
        .approvals
        .into_iter()
        .map(|step| (step.function, step.level, step.because.len(), step.state))
        .collect();
    let expected = |function: &str, level: &str, reasons: usize, state: ApprovalState| {
        (function.to_owned(), level.to_owned(), reasons, state)
    };
    assert_eq!(
        steps,
        [
            expected("finance", "L3", 2, ApprovalState::Waiting),
            expected("legal", "L3", 2, ApprovalState::Next),
            expected("sales", "L2", 1, ApprovalState::Next),
        ]
    );
    let because: Vec<String> =
        status_of(&escalated).approvals.into_iter().flat_map(|step| step.because).collect();
    for said in [
        "`price-indexation` is none",
        "(band pay-60)",
        "`step-in-rights`",
        "`public-sector`",
        "EUR 800000.00",
    ] {
        assert_eq!(
            because.iter().filter(|reason| reason.contains(said)).count(),
            1,
            "{said:?} in {because:?}"
        );
    }

    let managers = [(paul(), "finance", "L3"), (kaur(), "legal", "L3"), (rita(), "sales", "L2")];
    for (who, function, level) in &managers {
        stage.approve(who, function, level).await?;
    }
    stage.sign(&eva(), "Jonas Berg", &jonas()).await?;
    let agreed = stage.until_phase("Agreed").await?;
    for (who, function, _) in &managers {
        let step = step_of(&agreed, function).unwrap();
        let by: Vec<_> = step.decided_by.iter().map(|verdict| verdict.username.as_str()).collect();
        assert_eq!((by.as_slice(), step.state), ([who.name.as_str()].as_slice(), ApprovalState::Approved));
    }
    let issued = condition(&agreed, "OrdersIssued");
    assert_eq!((issued.0.as_str(), issued.1.as_str()), ("True", "NoOrders"));
    assert_eq!(condition(&agreed, "HandedOver").1, "NoOrders");
    assert_eq!(condition(&agreed, "Ready").0, "True");
    assert_eq!(stage.order_requests().await?.len(), 0);
    Ok(())
}

/// A term that the catalogue does not know is for the general counsel to allow.
#[tokio::test]
async fn a_term_outside_the_catalogue_is_for_the_general_counsel() -> Result<()> {
    let stage = Example::of("fibre")?
        .with(
            "/spec/terms/-",
            &json!({"id": "source-code-escrow", "text": "The source code is kept by a notary."}),
        )
        .and(brandt(), APPROVER)
        .and(kaur(), APPROVER)
        .begin(running().await?)
        .await?;
    stage.confirm_fibre().await?;
    let escalated = stage.until_waiting_for("General Counsel (legal L3)").await?;
    let status = status_of(&escalated);
    let deviations: Vec<_> = status
        .deviations
        .iter()
        .map(|own| (own.term_id.as_str(), own.category, own.function.as_str(), own.level.as_str()))
        .collect();
    assert_eq!(deviations, [("source-code-escrow", DeviationCategory::Added, "legal", "L3")]);
    assert_eq!(status.approvals.len(), 1);

    let too_low = stage.decide(&brandt(), approve("legal", "L2")).await?;
    assert_eq!(stage.ignored(&too_low).await?, "LevelInsufficient");
    let not_hers = stage.decide(&brandt(), approve("legal", "L3")).await?;
    assert_eq!(stage.ignored(&not_hers).await?, "NotHolder");
    stage.approve(&kaur(), "legal", "L3").await?;
    stage.sign(&eva(), "Jonas Berg", &jonas()).await?;
    stage.until_phase("Agreed").await?;
    assert_eq!(stage.order_requests().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_substitute_decides_within_the_interval_and_both_names_are_on_record() -> Result<()> {
    let (here, gone) = (Person::user("k.jensen", &[]), Person::user("g.past", &[]));
    let interval = |substitute: &Person, from: &str, to: &str| json!({"holder": rita().name, "substitute": substitute.name, "functions": ["sales"], "startTime": from, "endTime": to});
    let substitutes = json!([
        interval(&gone, "2020-01-01T00:00:00Z", "2020-01-31T00:00:00Z"),
        interval(&here, "2020-01-01T00:00:00Z", "2099-12-31T00:00:00Z"),
    ]);
    let stage = Example::of("fibre")?
        .with("/spec/orders/0/items/0/discountPercent", &json!("15"))
        .under("/spec/substitutes", &substitutes)?
        .and(here.clone(), APPROVER)
        .and(gone.clone(), APPROVER)
        .begin(running().await?)
        .await?;
    stage.confirm_fibre().await?;
    let waiting = stage.until_waiting_for("(sales L2)").await?;
    let named: Vec<_> = status_of(&waiting).waiting_for[0]
        .subjects
        .iter()
        .map(|who| (who.subject.name.clone(), who.on_behalf_of.clone()))
        .collect();
    assert_eq!(named, [(rita().name, None), (here.name.clone(), Some(rita().name))]);

    let for_rita =
        json!({"action": "Approve", "function": "sales", "level": "L2", "onBehalfOf": rita().name});
    let too_late = stage.decide(&gone, for_rita.clone()).await?;
    assert_eq!(stage.ignored(&too_late).await?, "NotHolder");
    let in_the_own_name = stage.decide(&here, approve("sales", "L2")).await?;
    assert_eq!(stage.ignored(&in_the_own_name).await?, "NotHolder");
    let decision = stage.decide(&here, for_rita).await?;
    let approved = stage.until_phase("AwaitingSignOff").await?;
    let verdict = step_of(&approved, "sales").unwrap().decided_by.remove(0);
    assert_eq!((verdict.decision, verdict.username), (decision, here.name));
    assert_eq!((verdict.on_behalf_of, verdict.via), (Some(rita().name), "User r.lind".to_owned()));
    Ok(())
}

/// The successor of a holder is waited for and decides what was asked before.
#[tokio::test]
async fn the_successor_of_a_holder_decides_what_was_asked_before() -> Result<()> {
    let (first, next) = (Person::user("f.first", &[]), Person::user("n.next", &[]));
    let held_by = |who: &Person| {
        json!([{"function": "finance", "level": "L1", "subjects": [{"kind": "User", "name": who.name}]},
               {"function": "sales", "level": "L1", "subjects": [{"kind": "Group", "name": "account-managers"}]}])
    };
    let stage = Example::of("fibre")?
        .with_term("payment-days", "45")
        .under("/spec/holders", &held_by(&first))?
        .and(first.clone(), APPROVER)
        .and(next.clone(), APPROVER)
        .begin(running().await?)
        .await?;
    stage.confirm_fibre().await?;
    let asked = stage.until_waiting_for("(finance L1)").await?;
    assert_eq!(status_of(&asked).waiting_for[0].subjects[0].subject.name, first.name);
    stage.change_policy(&stage.namespace, json!({"holders": held_by(&next)})).await?;

    let named = |agreement: &_| status_of(agreement).waiting_for[0].subjects[0].subject.name == next.name;
    let renamed = stage.until("the successor is named", named).await?;
    assert_eq!(status_of(&renamed).waiting_for.len(), 1);
    assert_eq!(step_of(&renamed, "finance").unwrap().asked, step_of(&asked, "finance").unwrap().asked);
    let no_more = stage.decide(&first, approve("finance", "L1")).await?;
    assert_eq!(stage.ignored(&no_more).await?, "NotHolder");
    stage.decide(&next, approve("finance", "L1")).await?;
    let approved = stage.until_phase("AwaitingSignOff").await?;
    assert_eq!(step_of(&approved, "finance").unwrap().decided_by[0].username, next.name);
    Ok(())
}
