//! Decisions that count, as authorizations.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;
use serde_json::{Value, json};

use super::left_out::Missing;
use super::parts::without_nothing;
use crate::audience::Audience;
use crate::verify::Export;
use countersign_api::agreement_status::{ClosedOutcome, Side};
use countersign_api::{Action, AgreementDecision, CustomerAgreement, CustomerAgreementStatus};

/// One decision, without who made it: TMF651 has no field for that here.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgreementAuthorization {
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_representation: Option<String>,
    state: &'static str,
}

/// A decision that the status counts.
#[derive(Clone)]
pub(super) struct Counted<'a> {
    name: &'a str,
    action: Action,
    username: Option<&'a str>,
    attested_by: Option<&'a str>,
    /// It ended the agreement.
    ended: bool,
    object: Option<&'a AgreementDecision>,
}

/// Every decision that counts and that the audience may see, in the order in which they were made.
pub(super) fn counted<'a>(
    export: &'a Export,
    agreement: &'a CustomerAgreement,
    status: &'a CustomerAgreementStatus,
    audience: Audience,
    missing: &mut Missing<'_>,
) -> Vec<Counted<'a>> {
    let mut all: Vec<Counted<'a>> = named(status)
        .into_values()
        .filter(|own| {
            audience == Audience::Provider || !matches!(own.action, Action::Approve | Action::Refuse)
        })
        .map(|own| Counted { object: object(export, agreement, own.name), ..own })
        .collect();
    for own in all.iter().filter(|own| own.object.is_none()) {
        missing.note(&format!(
            "`{}` of `agreementAuthorization` has no `date`: the AgreementDecision is not in the input",
            own.name
        ));
    }
    all.sort_by_key(|own| {
        let made = own.made().map(|time| time.0);
        (made.is_none(), made, own.name)
    });
    all
}

/// What the status says of each decision that counts. One that ended the agreement may also be in another list.
fn named<'a>(status: &'a CustomerAgreementStatus) -> BTreeMap<&'a str, Counted<'a>> {
    let mut all = BTreeMap::new();
    let mut add = |own: Counted<'a>| {
        all.entry(own.name).or_insert(own);
    };
    let ended = |name: &String| status.closed.as_ref().is_some_and(|end| end.decisions.contains(name));
    for own in status.confirmation.iter().flat_map(|confirmation| &confirmation.decisions) {
        add(Counted {
            name: &own.decision,
            action: Action::Confirm,
            username: Some(&own.username),
            attested_by: own.attested_by.as_deref(),
            ended: false,
            object: None,
        });
    }
    for own in status.approvals.iter().flat_map(|step| &step.decided_by) {
        let ended = ended(&own.decision);
        add(Counted {
            name: &own.decision,
            action: if ended { Action::Refuse } else { Action::Approve },
            username: Some(&own.username),
            attested_by: None,
            ended,
            object: None,
        });
    }
    for own in status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures) {
        add(Counted {
            name: &own.decision,
            action: if own.side == Side::Customer { Action::Sign } else { Action::Countersign },
            username: Some(&own.username),
            attested_by: own.attested_by.as_deref(),
            ended: false,
            object: None,
        });
    }
    let end = status.closed.as_ref().and_then(|end| {
        let action = match end.outcome {
            ClosedOutcome::Declined => Action::Decline,
            ClosedOutcome::Refused => Action::Refuse,
            ClosedOutcome::Withdrawn => Action::Withdraw,
            ClosedOutcome::Expired => return None,
        };
        Some((action, &end.decisions))
    });
    for (action, name) in end.iter().flat_map(|(action, names)| names.iter().map(|name| (*action, name))) {
        add(Counted { name, action, username: None, attested_by: None, ended: true, object: None });
    }
    all
}

/// The decision of that name, if it is about exactly this agreement.
fn object<'a>(
    export: &'a Export,
    agreement: &CustomerAgreement,
    name: &str,
) -> Option<&'a AgreementDecision> {
    let found = export.decisions().iter().find(|own| {
        own.metadata.name.as_deref() == Some(name)
            && own.metadata.namespace == agreement.metadata.namespace
            && Some(&own.spec.agreement_ref.uid) == agreement.metadata.uid.as_ref()
    });
    found.map(AsRef::as_ref)
}

impl Counted<'_> {
    fn made(&self) -> Option<&Time> {
        self.object.and_then(|own| own.metadata.creation_timestamp.as_ref())
    }

    pub(super) fn authorization(&self) -> AgreementAuthorization {
        let signs = matches!(self.action, Action::Sign | Action::Countersign);
        AgreementAuthorization {
            date: self.made().cloned(),
            signature_representation: self.object.filter(|_| signs).map(|own| {
                let elsewhere = own.spec.evidence.as_ref().map(|evidence| evidence.channel.clone());
                elsewhere.unwrap_or_else(|| "Digital".to_owned())
            }),
            state: if self.ended { "rejected" } else { "approved" },
        }
    }

    /// What `agreementAuthorization` has no field for.
    pub(super) fn details(&self, audience: Audience) -> Value {
        let spec = self.object.map(|own| &own.spec);
        // The status names the person for whom a decision was recorded, and nobody for one that ended the agreement.
        let username = self.username.or_else(|| {
            let recorded = spec.filter(|spec| spec.evidence.is_some());
            let person = recorded.and_then(|spec| spec.on_behalf_of.as_deref());
            person.or(spec.map(|spec| spec.decided_by.username.as_str()))
        });
        let attested_by = self.attested_by.or_else(|| {
            spec.filter(|spec| spec.evidence.is_some()).map(|spec| spec.decided_by.username.as_str())
        });
        let approver = spec.filter(|spec| spec.function.is_some());
        let reason = spec.and_then(|spec| spec.reason.as_deref()).filter(|_| audience == Audience::Provider);
        let mut details = json!({
            "name": self.name,
            "action": self.action.as_str(),
            "username": username,
            "attestedBy": attested_by,
            "function": approver.map(|spec| &spec.function),
            "level": approver.map(|spec| &spec.level),
            "onBehalfOf": approver.and_then(|spec| spec.on_behalf_of.as_ref()),
            "statements": spec.map(|spec| &spec.statements).filter(|statements| !statements.is_empty()),
            "reason": reason,
            "revision": spec.map(|spec| spec.agreement_ref.revision),
            "digest": spec.map(|spec| &spec.agreement_ref.digest),
            "evidence": spec.and_then(|spec| spec.evidence.as_ref()),
        });
        without_nothing(&mut details);
        details
    }
}
