//! Who you are to the API server.

use countersign_api::agreement_decision::DecidedBy;
use countersign_core::decide::eligibility::Person;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::Api;
use kube::api::PostParams;

use crate::connection::Server;
use crate::failure::Outcome;

/// The key under which an authenticator gives the ID of the credential.
const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";

/// The user.
#[derive(Debug, Clone, Default)]
pub struct Me {
    /// Username.
    pub username: String,
    /// UID, if the authenticator gives one.
    pub uid: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
    /// ID of the credential, if the authenticator gives one.
    pub credential: Option<String>,
}

impl Me {
    /// Asks the API server.
    pub async fn ask(server: &Server) -> Outcome<Self> {
        let reviews: Api<SelfSubjectReview> = Api::all(server.client.clone());
        let answer = reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await;
        let answer = answer.map_err(|error| server.failure(&error))?;
        let user = answer.status.and_then(|status| status.user_info).unwrap_or_default();
        let extra = user.extra.unwrap_or_default();
        Ok(Self {
            username: user.username.unwrap_or_default(),
            uid: user.uid.filter(|uid| !uid.is_empty() && uid.len() <= 256),
            groups: user.groups.unwrap_or_default(),
            credential: extra
                .get(CREDENTIAL)
                .and_then(|own| own.first())
                .filter(|own| own.len() <= 256)
                .cloned(),
        })
    }

    /// As the rules take it.
    pub fn person(&self) -> Person<'_> {
        Person { username: &self.username, groups: &self.groups }
    }

    /// For a decision that claims these groups.
    pub fn decides(&self, groups: Vec<String>) -> DecidedBy {
        DecidedBy {
            username: self.username.clone(),
            uid: self.uid.clone(),
            groups,
            credential_id: self.credential.clone(),
        }
    }
}
