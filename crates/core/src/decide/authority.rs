//! Whether the provider's agreement needs escalation, and who is appropriately delegated (S4).

use jiff::Timestamp;

use super::decimal::{self, Decimal, to_cents, to_plain, whole};
use super::ladder::{self, quorum, rank};
use super::value::Valued;
use crate::text;
use countersign_api::agreement_status::{Deviation, DeviationCategory};
use countersign_api::customer_agreement::{CustomerAgreementSpec, Order};
use countersign_api::delegation_policy::{
    DelegationPolicySpec, Ladder, Level, Limits, Rules, Substitute, Trigger,
};
use countersign_api::references::Authority;
use countersign_api::subject::{Subject, SubjectKind};

/// What the provider's own agreement requires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requirements {
    /// Approvals, in the policy's order.
    pub(crate) approvals: Vec<Requirement>,
    /// Authority that a countersignature exercises, since it lies within `autoWithin`.
    pub(crate) exercised: Vec<Authority>,
    /// Why nobody's authority covers it, in words.
    pub(crate) faults: Vec<String>,
}

/// One function that must agree: the highest level that any circumstance asks for, with all reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// The function.
    pub(crate) function: String,
    /// The lowest level that covers every circumstance.
    pub(crate) level: String,
    /// Title of those who hold that level.
    pub(crate) title: String,
    /// The circumstances, highest level first.
    pub(crate) because: Vec<String>,
    /// How many must approve.
    pub(crate) quorum: i32,
}

/// A circumstance that asks for a level of one ladder.
struct Circumstance {
    level: usize,
    reason: String,
    within: bool,
}

/// What the given orders and deviations require.
pub(crate) fn requirements(
    spec: &CustomerAgreementSpec,
    orders: &[&Order],
    deviations: &[Deviation],
    valued: &Valued,
    rules: &Rules,
) -> Requirements {
    let mut out = Requirements::default();
    let deviating =
        deviations.iter().map(|deviation| (&deviation.function, &deviation.level, deviates(deviation)));
    let triggered =
        rules.triggers.iter().filter(|trigger| applies(trigger, spec, orders)).map(|trigger| {
            (&trigger.function, &trigger.level, format!("trigger `{}`", text::id(&trigger.name)))
        });
    let named: Vec<(&String, &String, String)> = deviating.chain(triggered).collect();
    for function in functions_in_order(rules) {
        let Some(ladder) = ladder::of(rules, function) else { continue };
        let mut circumstances = Vec::new();
        limits(ladder, valued, &mut circumstances, &mut out.faults);
        for (_, level, reason) in named.iter().filter(|(named, _, _)| **named == function) {
            match ladder::position(ladder, level) {
                Some(level) => {
                    circumstances.push(Circumstance { level, reason: reason.clone(), within: false })
                }
                None => out.faults.push(format!(
                    "{reason}: it needs {function} {}, and the policy has no such level",
                    text::id(level)
                )),
            }
        }
        require(rules, ladder, circumstances, &mut out);
    }
    for (function, level, reason) in &named {
        if ladder::of(rules, function).is_none() {
            let (function, level) = (text::id(function), text::id(level));
            out.faults.push(format!(
                "{reason}: it needs {function} {level}, and the policy has no ladder for that function"
            ));
        }
    }
    out
}

/// Whether a trigger of the policy applies: every list that it gives matches.
fn applies(trigger: &Trigger, spec: &CustomerAgreementSpec, orders: &[&Order]) -> bool {
    let any =
        |list: &[String], word: Option<&str>| word.is_some_and(|word| list.iter().any(|entry| entry == word));
    (trigger.segments.is_empty() || any(&trigger.segments, spec.customer.segment.as_deref()))
        && (trigger.agreement_types.is_empty() || any(&trigger.agreement_types, Some(&spec.agreement_type)))
        && (trigger.order_categories.is_empty()
            || orders.iter().any(|order| any(&trigger.order_categories, order.category.as_deref())))
}

