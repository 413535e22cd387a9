//! Customers, who read nothing in the cluster and decide with what they were sent.

use anyhow::Result;
use testkit::operator::running;
use testkit::people::{eva, jonas, omar};
use testkit::stage::{Stage, phase_of, status_of};

use crate::user::{Said, User};

/// A file of the customer's own.
struct Sheet(tempfile::NamedTempFile);

impl Sheet {
    async fn sent_by(owner: &User, name: &str) -> Result<Self> {
        let text = owner.types(&["show", name, "--for", "customer", "-o", "yaml"]).await?.done();
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        Ok(Self(file))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.0.path()).unwrap()
    }

    fn change(&self, from: &str, to: &str) {
        let text = self.text();
        assert!(text.contains(from), "{text}");
        std::fs::write(self.0.path(), text.replace(from, to)).unwrap();
    }

    async fn decide(&self, who: &User, act: &[&str]) -> Result<Said> {
        who.types(&[act, &["-f", self.0.path().to_str().unwrap(), "--yes"]].concat()).await
    }
}

#[tokio::test]
async fn the_fibre_is_agreed_by_a_customer_who_may_read_nothing() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let (name, eva, jonas) =
        (stage.agreement.as_str(), User::of(&eva(), &stage).await?, User::of(&jonas(), &stage).await?);
    eva.types(&["confirm", name, "--yes"]).await?.failed(1, "may not get customeragreements");

    let sheet = Sheet::sent_by(&jonas, name).await?;
    let said = sheet.decide(&eva, &["confirm"]).await?.done();
    assert!(said.contains("order      o1 confirmed"), "{said}");
    let words: Vec<&str> = said.split_whitespace().collect();
    assert!(words.join(" ").contains("stating that the terms are understood and acceptable"), "{said}");
    assert!(words.join(" ").contains("You may not read the agreement"), "{said}");
    stage.until_phase("AwaitingSignOff").await?;

    // What was sent for the confirmation has nothing to sign in it.
    sheet.decide(&eva, &["sign"]).await?.failed(1, "has yet to confirm");
    let sheet = Sheet::sent_by(&jonas, name).await?;
    sheet.decide(&eva, &["sign"]).await?.done();
    stage.until_waiting_for("Jonas Berg").await?;
    let page = jonas.types(&["show", name, "--signature-page"]).await?.done();
    assert!(page.contains(&status_of(&stage.get().await?).confirmation.unwrap().digest.unwrap()), "{page}");
    jonas.types(&["countersign", name, "--yes"]).await?.done();
    stage.until_phase("Agreed").await?;
    let verified = jonas.types(&["verify", name]).await?.done();
    assert!(verified.contains(name), "{verified}");
    Ok(())
}

#[tokio::test]
async fn what_the_provider_keeps_to_itself_is_not_sent() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let owner = User::of(&testkit::people::patel(), &stage).await?;
    let sheet = Sheet::sent_by(&owner, &stage.agreement).await?.text();
    let status = sheet.split_once("\nstatus:").unwrap().1;
    for kept in ["deviations", "approvals", "b2b-2026\n", "waitingFor", "conditions", "owners", "value:"] {
        assert!(!status.contains(kept), "{kept}: {status}");
    }
    let told = owner.types(&["show", &stage.agreement, "--for", "customer"]).await?.done();
    assert!(told.contains("Fleet SIM 20 GB") && !told.contains("finance"), "{told}");
    let told = owner.types(&["show", &stage.agreement]).await?.done();
    assert!(told.contains("band pay-45: finance"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_file_that_was_changed_on_the_way_is_not_decided_on() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let (owner, omar) =
        (User::of(&testkit::people::patel(), &stage).await?, User::of(&omar(), &stage).await?);
    let sheet = Sheet::sent_by(&owner, &stage.agreement).await?;
    sheet.change("11.20", "10.20");
    sheet.decide(&omar, &["confirm"]).await?.failed(1, "it was changed");
    sheet.change("10.20", "11.20");
    sheet.decide(&omar, &["confirm", "--leave-out", "phones"]).await?.failed(2, "no order phones");
    sheet.decide(&omar, &["confirm", "--leave-out", "handsets=we have enough"]).await?.done();
    let counted = |a: &countersign_api::CustomerAgreement| {
        status_of(a).confirmation.is_some_and(|confirmation| !confirmation.decisions.is_empty())
    };
    stage.until("Omar's confirmation counts", counted).await?;

    let applied = std::fs::read_to_string(testkit::root().join("examples/fleet/agreement.yaml"))?;
    let applied = omar.types_with(&["confirm", "-f", "-", "--yes"], &applied).await?;
    applied.failed(1, "it is what was applied, not what is offered");
    Ok(())
}

#[tokio::test]
async fn a_customer_who_may_read_sees_that_a_decision_came_too_late_and_why() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "cafe").await?;
    let nina = testkit::people::nina();
    stage.grant(&nina, "countersign-reader").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let (name, user) = (stage.agreement.as_str(), User::of(&nina, &stage).await?);
    user.types(&["confirm", name, "--only-understood", "--yes"]).await?.done();
    let said = user.types(&["decline", name, "--reason", "too long", "--yes"]).await?.done();
    assert!(said.contains("The agreement is Declined."), "{said}");
    user.types(&["confirm", name, "--yes"]).await?.failed(3, "does not count (Closed)");
    assert_eq!(phase_of(&stage.get().await?), "Declined");
    let history = user.types(&["history", name, "-o", "json"]).await?.json();
    let told: Vec<_> =
        history.as_array().unwrap().iter().map(|one| (one["what"].clone(), one["counts"].clone())).collect();
    let what =
        |words: &str| told.iter().find(|(what, _)| what.as_str().unwrap().contains(words)).unwrap().1.clone();
    assert_eq!((what("confirmed: understood and acceptable"), what("declined")), (false.into(), true.into()));
    Ok(())
}
