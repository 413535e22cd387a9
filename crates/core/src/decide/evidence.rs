//! What a plan may rest on beyond what the watches show.

/// Something that a decision needs to know for sure before it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// That the admission policies refuse a forged decision, tried after the decisions were read: before a decision counts for
    /// the first time.
    GuardTrial,
    /// The decisions as the server has them now: before anything irrevocable, and before one that counts is taken back.
    FreshDecisions,
    /// The agreements that this one names as the server has them, with nobody else taking an irrevocable step on one that
    /// names the same: before anything irrevocable.
    LinkedAgreements,
}

/// The evidence that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// See [`Evidence::GuardTrial`].
    pub guard_trial: bool,
    /// See [`Evidence::FreshDecisions`].
    pub fresh_decisions: bool,
    /// See [`Evidence::LinkedAgreements`].
    pub linked_agreements: bool,
}

impl Gathered {
    /// Everything: for a caller that read it all at once, or that changes nothing.
    pub const ALL: Self = Self { guard_trial: true, fresh_decisions: true, linked_agreements: true };

    /// Whether this evidence is there.
    #[must_use]
    pub const fn has(self, evidence: Evidence) -> bool {
        match evidence {
            Evidence::GuardTrial => self.guard_trial,
            Evidence::FreshDecisions => self.fresh_decisions,
            Evidence::LinkedAgreements => self.linked_agreements,
        }
    }

    /// The same and this evidence. A trial says nothing of decisions that are read after it.
    #[must_use]
    pub const fn with(self, evidence: Evidence) -> Self {
        match evidence {
            Evidence::GuardTrial => Self { guard_trial: true, ..self },
            Evidence::FreshDecisions => Self { fresh_decisions: true, guard_trial: false, ..self },
            Evidence::LinkedAgreements => Self { linked_agreements: true, ..self },
        }
    }
}
