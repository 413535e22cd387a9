//! What decisions bind to: SHA-256 over the RFC 8785 canonical form of an explicit struct.

use serde::Serialize;
use sha2::{Digest, Sha256};

use countersign_api::agreement_status::PinnedObject;
use countersign_api::customer_agreement::{
    CustomerAgreementSpec, Order, OtherParty, ProposalRef, Representative, Term,
};
use countersign_api::money::Money;
use countersign_api::references::{AgreementNameRef, Period};

/// Encoding tag of the terms digest.
pub const TERMS_ENCODING: &str = "countersign.dev/terms/v1";
/// Encoding tag of the confirmation digest.
pub const CONFIRMATION_ENCODING: &str = "countersign.dev/confirmation/v1";

/// Everything that people decide on. Lists that have a key are sorted by it: their order says nothing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TermsContent<'a> {
    encoding: &'static str,
    uid: &'a str,
    agreement_type: &'a str,
    offer_version: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal_ref: Option<&'a ProposalRef>,
    customer: CustomerContent<'a>,
    provider: ProviderContent<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_parties: Vec<&'a OtherParty>,
    agreement_period: &'a Period,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_value: Option<&'a Money>,
    standard_terms: StandardTermsContent<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    terms: Vec<&'a Term>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    orders: Vec<&'a Order>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    documents: Vec<DocumentContent<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amends_ref: Option<&'a AgreementNameRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supersedes_ref: Option<&'a AgreementNameRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_ref: Option<&'a AgreementNameRef>,
}

#[derive(Debug, Serialize)]
struct CustomerContent<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<&'a str>,
    representatives: Vec<Representative>,
}

#[derive(Debug, Serialize)]
struct ProviderContent<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct StandardTermsContent<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
}

#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct DocumentContent<'a> {
    role: &'a str,
    digest: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmationContent<'a> {
    encoding: &'static str,
    terms_digest: &'a str,
    revision: i64,
    orders: Vec<&'a str>,
}

/// Digest over the terms of one agreement. `standard_terms_uid` is the UID of the catalogue, if it exists.
#[must_use]
pub fn terms_digest(spec: &CustomerAgreementSpec, uid: &str, standard_terms_uid: Option<&str>) -> String {
    let sorted = |mut representative: Representative| {
        representative.roles.sort_unstable();
        representative
    };
    let mut representatives: Vec<_> = spec.customer.representatives.iter().cloned().map(sorted).collect();
    representatives.sort_by(|a, b| a.username.cmp(&b.username));
    let mut documents: Vec<_> =
        spec.documents.iter().map(|d| DocumentContent { role: &d.role, digest: &d.digest }).collect();
    documents.sort_unstable();
    hash(&TermsContent {
        encoding: TERMS_ENCODING,
        uid,
        agreement_type: &spec.agreement_type,
        offer_version: spec.offer_version,
        proposal_ref: spec.proposal_ref.as_ref(),
        customer: CustomerContent {
            id: &spec.customer.id,
            name: &spec.customer.name,
            segment: spec.customer.segment.as_deref(),
            representatives,
        },
        provider: ProviderContent { id: &spec.provider.id, name: &spec.provider.name },
        other_parties: by_key(&spec.other_parties, |party| &party.id),
        agreement_period: &spec.agreement_period,
        estimated_value: spec.estimated_value.as_ref(),
        standard_terms: StandardTermsContent { name: &spec.standard_terms_ref.name, uid: standard_terms_uid },
        terms: by_key(&spec.terms, |term| &term.id),
        orders: by_key(&spec.orders, |order| &order.id),
        documents,
        amends_ref: spec.amends_ref.as_ref(),
        supersedes_ref: spec.supersedes_ref.as_ref(),
        parent_ref: spec.parent_ref.as_ref(),
    })
}

/// Digest over the terms and the orders that the customer confirmed (S5).
#[must_use]
pub fn confirmation_digest(terms_digest: &str, revision: i64, confirmed_orders: &[&str]) -> String {
    let mut orders = confirmed_orders.to_vec();
    orders.sort_unstable();
    hash(&ConfirmationContent { encoding: CONFIRMATION_ENCODING, terms_digest, revision, orders })
}

fn by_key<T>(items: &[T], key: impl Fn(&T) -> &String) -> Vec<&T> {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort_by(|a, b| key(a).cmp(key(b)));
    sorted
}

fn hash<T: Serialize + std::fmt::Debug>(content: &T) -> String {
    // Strings and small integers cannot fail to be encoded; if they ever do, the digest must still depend on all of them.
    let bytes =
        serde_json_canonicalizer::to_vec(content).unwrap_or_else(|_| format!("{content:?}").into_bytes());
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// Lower-case hexadecimal SHA-256 over several parts, each behind its length.
pub(crate) fn key(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a pinned object is the one given.
pub(crate) fn is_pinned(pinned: &PinnedObject, name: &str, uid: Option<&str>) -> bool {
    pinned.name == name && uid == Some(pinned.uid.as_str())
}
