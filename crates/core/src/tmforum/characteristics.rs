//! What TMF651 has no field for, as characteristics of an `Agreement`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;
use serde_json::{Value, json};

use super::decisions::Counted;
use super::parts::{Any, Characteristic, agreed_orders, without_nothing};
use crate::audience::Audience;
use countersign_api::{CustomerAgreement, CustomerAgreementStatus, GROUP, StandardTerms};

/// The API group distinguishes ours from the ids of terms, which have no dot and no slash.
fn own(name: &str, value_type: &'static str, value: Any) -> Characteristic {
    Characteristic { name: format!("{GROUP}/{name}"), value_type: Some(value_type), value }
}

/// Collects what is given.
#[derive(Default)]
struct Found(Vec<Characteristic>);

impl Found {
    fn text(&mut self, name: &str, value: Option<&str>) {
        self.0.extend(value.map(|value| own(name, "string", Any::Text(value.to_owned()))));
    }

    fn time(&mut self, name: &str, value: Option<&Time>) {
        let text = value.map(|time| json!(time)).and_then(|value| value.as_str().map(str::to_owned));
        self.0.extend(text.map(|text| own(name, "dateTime", Any::Text(text))));
    }

    fn object(&mut self, name: &str, value: Option<impl Serialize>) {
        let value = value.and_then(|value| serde_json::to_value(value).ok());
        self.0.extend(value.map(|value| own(name, "object", Any::Object(value))));
    }

    fn list(&mut self, name: &str, mut values: Vec<Value>) {
        values.iter_mut().for_each(without_nothing);
        if !values.is_empty() {
            self.0.push(own(name, "array", Any::Object(values.into())));
        }
    }
}

pub(super) fn all(
    agreement: &CustomerAgreement,
    status: &CustomerAgreementStatus,
    catalogue: Option<&StandardTerms>,
    links: &[(&'static str, &str)],
    counted: &[Counted<'_>],
    audience: Audience,
) -> Vec<Characteristic> {
    let mut found = Found(terms(agreement, catalogue));
    known_to_both(&mut found, agreement, status);
    found.list("links", links.iter().map(|(how, name)| json!({"type": how, "name": name})).collect());
    found.list("decisions", counted.iter().map(|own| own.details(audience)).collect());
    if audience == Audience::Provider {
        kept_by_the_provider(&mut found, agreement, status);
    }
    found.0
}

fn terms(agreement: &CustomerAgreement, catalogue: Option<&StandardTerms>) -> Vec<Characteristic> {
    let value_type = |id: &str| {
        let term = catalogue?.spec.terms.iter().find(|term| term.id == id);
        term.map(|term| term.value_type)
    };
    let valued = agreement.spec.terms.iter().filter_map(|term| Some((term, term.value.as_deref()?)));
    valued
        .map(|(term, value)| {
            let (value_type, value) = Any::typed(value, value_type(&term.id));
            Characteristic { name: term.id.clone(), value_type: Some(value_type), value }
        })
        .collect()
}

fn known_to_both(found: &mut Found, agreement: &CustomerAgreement, status: &CustomerAgreementStatus) {
    let (spec, metadata) = (&agreement.spec, &agreement.metadata);
    found.object("resource", Some(json!({"namespace": metadata.namespace, "name": metadata.name})));
    found.text("documentNumber", spec.document_number.as_deref());
    found.object("proposal", spec.proposal_ref.as_ref());
    found.0.push(own("offerVersion", "number", Any::Object(spec.offer_version.into())));
    found.time("offerEndTime", Some(&spec.offer_end_time));
    found.object("estimatedValue", spec.estimated_value.as_ref());
    let documents = spec.documents.iter().filter_map(|document| serde_json::to_value(document).ok());
    found.list("documents", documents.collect());
    found.text("termsDigest", status.terms.as_ref().map(|terms| terms.digest.as_str()));
    let confirmation = status.confirmation.as_ref();
    found.text("confirmationDigest", confirmation.and_then(|confirmation| confirmation.digest.as_deref()));
    found.time("understoodTime", confirmation.and_then(|confirmation| confirmation.understood_time.as_ref()));
    found.time("acceptableTime", confirmation.and_then(|confirmation| confirmation.acceptable_time.as_ref()));
    found.time("sealedTime", status.sign_off.as_ref().and_then(|sign_off| sign_off.sealed_time.as_ref()));
    found.time("closedTime", status.closed.as_ref().map(|closed| &closed.time));
    found.list("orders", orders(agreement, status));
}

/// Every order, with what became of it, and which item of the agreement it is.
fn orders(agreement: &CustomerAgreement, status: &CustomerAgreementStatus) -> Vec<Value> {
    let spec = &agreement.spec;
    let order = |id: &str| {
        let outcome = status.orders.iter().find(|outcome| outcome.id == id);
        // The first item has the terms.
        let item = agreed_orders(spec, status).position(|order| order.id == id);
        json!({
            "id": id,
            "agreementItem": item.map(|item| item + 1),
            "confirmed": outcome.and_then(|outcome| outcome.confirmed),
            "reason": outcome.and_then(|outcome| outcome.reason.as_ref()),
            "orderRequest": outcome.and_then(|outcome| outcome.uid.as_ref()),
        })
    };
    spec.orders.iter().map(|own| order(&own.id)).collect()
}

fn kept_by_the_provider(found: &mut Found, agreement: &CustomerAgreement, status: &CustomerAgreementStatus) {
    let spec = &agreement.spec;
    found.text("phase", status.phase.as_deref());
    found.text("segment", spec.customer.segment.as_deref());
    let reasons = spec.terms.iter().filter_map(|term| Some((&term.id, term.reason.as_ref()?)));
    found.list("termReasons", reasons.map(|(id, reason)| json!({"id": id, "reason": reason})).collect());
    let classification = status.classification.and_then(|own| serde_json::to_value(own).ok());
    found.text("classification", classification.as_ref().and_then(Value::as_str));
    let deviations = status.deviations.iter().filter_map(|own| serde_json::to_value(own).ok());
    found.list("deviations", deviations.collect());
    found.object("value", status.value.as_ref());
    let approvals = status.approvals.iter().filter_map(|own| serde_json::to_value(own).ok());
    found.list("approvals", approvals.collect());
    found.text("closedReason", status.closed.as_ref().map(|closed| closed.reason.as_str()));
}
