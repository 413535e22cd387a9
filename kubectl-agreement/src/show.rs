//! `show`: the agreement to read before you decide.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use countersign_api::agreement_status::{Confirmation, Pinned, PinnedObject};
use countersign_api::agreement_status::{CustomerAgreementStatus, WaitingAction};
use countersign_api::{Action, CustomerAgreement};
use countersign_core::Audience;
use countersign_core::decide::binding;
use countersign_core::preview::sheet::{self, Bound};
use countersign_core::preview::{Preview, preview};

use crate::clock;
use crate::connection::Connection;
use crate::failure::{Failure, Outcome};
use crate::fetch::Surroundings;
use crate::output::{self, Form, say};

/// The arguments of `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement show havlink-fleet
  kubectl agreement show havlink-fleet --for customer                    # to read, or to send
  kubectl agreement show havlink-fleet --for customer -o yaml > havlink-fleet.yaml
      # to decide with: kubectl agreement confirm -f havlink-fleet.yaml
  kubectl agreement show havlink-fleet --signature-page                  # for paper")]
pub struct Show {
    /// Name of the agreement.
    #[arg(value_name = "AGREEMENT")]
    name: String,
    /// Who reads it. For the customer, it leaves out what the provider keeps to itself.
    #[arg(
        long = "for",
        value_name = "READER",
        default_value = "provider",
        value_parser = PossibleValuesParser::new(["provider", "customer"]).try_map(|word| word.parse::<Audience>())
    )]
    audience: Audience,
    /// Print the page to sign on paper.
    #[arg(long)]
    signature_page: bool,
    /// Output format.
    #[arg(short, long)]
    output: Option<Form>,
}

impl Show {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let server = connection.connect().await?;
        let agreement = server.agreement(&self.name).await?;
        let around = Surroundings::read(&server, &agreement).await?;
        let catalogue = around.catalogue.as_ref().and_then(|catalogue| catalogue.metadata.uid.as_deref());
        // What is shown must be what is decided on: an agreement whose digest does not fit is an error.
        binding::check(&agreement, catalogue).map_err(|error| Failure::Error(error.to_string()))?;
        match self.output {
            Some(Form::Name) => say(&output::name(&agreement)),
            Some(form @ (Form::Json | Form::Yaml)) => {
                let shown = match self.audience {
                    Audience::Provider => agreement,
                    Audience::Customer => for_customer(&agreement)?,
                };
                say(&output::machine(form, &output::object(&shown)?)?);
            }
            Some(Form::Wide) | None => say(&self.text(&agreement, &around)?),
        }
        Ok(())
    }

    fn text(&self, agreement: &CustomerAgreement, around: &Surroundings) -> Outcome<String> {
        let bound = bound(agreement);
        if self.signature_page {
            let name = agreement.metadata.name.as_deref().unwrap_or_default();
            let bound = bound.filter(|bound| bound.confirmed.is_some()).ok_or_else(|| {
                Failure::Error(format!("{name} has no signature page yet: the customer has yet to confirm"))
            })?;
            return Ok(sheet::signature_page(&agreement.spec, name, &bound));
        }
        let now = clock::now();
        let mut preview = preview(&around.observed(agreement), now);
        let status = agreement.status.clone().unwrap_or_default();
        // For an agreement on its way, the value in the status counts: it covers the orders that remain.
        preview.value = status.value.clone().or(preview.value);
        if around.catalogue.is_none() {
            without_catalogue(&mut preview, &status);
        }
        Ok(sheet::of(&agreement.spec, &preview, &status.deviations, bound.as_ref(), self.audience))
    }
}

/// For a user who may not read the catalogue: what the operator found, from the status.
fn without_catalogue(preview: &mut Preview, status: &CustomerAgreementStatus) {
    for term in &mut preview.terms {
        let mut own = status.deviations.iter().filter(|deviation| deviation.term_id == term.id).peekable();
        term.standard = match (own.peek(), status.classification) {
            (Some(_), _) => own.find_map(|deviation| deviation.permitted.clone()),
            (None, Some(_)) => Some("met".to_owned()),
            (None, None) => Some("not shown to you".to_owned()),
        };
    }
}

/// What the next decision names.
fn bound(agreement: &CustomerAgreement) -> Option<Bound> {
    let status = agreement.status.as_ref()?;
    let confirmation = status.confirmation.as_ref().and_then(|confirmation| confirmation.digest.as_ref());
    let asked_first = status.waiting_for.iter().find_map(|wait| wait.digest.clone());
    let confirms = status.waiting_for.iter().any(|wait| wait.action == WaitingAction::Confirm);
    let action = if confirmation.is_some() && !confirms { Action::Sign } else { Action::Confirm };
    let binding = binding::of(agreement, None, action).ok()?;
    let confirmed = confirmation.map(|_| {
        let confirmed = status.orders.iter().filter(|order| order.confirmed == Some(true));
        confirmed.map(|order| order.id.clone()).collect()
    });
    Some(Bound {
        uid: agreement.metadata.uid.clone()?,
        revision: binding.revision,
        digest: asked_first.unwrap_or(binding.digest),
        confirmed,
    })
}

/// The offer, with what is needed to decide on it and to recompute its digests, and nothing else.
fn for_customer(agreement: &CustomerAgreement) -> Outcome<CustomerAgreement> {
    let status = agreement.status.as_ref().filter(|status| status.terms.is_some()).ok_or_else(|| {
        Failure::Error(
            "there is nothing to send yet: the operator has not processed the agreement".to_owned(),
        )
    })?;
    let mut sent = CustomerAgreement::new(
        agreement.metadata.name.as_deref().unwrap_or_default(),
        agreement.spec.clone(),
    );
    sent.metadata.namespace.clone_from(&agreement.metadata.namespace);
    sent.metadata.uid.clone_from(&agreement.metadata.uid);
    let mut orders = status.orders.clone();
    for order in &mut orders {
        order.order_request_name = None;
        order.uid = None;
    }
    // The catalogue's UID is part of the digest; the policy is internal to the provider.
    let pinned = status.pinned.as_ref().map(|pinned| Pinned {
        standard_terms: pinned.standard_terms.clone(),
        policy: PinnedObject { name: String::new(), uid: String::new() },
    });
    sent.status = Some(CustomerAgreementStatus {
        terms: status.terms.clone(),
        pinned,
        orders: orders
            .into_iter()
            .filter(|_| status.confirmation.as_ref().is_some_and(|c| c.digest.is_some()))
            .collect(),
        confirmation: status.confirmation.as_ref().filter(|confirmation| confirmation.digest.is_some()).map(
            |confirmation| Confirmation { digest: confirmation.digest.clone(), ..Confirmation::default() },
        ),
        ..CustomerAgreementStatus::default()
    });
    Ok(sent)
}
