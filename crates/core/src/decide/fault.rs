//! What is wrong with an agreement, for the person who can fix it.

use countersign_api::conditions::reason;

/// What kind of fault it is. In the order in which the reason of the `Valid` condition is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FaultKind {
    /// No policy selects the namespace.
    NoPolicy,
    /// The policy that does cannot be used.
    PolicyInvalid,
    PolicyConflict,
    TermsInvalid,
    /// An agreement that it names is not there.
    LinkMissing,
    LinkInvalid,
    NoAuthority,
}

impl FaultKind {
    /// The reason of the condition.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::NoPolicy | Self::PolicyInvalid => reason::NO_POLICY,
            Self::PolicyConflict => reason::POLICY_CONFLICT,
            Self::TermsInvalid => reason::TERMS_INVALID,
            Self::LinkMissing | Self::LinkInvalid => reason::LINK_INVALID,
            Self::NoAuthority => reason::NO_AUTHORITY,
        }
    }

    /// Whether the author fixes it; otherwise an admin does.
    pub(crate) const fn is_the_authors(self) -> bool {
        match self {
            Self::TermsInvalid | Self::LinkMissing | Self::LinkInvalid => true,
            Self::NoPolicy | Self::PolicyInvalid | Self::PolicyConflict | Self::NoAuthority => false,
        }
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) message: String,
}
