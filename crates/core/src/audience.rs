//! For whom something is written.

use std::str::FromStr;

/// Who reads a page or a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// The customer: without what the provider keeps to itself, such as approvals, negotiable bands and who may allow what.
    #[default]
    Customer,
    /// The provider's own people and systems.
    Provider,
}

impl FromStr for Audience {
    type Err = String;

    /// Reads `customer` or `provider`, as command lines write them.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "customer" => Ok(Self::Customer),
            "provider" => Ok(Self::Provider),
            other => Err(format!("{other:?} must be customer or provider")),
        }
    }
}
