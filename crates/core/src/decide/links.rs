//! Agreements that name one another: an amendment and what it amends, what supersedes another, a call-off and its
//! framework agreement.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::decimal::{Decimal, to_cents};
use super::fault::{Fault, FaultKind};
use super::observed::Observed;
use super::rules::AMENDMENT;
use super::value::{Valued, value};
use crate::text;
use countersign_api::agreement_status::OrderOutcome;
use countersign_api::customer_agreement::Order;
use countersign_api::delegation_policy::Rules;
use countersign_api::link::Link;
use countersign_api::references::AgreementNameRef;
use countersign_api::{CustomerAgreement, CustomerAgreementStatus};

/// Names that a list in status has room for.
const MOST_NAMES: usize = 100;

/// Whether the other one must still be in force. An agreement that ended long ago may have a successor.
const fn needs_it_in_force(link: Link) -> bool {
    match link {
        Link::Amends | Link::Parent => true,
        Link::Supersedes => false,
    }
}

/// The agreements that this one names.
fn links<'a>(
    observed: &Observed<'a>,
) -> impl Iterator<Item = (Link, &'a str, Option<&'a CustomerAgreement>)> {
    let related = observed.related;
    observed.agreement.spec.links().map(move |(link, name)| {
        let other = related.iter().find(|other| other.metadata.name.as_deref() == Some(name));
        (link, name, other.map(AsRef::as_ref))
    })
}

/// Why the agreements that this one names cannot be named, at a time. Asked when terms are submitted and again at every
/// look until they are sealed.
pub(crate) fn faults(observed: &Observed<'_>, at: Timestamp) -> Vec<Fault> {
    let fault = |(link, name, other): (Link, &str, Option<&CustomerAgreement>)| {
        let (kind, fault) = match other {
            None => (FaultKind::LinkMissing, "does not exist".to_owned()),
            Some(other) => (FaultKind::LinkInvalid, fault(observed, link, name, other, at)?),
        };
        let message = format!("`spec.{}.name` {:?} {fault}", link.field(), text::name(name));
        Some(Fault { kind, message })
    };
    links(observed).filter_map(fault).collect()
}

fn fault(
    observed: &Observed<'_>,
    link: Link,
    name: &str,
    other: &CustomerAgreement,
    at: Timestamp,
) -> Option<String> {
    let spec = &other.spec;
    if spec.customer.id != observed.agreement.spec.customer.id {
        return Some(format!("is with another customer, {:?}", text::id(&spec.customer.id)));
    }
    let agreed = other.status.as_ref().filter(|status| status.agreed_time.is_some());
    let Some(status) = agreed else { return Some("is not Agreed".to_owned()) };
    if let Some(by) = superseded_by(observed, name, status) {
        return Some(format!("is superseded by {:?}", text::name(&by)));
    }
    if link == Link::Amends && spec.agreement_type == AMENDMENT {
        let amended = spec.amends_ref.as_ref().map_or("", |amended| amended.name.as_str());
        return Some(format!("is itself an Amendment; name {:?}, which it amends", text::name(amended)));
    }
    let end = spec.agreement_period.end_time.as_ref().filter(|_| needs_it_in_force(link))?;
    (at > end.0).then(|| format!("was in force until {}", text::time(end)))
}

/// What took the place of an agreement that this one names: as its status says, or one that was sealed just now.
fn superseded_by(observed: &Observed<'_>, name: &str, status: &CustomerAgreementStatus) -> Option<String> {
    let own = observed.agreement.metadata.name.as_deref();
    let by = match &status.superseded_by {
        Some(by) => Some(by.as_str()),
        None => {
            sealed_since(observed, status, |other| is(&other.spec.supersedes_ref, name)).into_iter().next()
        }
    };
    by.filter(|by| Some(*by) != own).map(str::to_owned)
}

fn is(named: &Option<AgreementNameRef>, name: &str) -> bool {
    named.as_ref().is_some_and(|named| named.name == name)
}

