//! Names as long as they may be, and words in any script.

use anyhow::Result;
use serde_json::{Value, json};

use super::running;
use testkit::example::Example;
use testkit::people::{Person, jonas};
use testkit::stage::{condition, status_of};

const ARABIC: &str = "اتفاقية الألياف الضوئية";
const HEBREW: &str = "הסכם סיבים אופטיים";
const CHINESE: &str = "千兆专线协议，松兹瓦尔锯木厂";
const EMOJI: &str = "👩‍🚒🏳️‍🌈🪵🇸🇪";
/// Letters with marks of their own, and a stack of them.
const MARKS: &str = "A\u{30a}ngermanla\u{308}nd Z\u{351}\u{36b}\u{343}\u{36a}\u{302}";
const LONGEST_NAME: usize = 253;

/// So many characters of all of them.
fn all(characters: usize) -> String {
    let line = [ARABIC, HEBREW, CHINESE, EMOJI, MARKS].join(" ");
    line.chars().cycle().take(characters).collect::<String>().trim().to_owned()
}

/// An agreement of the longest name in every script is agreed and passed on.
#[tokio::test]
async fn an_agreement_of_the_longest_name_in_every_script_is_agreed() -> Result<()> {
    let name: String =
        "sundsvall-sagverk.2026--".chars().cycle().take(LONGEST_NAME - 1).chain(['z']).collect();
    let layla = Person::user("ليلى@norrland-timber.example", &[]);
    let odd = "A..b__C--d.".chars().cycle().take(62).chain(['9']).collect::<String>();
    let odder = odd.to_lowercase();
    let example = Example::of("fibre")?
        .with("/metadata/name", &json!(name))
        .with("/spec/title", &json!(all(256)))
        .with("/spec/customer/name", &json!(CHINESE))
        .with("/spec/customer/representatives", &json!([
            {"name": format!("{HEBREW} {EMOJI}"), "username": layla.name, "roles": ["Confirmer", "Signatory"]},
        ]))
        .with("/spec/provider/name", &json!(MARKS))
        .with("/spec/terms/0/reason", &json!(all(1_024)))
        .with("/spec/orders/0/id", &json!(odd))
        .with("/spec/orders/0/specialRequirements", &json!([all(1_024)]))
        .and(layla.clone(), "countersign-confirmer")
        .and(layla.clone(), "countersign-signatory");
    let fibre = testkit::documents("examples/fibre/agreement.yaml")?.remove(0);
    let second = testkit::schema::with(&fibre["spec"]["orders"][0], "/id", &json!(odder));
    let third = testkit::schema::with(&fibre["spec"]["orders"][0], "/id", &json!("no"));
    let stage = example
        .with("/spec/orders/-", &second)
        .with("/spec/orders/-", &third)
        .begin(running().await?)
        .await?;
    stage.until_phase("AwaitingConfirmation").await?;

    let wish = format!("{} \u{202e}\u{1b}[31m\u{2067}", all(1_000));
    stage.decide(&layla, json!({"action": "RequestChange", "reason": wish})).await?;
    stage.until_phase("Revising").await?;
    stage.edit_as(&jonas(), json!({"offerVersion": 2})).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let outcomes = json!([
        {"id": odd, "outcome": "Confirmed"}, {"id": odder, "outcome": "Confirmed"},
        {"id": "no", "outcome": "NotConfirmed", "reason": all(1_024)},
    ]);
    stage.confirm(&layla, outcomes).await?;
    stage.sign(&layla, "Jonas Berg", &jonas()).await?;
    let agreed = stage.until_phase("Agreed").await?;

    assert_eq!(agreed.spec.title, all(256));
    let status = status_of(&agreed);
    let refused: Value = serde_json::to_value(&status.orders[2])?;
    assert!(refused["reason"].as_str().unwrap().starts_with(ARABIC), "{refused}");
    assert!(condition(&agreed, "Understood").2.contains(HEBREW));

    let mut requests = stage.order_requests().await?;
    requests.sort_by(|a, b| a.spec.order_id.cmp(&b.spec.order_id));
    let passed_on: Vec<_> = requests.iter().map(|request| request.spec.order_id.clone()).collect();
    assert_eq!(passed_on, [odd, odder], "ids that differ in case alone are two orders");
    for request in &requests {
        assert_eq!(
            (request.spec.customer.name.as_str(), &request.spec.confirmed_by),
            (CHINESE, &vec![layla.name.clone()])
        );
    }
    assert_eq!(requests[0].spec.special_requirements, [all(1_024)]);

    stage.until_told("Agreed", 1).await?;
    let told = stage.told().await?;
    for reason in [
        "TermsValid",
        "ChangeRequested",
        "TermsChanged",
        "CustomerConfirmed",
        "ConfirmationComplete",
        "CustomerSigned",
        "ProviderCountersigned",
        "AgreementSealed",
        "OrdersIssued",
        "Agreed",
    ] {
        assert!(told.iter().any(|event| event.reason.as_deref() == Some(reason)), "nobody was told {reason}");
    }
    for event in &told {
        let note = event.note.clone().unwrap_or_default();
        assert!(note.len() < 1_024, "{} bytes", note.len());
        let turns =
            |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!note.contains(turns), "{note:?}");
    }
    let wish = told.iter().find(|event| event.reason.as_deref() == Some("ChangeRequested")).unwrap();
    assert!(wish.note.as_ref().unwrap().contains(HEBREW), "{wish:?}");
    Ok(())
}
