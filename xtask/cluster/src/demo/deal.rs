//! One agreement, as its owner sees it progress.

use anyhow::{Context, Result, anyhow};
use countersign_api::{
    Action, AgreementDecision, CustomerAgreement, CustomerAgreementStatus, OrderRequest,
    agreement_decision::DecidedAgreement,
};
use kube::{
    Api, ResourceExt,
    api::{ListParams, ObjectMeta},
};
use testenv::until;
use testkit::decision::draft;

use super::{
    PATIENCE, Stage,
    cast::{BERG, Person},
    story::{self, Emphasis},
    typing::{Shown, types},
};

/// An agreement on its way.
pub(super) struct Deal<'a> {
    pub(super) stage: &'a Stage,
    pub(super) namespace: &'static str,
    pub(super) seen: CustomerAgreement,
}

impl<'a> Deal<'a> {
    /// The owner applies a file, and the operator takes the agreement to the first question.
    pub(super) async fn offered(stage: &'a Stage, namespace: &'static str, file: &str) -> Result<Self> {
        story::acts(&BERG.introduced(), &format!("applies {file}."));
        let yaml = std::fs::read_to_string(file).with_context(|| format!("could not read {file}"))?;
        let client = BERG.client(&stage.plane, namespace)?;
        let objects = stage.plane.apply_yaml(&client, &yaml).await.context(file.to_owned())?;
        let applied = objects.into_iter().next().with_context(|| format!("{file} is empty"))?;
        Ok(Self { stage, namespace, seen: applied.try_parse()? })
    }

    /// What the owner last saw.
    pub(super) fn status(&self) -> CustomerAgreementStatus {
        self.seen.status.clone().unwrap_or_default()
    }

    /// A decision in the name of this person on what the owner last saw: what a forger sends.
    pub(super) fn draft(&self, by: &Person, action: Action) -> Result<AgreementDecision> {
        let status = self.status();
        let terms = status.terms.context("the agreement has no revision yet")?;
        let digest = match action {
            Action::Sign | Action::Countersign => {
                let confirmation = status.confirmation.and_then(|confirmation| confirmation.digest);
                confirmation.context("there is nothing to sign yet: it is not confirmed")?
            }
            _ => terms.digest,
        };
        let reference = DecidedAgreement {
            name: self.seen.name_any(),
            uid: self.seen.uid().context("an agreement without a UID")?,
            revision: terms.revision,
            digest,
        };
        Ok(decision(reference, by, action))
    }

    /// This person decides, at their own keyboard. A customer gets a file, because customers can read nothing else.
    pub(super) async fn decide(
        &mut self,
        by: &Person,
        what: &str,
        line: &[&str],
        then: &str,
        holds: impl Fn(&CustomerAgreementStatus) -> bool,
    ) -> Result<()> {
        story::acts(&by.introduced(), what);
        types(&self.stage.plane, by, self.namespace, line, Shown::From("You are")).await?;
        self.until(then, holds).await
    }

    /// The owner sends the customer the agreement as it stands; returns the name of the file.
    pub(super) async fn send(&self, what: &str) -> Result<String> {
        story::acts(&BERG.introduced(), what);
        let (plane, name) = (&self.stage.plane, self.seen.name_any());
        let line = ["show", &name, "--for", "customer", "-o", "yaml"];
        let file = format!("{name}.yaml");
        types(plane, &BERG, self.namespace, &line, Shown::Into(&file)).await?;
        Ok(file)
    }

