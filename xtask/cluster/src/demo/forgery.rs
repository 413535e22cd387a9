//! Two people try to say yes for the customer.

use anyhow::{Result, bail};
use countersign_api::{Action, AgreementDecision, agreement_decision::DecidedAgreement};
use kube::{Api, Client, api::PostParams};

use super::{
    cast::{BERG, LUND},
    deal::{Deal, decision},
    story,
};

/// A decision on nothing, as a probe.
pub(super) fn by_nobody() -> AgreementDecision {
    let nothing = DecidedAgreement {
        name: "probe".to_owned(),
        uid: "probe".to_owned(),
        revision: 1,
        digest: format!("sha256:{}", "0".repeat(64)),
    };
    decision(nothing, &LUND, Action::Sign)
}

/// The owner and the cluster's administrator try her decision, in her name and in their own.
pub(super) async fn attempts(deal: &Deal<'_>, hers: AgreementDecision) -> Result<()> {
    let plane = &deal.stage.plane;
    story::acts(&BERG.introduced(), "is in a hurry and tries to confirm in Eva Lund's name.");
    refused(&BERG.client(plane, deal.namespace)?, deal.namespace, &hers).await?;

    let mut own = hers;
    own.spec.decided_by.username = "admin".to_owned();
    own.spec.decided_by.groups.clear();
    story::acts("The cluster's administrator", "may do everything, and tries to confirm.");
    refused(&plane.admin()?, deal.namespace, &own).await
}

async fn refused(client: &Client, namespace: &str, decision: &AgreementDecision) -> Result<()> {
    let decisions: Api<AgreementDecision> = Api::namespaced(client.clone(), namespace);
    match decisions.create(&PostParams::default(), decision).await {
        Err(kube::Error::Api(status)) if status.message.contains("ValidatingAdmissionPolicy") => {
            story::refused(&status.message);
            Ok(())
        }
        Err(error) => bail!("the forgery failed, but not by an admission policy: {error}"),
        Ok(_) => bail!("the forgery was let through"),
    }
}
