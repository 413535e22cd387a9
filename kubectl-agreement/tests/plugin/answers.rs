//! Between the look and the answer: what was read is decided on, or nothing.

use anyhow::Result;
use serde_json::{Value, json};
use testkit::operator::running;
use testkit::people::{desk, eva, jonas, patel};
use testkit::raw;
use testkit::stage::{Stage, phase_of, status_of};

use crate::decisions::{decisions, escalated};
use crate::terminal::Typed;
use crate::user::User;

#[tokio::test]
async fn what_is_changed_while_somebody_reads_is_not_decided_on() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    escalated(&stage).await?;
    let before = decisions(&stage).await?;
    let desk = User::of(&desk(), &stage).await?;
    let line = ["refuse", &stage.agreement, "--reason", "no", "-n", &stage.namespace];
    let typed = Typed::new(&desk, &line, false)?;
    typed.asks().await?;
    stage.edit_as(&patel(), json!({"offerVersion": 2})).await?;
    stage.until("a new revision", |a| status_of(a).terms.is_some_and(|terms| terms.revision == 2)).await?;
    let said = typed.answer("y\n").await?.failed(1, "Nothing was made");
    assert!(said.err.contains("This is final. Make this decision?"), "{said:?}");
    assert_eq!(decisions(&stage).await?, before);
    Ok(())
}

/// What is deleted while somebody reads is not decided on nor is another of its name.
#[tokio::test]
async fn what_is_deleted_while_somebody_reads_is_not_decided_on() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.grant(&eva(), "countersign-reader").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let eva = User::of(&eva(), &stage).await?;
    let line = ["confirm", &stage.agreement, "-n", &stage.namespace];
    let (first, second) = (Typed::new(&eva, &line, false)?, Typed::new(&eva, &line, false)?);
    first.asks().await?;
    second.asks().await?;
    let path = format!("{}/{}", raw::path("customeragreements", &stage.namespace), stage.agreement);
    raw::ask(&stage.cluster.admin()?, "DELETE", &path, &Value::Null).await?;
    first.answer("y\n").await?.failed(1, "there is no agreement");
    stage.submit().await?;
    stage.until_phase("AwaitingConfirmation").await?;
    second.answer("y\n").await?.failed(1, "it was changed while you were reading");
    assert_eq!(decisions(&stage).await?, 0);
    Ok(())
}

#[tokio::test]
async fn what_is_sealed_while_somebody_reads_is_not_changed_by_the_answer() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.confirm_fibre().await?;
    stage.until_phase("AwaitingSignOff").await?;
    let owner = User::of(&jonas(), &stage).await?;
    let line = ["withdraw", &stage.agreement, "--reason", "a slip", "-n", &stage.namespace];
    let typed = Typed::new(&owner, &line, false)?;
    typed.asks().await?;
    stage.sign(&eva(), "Jonas Berg", &jonas()).await?;
    stage.until_phase("Agreed").await?;
    typed.answer("yes\n").await?.failed(3, "does not count (Sealed): the agreement is sealed");
    assert_eq!(phase_of(&stage.get().await?), "Agreed");
    Ok(())
}

#[tokio::test]
async fn who_does_not_wait_is_told_the_name_and_nothing_more() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    escalated(&stage).await?;
    let desk = User::of(&desk(), &stage).await?;
    let said = desk.types(&["approve", &stage.agreement, "--yes", "--no-wait"]).await?.done();
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("made: havlink-fleet-"), "{said}");
    stage.until_waiting_for("VP Enterprise Sales").await?;
    Ok(())
}
