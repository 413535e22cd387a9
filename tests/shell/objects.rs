//! Objects for the fake API server.

use countersign_api::{CustomerAgreement, CustomerAgreementStatus, OrderRequest};
use countersign_core::decide::{Changes, Notice, Plan, Severity};
use serde_json::{Value, json};

pub fn agreement(name: &str) -> Value {
    json!({
        "apiVersion": "countersign.dev/v1alpha1", "kind": "CustomerAgreement",
        "metadata": {"namespace": "n", "name": name, "generation": 1},
        "spec": {
            "title": name, "agreementType": "Commercial", "offerVersion": 1,
            "customer": {"id": "c", "name": "Customer", "representatives": []},
            "provider": {"id": "p", "name": "Provider", "ownerUsername": "owner", "signatories": []},
            "agreementPeriod": {"startTime": "2026-01-01T00:00:00Z"},
            "offerEndTime": "2026-12-31T00:00:00Z",
            "standardTermsRef": {"name": "standard"}
        }
    })
}

/// One that cannot be read.
pub fn broken(name: &str) -> Value {
    let mut broken = agreement(name);
    broken["spec"]["offerVersion"] = json!("one");
    broken
}

pub fn decision(name: &str, agreement: &str) -> Value {
    json!({
        "apiVersion": "countersign.dev/v1alpha1", "kind": "AgreementDecision",
        "metadata": {"namespace": "n", "name": name, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "agreementRef": {"name": agreement, "uid": format!("uid-of-{agreement}"), "revision": 1, "digest": "sha256:0"},
            "action": "Decline", "reason": "no", "decidedBy": {"username": "somebody"}
        }
    })
}

pub fn order(agreement: &CustomerAgreement, id: &str) -> OrderRequest {
    let name = agreement.metadata.name.as_deref().unwrap();
    serde_json::from_value(json!({
        "apiVersion": "countersign.dev/v1alpha1", "kind": "OrderRequest",
        "metadata": {"namespace": "n", "name": format!("{name}-{id}")},
        "spec": {
            "agreementRef": {"name": name, "uid": agreement.metadata.uid, "revision": 1, "digest": "sha256:0"},
            "orderId": id, "idempotencyKey": format!("{name}-{id}"), "customer": {"id": "c", "name": "Customer"},
            "items": [], "specialHandling": false, "confirmedBy": [], "signedOffTime": "2026-01-01T00:00:00Z"
        }
    }))
    .unwrap()
}

pub fn phase(agreement: &CustomerAgreement) -> Option<&str> {
    agreement.status.as_ref()?.phase.as_deref()
}

/// Writes the phase, where it is another.
pub fn to_phase(agreement: &CustomerAgreement, wanted: &str) -> Plan {
    let mut status = agreement.status.clone().unwrap_or_default();
    status.phase = Some(wanted.to_owned());
    to_status(agreement, status)
}

/// Writes the status, where it is another.
pub fn to_status(agreement: &CustomerAgreement, status: CustomerAgreementStatus) -> Plan {
    let differs = agreement.status.as_ref() != Some(&status);
    if differs {
        Plan::Write(Changes { status: Some(Box::new(status)), ..Changes::default() })
    } else {
        Plan::default()
    }
}

/// The same plan, which also tells people something.
pub fn telling(plan: Plan, reason: &'static str) -> Plan {
    match plan {
        Plan::Write(changes) => Plan::Write(Changes { notices: vec![notice(reason)], ..changes }),
        plan => plan,
    }
}

pub fn notice(reason: &'static str) -> Notice {
    Notice {
        severity: Severity::Normal,
        reason,
        action: "Tested",
        note: "in words".to_owned(),
        related: None,
    }
}

pub fn policy(name: &str) -> Value {
    json!({
        "apiVersion": "countersign.dev/v1alpha1", "kind": "DelegationPolicy", "metadata": {"name": name},
        "spec": {
            "lifecycleState": "Active", "namespaceSelector": {},
            "rules": {
                "standardTerms": {"allowed": ["standard"]}, "currency": "EUR", "ladders": [],
                "escalation": {"timing": "AfterConfirmation", "mode": "Sequential", "quorum": 1, "onTimeout": "EscalateUp"},
                "confirmation": {"representatives": "All", "partialOrders": "Allowed", "deadlineSeconds": 60},
                "signOff": {"order": "Any", "customers": "All", "countersignature": "Required", "deadlineSeconds": 60}
            }
        }
    })
}
