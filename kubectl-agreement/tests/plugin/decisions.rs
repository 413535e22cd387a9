//! Decisions of the provider's people, from the inbox to what became of them.

use anyhow::Result;
use serde_json::{Value, json};
use testkit::example::Example;
use testkit::operator::running;
use testkit::people::{Person, desk, eva, jonas, lea, mary, omar, patel};
use testkit::raw;
use testkit::stage::{Stage, phase_of, status_of};

use crate::user::User;

/// The fleet, confirmed by both representatives: finance is asked, then sales.
pub async fn escalated(stage: &Stage<'_>) -> Result<()> {
    let all = json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
    stage.until_phase("AwaitingConfirmation").await?;
    for who in [omar(), lea()] {
        stage.confirm(&who, all.clone()).await?;
    }
    stage.until_waiting_for("(finance L1)").await.map(drop)
}

/// Who reads policies and catalogues, as the provider's people do.
pub async fn everywhere(stage: &Stage<'_>, who: &Person) -> Result<()> {
    stage.cluster.grant_everywhere("countersign-reader", who).await
}

/// How many there are.
pub async fn decisions(stage: &Stage<'_>) -> Result<usize> {
    let path = raw::path("agreementdecisions", &stage.namespace);
    let all = raw::ask(&stage.cluster.admin()?, "GET", &path, &Value::Null).await?;
    Ok(all["items"].as_array().map_or(0, Vec::len))
}

/// Managers approve in their turn with the authority that policy and status give them.
#[tokio::test]
async fn managers_approve_in_turn_with_the_authority_that_they_have() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    everywhere(&stage, &mary()).await?;
    escalated(&stage).await?;
    let name = stage.agreement.as_str();
    // One reads the agreement alone, the other one policy and catalogue too.
    let (desk, mary) = (User::of(&desk(), &stage).await?, User::of(&mary(), &stage).await?);
    assert!(mary.types(&["inbox"]).await?.done().starts_with("Nothing waits for m.osei"));
    let early = mary.types(&["approve", name, "--yes"]).await?;
    early.failed(3, "would not count (OutOfTurn)");
    assert_eq!(decisions(&stage).await?, 2, "nothing was made");

    let inbox = desk.types(&["inbox"]).await?.done();
    assert!(inbox.contains(name) && inbox.contains("approve") && inbox.contains("finance L1"), "{inbox}");
    let approved = desk.types(&["approve", name, "--yes"]).await?.done();
    assert!(approved.contains("You are d.desk, acting as finance L1, as one of deal-desk."), "{approved}");
    assert!(approved.contains("It counts.") && approved.contains("VP Enterprise Sales"), "{approved}");

    let approved = mary.types(&["approve", name, "--yes"]).await?.done();
    assert!(approved.contains("You are m.osei, acting as sales L3 (VP Enterprise Sales)."), "{approved}");
    assert!(approved.contains("because    discount 30 % exceeds sales L2 (20 %)"), "{approved}");
    let now = stage.get().await?;
    assert_eq!(phase_of(&now), "AwaitingSignOff", "it had waited for the answer");
    let verdicts: Vec<_> = status_of(&now)
        .approvals
        .into_iter()
        .flat_map(|step| step.decided_by)
        .map(|own| (own.username, own.level, own.via))
        .collect();
    let verdict = |who: &str, level: &str, via: &str| (who.to_owned(), level.to_owned(), via.to_owned());
    assert_eq!(
        verdicts,
        [verdict("d.desk", "L1", "Group deal-desk"), verdict("m.osei", "L3", "User m.osei")]
    );
    Ok(())
}

/// A decision that does not count is made only if it must be and has an exit status of its own.
#[tokio::test]
async fn a_decision_that_would_not_count_is_made_only_if_forced() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    everywhere(&stage, &mary()).await?;
    escalated(&stage).await?;
    let name = stage.agreement.as_str();
    let mary = User::of(&mary(), &stage).await?;
    let made =
        mary.types(&["approve", name, "--yes", "--anyway"]).await?.failed(3, "does not count (OutOfTurn)");
    assert!(made.out.contains("made: havlink-fleet-"), "{made:?}");
    let history = mary.types(&["history", name]).await?.done();
    assert!(history.contains("(no effect) m.osei approved as sales L3"), "{history}");
    assert!(history.contains("OutOfTurn: "), "{history}");
    Ok(())
}

#[tokio::test]
async fn what_was_changed_since_it_was_read_is_not_decided_on() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    escalated(&stage).await?;
    let name = stage.agreement.as_str();
    let desk = User::of(&desk(), &stage).await?;
    let read = desk.types(&["show", name]).await?.done();
    let digest = read.split_whitespace().rev().find(|word| word.starts_with("sha256:")).unwrap().to_owned();
    assert_eq!(Some(&digest), status_of(&stage.get().await?).waiting_for[0].digest.as_ref());

    stage.edit_as(&patel(), json!({"offerVersion": 2})).await?;
    stage.until("a new revision", |a| status_of(a).terms.is_some_and(|terms| terms.revision == 2)).await?;
    let all = json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
    for who in [omar(), lea()] {
        stage.confirm(&who, all.clone()).await?;
    }
    stage.until_waiting_for("(finance L1)").await?;
    let before = decisions(&stage).await?;
    desk.types(&["approve", name, "--yes", "--digest", &digest]).await?.failed(1, "it was changed");
    assert_eq!(decisions(&stage).await?, before, "nothing was made");
    let digest = status_of(&stage.get().await?).waiting_for[0].digest.clone().unwrap();
    desk.types(&["approve", name, "--yes", "--digest", &digest]).await?.done();
    Ok(())
}

