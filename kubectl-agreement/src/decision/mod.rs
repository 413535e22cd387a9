//! The commands that decide. Each makes one `AgreementDecision`, on a digest that was computed here.

mod answer;
mod arguments;
mod draft;
mod preview;
mod question;

pub use arguments::{Approve, Attest, Confirm, Countersign, Decline, Refuse, RequestChange, Sign, Withdraw};

use std::path::Path;

use countersign_api::{Action, AgreementDecision, AgreementDecisionSpec, CustomerAgreement};
use countersign_core::decide::binding;
use countersign_core::decide::dry_run::{Effect, dry_run};
use kube::api::PostParams;

use crate::clock;
use crate::connection::{Connection, Server};
use crate::explain::no_role;
use crate::failure::{Failure, Outcome};
use crate::fetch::Surroundings;
use crate::identity::Me;
use crate::output::{self, Form, say};
use arguments::Common;
use draft::{Act, Draft};

/// Makes a decision: reads, checks, shows, asks, makes, and waits for what becomes of it.
async fn decide(connection: &Connection, common: &Common, act: &Act) -> Outcome {
    // First, for a credential plugin may read standard input too.
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
            "it would not count ({}): {}. Nothing was made; --anyway makes it all the same",
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

/// The digest that is decided on is computed here, and is the one that the person saw.
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
            "it was changed: you say {expected}, and what there is to decide on has {}; look at it again \
             (`kubectl agreement show`). Nothing was made",
            binding.digest
        )));
    }
    Ok(())
}

/// Somebody may have changed it while the person was reading.
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
            "it was changed while you were reading; look at it again. Nothing was made".to_owned(),
        ));
    }
    Ok(())
}

/// A refusal is an answer. Where there was none, it may have been made all the same.
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
            "{}; it is not known whether the decision was made: see `kubectl agreement history {}` before you make it again",
            server.failure(error).message(),
            decision.agreement_ref.name
        )),
    }
}

/// The shipped role that lets somebody make a decision.
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

/// The agreement in a file that the customer was sent.
fn sheet(path: &Path) -> Outcome<CustomerAgreement> {
    let shown = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| format!("cannot read {shown}: {error}"))?;
    let agreement: CustomerAgreement = serde_saphyr::from_str(&text).map_err(|error| {
        format!("{shown} is not an agreement as `kubectl agreement show --for customer -o yaml` writes it: {error}")
    })?;
    let complete =
        agreement.metadata.uid.is_some() && agreement.status.as_ref().is_some_and(|s| s.terms.is_some());
    if !complete {
        return Err(Failure::Error(format!(
            "{shown} has no `metadata.uid` or `status.terms`: it is what was applied, not what is offered; ask for the \
             output of `kubectl agreement show --for customer -o yaml`"
        )));
    }
    Ok(agreement)
}
