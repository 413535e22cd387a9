//! What the consumer reads from an `OrderRequest`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use serde::Deserialize;
use serde_json::Value;

use crate::order_system::{CustomerOrder, Line, Order};

/// The resource of order requests.
#[must_use]
pub fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("countersign.dev", "v1alpha1", "OrderRequest"))
}

/// The part of an order request that matters here. Other fields of the definition, now or later, are ignored.
///
/// The watch brings objects of any form, and each is read on its own: so a request that cannot be read
/// does not block the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What is asked for. It never changes.
    pub spec: Spec,
    /// What consumers made of it so far.
    pub status: Status,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "as in the definition")]
pub struct Spec {
    pub agreement_ref: AgreementRef,
    pub order_id: String,
    pub idempotency_key: String,
    pub customer: Customer,
    pub items: Vec<Item>,
    pub special_handling: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as in the definition")]
pub struct AgreementRef {
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as in the definition")]
pub struct Customer {
    pub id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "as in the definition")]
pub struct Item {
    pub id: String,
    pub action: Action,
    pub quantity: u32,
    pub product_offering: Option<Offering>,
}

/// An unknown word comes from a later definition: it is better not to read the request than to misread it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as in the definition")]
pub enum Action {
    Add,
    Modify,
    Delete,
    NoChange,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "as in the definition")]
pub struct Offering {
    pub id: String,
}

/// What consumers reported.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "as in the definition")]
pub struct Status {
    pub acknowledged_by: Option<String>,
    pub conditions: Vec<Condition>,
    pub customer_orders: Vec<CustomerOrder>,
}

/// Why a request could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{part} cannot be read: {cause}")]
pub struct Unreadable {
    part: &'static str,
    #[source]
    cause: serde_json::Error,
}

/// Who the request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Nobody took it.
    Free,
    /// A replica of ours took it, and it is not done.
    Ours,
    /// Another consumer took it.
    Theirs(&'a str),
    /// It is completed, failed or rejected.
    Ended,
}

impl Request {
    /// # Errors
    /// If a field that is needed here is missing or has an unknown form.
    pub fn read(object: &DynamicObject) -> Result<Self, Unreadable> {
        let part = |name| object.data.get(name).unwrap_or(&Value::Null);
        let spec = Spec::deserialize(part("spec")).map_err(|cause| Unreadable { part: "`spec`", cause })?;
        let status = Option::<Status>::deserialize(part("status"))
            .map_err(|cause| Unreadable { part: "`status`", cause })?;
        Ok(Self { spec, status: status.unwrap_or_default() })
    }

    /// Who it belongs to, from the view of the consumer with this name.
    #[must_use]
    pub fn standing(&self, consumer: &str) -> Standing<'_> {
        let ended = ["Completed", "Failed", "Rejected"];
        if ended.iter().any(|type_| self.status.holds(type_)) {
            return Standing::Ended;
        }
        match self.status.acknowledged_by.as_deref() {
            None => Standing::Free,
            Some(name) if name == consumer => Standing::Ours,
            Some(name) => Standing::Theirs(name),
        }
    }

    /// The order to make from it, or every reason why this consumer cannot make it.
    ///
    /// # Errors
    /// If it asks for something that this consumer does not do.
    pub fn order(&self) -> Result<Order, Vec<String>> {
        let mut reasons = Vec::new();
        if self.spec.special_handling {
            reasons.push("nobody assessed the special requirements, and nobody here can".to_owned());
        }
        let mut lines = Vec::new();
        for item in &self.spec.items {
            match (item.action, &item.product_offering) {
                (Action::NoChange, _) => {}
                (Action::Add, Some(offering)) => {
                    lines.push(Line { offering: offering.id.clone(), quantity: item.quantity });
                }
                (Action::Add, None) => reasons.push(format!("item `{}` names no product offering", item.id)),
                (action @ (Action::Modify | Action::Delete), _) => {
                    reasons.push(format!("item `{}` is a {action:?}, and only Add is done here", item.id));
                }
            }
        }
        if !reasons.is_empty() {
            return Err(reasons);
        }
        Ok(Order {
            agreement: self.spec.agreement_ref.name.clone(),
            order_id: self.spec.order_id.clone(),
            customer: self.spec.customer.id.clone(),
            lines,
        })
    }
}

impl Status {
    /// The condition of this type.
    #[must_use]
    pub fn condition(&self, type_: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.type_ == type_)
    }

    /// Whether it exists and is True.
    #[must_use]
    pub fn holds(&self, type_: &str) -> bool {
        self.condition(type_).is_some_and(|condition| condition.status == "True")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(spec: &Value, status: &Value) -> DynamicObject {
        let object = json!({
            "apiVersion": "countersign.dev/v1alpha1", "kind": "OrderRequest", "metadata": {"name": "r"},
            "spec": spec, "status": status,
        });
        serde_json::from_value(object).unwrap()
    }

    fn spec(items: &Value) -> Value {
        json!({
            "agreementRef": {"name": "deal", "uid": "0f0f"}, "orderId": "o1", "idempotencyKey": "k",
            "customer": {"id": "ORG-1", "name": "One"}, "items": items, "specialHandling": false,
        })
    }

    fn read(items: &Value, status: &Value) -> Request {
        Request::read(&object(&spec(items), status)).unwrap()
    }

    #[test]
    fn what_stays_as_it_is_needs_no_order_and_what_is_new_does() {
        let request = read(
            &json!([
                {"id": "1", "action": "Add", "quantity": 2, "productOffering": {"id": "PO-1"}},
                {"id": "2", "action": "NoChange", "quantity": 1},
            ]),
            &Value::Null,
        );
        let order = request.order().unwrap();
        assert_eq!(order.lines, [Line { offering: "PO-1".to_owned(), quantity: 2 }]);
    }

    #[test]
    fn every_reason_is_said_at_once() {
        let mut request = read(
            &json!([{"id": "1", "action": "Add", "quantity": 2}, {"id": "2", "action": "Delete", "quantity": 1}]),
            &Value::Null,
        );
        request.spec.special_handling = true;
        let reasons = request.order().unwrap_err();
        assert_eq!(reasons.len(), 3, "{reasons:?}");
        assert!(reasons[2].contains("item `2` is a Delete"), "{reasons:?}");
    }

    #[test]
    fn an_unknown_word_makes_a_request_unreadable_and_names_it() {
        let items = json!([{"id": "1", "action": "Swap", "quantity": 1}]);
        let error = Request::read(&object(&spec(&items), &Value::Null)).unwrap_err().to_string();
        assert!(error.contains("`spec`") && error.contains("Swap"), "{error}");
    }

    #[test]
    fn whoever_wrote_their_name_first_has_it_until_it_ends() {
        let of = |status: Value| read(&json!([]), &status);
        assert_eq!(of(Value::Null).standing("desk"), Standing::Free);
        assert_eq!(of(json!({"acknowledgedBy": "desk"})).standing("desk"), Standing::Ours);
        assert_eq!(of(json!({"acknowledgedBy": "other"})).standing("desk"), Standing::Theirs("other"));
        for (type_, status, ended) in
            [("Completed", "True", true), ("Completed", "False", false), ("Failed", "True", true)]
        {
            let condition = json!({"type": type_, "status": status, "reason": "R", "message": "",
                                   "lastTransitionTime": "2026-11-25T09:12:44Z"});
            let request = of(json!({"acknowledgedBy": "desk", "conditions": [condition]}));
            assert_eq!(request.standing("desk") == Standing::Ended, ended, "{type_} {status}");
        }
    }
}