/// Functions in the order in which they are asked: as the policy orders them, then the rest in the order of the ladders.
fn functions_in_order(rules: &Rules) -> Vec<&str> {
    let mut functions: Vec<&str> = Vec::new();
    let ladders = rules.ladders.iter().map(|ladder| ladder.function.as_str());
    for function in rules.escalation.order.iter().map(String::as_str).chain(ladders) {
        if !functions.contains(&function) {
            functions.push(function);
        }
    }
    functions
}

/// Compares value, discount and term length with the limits of one ladder, if it has any.
fn limits(ladder: &Ladder, valued: &Valued, out: &mut Vec<Circumstance>, faults: &mut Vec<String>) {
    if ladder.levels.iter().all(|level| level.limits.is_none()) {
        return;
    }
    let currency = &valued.shown.currency;
    let term = valued.term_months.map(whole);
    let measures = [
        Measure {
            name: if valued.shown.compared_with.is_empty() {
                "contract value"
            } else {
                "contract value together with what it amends"
            },
            unknown: "an unknown contract value",
            measured: valued.held.as_ref(),
            shown: &|amount| format!("{currency} {}", to_cents(amount)),
            limit: |limits| limits.contract_value.as_deref().map(decimal::parse),
        },
        Measure {
            name: "discount",
            unknown: "an unknown discount",
            measured: Some(&valued.max_discount),
            shown: &|percent| format!("{} %", to_plain(percent)),
            limit: |limits| limits.discount_percent.as_deref().map(decimal::parse),
        },
        Measure {
            name: "term of",
            unknown: "a term without end",
            measured: term.as_ref(),
            shown: &|months| format!("{} months", to_plain(months)),
            limit: |limits| limits.term_months.map(|months| Some(whole(months))),
        },
    ];
    for measure in measures {
        let words = measure.measured.map_or_else(
            || measure.unknown.to_owned(),
            |measured| format!("{} {}", measure.name, (measure.shown)(measured)),
        );
        match ladder.levels.iter().position(|level| measure.is_covered_by(level)) {
            Some(level) => {
                let reason = match level.checked_sub(1).and_then(|below| ladder.levels.get(below)) {
                    Some(below) => format!("{words} exceeds {}", measure.limit_of(&ladder.function, below)),
                    None => format!("{words} is for {} to decide", ladder.function),
                };
                out.push(Circumstance { level, reason, within: level == 0 });
            }
            None => {
                let highest = ladder.levels.last().map(|level| measure.limit_of(&ladder.function, level));
                faults.push(format!(
                    "{words} exceeds every level, the highest being {}",
                    highest.unwrap_or_default()
                ));
            }
        }
    }
}

/// One of the things that have limits.
struct Measure<'a> {
    name: &'static str,
    unknown: &'static str,
    /// `None`: it is not known, and only a level without such a limit covers it.
    measured: Option<&'a Decimal>,
    shown: &'a dyn Fn(&Decimal) -> String,
    limit: LimitOf,
}

impl Measure<'_> {
    fn is_covered_by(&self, level: &Level) -> bool {
        match level.limits.as_ref().and_then(self.limit) {
            None => true,
            Some(limit) => {
                limit.is_some_and(|limit| self.measured.is_some_and(|measured| *measured <= limit))
            }
        }
    }

    fn limit_of(&self, function: &str, level: &Level) -> String {
        let limit = level.limits.as_ref().and_then(self.limit).flatten();
        let limit = limit.map_or_else(String::new, |limit| format!(" ({})", (self.shown)(&limit)));
        format!("{function} {}{limit}", level.name)
    }
}

/// The limit of one measure; the inner `None` is a limit that cannot be read, which covers nothing.
type LimitOf = fn(&Limits) -> Option<Option<Decimal>>;

