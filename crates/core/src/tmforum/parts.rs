//! What several kinds of documents have in common.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use countersign_api::customer_agreement::Order;
use countersign_api::references::Period;
use countersign_api::standard_terms::TermValueType;
use countersign_api::{CustomerAgreementSpec, CustomerAgreementStatus};

/// A number with exactly the digits with which it was written: a float would round amounts of more than 15 digits.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Number(Box<RawValue>);

impl Number {
    /// A decimal such as `1290.00`. Zeros that JSON does not permit in front are dropped.
    pub(super) fn decimal(text: &str) -> Option<Self> {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        if !digits.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return None;
        }
        let plain = digits.trim_start_matches('0');
        let zero = if plain.is_empty() || plain.starts_with('.') { "0" } else { "" };
        RawValue::from_string(format!("{sign}{zero}{plain}")).ok().map(Self)
    }
}

/// The value of a characteristic, of any type.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Any {
    Text(String),
    Number(Number),
    Boolean(bool),
    Object(serde_json::Value),
}

impl Any {
    /// The value of a term with the type that the catalogue gives it, and TM Forum's word for that type. A value that does not
    /// have that type becomes a text.
    pub(super) fn typed(value: &str, value_type: Option<TermValueType>) -> (&'static str, Self) {
        let number = || Number::decimal(value).map(Self::Number);
        let typed = value_type.and_then(|value_type| match (value_type, value) {
            (TermValueType::Boolean, "true") => Some(Self::Boolean(true)),
            (TermValueType::Boolean, "false") => Some(Self::Boolean(false)),
            (TermValueType::Boolean | TermValueType::Enum | TermValueType::Text, _) => None,
            _ => number(),
        });
        match typed {
            Some(Self::Boolean(truth)) => ("boolean", Self::Boolean(truth)),
            Some(number) => ("number", number),
            None => ("string", Self::Text(value.to_owned())),
        }
    }
}

/// A name with a value.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Characteristic {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_type: Option<&'static str>,
    pub(super) value: Any,
}

/// A span of time. An open end is left out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TimePeriod {
    pub(super) start_date_time: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_date_time: Option<Time>,
}

impl TimePeriod {
    pub(super) fn of(period: &Period) -> Self {
        Self { start_date_time: period.start_time.clone(), end_date_time: period.end_time.clone() }
    }

    /// TMF651 has a span even for what happens at one instant.
    pub(super) fn instant(time: &Time) -> Self {
        Self { start_date_time: time.clone(), end_date_time: Some(time.clone()) }
    }
}

/// A reference to something outside the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Reference {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) href: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

impl Reference {
    pub(super) fn to(id: &str, name: Option<&str>) -> Self {
        Self { id: id.to_owned(), href: None, name: name.map(str::to_owned) }
    }
}

/// An organisation or a person that has a part in it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RelatedParty {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) role: String,
    #[serde(rename = "@referredType")]
    pub(super) referred_type: &'static str,
}

impl RelatedParty {
    pub(super) fn organization(id: &str, name: Option<&str>, role: &str) -> Self {
        Self::new("Organization", id, name, role)
    }

    pub(super) fn individual(username: &str, name: Option<&str>, role: &str) -> Self {
        Self::new("Individual", username, name, role)
    }

    fn new(referred_type: &'static str, id: &str, name: Option<&str>, role: &str) -> Self {
        Self { id: id.to_owned(), name: name.map(str::to_owned), role: role.to_owned(), referred_type }
    }
}

/// Removes the fields that are null.
pub(super) fn without_nothing(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, value| !value.is_null());
    }
}

/// An order that the customer left out is no part of the agreement (S5).
pub(super) fn agreed_orders<'a>(
    spec: &'a CustomerAgreementSpec,
    status: &'a CustomerAgreementStatus,
) -> impl Iterator<Item = &'a Order> {
    let left_out =
        |id: &str| status.orders.iter().any(|outcome| outcome.id == id && outcome.confirmed == Some(false));
    spec.orders.iter().filter(move |order| !left_out(&order.id))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<String> {
        Number::decimal(text).map(|number| serde_json::to_string(&number).unwrap())
    }

    #[test]
    fn a_number_keeps_its_digits() {
        for (text, written) in [
            ("1290.00", "1290.00"),
            ("9999999999999.9999", "9999999999999.9999"),
            ("007", "7"),
            ("000.50", "0.50"),
            ("0", "0"),
            ("-0012.5", "-12.5"),
        ] {
            assert_eq!(number(text).as_deref(), Some(written), "{text}");
        }
        for text in ["", "-", ".5", "5.", "1.2.3", "1e5", "+1", " 1", "1-2", "٣"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
