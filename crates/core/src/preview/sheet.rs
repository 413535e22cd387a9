//! An agreement as a person reads it before deciding on it (S2a): parties, each term with the standard, orders with
//! their prices, value, and the digest that decisions are bound to.

use super::outcome::Preview;
use super::page::{Page, WIDTH};
use super::sentences;
use super::terms::TermLine;
use crate::audience::Audience;
use crate::text;
use countersign_api::agreement_status::Deviation;
use countersign_api::customer_agreement::{
    CustomerAgreementSpec, ItemAction, Order, OrderItem, Price, PricePeriod, PriceType, RepresentativeRole,
};
use countersign_api::link::Link;
use countersign_api::references::Period;

/// What decisions are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// UID of the agreement.
    pub uid: String,
    /// Revision of the terms.
    pub revision: i64,
    /// The digest that the next decision names.
    pub digest: String,
    /// The orders that remain once the customer has confirmed; `None` before that.
    pub confirmed: Option<Vec<String>>,
}

/// The agreement as a page of 80 columns. `deviations` are those in the status of one that is in the cluster.
#[must_use]
pub fn of(
    spec: &CustomerAgreementSpec,
    preview: &Preview,
    deviations: &[Deviation],
    bound: Option<&Bound>,
    audience: Audience,
) -> String {
    let mut page = Page::default();
    page.head(spec, preview);
    page.parties(spec);
    page.blank();
    page.line(2, &format!("Terms, beside the standard terms {}", text::name(&spec.standard_terms_ref.name)));
    for term in &preview.terms {
        let own: Vec<&Deviation> = deviations.iter().filter(|own| own.term_id == term.id).collect();
        page.term(term, &own, audience);
    }
    page.blank();
    if spec.orders.is_empty() {
        page.line(2, "No orders");
    }
    for order in &spec.orders {
        let left_out = bound
            .and_then(|bound| bound.confirmed.as_ref())
            .is_some_and(|confirmed| !confirmed.contains(&order.id));
        page.order(order, left_out);
    }
    page.worth(preview, audience);
    for document in &spec.documents {
        page.entry("Document", &format!("{}, {}", text::name(&document.name), text::id(&document.role)));
        page.line(4, &text::value(&document.digest));
    }
    if let Some(bound) = bound {
        page.blank();
        page.entry(
            "Revision",
            &format!("{} of the terms, agreement {}", bound.revision, text::id(&bound.uid)),
        );
        // On one line, so that it can be copied.
        page.line(4, &text::value(&bound.digest));
    }
    page.text()
}

/// What is signed on paper: names, roles and a line for each, below the digest that it is about.
#[must_use]
pub fn signature_page(spec: &CustomerAgreementSpec, name: &str, bound: &Bound) -> String {
    let mut page = Page::default();
    page.line(0, &format!("Signature page: {}", text::name(&spec.title)));
    page.blank();
    page.line(0, "We have understood the terms, they are acceptable to us, and we agree to them.");
    page.blank();
    page.entry("Agreement", &format!("{}, offer version {}", text::name(name), spec.offer_version));
    page.entry(
        "Between",
        &format!("{} and {}", text::name(&spec.customer.name), text::name(&spec.provider.name)),
    );
    page.entry("Revision", &format!("{} of the terms, agreement {}", bound.revision, text::id(&bound.uid)));
    page.line(4, &text::value(&bound.digest));
    if let Some(orders) = &bound.confirmed {
        let orders: Vec<String> = orders.iter().map(|order| text::id(order)).collect();
        page.entry("Orders", &if orders.is_empty() { "none".to_owned() } else { orders.join(", ") });
    }
    let signatory = |role: &&countersign_api::customer_agreement::Representative| {
        role.roles.contains(&RepresentativeRole::Signatory)
    };
    page.signatures(
        &format!("For {}", text::name(&spec.customer.name)),
        spec.customer.representatives.iter().filter(signatory).map(|person| (person.name.as_str(), None)),
    );
    page.signatures(
        &format!("For {}", text::name(&spec.provider.name)),
        spec.provider.signatories.iter().map(|person| (person.name.as_str(), person.title.as_deref())),
    );
    page.text()
}

impl Page {
    fn head(&mut self, spec: &CustomerAgreementSpec, preview: &Preview) {
        self.line(0, &text::name(&spec.title));
        self.line(0, &format!("{}/{}", preview.namespace, preview.name));
        self.blank();
        self.entry(
            "Agreement",
            &format!("{}, offer version {}", text::id(&spec.agreement_type), spec.offer_version),
        );
        if let Some(number) = &spec.document_number {
            self.entry("Number", &text::value(number));
        }
        if let Some(description) = &spec.description {
            self.entry("About", &text::passage(description));
        }
        for (link, name) in spec.links() {
            let label = match link {
                Link::Amends => "Amends",
                Link::Supersedes => "Supersedes",
                Link::Parent => "Parent",
            };
            self.entry(label, &text::name(name));
        }
        self.entry("Period", &period(&spec.agreement_period));
        self.entry("Open until", &text::minute(&spec.offer_end_time));
    }

