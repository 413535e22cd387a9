//! Examples changed in memory: other terms, other people, and rules for one namespace alone.

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use crate::people::{Person, ivan, kaur, paul};
use crate::{documents, schema};

/// By this label of a namespace a policy of the tests selects it.
pub const RULES: &str = "countersign.dev/rules";

/// An example of `examples/`, and what is to be different about it.
pub struct Example {
    pub(crate) name: String,
    pub(crate) agreement: Value,
    pub(crate) policy: Option<Value>,
    pub(crate) people: Vec<(Person, &'static str)>,
}

/// The policy of the examples.
pub fn common_policy() -> Result<Value> {
    let file = "examples/common/delegation-policy.yaml";
    let [document] = documents(file)?.try_into().map_err(|_| anyhow!("{file}: one document"))?;
    Ok(document)
}

/// A policy under a name of its own, for the namespaces with this label alone.
pub fn selecting(policy: &Value, name: &str, label: &str) -> Value {
    let named = schema::with(policy, "/metadata/name", &json!(name));
    schema::with(&named, "/spec/namespaceSelector", &json!({"matchLabels": {RULES: label}}))
}

impl Example {
    /// The example as it is.
    pub fn of(name: &str) -> Result<Self> {
        let file = format!("examples/{name}/agreement.yaml");
        let [agreement] = documents(&file)?.try_into().map_err(|_| anyhow!("{file}: one document"))?;
        Ok(Self { name: name.to_owned(), agreement, policy: None, people: Vec::new() })
    }

    /// A framework agreement without orders, for which three functions are asked for five reasons.
    pub fn framework() -> Result<Self> {
        let term =
            json!({"id": "step-in-rights", "text": "The customer may step in after a month of failure."});
        Ok(Self::of("fibre")?
            .with("/spec/agreementType", &json!("Framework"))
            .with("/spec/orders", &Value::Null)
            .with("/spec/estimatedValue", &json!({"amount": "800000.00", "currency": "EUR"}))
            .with("/spec/customer/segment", &json!("Public"))
            .with("/spec/terms/-", &term)
            .with_term("payment-days", "50")
            .with_term("price-indexation", "none")
            .and(paul(), "countersign-approver")
            .and(kaur(), "countersign-approver"))
    }

    /// Finance is asked, and its first two levels have seconds to answer; the third has days.
    pub fn silent() -> Result<Self> {
        Ok(Self::of("fibre")?
            .with_term("payment-days", "45")
            .answering_within("finance", "L1", 2)?
            .answering_within("finance", "L2", 2)?
            .and(ivan(), "countersign-approver")
            .and(paul(), "countersign-approver"))
    }

    /// One place of the agreement set, or taken out where `value` is null. A `-` at the end adds to a list.
    pub fn with(mut self, pointer: &str, value: &Value) -> Self {
        self.agreement = schema::with(&self.agreement, pointer, value);
        self
    }

    /// A term set, or added where the agreement does not have it.
    pub fn with_term(self, id: &str, value: &str) -> Self {
        let terms = self.agreement.pointer("/spec/terms").and_then(Value::as_array);
        let at = terms.and_then(|terms| terms.iter().position(|term| schema::word(term, "/id") == id));
        let at = at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        self.with(&format!("/spec/terms/{at}"), &json!({"id": id, "value": value}))
    }

    /// One place of the policy set, which makes it a policy for this namespace alone.
    pub fn under(mut self, pointer: &str, value: &Value) -> Result<Self> {
        let policy = self.policy.take().map_or_else(common_policy, Ok)?;
        self.policy = Some(schema::with(&policy, pointer, value));
        Ok(self)
    }

    /// How long a level may take to answer.
    pub fn answering_within(self, function: &str, level: &str, seconds: i64) -> Result<Self> {
        let policy = self.policy.clone().map_or_else(common_policy, Ok)?;
        let place = |list: &str, key: &str, wanted: &str| {
            let list = policy.pointer(list).and_then(Value::as_array);
            let at = list.and_then(|list| list.iter().position(|own| schema::word(own, key) == wanted));
            at.with_context(|| format!("the policy has no {wanted}"))
        };
        let ladder = format!("/spec/rules/ladders/{}", place("/spec/rules/ladders", "/function", function)?);
        let level = place(&format!("{ladder}/levels"), "/name", level)?;
        self.under(&format!("{ladder}/levels/{level}/deadlineSeconds"), &json!(seconds))
    }

    /// Somebody more who acts, with a role.
    pub fn and(mut self, who: Person, role: &'static str) -> Self {
        self.people.push((who, role));
        self
    }
}
