//! Waiting for the operator's answer to a decision.

use countersign_api::conditions::{condition, reason};
use countersign_api::{AgreementDecision, CustomerAgreement, CustomerAgreementStatus};
use countersign_core::decide::dry_run::{Effect, effect};
use kube::Error;

use super::arguments::Common;
use crate::connection::Server;
use crate::failure::{Failure, Outcome};
use crate::layout::paragraph;
use crate::output::{Form, say};
use crate::watch::Changes;
use countersign_core::text;

/// Waits until the decision counts or is ignored.
pub async fn wait(server: &Server, common: &Common, made: &AgreementDecision) -> Outcome {
    let name = made.metadata.name.as_deref().unwrap_or_default();
    let agreement = &made.spec.agreement_ref.name;
    let quiet = common.output.is_some_and(Form::is_for_machines);
    let mut last = None;
    let answer = tokio::time::timeout(common.timeout, settled(server, agreement, name, &mut last)).await;
    match answer {
        Ok(Ok(Some((Effect::Counts, status)))) => {
            if !quiet {
                say(&paragraph(&format!("It counts. {}", now_it_is(&status)), "", ""));
            }
            Ok(())
        }
        Ok(Ok(Some((Effect::Ignored(ignored), _)))) => Err(Failure::Ignored(format!(
            "{name} does not count ({}): {}",
            ignored.reason,
            text::reason(&ignored.message)
        ))),
        Ok(Ok(Some((Effect::Open, _)) | None)) => {
            if !quiet {
                say(&paragraph(
                    "It is stored. You may not read the agreement, so this cannot show whether it counts: ask the person who \
                     sent you the agreement.",
                    "",
                    "",
                ));
            }
            Ok(())
        }
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Failure::Unanswered(format!(
            "{name} was made, and there was no answer within {} s: {}. See `kubectl agreement history {agreement}` later",
            common.timeout.as_secs(),
            last.as_ref().map_or("is the operator running?", why_silent)
        ))),
    }
}

/// `None` if the user may not read the agreement.
async fn settled(
    server: &Server,
    agreement: &str,
    decision: &str,
    last: &mut Option<CustomerAgreementStatus>,
) -> Outcome<Option<(Effect, CustomerAgreementStatus)>> {
    let api = server.here::<CustomerAgreement>();
    loop {
        let seen = match api.get(agreement).await {
            Ok(seen) => seen,
            Err(Error::Api(status)) if status.code == 403 => return Ok(None),
            Err(error) => return Err(server.failure(&error)),
        };
        if let Some(answer) = said(&seen, decision) {
            return Ok(Some(answer));
        }
        let changes = Changes::open(server, std::slice::from_ref(&server.namespace), Some(agreement)).await?;
        let seen = api.get(agreement).await.map_err(|error| server.failure(&error))?;
        if let Some(answer) = said(&seen, decision) {
            return Ok(Some(answer));
        }
        *last = seen.status;
        changes.next().await?;
    }
}

fn said(agreement: &CustomerAgreement, decision: &str) -> Option<(Effect, CustomerAgreementStatus)> {
    let status = agreement.status.as_ref()?;
    match effect(status, decision) {
        Effect::Open => None,
        effect => Some((effect, status.clone())),
    }
}

/// Why there may be no answer.
fn why_silent(status: &CustomerAgreementStatus) -> &'static str {
    let ready = status.conditions.iter().find(|own| own.type_ == condition::READY);
    if ready.is_some_and(|ready| ready.reason == reason::GUARD_INACTIVE) {
        "the admission policies are not in force, and no decision counts until an admin installs them again"
    } else {
        "is the operator running?"
    }
}

/// The state of the agreement, in a sentence.
fn now_it_is(status: &CustomerAgreementStatus) -> String {
    let phase = status.phase.as_deref().unwrap_or("Pending");
    match &status.waiting_on {
        Some(whom) => format!("The agreement is {phase}; it waits for {}.", text::user(whom)),
        None => format!("The agreement is {phase}."),
    }
}