/// Names of related agreements that were sealed after an agreement was agreed, in the order in which they were. What names
/// an earlier agreement of the same name was sealed before.
fn sealed_since<'a>(
    observed: &Observed<'a>,
    status: &CustomerAgreementStatus,
    which: impl Fn(&CustomerAgreement) -> bool,
) -> Vec<&'a str> {
    let Some(agreed) = status.agreed_time.as_ref() else { return Vec::new() };
    let mut found: Vec<(&Time, &str)> = observed
        .related
        .iter()
        .filter(|other| which(other))
        .filter_map(|other| {
            let sealed = other.status.as_ref()?.sign_off.as_ref()?.sealed_time.as_ref()?;
            Some((sealed, other.metadata.name.as_deref()?)).filter(|(sealed, _)| sealed.0 >= agreed.0)
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

/// Records on an agreed agreement what amends it, and what took its place: the first that was sealed.
pub(crate) fn named_by(observed: &Observed<'_>, status: &mut CustomerAgreementStatus) {
    let Some(own) = observed.agreement.metadata.name.as_deref() else { return };
    for amendment in sealed_since(observed, status, |other| is(&other.spec.amends_ref, own)) {
        if status.amended_by.len() < MOST_NAMES && !status.amended_by.iter().any(|known| known == amendment) {
            status.amended_by.push(amendment.to_owned());
        }
    }
    if status.superseded_by.is_none() {
        let successors = sealed_since(observed, status, |other| is(&other.spec.supersedes_ref, own));
        status.superseded_by = successors.first().map(|successor| (*successor).to_owned());
    }
}

/// Adds to the value of an amendment what it amends and every other amendment of that, open or agreed, for the comparison with
/// limits: a deal in slices needs the approvals of the whole.
pub(crate) fn compare(observed: &Observed<'_>, rules: &Rules, valued: &mut Valued) {
    let Some((_, target, Some(amended))) = links(observed).find(|(link, _, _)| *link == Link::Amends) else {
        return;
    };
    let counts = |other: &&CustomerAgreement| {
        is(&other.spec.amends_ref, target)
            && other.metadata.uid != observed.agreement.metadata.uid
            && other.status.as_ref().is_some_and(|status| status.pinned.is_some() && status.closed.is_none())
    };
    let mut others: Vec<&CustomerAgreement> =
        observed.related.iter().map(AsRef::as_ref).filter(counts).collect();
    others.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    let mut sum = valued.total.clone();
    let mut names = Vec::new();
    for other in [amended].into_iter().chain(others) {
        let name = text::name(other.metadata.name.as_deref().unwrap_or_default());
        let worth = worth(other, rules);
        if worth.is_none() && valued.shown.not_valued.len() < 20 {
            valued
                .shown
                .not_valued
                .push(text::excerpt(&format!("`{name}`: it cannot be valued under this policy")));
        }
        sum = sum.zip(worth).map(|(sum, worth)| sum + worth);
        names.push(name);
    }
    if names.len() > MOST_NAMES {
        let more = names.len() - MOST_NAMES + 1;
        names.truncate(MOST_NAMES - 1);
        names.push(format!("and {more} more"));
    }
    valued.shown.compared_total = sum.as_ref().map(to_cents);
    valued.shown.compared_with = names;
    valued.held = sum;
}

/// What another agreement is worth under these rules, by the orders that remain of it.
fn worth(other: &CustomerAgreement, rules: &Rules) -> Option<Decimal> {
    let status = other.status.as_ref();
    let complete = status.and_then(|status| status.confirmation.as_ref()).is_some_and(|c| c.digest.is_some());
    let outcomes =
        status.filter(|status| complete || status.is_sealed()).map(|status| status.orders.as_slice());
    let left_out = |order: &&Order| {
        let own = |outcome: &&OrderOutcome| outcome.id == order.id;
        outcomes
            .and_then(|outcomes| outcomes.iter().find(own))
            .is_some_and(|own| own.confirmed == Some(false))
    };
    let remaining: Vec<&Order> = other.spec.orders.iter().filter(|order| !left_out(order)).collect();
    value(&other.spec, &remaining, rules).total
}

/// The time by which a link is judged while signatures that were made in time may still be on their way.
pub(crate) fn judged_at(now: Timestamp) -> Timestamp {
    now.checked_sub(super::calendar::GRACE).unwrap_or(now)
}

/// The times at which a link breaks by time alone.
pub(crate) fn wakeups(observed: &Observed<'_>, submitted: bool) -> impl Iterator<Item = Timestamp> {
    let after = SignedDuration::from_secs(if submitted { 1 + super::calendar::GRACE.as_secs() } else { 1 });
    links(observed)
        .filter(|(link, _, _)| needs_it_in_force(*link))
        .filter_map(|(_, _, other)| Some(other?.spec.agreement_period.end_time.as_ref()?.0))
        .filter_map(move |end| end.checked_add(after).ok())
}
