//! The words that users see: types and reasons of conditions, phases, why a decision does not count, events.
//! `docs/lifecycle.md` says for each what to do; a test compares the two.

/// Types of the conditions of a `CustomerAgreement`, in their order.
pub mod condition {
    /// True once the agreement is agreed. People and pipelines gate on it.
    pub const READY: &str = "Ready";
    /// The terms can be decided on (S1).
    pub const VALID: &str = "Valid";
    /// The customer understands the terms (S2a).
    pub const UNDERSTOOD: &str = "Understood";
    /// The terms are acceptable to the customer (S2b).
    pub const ACCEPTABLE: &str = "Acceptable";
    /// The provider's own agreement is there (S4).
    pub const APPROVED: &str = "Approved";
    /// Both sides have signed (S3).
    pub const SIGNED_OFF: &str = "SignedOff";
    /// Every confirmed order is passed on (S5, S6).
    pub const ORDERS_ISSUED: &str = "OrdersIssued";
    /// Every order request was accepted by a consumer.
    pub const HANDED_OVER: &str = "HandedOver";
    /// The operator is reconciling it. Present only while True.
    pub const RECONCILING: &str = "Reconciling";
    /// Somebody has to fix something. Present only while True.
    pub const STALLED: &str = "Stalled";

    /// Those that are always present.
    pub const ALWAYS: [&str; 8] =
        [READY, VALID, UNDERSTOOD, ACCEPTABLE, APPROVED, SIGNED_OFF, ORDERS_ISSUED, HANDED_OVER];
}

/// Types of the conditions of an `OrderRequest`, written by consumers.
pub mod order_condition {
    /// A consumer has accepted the request.
    pub const ACKNOWLEDGED: &str = "Acknowledged";
    /// Everything that was requested is done.
    pub const COMPLETED: &str = "Completed";
    /// It could not be done.
    pub const FAILED: &str = "Failed";
    /// A consumer has rejected it.
    pub const REJECTED: &str = "Rejected";
}

/// Words of `status.phase`.
pub mod phase {
    /// Not yet checked, or a check failed.
    pub const PENDING: &str = "Pending";
    /// The customer is asked (S2).
    pub const AWAITING_CONFIRMATION: &str = "AwaitingConfirmation";
    /// The provider's own agreement is missing (S4).
    pub const ESCALATED: &str = "Escalated";
    /// Somebody requested other terms.
    pub const REVISING: &str = "Revising";
    /// Signatures are missing (S3).
    pub const AWAITING_SIGN_OFF: &str = "AwaitingSignOff";
    /// Sealed; order requests are being created (S6).
    pub const ISSUING_ORDERS: &str = "IssuingOrders";
    /// Signed, and every confirmed order passed on.
    pub const AGREED: &str = "Agreed";
    /// The customer did not accept the terms.
    pub const DECLINED: &str = "Declined";
    /// A delegated manager did not agree.
    pub const REFUSED: &str = "Refused";
    /// Time was up.
    pub const EXPIRED: &str = "Expired";
    /// Withdrawn.
    pub const WITHDRAWN: &str = "Withdrawn";

    /// All of them, in the order of an agreement's life.
    pub const ALL: [&str; 11] = [
        PENDING,
        AWAITING_CONFIRMATION,
        ESCALATED,
        REVISING,
        AWAITING_SIGN_OFF,
        ISSUING_ORDERS,
        AGREED,
        DECLINED,
        REFUSED,
        EXPIRED,
        WITHDRAWN,
    ];
    /// Those that are final.
    pub const FINAL: [&str; 5] = [AGREED, DECLINED, REFUSED, EXPIRED, WITHDRAWN];
}

