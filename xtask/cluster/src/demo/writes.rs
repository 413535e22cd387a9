//! What the operator wrote, from the API server's audit log.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use testenv::{AuditEvent, ControlPlane, until};

use super::{PATIENCE, operator, story};

/// How often the same verb was used on the same resource.
type Counts = BTreeMap<(String, String), u64>;

/// Counts and prints them.
pub(super) async fn tell(plane: &ControlPlane) -> Result<()> {
    let counts = settled(plane).await?;
    anstream::println!();
    story::says("What the operator wrote for all this, according to the API server's audit log:");
    let mut rows = vec![story::head(["RESOURCE", "VERB", "WRITES"])];
    for ((resource, verb), count) in &counts {
        rows.push((story::Emphasis::Plain, vec![resource.clone(), verb.clone(), count.to_string()]));
    }
    rows.push((
        story::Emphasis::Now,
        vec!["all".to_owned(), String::new(), counts.values().sum::<u64>().to_string()],
    ));
    story::table(&rows);
    Ok(())
}

/// Events follow the status that they report, and the log follows both: counted when it has been
/// quiet for a second.
async fn settled(plane: &ControlPlane) -> Result<Counts> {
    const QUIET: u32 = 50;
    let mut last = Counts::new();
    let mut quiet = 0;
    until("the operator wrote no more", PATIENCE.min(Duration::from_secs(30)), || {
        let counts = plane.audit().map(|events| count(&events, operator::USERNAME));
        let answer = counts.map(|counts| {
            quiet = if counts == last { quiet + 1 } else { 0 };
            last = counts;
            (quiet >= QUIET && !last.is_empty()).then(|| last.clone())
        });
        std::future::ready(answer)
    })
    .await
}

/// What `username` wrote. A dry run writes nothing, nor does a rejected request.
fn count(events: &[AuditEvent], username: &str) -> Counts {
    let mut counts = Counts::new();
    for event in events {
        let writes =
            matches!(event.verb.as_str(), "create" | "update" | "patch" | "delete" | "deletecollection");
        let done = event.stage == "ResponseComplete"
            && event.response_status.as_ref().is_some_and(|status| status.code < 300);
        let dry = event.request_uri.contains("dryRun=");
        if event.user.username != username || !writes || !done || dry {
            continue;
        }
        let object = event.object_ref.clone().unwrap_or_default();
        let mut resource = object.resource.unwrap_or_default();
        if let Some(subresource) = object.subresource {
            resource = format!("{resource}/{subresource}");
        }
        *counts.entry((resource, event.verb.clone())).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(change: Value) -> AuditEvent {
        let mut event = json!({
            "auditID": "1", "stage": "ResponseComplete", "verb": "patch", "user": {"username": "op"},
            "requestURI": "/apis/countersign.dev/v1alpha1/namespaces/n/customeragreements/a/status",
            "objectRef": {"resource": "customeragreements", "subresource": "status"},
            "responseStatus": {"code": 200},
            "requestReceivedTimestamp": "2026-01-01T00:00:00Z", "stageTimestamp": "2026-01-01T00:00:00Z",
        });
        if let (Value::Object(event), Value::Object(change)) = (&mut event, change) {
            event.extend(change);
        }
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn only_what_this_user_really_wrote_is_counted() {
        let events = [
            event(json!({})),
            event(json!({})),
            event(
                json!({"verb": "create", "objectRef": {"resource": "orderrequests"}, "responseStatus": {"code": 201}}),
            ),
            event(json!({"verb": "get"})),
            event(json!({"user": {"username": "somebody-else"}})),
            event(json!({"responseStatus": {"code": 409}})),
            event(json!({"stage": "Panic"})),
            event(json!({"verb": "create", "requestURI": "/apis/x?dryRun=All"})),
        ];
        let key = |resource: &str, verb: &str| (resource.to_owned(), verb.to_owned());
        let expected = Counts::from([
            (key("customeragreements/status", "patch"), 2),
            (key("orderrequests", "create"), 1),
        ]);
        assert_eq!(count(&events, "op"), expected);
    }
}
