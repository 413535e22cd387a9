//! How one agreement names another.

use crate::customer_agreement::CustomerAgreementSpec;

/// How one agreement names another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It changes terms of the other, which stays in force.
    Amends,
    /// It takes the place of the other.
    Supersedes,
    /// It is a call-off of the other, a framework agreement.
    Parent,
}

impl Link {
    /// The field of `spec`.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Amends => "amendsRef",
            Self::Supersedes => "supersedesRef",
            Self::Parent => "parentRef",
        }
    }
}

impl CustomerAgreementSpec {
    /// The agreements that this one names, by name: one for each kind of link at most.
    pub fn links(&self) -> impl Iterator<Item = (Link, &str)> {
        [
            (Link::Amends, &self.amends_ref),
            (Link::Supersedes, &self.supersedes_ref),
            (Link::Parent, &self.parent_ref),
        ]
        .into_iter()
        .filter_map(|(link, named)| Some((link, named.as_ref()?.name.as_str())))
    }
}