#[tokio::test]
async fn a_dry_run_is_checked_by_the_server_and_stores_nothing() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    escalated(&stage).await?;
    let (name, desk) = (stage.agreement.as_str(), User::of(&desk(), &stage).await?);
    let before = decisions(&stage).await?;
    let dry = desk.types(&["approve", name, "--dry-run=server"]).await?.done();
    assert!(dry.contains("server dry run: nothing was stored"), "{dry}");
    assert_eq!(decisions(&stage).await?, before);
    let made = desk.types(&["approve", name, "--dry-run=server", "-o", "json"]).await?.json();
    assert_eq!((&made["kind"], &made["spec"]["function"]), (&json!("AgreementDecision"), &json!("finance")));
    assert_eq!(made["spec"]["decidedBy"]["groups"], json!(["deal-desk"]));
    let named = desk.types(&["approve", name, "--yes", "-o", "name"]).await?.done();
    assert!(named.starts_with("agreementdecision.countersign.dev/havlink-fleet-"), "{named}");
    assert_eq!((named.lines().count(), decisions(&stage).await?), (1, before + 1));
    Ok(())
}

#[tokio::test]
async fn a_manager_refuses_and_an_owner_withdraws_each_in_their_own_words() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    escalated(&stage).await?;
    let name = stage.agreement.as_str();
    let desk = User::of(&desk(), &stage).await?;
    let said = desk.types(&["request-change", name, "--reason", "30 days, please", "--yes"]).await?.done();
    assert!(said.contains("acting as finance L1") && said.contains("Revising"), "{said}");
    stage.edit_as(&patel(), json!({"offerVersion": 2})).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let patel = User::of(&patel(), &stage).await?;
    let said = patel.types(&["withdraw", name, "--reason", "offered by mistake", "--yes"]).await?.done();
    assert!(said.contains("The agreement is Withdrawn."), "{said}");
    let closed = status_of(&stage.get().await?).closed.unwrap();
    assert_eq!(closed.reason, "offered by mistake");
    let waited = patel.types(&["wait", name]).await?;
    waited.failed(1, "ended, and will not be Agreed");

    let other = Stage::with_agreement(stage.cluster, "fleet").await?;
    escalated(&other).await?;
    let desk = User::of(&testkit::people::desk(), &other).await?;
    let said = desk.types(&["refuse", name, "--reason", "not at this price", "--yes"]).await?.done();
    assert!(said.contains("The agreement is Refused."), "{said}");
    Ok(())
}

#[tokio::test]
async fn somebody_records_what_was_signed_on_paper_with_the_digest_of_the_scan() -> Result<()> {
    let clerk = Person::user("c.clerk", &["back-office"]);
    let stage =
        Example::of("fibre")?.and(clerk.clone(), "countersign-attester").begin(running().await?).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let (name, user) = (stage.agreement.as_str(), User::of(&clerk, &stage).await?);
    let scan = tempfile::NamedTempFile::new()?;
    std::fs::write(scan.path(), "abc")?;
    let path = scan.path().to_str().unwrap();
    let eva = eva();
    let record =
        ["--for", &eva.name, "--record", path, "--uri", "archive:1", "--signed-at", "2026-11-24T10:00:00Z"];
    for act in ["confirm", "sign"] {
        let line = [&["attest", act, name, "--yes"], record.as_slice()].concat();
        let said = user.types(&line).await?.done();
        assert!(said.contains("recording what was done by eva.lund@norrland-timber.example"), "{said}");
        assert!(said.contains("It counts."), "{said}");
    }
    let signatures = status_of(&stage.get().await?).sign_off.unwrap().signatures;
    assert_eq!(signatures[0].attested_by.as_deref(), Some("c.clerk"));
    let line = [&["attest", "sign", name, "--dry-run=server", "-o", "json"], record.as_slice()].concat();
    let made = user.types(&line).await?.json();
    let of_abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(made["spec"]["evidence"]["digest"], json!(of_abc));
    Ok(())
}

/// What the operator says in no time is told with an exit status of its own.
#[tokio::test]
async fn an_operator_that_says_nothing_in_time_has_its_own_exit_status() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.confirm_fibre().await?;
    stage.until_phase("AwaitingSignOff").await?;
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    stage.until_waiting_for("Jonas Berg").await?;
    let (name, jonas) = (stage.agreement.as_str(), User::of(&jonas(), &stage).await?);
    let made = jonas.types(&["countersign", name, "--yes", "--timeout", "0"]).await?;
    made.failed(4, "there was no answer within 0 s");
    jonas.types(&["wait", name, "--timeout", "30s"]).await?.done();
    jonas.types(&["wait", name, "--for", "Escalated", "--timeout", "30s"]).await?.failed(1, "is Agreed");
    Ok(())
}
