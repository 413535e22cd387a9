//! Which documents are made, for whom, and where they are served.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::audience::Audience;

/// What becomes a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A `CustomerAgreement` with its decisions, as a TMF651 `Agreement`.
    Agreement,
    /// A `StandardTerms`, as a TMF651 `AgreementSpecification`.
    AgreementSpecification,
    /// An `OrderRequest`, as a TMF622 `ProductOrder` that is yet to be posted.
    ProductOrder,
}

/// Which documents are made, and for whom.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Who receives them.
    pub audience: Audience,
    /// Which kinds are made; all of them if it is empty.
    pub kinds: BTreeSet<Kind>,
    /// Where the APIs are, such as `https://api.example.com/tmf-api`. Without it no document has a `href`.
    pub base_url: Option<String>,
}

/// What may stand in one segment of a path as it is (RFC 3986, unreserved); everything else is encoded.
const NOT_IN_A_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Options {
    /// Where an agreement is served.
    pub(super) fn agreement_href(&self, id: &str) -> Option<String> {
        self.href("agreementManagement/v4/agreement", id)
    }

    /// Where a specification is served.
    pub(super) fn specification_href(&self, id: &str) -> Option<String> {
        self.href("agreementManagement/v4/agreementSpecification", id)
    }

    fn href(&self, path: &str, id: &str) -> Option<String> {
        let base = self.base_url.as_deref()?.trim_end_matches('/');
        Some(format!("{base}/{path}/{}", utf8_percent_encode(id, NOT_IN_A_SEGMENT)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        let options = Options { base_url: Some("https://api.example/x/".to_owned()), ..Options::default() };
        let href = options.agreement_href("a/../b?c d").unwrap();
        assert_eq!(href, "https://api.example/x/agreementManagement/v4/agreement/a%2F..%2Fb%3Fc%20d");
        assert_eq!(Options::default().agreement_href("a"), None);
    }
}