/// Reasons of conditions. The four ends use the word of their phase.
pub mod reason {
    /// Everything is done.
    pub const AGREED: &str = "Agreed";
    /// The operator is reconciling it.
    pub const PROGRESSING: &str = "Progressing";
    /// The terms or orders are not as they must be.
    pub const TERMS_INVALID: &str = "TermsInvalid";
    /// No usable policy selects the namespace.
    pub const NO_POLICY: &str = "NoPolicy";
    /// Several policies select the namespace.
    pub const POLICY_CONFLICT: &str = "PolicyConflict";
    /// Nobody's authority covers the agreement.
    pub const NO_AUTHORITY: &str = "NoAuthority";
    /// An agreement that this one names cannot be used.
    pub const LINK_INVALID: &str = "LinkInvalid";
    /// The pinned policy is gone or was replaced.
    pub const POLICY_MISSING: &str = "PolicyMissing";
    /// The pinned catalogue is gone or was replaced.
    pub const TERMS_MISSING: &str = "TermsMissing";
    /// The admission policies are not in force.
    pub const GUARD_INACTIVE: &str = "GuardInactive";
    /// Every term is standard.
    pub const STANDARD_TERMS: &str = "StandardTerms";
    /// At least one term deviates.
    pub const NON_STANDARD_TERMS: &str = "NonStandardTerms";
    /// The customer has to confirm.
    pub const AWAITING_CONFIRMATION: &str = "AwaitingConfirmation";
    /// Delegated managers have to approve.
    pub const AWAITING_APPROVAL: &str = "AwaitingApproval";
    /// Every level was asked, and nobody answered.
    pub const ESCALATION_EXHAUSTED: &str = "EscalationExhausted";
    /// Somebody has to sign.
    pub const AWAITING_SIGNATURE: &str = "AwaitingSignature";
    /// Somebody requested other terms.
    pub const CHANGE_REQUESTED: &str = "ChangeRequested";
    /// The customer understands.
    pub const UNDERSTOOD: &str = "Understood";
    /// The customer accepts.
    pub const ACCEPTABLE: &str = "Acceptable";
    /// Every approval is there.
    pub const APPROVED: &str = "Approved";
    /// Nothing needs approval.
    pub const NOT_REQUIRED: &str = "NotRequired";
    /// Both sides have signed.
    pub const SIGNED_OFF: &str = "SignedOff";
    /// Sign-off comes first.
    pub const NOT_SIGNED_OFF: &str = "NotSignedOff";
    /// The agreement has no confirmed orders.
    pub const NO_ORDERS: &str = "NoOrders";
    /// Order requests are being created.
    pub const ISSUING_ORDERS: &str = "IssuingOrders";
    /// Every order request is created.
    pub const ISSUED: &str = "Issued";
    /// The server rejects an order request.
    pub const CREATE_REFUSED: &str = "CreateRefused";
    /// Something else has the name of an order request.
    pub const NAME_CONFLICT: &str = "NameConflict";
    /// An order request is gone. It is not created again.
    pub const ORDER_REQUEST_MISSING: &str = "OrderRequestMissing";
    /// Consumers have yet to acknowledge.
    pub const AWAITING_ACKNOWLEDGEMENT: &str = "AwaitingAcknowledgement";
    /// Every order request was acknowledged.
    pub const ACKNOWLEDGED: &str = "Acknowledged";
    /// Every order request is done.
    pub const COMPLETED: &str = "Completed";
    /// A consumer rejected an order request.
    pub const REJECTED: &str = "Rejected";
    /// An order request could not be done.
    pub const FAILED: &str = "Failed";
    /// Nobody acknowledged in time.
    pub const OVERDUE: &str = "Overdue";

    /// Those with which an agreement is stalled.
    pub const STALLING: [&str; 10] = [
        TERMS_INVALID,
        NO_POLICY,
        POLICY_CONFLICT,
        NO_AUTHORITY,
        LINK_INVALID,
        POLICY_MISSING,
        TERMS_MISSING,
        GUARD_INACTIVE,
        NAME_CONFLICT,
        ESCALATION_EXHAUSTED,
    ];
}

/// Words of `status.closed.cause`: what ended an agreement that was not agreed.
pub mod cause {
    /// A person's decision, which `status.closed.decisions` names.
    pub const DECISION: &str = "Decision";
    /// The offer ended.
    pub const OFFER_ENDED: &str = "OfferEnded";
    /// Somebody who had to confirm, sign or countersign did not answer in time.
    pub const WAIT_ENDED: &str = "WaitEnded";
    /// No manager approved in time, and the policy lets the offer expire then.
    pub const APPROVAL_WAIT_ENDED: &str = "ApprovalWaitEnded";

