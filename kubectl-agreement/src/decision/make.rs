//! Making a decision: read, check, show, ask, create, and wait for the operator's answer.

use countersign_api::{Action, AgreementDecision, AgreementDecisionSpec, CustomerAgreement};
use countersign_core::decide::binding;
use countersign_core::decide::dry_run::{Effect, dry_run};
use kube::api::PostParams;

use super::arguments::Common;
use super::draft::{Act, Draft};
use super::{answer, preview, question};
use crate::clock;
use crate::connection::{Connection, Server};
use crate::explain::no_role;
use crate::failure::{Failure, Outcome};
use crate::fetch::Surroundings;
use crate::identity::Me;
use crate::output::{self, Form, say};

/// Makes a decision: reads, checks, shows, asks, creates, and waits for the operator's answer.
pub async fn decide(connection: &Connection, common: &Common, act: &Act) -> Outcome {
    // First, because a credential plugin may read stdin too.
    let sheet = common.sheet()?;
    let server = connection.connect().await?;
    let place = common.place(&server, sheet)?;
    let server = Server { namespace: place.namespace.clone(), ..server };
    let me = Me::ask(&server).await?;
    let now = clock::now();
    let (agreement, around) = match &place.sheet {
        Some(sheet) => (sheet.clone(), Surroundings::default()),
        None => {
            let agreement = server.agreement(&place.name).await?;
            let around = Surroundings::read(&server, &agreement).await?;
            (agreement, around)
        }
    };
    check_digest(common, act.action, &agreement, &around)?;
    let draft = Draft::of(act, &agreement, &around, &me, now)?;
    if around.whole
        && let Effect::Ignored(ignored) = dry_run(&around.observed(&agreement), &draft.decision, now)
        && !common.anyway
    {
        return Err(Failure::Ignored(format!(
            "it would not count ({}): {}. Nothing was made; use --anyway to make it nevertheless",
            ignored.reason, ignored.message
        )));
    }
    let shown = preview::of(&agreement, &draft, &me, now);
    if question::ask(common, &shown, act.action)? && place.sheet.is_none() {
        still_the_same(&server, &agreement, common, act.action, &around).await?;
    }
    let options = PostParams { dry_run: common.dry_run.is_some(), ..PostParams::default() };
    let made = server.here::<AgreementDecision>().create(&options, &draft.decision).await;
    let made = made.map_err(|error| not_made(&server, &error, &draft, &me))?;
    report(common, &made)?;
    if common.dry_run.is_some() || common.no_wait {
        return Ok(());
    }
    answer::wait(&server, common, &made).await
}

/// Recomputes the digest that is decided on, and compares it with the one that the user gave.
fn check_digest(
    common: &Common,
    action: Action,
    agreement: &CustomerAgreement,
    around: &Surroundings,
) -> Outcome {
    let catalogue = around.catalogue.as_ref().and_then(|catalogue| catalogue.metadata.uid.as_deref());
    binding::check(agreement, catalogue).map_err(|error| Failure::Error(error.to_string()))?;
    let Some(expected) = &common.digest else { return Ok(()) };
    let policy = around.policy().map(|policy| &policy.spec);
    let binding =
        binding::of(agreement, policy, action).map_err(|error| Failure::Error(error.to_string()))?;
    if &binding.digest != expected {
        return Err(Failure::Error(format!(
            "it was changed: you gave {expected}, and it now has {}; read it again \
             (`kubectl agreement show`). Nothing was made",
            binding.digest
        )));
    }
    Ok(())
}

/// The agreement may have changed while the user was reading.
async fn still_the_same(
    server: &Server,
    seen: &CustomerAgreement,
    common: &Common,
    action: Action,
    around: &Surroundings,
) -> Outcome {
    let now = server.agreement(seen.metadata.name.as_deref().unwrap_or_default()).await?;
    check_digest(common, action, &now, around)?;
    let policy = around.policy().map(|policy| &policy.spec);
    if seen.metadata.uid != now.metadata.uid
        || binding::of(seen, policy, action) != binding::of(&now, policy, action)
    {
        return Err(Failure::Error(
            "it was changed while you were reading; read it again. Nothing was made".to_owned(),
        ));
    }
    Ok(())
}

/// An error from the API server means that nothing was stored. Without an answer, it may have been.
fn not_made(server: &Server, error: &kube::Error, draft: &Draft, me: &Me) -> Failure {
    let decision = &draft.decision.spec;
    match error {
        kube::Error::Api(status)
            if status.code == 403
                && status.message.contains("cannot create resource \"agreementdecisions\"") =>
        {
            Failure::Error(no_role(&me.username, role(decision), &server.namespace))
        }
        kube::Error::Api(_) => server.failure(error),
        _ => Failure::Error(format!(
            "{}; the decision may have been made: check `kubectl agreement history {}` before you make it again",
            server.failure(error).message(),
            decision.agreement_ref.name
        )),
    }
}

/// The shipped role that permits a decision.
const fn role(decision: &AgreementDecisionSpec) -> &'static str {
    if decision.evidence.is_some() {
        return "countersign-attester";
    }
    match decision.action {
        Action::RequestChange if decision.function.is_some() => "countersign-approver",
        Action::Confirm | Action::Decline | Action::RequestChange => "countersign-confirmer",
        Action::Approve | Action::Refuse => "countersign-approver",
        Action::Sign => "countersign-signatory",
        Action::Countersign => "countersign-countersignatory",
        Action::Withdraw => "countersign-author",
    }
}

fn report(common: &Common, made: &AgreementDecision) -> Outcome {
    let dry = if common.dry_run.is_some() { " (server dry run: nothing was stored)" } else { "" };
    match common.output {
        Some(Form::Name) => say(&output::name(made)),
        Some(form @ (Form::Json | Form::Yaml)) => say(&output::machine(form, &output::object(made)?)?),
        Some(Form::Wide) | None => {
            let name = made.metadata.name.as_deref().unwrap_or_default();
            say(&format!("made: {name}{dry}\n"));
        }
    }
    Ok(())
}
