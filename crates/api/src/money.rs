//! Amounts of money. Never a float: an amount is a decimal string.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// An amount in one currency.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Decimal amount, at most 13 digits before and 4 behind the point, such as `1290.00`.
    #[schemars(length(min = 1, max = 18), regex(pattern = r"^[0-9]{1,13}(\.[0-9]{1,4})?$"))]
    pub amount: String,
    /// ISO 4217 code, such as `EUR`.
    #[schemars(length(min = 3, max = 3), regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: String,
}
