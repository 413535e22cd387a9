//! What is asked of the API server before anything is watched.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::{Client, Resource};

use crate::controller::clock::Clock;
use crate::controller::health::Health;
use countersign_api::{
    AgreementDecision, CustomerAgreement, DelegationPolicy, GROUP, OrderRequest, StandardTerms,
};

const INSTALLATION_POLL_INTERVAL: Duration = Duration::from_secs(15);

/// Waits until the API server serves the five kinds. You install them with the operator; it does not.
pub(crate) async fn wait_for_kinds(client: &Client, health: &Health) {
    loop {
        let missing = match missing_kinds(client).await {
            Ok(missing) if missing.is_empty() => break,
            Ok(missing) => {
                format!("the API server does not serve {} of {GROUP}/v1alpha1", missing.join(", "))
            }
            Err(error) => format!("the API server does not say which kinds it serves: {error}"),
        };
        tracing::warn!(reason = missing, "Waiting for the custom resource definitions");
        health.waits_for(Some(missing));
        Clock::sleep(INSTALLATION_POLL_INTERVAL).await;
    }
    health.waits_for(None);
}

async fn missing_kinds(client: &Client) -> Result<Vec<String>, kube::Error> {
    let served = match client.list_api_group_resources(&format!("{GROUP}/v1alpha1")).await {
        Ok(APIResourceList { resources, .. }) => resources,
        Err(kube::Error::Api(status)) if status.code == 404 => Vec::new(),
        Err(error) => return Err(error),
    };
    let needed = [
        StandardTerms::plural(&()),
        DelegationPolicy::plural(&()),
        CustomerAgreement::plural(&()),
        AgreementDecision::plural(&()),
        OrderRequest::plural(&()),
    ];
    let missing = needed.into_iter().filter(|plural| served.iter().all(|resource| resource.name != *plural));
    Ok(missing.map(Into::into).collect())
}