fn require(rules: &Rules, ladder: &Ladder, mut circumstances: Vec<Circumstance>, out: &mut Requirements) {
    let Some(needed) = circumstances.iter().map(|circumstance| circumstance.level).max() else { return };
    let Some(level) = ladder.levels.get(needed) else { return };
    let automatic =
        rules.auto_within.iter().find(|authority| authority.function == ladder.function).filter(
            |authority| ladder::position(ladder, &authority.level).is_some_and(|level| needed <= level),
        );
    if let Some(authority) = automatic {
        out.exercised.push(authority.clone());
        return;
    }
    // What lies within the lowest level is a reason only where nothing weighs more.
    if circumstances.iter().any(|circumstance| !circumstance.within) {
        circumstances.retain(|circumstance| !circumstance.within);
    }
    circumstances.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.reason.cmp(&b.reason)));
    circumstances.dedup_by(|a, b| a.reason == b.reason);
    let mut because: Vec<String> = circumstances.into_iter().map(|c| text::excerpt(&c.reason)).collect();
    if because.len() > 50 {
        let more = because.len() - 49;
        because.truncate(49);
        because.push(format!("and {more} more"));
    }
    out.approvals.push(Requirement {
        function: ladder.function.clone(),
        level: level.name.clone(),
        title: level.title.clone(),
        because,
        quorum: quorum(rules, &ladder.function, &level.name),
    });
}

fn deviates(deviation: &Deviation) -> String {
    let term = text::id(&deviation.term_id);
    let value =
        deviation.value.as_deref().map_or_else(String::new, |value| format!(" {}", text::value(value)));
    let permitted = deviation.permitted.as_deref().unwrap_or("the standard");
    match (deviation.category, &deviation.band) {
        (DeviationCategory::AlternateUsed, Some(band)) => {
            format!("`{term}` is{value}, the standard is {permitted} (band {})", text::id(band))
        }
        (DeviationCategory::AlternateUsed | DeviationCategory::Beyond, _) => {
            format!("`{term}` is{value}, beyond every band; the standard is {permitted}")
        }
        (DeviationCategory::Added, _) => format!("`{term}` is not in the catalogue"),
        (DeviationCategory::TextModified, _) => format!("the wording of `{term}` is not the standard one"),
    }
}

/// A person as a decision shows them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person<'a> {
    /// Username.
    pub(crate) username: &'a str,
    /// Groups that the person acts with.
    pub(crate) groups: &'a [String],
}

/// The main username of a person with several.
pub(crate) fn canonical<'a>(policy: &'a DelegationPolicySpec, username: &'a str) -> &'a str {
    policy
        .aliases
        .iter()
        .find(|alias| alias.username == username || alias.aliases.iter().any(|other| other == username))
        .map_or(username, |alias| &alias.username)
}

/// The entry by which a person holds this level of a function, or a higher one. Holders are not pinned: today's count.
pub(crate) fn holds<'p>(
    policy: &'p DelegationPolicySpec,
    person: Person<'_>,
    authority: &Authority,
) -> Option<&'p Subject> {
    let least = rank(&policy.rules, &authority.function, &authority.level)?;
    policy
        .holders
        .iter()
        .filter(|holder| holder.function == authority.function)
        .filter(|holder| {
            rank(&policy.rules, &holder.function, &holder.level).is_some_and(|level| level >= least)
        })
        .flat_map(|holder| &holder.subjects)
        .find(|subject| match subject.kind {
            SubjectKind::User => canonical(policy, &subject.name) == canonical(policy, person.username),
            SubjectKind::Group => person.groups.contains(&subject.name),
        })
}

/// Whether a substitute stands in for the holder in this function at a time.
pub(crate) fn stands_in(substitute: &Substitute, function: &str, at: Timestamp) -> bool {
    (substitute.functions.is_empty() || substitute.functions.iter().any(|own| own == function))
        && substitute.start_time.0 <= at
        && at <= substitute.end_time.0
}

/// The entry of a policy that an authority rests on, such as `Group deal-desk`.
pub(crate) fn in_words(entry: &Subject) -> String {
    let kind = match entry.kind {
        SubjectKind::User => "User",
        SubjectKind::Group => "Group",
    };
    format!("{kind} {}", text::user(&entry.name))
}

/// Subjects that hold exactly this level.
pub(crate) fn holders<'p>(policy: &'p DelegationPolicySpec, function: &str, level: &str) -> Vec<&'p Subject> {
    let entries = policy.holders.iter().filter(|holder| holder.function == function && holder.level == level);
    entries.flat_map(|holder| &holder.subjects).collect()
}
