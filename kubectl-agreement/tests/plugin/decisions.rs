//! Decisions, from the inbox to what became of them.

use anyhow::Result;
use serde_json::json;

use crate::common::operator::running;
use crate::common::stage::{Stage, desk, eva, lea, mary, omar, phase_of};
use crate::hands::Hands;

/// Everybody may read policies and catalogues, as provider's people do.
async fn reader(stage: &Stage<'_>, who: &crate::common::people::Person) -> Result<()> {
    stage.cluster.grant_everywhere("countersign-reader", who).await
}

#[tokio::test]
async fn the_fleet_is_agreed_by_the_plugin_alone_each_with_their_own_rights() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fleet").await?;
    reader(&stage, &mary()).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let [mary, desk, omar, lea] = [
        Hands::of(&mary(), &stage).await?,
        Hands::of(&desk(), &stage).await?,
        Hands::of(&omar(), &stage).await?,
        Hands::of(&lea(), &stage).await?,
    ];
    let name = stage.agreement.as_str();
    assert!(mary.types(&["inbox"]).await?.done().starts_with("Nothing waits for m.osei"));
    println!("{}", omar.types(&["confirm", name, "--yes"]).await?.err);
    for who in [&omar, &lea] {
        stage.decide(&if std::ptr::eq(who, &omar) { crate::common::stage::omar() } else { crate::common::stage::lea() },
          json!({"action": "Confirm", "statements": ["Understood", "Acceptable"], "orders": [{"id":"sims","outcome":"Confirmed"},{"id":"handsets","outcome":"Confirmed"}]})).await?;
    }
    stage.until_waiting_for("(finance L1)").await?;
    let inbox = desk.types(&["inbox"]).await?.done();
    println!("{inbox}");
    println!("{:?}", desk.types(&["approve", name]).await?.failed(2, "no terminal"));
    println!("{}", desk.types(&["approve", name, "--yes"]).await?.done());
    println!("{}", mary.types(&["inbox", "-o", "wide"]).await?.done());
    println!("{}", mary.types(&["approve", name, "--yes"]).await?.done());
    assert_eq!(phase_of(&stage.get().await?), "AwaitingSignOff");
    let _ = eva();
    Ok(())
}
