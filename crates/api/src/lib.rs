//! The resources of `countersign.dev/v1alpha1`, one file a kind. `crds/` is generated from them.

pub mod agreement_decision;
pub mod agreement_status;
pub mod conditions;
pub mod crd;
pub mod customer_agreement;
pub mod delegation_policy;
pub mod link;
pub mod money;
pub mod order_request;
pub mod references;
pub mod standard_terms;
pub mod subject;

pub use agreement_decision::{Action, AgreementDecision, AgreementDecisionSpec};
pub use agreement_status::CustomerAgreementStatus;
pub use customer_agreement::{CustomerAgreement, CustomerAgreementSpec};
pub use delegation_policy::{DelegationPolicy, DelegationPolicySpec};
pub use order_request::{OrderRequest, OrderRequestSpec};
pub use standard_terms::{StandardTerms, StandardTermsSpec};

/// API group of every resource.
pub const GROUP: &str = "countersign.dev";