    /// Waits until the agreement is as expected, and prints what it was before and is now.
    pub(super) async fn until(
        &mut self,
        then: &str,
        holds: impl Fn(&CustomerAgreementStatus) -> bool,
    ) -> Result<()> {
        let client = BERG.client(&self.stage.plane, self.namespace)?;
        let agreements: Api<CustomerAgreement> = Api::default_namespaced(client);
        let name = self.seen.name_any();
        let (operator, api, name, holds) = (&self.stage.operator, &agreements, &name, &holds);
        let now = until(format_args!("{name} was {then}"), PATIENCE, || async move {
            if let Some(death) = operator.death() {
                return Ok(Some(Err(death)));
            }
            let now = api.get(name).await?;
            match &now.status {
                Some(status) if holds(status) => Ok(Some(Ok(now))),
                status => Err(anyhow!("it is {}", described(status.as_ref()))),
            }
        })
        .await
        .with_context(|| format!("The last lines of the operator's log:\n{}", operator.log_tail()))??;
        let before = self.seen.status.is_some().then(|| row(Emphasis::Past, &self.seen));
        let rows: Vec<_> =
            [Some(head()), before, Some(row(Emphasis::Now, &now))].into_iter().flatten().collect();
        story::table(&rows);
        let after = now.status.clone().unwrap_or_default();
        let became = newly_true(&self.status(), &after);
        if !became.is_empty() {
            story::says(&format!("now true: {}", became.join(", ")));
        }
        self.seen = now;
        Ok(())
    }

    /// Its order requests.
    pub(super) async fn order_requests(&self) -> Result<Vec<OrderRequest>> {
        let client = BERG.client(&self.stage.plane, self.namespace)?;
        let requests: Api<OrderRequest> = Api::default_namespaced(client);
        let uid = self.seen.uid();
        let all = requests.list(&ListParams::default()).await?.items;
        Ok(all.into_iter().filter(|request| Some(&request.spec.agreement_ref.uid) == uid.as_ref()).collect())
    }
}

/// A decision about `reference`.
pub(super) fn decision(reference: DecidedAgreement, by: &Person, action: Action) -> AgreementDecision {
    let metadata =
        ObjectMeta { generate_name: Some(format!("{}-", reference.name)), ..ObjectMeta::default() };
    let spec = draft(reference, by.username, by.groups, action);
    AgreementDecision { metadata, spec }
}

/// The agreements as `kubectl get` shows them.
pub(super) fn table(agreements: &[&CustomerAgreement]) {
    let mut rows = vec![head()];
    rows.extend(agreements.iter().map(|agreement| row(Emphasis::Plain, agreement)));
    story::table(&rows);
}

fn head() -> (Emphasis, Vec<String>) {
    story::head(["NAME", "PHASE", "WAITING FOR", "REV"])
}

fn row(emphasis: Emphasis, agreement: &CustomerAgreement) -> (Emphasis, Vec<String>) {
    let status = agreement.status.clone().unwrap_or_default();
    let revision = status.terms.map(|terms| terms.revision.to_string());
    let cells = [Some(agreement.name_any()), status.phase, status.waiting_on, revision];
    (emphasis, cells.map(Option::unwrap_or_default).to_vec())
}

fn described(status: Option<&CustomerAgreementStatus>) -> String {
    let Some(status) = status else { return "without a status".to_owned() };
    let phase = status.phase.as_deref().unwrap_or("without a phase");
    let conditions =
        status.conditions.iter().filter(|condition| matches!(condition.type_.as_str(), "Ready" | "Stalled"));
    let conditions = conditions
        .map(|c| format!("{}={} {}: {}", c.type_, c.status, c.reason, c.message))
        .collect::<Vec<_>>();
    format!("{phase}; {}", conditions.join("; "))
}

/// The conditions that are True and were not, with their reasons.
fn newly_true(before: &CustomerAgreementStatus, now: &CustomerAgreementStatus) -> Vec<String> {
    now.conditions
        .iter()
        .filter(|condition| condition.status == "True" && !is_true(before, &condition.type_))
        .map(|condition| format!("{} ({})", condition.type_, condition.reason))
        .collect()
}

/// Whether a condition is True.
pub(super) fn is_true(status: &CustomerAgreementStatus, condition: &str) -> bool {
    status.conditions.iter().any(|c| c.type_ == condition && c.status == "True")
}
