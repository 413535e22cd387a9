//! What an agreement is worth: exact, compared before it is divided, shown rounded half up to cents (S4).

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use num_traits::Zero;

use super::decimal::{self, Decimal, parse, to_cents, to_plain, whole};
use crate::text;
use countersign_api::agreement_status::Value;
use countersign_api::customer_agreement::{
    CustomerAgreementSpec, ItemAction, Order, OrderItem, Price, PriceType,
};
use countersign_api::delegation_policy::Rules;
use countersign_api::references::Period;

/// What is compared with limits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Valued {
    /// `None`: it cannot be valued.
    pub(crate) total: Option<Decimal>,
    /// What is compared with the limits: the total, or for an amendment the sum with what it amends.
    pub(crate) held: Option<Decimal>,
    /// Largest discount of any item, in percent.
    pub(crate) max_discount: Decimal,
    /// Longest commitment, in months; `None` if nothing says it.
    pub(crate) term_months: Option<i64>,
    /// As it is written to the status.
    pub(crate) shown: Value,
}

/// Values the given orders of an agreement.
pub(crate) fn value(spec: &CustomerAgreementSpec, orders: &[&Order], rules: &Rules) -> Valued {
    let period_months = months(&spec.agreement_period);
    let mut sum = Sum::default();
    let mut max_discount = Decimal::zero();
    let mut term_months: Option<i64> = None;
    for (order, item) in valued_items(orders) {
        if let Some(discount) = item.discount_percent.as_deref().and_then(parse) {
            max_discount = max_discount.max(discount);
        }
        let committed = item.commitment_months.map(i64::from).or(period_months);
        term_months = term_months.max(committed);
        for price in &item.prices {
            sum.add(order, item, price, committed, rules);
        }
    }
    let term_months = term_months.or(period_months);
    let floor = spec.estimated_value.as_ref();
    let floor = match floor {
        None => Some(Decimal::zero()),
        Some(money) => converted(&money.amount, &money.currency, rules),
    };
    if floor.is_none() {
        sum.not_valued.insert("`spec.estimatedValue`: the policy has no rate for its currency".to_owned());
        sum.unknown = true;
    }
    let total = (!sum.unknown).then(|| sum.total.clone().max(floor.unwrap_or_else(Decimal::zero)));
    let shown = Value {
        total: total.as_ref().map(to_cents),
        monthly: (!sum.unknown).then(|| to_cents(&sum.monthly)),
        one_time: (!sum.unknown).then(|| to_cents(&sum.one_time)),
        currency: rules.currency.clone(),
        max_discount_percent: Some(to_plain(&max_discount)),
        term_months,
        not_valued: bounded(sum.not_valued),
        compared_total: None,
        compared_with: Vec::new(),
    };
    Valued { held: total.clone(), total, max_discount, term_months, shown }
}

/// Items that count: Delete and NoChange do not.
pub(crate) fn valued_items<'a>(orders: &[&'a Order]) -> impl Iterator<Item = (&'a Order, &'a OrderItem)> {
    orders
        .iter()
        .flat_map(|order| order.items.iter().map(|item| (*order, item)))
        .filter(|(_, item)| matches!(item.action, ItemAction::Add | ItemAction::Modify))
}

/// Whole months of a period, rounded up. The last instant of a period may be the last second of a month.
/// `None` if it has no end.
pub(crate) fn months(period: &Period) -> Option<i64> {
    let start = in_utc(period.start_time.0);
    let end = in_utc(period.end_time.as_ref()?.0);
    let span = start.until((Unit::Month, &end)).ok()?;
    let full = i64::from(span.get_months());
    let exact = start.checked_add(jiff::Span::new().try_months(full).ok()?).ok()? >= end;
    Some(if exact { full } else { full.saturating_add(1) }.max(0))
}

fn in_utc(time: Timestamp) -> jiff::Zoned {
    time.to_zoned(TimeZone::UTC)
}

#[derive(Default)]
struct Sum {
    total: Decimal,
    monthly: Decimal,
    one_time: Decimal,
    unknown: bool,
    not_valued: BTreeSet<String>,
}

impl Sum {
    fn add(&mut self, order: &Order, item: &OrderItem, price: &Price, committed: Option<i64>, rules: &Rules) {
        let place = format!("order `{}` item `{}`", text::id(&order.id), text::id(&item.id));
        if price.price_type == PriceType::Usage {
            self.not_valued.insert(format!("{place}: usage"));
            return;
        }
        let Some(unit) = converted(&price.amount, &price.currency, rules) else {
            self.unknown = true;
            self.not_valued
                .insert(format!("{place}: the policy has no rate for {}", text::value(&price.currency)));
            return;
        };
        let amount = unit * whole(item.quantity);
        match (price.price_type, price.period, committed) {
            (PriceType::Recurring, Some(period), Some(months)) => {
                let monthly = amount / whole(period.months());
                self.total += &monthly * whole(months);
                self.monthly += monthly;
            }
            (PriceType::Recurring, _, _) => {
                self.unknown = true;
                self.not_valued.insert(format!("{place}: nothing says for how many months"));
            }
            (PriceType::OneTime | PriceType::Usage, _, _) => {
                self.total += &amount;
                self.one_time += amount;
            }
        }
    }
}

/// In the policy's currency; `None` if it has no rate for it.
fn converted(amount: &str, currency: &str, rules: &Rules) -> Option<Decimal> {
    let amount = decimal::parse(amount)?;
    if currency == rules.currency {
        return Some(amount);
    }
    let rate = rules.rates.iter().find(|rate| rate.currency == currency)?;
    Some(amount * decimal::parse(&rate.rate)?)
}

fn bounded(mut reasons: BTreeSet<String>) -> Vec<String> {
    let all = reasons.len();
    let last = (all > 20).then(|| format!("and {} more", all - 19));
    if last.is_some() {
        reasons = reasons.into_iter().take(19).collect();
    }
    reasons.into_iter().chain(last).collect()
}
