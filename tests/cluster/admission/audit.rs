//! The audit log.

use anyhow::{Context, Result};
use countersign_api::GROUP;
use serde_json::{Value, json};
use testenv::until;
use testkit::decision::SOME_DIGEST;
use testkit::raw::Refusal;
use testkit::{PATIENCE, decision};

use super::{AGREEMENT, Stage, sign_nothing};

#[tokio::test]
async fn the_audit_log_says_who_decided_what_and_for_whom_they_posed() -> Result<()> {
    let stage = Stage::new("audit").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let plane = &stage.cluster.plane;
    let mark = plane.audit_mark()?;
    stage.decide(&eva, sign_nothing()).await?.map_err(Refusal::into_error)?;
    // Who may impersonate decides as another: no policy can see it, so the audit log has to.
    let decision = decision::on(AGREEMENT, "00", &eva, sign_nothing());
    let posing = http::Request::post(stage.path("agreementdecisions"))
        .header("content-type", "application/json")
        .header("impersonate-user", &eva.name)
        .body(decision.to_string().into_bytes())?;
    stage.cluster.admin()?.request::<Value>(posing).await?;
    // And what was refused is told apart from what was not.
    let refused = stage.decide(&eva, json!({"action": "Sign"})).await?;
    assert!(refused.is_err(), "{refused:?}");

    let events = until("the audit log had all three", PATIENCE, || async {
        let mut events = plane.audit_since(mark)?;
        events.retain(|event| {
            let about = event.object_ref.as_ref();
            event.verb == "create"
                && about.is_some_and(|about| about.namespace.as_deref() == Some(stage.namespace.as_str()))
                && about.is_some_and(|about| about.resource.as_deref() == Some("agreementdecisions"))
        });
        Ok((events.len() == 3).then_some(events))
    })
    .await?;
    let words = format!("Withdraw {}/{AGREEMENT} uid=00 revision=1 {SOME_DIGEST}", stage.namespace);
    let noted = |index: usize| -> Result<Option<String>> {
        let event = events.get(index).context("no such event")?;
        let mut annotations = event.annotations.iter();
        let decision = annotations
            .find(|(key, _)| key.starts_with("decide-") && key.ends_with(&format!(".{GROUP}/decision")));
        Ok(decision.map(|(_, words)| words.clone()))
    };
    assert_eq!(noted(0)?.as_deref(), Some(words.as_str()));
    assert_eq!(noted(1)?.as_deref(), Some(words.as_str()));
    let impersonated = events.get(1).context("no such event")?;
    assert_eq!(impersonated.user.username, "admin");
    assert_eq!(impersonated.impersonated_user.as_ref().map(|user| &user.username), Some(&eva.name));
    let refused = events.get(2).context("no such event")?;
    assert_eq!(refused.response_status.as_ref().map(|status| status.code), Some(403));
    let failures = refused.annotations.get("validation.policy.admission.k8s.io/validation_failure");
    assert!(failures.is_some_and(|words| words.contains("right verb: ")), "{:?}", refused.annotations);
    Ok(())
}
