//! What a platform engineer installs, from the files of this repository.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use countersign_api::{AgreementDecision, GROUP};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, PostParams},
};
use testenv::{ControlPlane, admission_older_than, until};

use super::{
    PATIENCE,
    cast::{BRANDT, TIMBER},
    forgery, story,
};

/// Definitions, roles with the account of the operator, and admission policies.
pub(super) async fn definitions_and_rules(plane: &ControlPlane) -> Result<()> {
    let admin = plane.admin()?;
    let definitions = apply_folder(plane, &admin, "crds").await?;
    let roles = apply_folder(plane, &admin, "deploy/rbac").await?;
    let policies = apply_folder(plane, &admin, "deploy/admission").await?;
    let policies = policies.iter().filter(|kind| *kind == "ValidatingAdmissionPolicy").count();
    enforced(&admin).await?;
    // A decision made earlier may have been let through unseen, and does not count.
    admission_older_than(&admin, Duration::from_secs(10), PATIENCE).await?;
    story::says(&format!(
        "Installed: {} definitions, {} roles, and {policies} admission policies, which are in force.",
        definitions.iter().filter(|kind| *kind == "CustomResourceDefinition").count(),
        roles.iter().filter(|kind| *kind == "ClusterRole").count(),
    ));
    Ok(())
}

/// The provider's rules for all of its agreements.
pub(super) async fn catalogue_and_policy(plane: &ControlPlane) -> Result<()> {
    let client = BRANDT.client(plane, TIMBER)?;
    apply_folder(plane, &client, "examples/common").await?;
    story::acts(&BRANDT.introduced(), "publishes the standard terms, and who may sign for how much.");
    Ok(())
}

/// A policy takes effect once the API server's own watch has seen it, up to seconds later.
async fn enforced(admin: &Client) -> Result<()> {
    let decisions: Api<AgreementDecision> = Api::namespaced(admin.clone(), "default");
    let definitions: Api<CustomResourceDefinition> = Api::all(admin.clone());
    let definition = format!("agreementdecisions.{GROUP}");
    let delete = DeleteParams { dry_run: true, ..DeleteParams::default() };
    until("the admission policies were in force", PATIENCE, || async {
        let forged = decisions.create(&dry_run(), &forgery::by_nobody()).await.map(|_| ());
        let deleted = definitions.delete(&definition, &delete).await.map(|_| ());
        for attempt in [forged, deleted] {
            match attempt {
                Err(kube::Error::Api(status)) if status.message.contains("ValidatingAdmissionPolicy") => {}
                Err(error) => return Err(error.into()),
                Ok(()) => bail!("what the policies forbid was let through"),
            }
        }
        Ok(Some(()))
    })
    .await
}

fn dry_run() -> PostParams {
    PostParams { dry_run: true, ..PostParams::default() }
}

/// Applies every YAML file of a folder of the repository, in the order of their names, and returns the
/// kinds in them. The repository is the working directory.
async fn apply_folder(plane: &ControlPlane, client: &Client, folder: &str) -> Result<Vec<String>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("could not list {folder}"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    ensure!(!files.is_empty(), "there is no YAML file in {folder}");
    let mut kinds = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let objects = plane.apply_yaml(client, &text).await.with_context(|| file.display().to_string())?;
        kinds.extend(objects.into_iter().map(|object| {
            let name = object.name_any();
            object.types.map_or(name, |types| types.kind)
        }));
    }
    Ok(kinds)
}