    /// All of them.
    pub const ALL: [&str; 4] = [DECISION, OFFER_ENDED, WAIT_ENDED, APPROVAL_WAIT_ENDED];
}

/// Reasons why a decision does not count, as in `status.ignoredDecisions`.
pub mod ignored {
    /// The agreement has ended.
    pub const CLOSED: &str = "Closed";
    /// The agreement is sealed.
    pub const SEALED: &str = "Sealed";
    /// It names another agreement, revision or digest.
    pub const STALE: &str = "Stale";
    /// It was made after the deadline.
    pub const LATE: &str = "Late";
    /// The person who made it does not hold the role.
    pub const NOT_HOLDER: &str = "NotHolder";
    /// It was made before its turn.
    pub const OUT_OF_TURN: &str = "OutOfTurn";
    /// It was made while the admission policies were not in force.
    pub const BEFORE_GUARD: &str = "BeforeGuard";
    /// It does not name every order.
    pub const ORDERS_INCOMPLETE: &str = "OrdersIncomplete";
    /// It leaves out an order, and the policy forbids that.
    pub const PARTIAL_ORDERS_FORBIDDEN: &str = "PartialOrdersForbidden";
    /// Confirmation was already complete.
    pub const ALREADY_CONFIRMED: &str = "AlreadyConfirmed";
    /// The signature was already there.
    pub const ALREADY_SIGNED: &str = "AlreadySigned";
    /// Nobody has to do this.
    pub const NOT_REQUIRED: &str = "NotRequired";
    /// The person is on the other side.
    pub const BOTH_SIDES: &str = "BothSides";
    /// The policy does not let others record a representative's act.
    pub const ATTESTATION_FORBIDDEN: &str = "AttestationForbidden";
    /// The level is not the one that is asked, or a higher one.
    pub const LEVEL_INSUFFICIENT: &str = "LevelInsufficient";
    /// A person who was ever named owner may not approve.
    pub const OWNER: &str = "OwnerMayNotApprove";
    /// The person already decided, for this step or another.
    pub const NOT_DISTINCT: &str = "NotDistinct";
    /// The approval was already there.
    pub const ALREADY_APPROVED: &str = "AlreadyApproved";

    /// All of them.
    pub const ALL: [&str; 18] = [
        CLOSED,
        SEALED,
        STALE,
        LATE,
        NOT_HOLDER,
        OUT_OF_TURN,
        BEFORE_GUARD,
        ORDERS_INCOMPLETE,
        PARTIAL_ORDERS_FORBIDDEN,
        ALREADY_CONFIRMED,
        ALREADY_SIGNED,
        NOT_REQUIRED,
        BOTH_SIDES,
        ATTESTATION_FORBIDDEN,
        LEVEL_INSUFFICIENT,
        OWNER,
        NOT_DISTINCT,
        ALREADY_APPROVED,
    ];
}