    fn parties(&mut self, spec: &CustomerAgreementSpec) {
        let customer = &spec.customer;
        self.entry("Customer", &format!("{} ({})", text::name(&customer.name), text::id(&customer.id)));
        for person in &customer.representatives {
            let acts: Vec<&str> = person
                .roles
                .iter()
                .map(|role| match role {
                    RepresentativeRole::Confirmer => "confirms",
                    RepresentativeRole::Signatory => "signs",
                })
                .collect();
            self.item(&format!("{} {}", text::name(&person.name), acts.join(" and ")));
        }
        let provider = &spec.provider;
        self.entry("Provider", &format!("{} ({})", text::name(&provider.name), text::id(&provider.id)));
        for person in &provider.signatories {
            let title =
                person.title.as_deref().map(|title| format!(", {}", text::name(title))).unwrap_or_default();
            self.item(&format!("{}{title}, countersigns", text::name(&person.name)));
        }
        for party in &spec.other_parties {
            self.entry(
                "With",
                &format!("{} ({}), {}", text::name(&party.name), text::id(&party.id), text::id(&party.role)),
            );
        }
    }

    fn term(&mut self, term: &TermLine, deviations: &[&Deviation], audience: Audience) {
        let mut words = term.value.clone().unwrap_or_else(|| "in the text below".to_owned());
        let standard = term.standard.as_deref().unwrap_or("not a standard term");
        if deviations.is_empty() {
            words.push_str(&format!(" (standard: {standard})"));
        } else {
            words.push_str(&format!(" DEVIATES from the standard, {standard}"));
        }
        for deviation in deviations.iter().filter(|_| audience == Audience::Provider) {
            words.push_str(&format!("; {}", sentences::deviation(deviation)));
        }
        self.line(4, &format!("{}: {words}", term.title));
        if let Some(text) = &term.text {
            self.line(8, text);
        }
        // For the customer too: what is signed on paper has to be all that the digest covers.
        if let Some(reason) = &term.reason {
            self.line(8, &format!("Reason: {reason}"));
        }
    }

    fn order(&mut self, order: &Order, left_out: bool) {
        let category =
            order.category.as_deref().map(|word| format!(", {}", text::id(word))).unwrap_or_default();
        let account = order
            .billing_account_id
            .as_deref()
            .map(|id| format!(", billed to {}", text::id(id)))
            .unwrap_or_default();
        let left_out = if left_out { " - left out by the customer" } else { "" };
        self.line(2, &format!("Order {}{category}{account}{left_out}", text::id(&order.id)));
        let times = [("start", &order.requested_start_time), ("complete", &order.requested_completion_time)];
        for (word, time) in times {
            if let Some(time) = time {
                self.line(4, &format!("wanted {word}: {}", text::minute(time)));
            }
        }
        for requirement in &order.special_requirements {
            self.line(4, &format!("special: {}", text::reason(requirement)));
        }
        for item in &order.items {
            self.line(4, &goods(item));
            for price in &item.prices {
                self.line(8, &priced(price, item));
            }
        }
    }

    fn worth(&mut self, preview: &Preview, audience: Audience) {
        let Some(value) = &preview.value else { return };
        self.blank();
        self.entry("Worth", &sentences::value(value));
        if audience == Audience::Provider {
            self.entry("", &sentences::measures(value));
            for what in &value.not_valued {
                self.item(&format!("without value: {}", text::excerpt(what)));
            }
        }
    }

    fn signatures<'a>(&mut self, label: &str, people: impl Iterator<Item = (&'a str, Option<&'a str>)>) {
        self.blank();
        self.line(0, label);
        for (name, title) in people {
            let title = title.map(|title| format!(", {}", text::name(title))).unwrap_or_default();
            self.blank();
            self.rule("Signature");
            self.rule("Date");
            self.entry("Name", &format!("{}{title}", text::name(name)));
        }
    }

    /// A line to write on.
    fn rule(&mut self, label: &str) {
        self.blank();
        self.entry(label, &"_".repeat(WIDTH - 25));
    }
}

fn goods(item: &OrderItem) -> String {
    let action = match item.action {
        ItemAction::Add => "Add",
        ItemAction::Modify => "Change",
        ItemAction::Delete => "End",
        ItemAction::NoChange => "Keep",
    };
    let offering =
        item.product_offering.as_ref().map(|offering| offering.name.as_ref().unwrap_or(&offering.id));
    let product = item.product.as_ref().and_then(|product| product.id.as_ref());
    let what = offering.or(product).map_or_else(|| "a product".to_owned(), |what| text::name(what));
    let places = item.product.iter().flat_map(|product| &product.place);
    let places: String = places.map(|place| format!(", {}", text::name(&place.name))).collect();
    let end = item
        .commitment_months
        .map(|months| format!(", for {}", text::count(usize::try_from(months).unwrap_or(0), "month")))
        .unwrap_or_default();
    format!("{}. {action} {} x {what}{places}{end}", text::id(&item.id), item.quantity)
}

fn priced(price: &Price, item: &OrderItem) -> String {
    let often = match (price.price_type, price.period) {
        (PriceType::OneTime, _) => "once",
        (PriceType::Usage, _) => "by use",
        (PriceType::Recurring, Some(PricePeriod::Quarter)) => "a quarter",
        (PriceType::Recurring, Some(PricePeriod::Year)) => "a year",
        (PriceType::Recurring, Some(PricePeriod::Month) | None) => "a month",
    };
    let discount = item.discount_percent.as_deref().filter(|percent| *percent != "0");
    let discount =
        discount.map(|percent| format!(", {} % below list", text::value(percent))).unwrap_or_default();
    format!("{} {} each {often}{discount}", text::value(&price.currency), text::value(&price.amount))
}

fn period(period: &Period) -> String {
    match &period.end_time {
        Some(end) => format!("{} to {}", text::day(&period.start_time), text::day(end)),
        None => format!("from {}, without end", text::day(&period.start_time)),
    }
}