/// Reasons of events. If an agreement is stalled, the event has the reason of its condition.
pub mod event {
    /// The terms were checked, and the rules pinned.
    pub const TERMS_VALID: &str = "TermsValid";
    /// The terms changed; a new revision is in force and earlier decisions are void.
    pub const TERMS_CHANGED: &str = "TermsChanged";
    /// Somebody requested other terms.
    pub const CHANGE_REQUESTED: &str = "ChangeRequested";
    /// A Confirm of a representative counts.
    pub const CUSTOMER_CONFIRMED: &str = "CustomerConfirmed";
    /// The terms are understood and acceptable.
    pub const CONFIRMATION_COMPLETE: &str = "ConfirmationComplete";
    /// A level is asked to approve.
    pub const APPROVAL_REQUESTED: &str = "ApprovalRequested";
    /// A level did not answer in time, and the next one is asked.
    pub const APPROVAL_ESCALATED: &str = "ApprovalEscalated";
    /// An Approve counts.
    pub const APPROVAL_GIVEN: &str = "ApprovalGiven";
    /// A Refuse counts.
    pub const APPROVAL_REFUSED: &str = "ApprovalRefused";
    /// A Sign counts.
    pub const CUSTOMER_SIGNED: &str = "CustomerSigned";
    /// A Countersign counts.
    pub const PROVIDER_COUNTERSIGNED: &str = "ProviderCountersigned";
    /// Every signature is there; nothing can be revoked.
    pub const AGREEMENT_SEALED: &str = "AgreementSealed";
    /// Either side withdrew the agreement.
    pub const AGREEMENT_WITHDRAWN: &str = "AgreementWithdrawn";
    /// The customer declined.
    pub const OFFER_DECLINED: &str = "OfferDeclined";
    /// The provider's own agreement was refused.
    pub const AGREEMENT_REFUSED: &str = "AgreementRefused";
    /// Time was up.
    pub const OFFER_EXPIRED: &str = "OfferExpired";
    /// An amendment of this agreement was sealed.
    pub const AGREEMENT_AMENDED: &str = "AgreementAmended";
    /// An agreement that replaces this one was sealed.
    pub const AGREEMENT_SUPERSEDED: &str = "AgreementSuperseded";
    /// Every confirmed order is passed on.
    pub const ORDERS_ISSUED: &str = "OrdersIssued";
    /// The agreement is agreed.
    pub const AGREED: &str = "Agreed";
    /// The server rejects an order request.
    pub const ORDER_REQUEST_REFUSED: &str = "OrderRequestRefused";
    /// An order request is gone.
    pub const ORDER_REQUEST_MISSING: &str = "OrderRequestMissing";
    /// Every order request was acknowledged.
    pub const ORDERS_ACKNOWLEDGED: &str = "OrdersAcknowledged";
    /// Every order request is done.
    pub const ORDERS_COMPLETED: &str = "OrdersCompleted";
    /// A consumer rejected an order request.
    pub const ORDER_REJECTED: &str = "OrderRejected";
    /// An order request could not be done.
    pub const ORDER_FAILED: &str = "OrderFailed";
    /// Nobody acknowledged in time.
    pub const HANDOVER_OVERDUE: &str = "HandoverOverdue";
    /// Half of the time to answer is over.
    pub const REMINDER: &str = "Reminder";
    /// A decision does not count.
    pub const DECISION_IGNORED: &str = "DecisionIgnored";
    /// Somebody has to fix something; the condition says what.
    pub const STALLED: &str = "Stalled";

    /// All of them.
    pub const ALL: [&str; 30] = [
        TERMS_VALID,
        TERMS_CHANGED,
        CHANGE_REQUESTED,
        CUSTOMER_CONFIRMED,
        CONFIRMATION_COMPLETE,
        APPROVAL_REQUESTED,
        APPROVAL_ESCALATED,
        APPROVAL_GIVEN,
        APPROVAL_REFUSED,
        CUSTOMER_SIGNED,
        PROVIDER_COUNTERSIGNED,
        AGREEMENT_SEALED,
        AGREEMENT_WITHDRAWN,
        OFFER_DECLINED,
        AGREEMENT_REFUSED,
        OFFER_EXPIRED,
        AGREEMENT_AMENDED,
        AGREEMENT_SUPERSEDED,
        ORDERS_ISSUED,
        AGREED,
        ORDER_REQUEST_REFUSED,
        ORDER_REQUEST_MISSING,
        ORDERS_ACKNOWLEDGED,
        ORDERS_COMPLETED,
        ORDER_REJECTED,
        ORDER_FAILED,
        HANDOVER_OVERDUE,
        REMINDER,
        DECISION_IGNORED,
        STALLED,
    ];
}

/// Reasons of events about the operator itself.
pub mod own_event {
    /// The admission policies are not in force; no decision is counted.
    pub const GUARD_INACTIVE: &str = "GuardInactive";
    /// The admission policies are in force again.
    pub const GUARD_ACTIVE: &str = "GuardActive";
}
