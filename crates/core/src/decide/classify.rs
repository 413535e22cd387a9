//! Classifying terms by the catalogue (S1): standard, in a band, beyond, added, or with changed words.

use std::collections::BTreeSet;

use super::decimal::{self, Decimal};
use crate::text;
use countersign_api::agreement_status::{Deviation, DeviationCategory};
use countersign_api::customer_agreement::Term;
use countersign_api::references::Authority;
use countersign_api::standard_terms::{StandardTerm, StandardTermsSpec, TermPresence, TermValueType};

/// What the catalogue makes of the terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Classed {
    /// Terms that deviate, in the order of the agreement.
    pub(crate) deviations: Vec<Deviation>,
    /// What no agreement may contain, in words.
    pub(crate) faults: Vec<String>,
}

/// Classifies every term. An Amendment lists only what changes, so nothing is missing from it.
pub(crate) fn classify(terms: &[Term], amendment: bool, catalogue: &StandardTermsSpec) -> Classed {
    let mut classed = Classed::default();
    let mut seen = BTreeSet::new();
    for term in terms {
        if !seen.insert(term.id.as_str()) {
            classed.faults.push(format!("`spec.terms` must not have {:?} twice", text::id(&term.id)));
            continue;
        }
        match catalogue.terms.iter().find(|standard| standard.id == term.id) {
            Some(standard) => classed.add(term, standard, &catalogue.unknown_terms),
            None => {
                classed.deviations.push(unknown(term, DeviationCategory::Added, &catalogue.unknown_terms))
            }
        }
    }
    if !amendment {
        for standard in &catalogue.terms {
            if standard.presence == TermPresence::Mandatory && !seen.contains(standard.id.as_str()) {
                classed.faults.push(format!(
                    "`spec.terms` must have `{}` ({}); the standard is {}",
                    standard.id,
                    text::short_name(&standard.title),
                    permitted(standard)
                ));
            }
        }
    }
    classed
}

impl Classed {
    fn add(&mut self, term: &Term, standard: &StandardTerm, unknown_terms: &Authority) {
        let is_text = standard.value_type == TermValueType::Text;
        if term.text.is_some() && !is_text {
            self.deviations.push(unknown(term, DeviationCategory::TextModified, unknown_terms));
        }
        let value = if is_text { term.value.as_ref().or(term.text.as_ref()) } else { term.value.as_ref() };
        let Some(value) = value else { return };
        let value = match Classable::read(value, standard.value_type) {
            Ok(value) => value,
            Err(expected) => {
                self.faults.push(format!(
                    "`spec.terms[{}].value` {:?} must be {expected}",
                    term.id,
                    text::value(value)
                ));
                return;
            }
        };
        let allowed = &standard.standard;
        let default = allowed.values.is_empty().then_some(allowed.default.as_deref()).flatten();
        if value.lies_in(allowed.from.as_deref(), allowed.to.as_deref(), &allowed.values, default) {
            return;
        }
        let band = standard
            .bands
            .iter()
            .find(|band| value.lies_in(band.from.as_deref(), band.to.as_deref(), &band.values, None));
        let (category, band, function, level) = match (band, &standard.beyond) {
            (Some(band), _) => (
                DeviationCategory::AlternateUsed,
                Some(band.name.clone()),
                band.function.clone(),
                band.level.clone(),
            ),
            (None, beyond) => match (beyond.prohibited, &beyond.function, &beyond.level) {
                (Some(true), _, _) | (_, None, _) | (_, _, None) => {
                    self.faults.push(format!(
                        "`spec.terms[{}].value` {:?} is prohibited; permitted is {}",
                        term.id,
                        value.shown(),
                        permitted(standard)
                    ));
                    return;
                }
                (_, Some(function), Some(level)) => {
                    (DeviationCategory::Beyond, None, function.clone(), level.clone())
                }
            },
        };
        self.deviations.push(Deviation {
            term_id: term.id.clone(),
            category,
            value: Some(value.shown()),
            permitted: Some(permitted(standard)),
            band,
            function,
            level,
        });
    }
}

fn unknown(term: &Term, category: DeviationCategory, authority: &Authority) -> Deviation {
    Deviation {
        term_id: term.id.clone(),
        category,
        value: term.value.as_ref().or(term.text.as_ref()).map(|value| text::value(value)),
        permitted: None,
        band: None,
        function: authority.function.clone(),
        level: authority.level.clone(),
    }
}

/// A value that can be compared with bounds or words.
enum Classable<'a> {
    Number(Decimal, &'a str),
    Word(&'a str),
}

impl<'a> Classable<'a> {
    fn read(value: &'a str, value_type: TermValueType) -> Result<Self, &'static str> {
        let number = |expected| decimal::parse(value).map(|n| Self::Number(n, value)).ok_or(expected);
        let whole = |expected| match decimal::parse(value) {
            Some(n) if n.is_integer() => Ok(Self::Number(n, value)),
            _ => Err(expected),
        };
        match value_type {
            TermValueType::Number => number("a decimal number, such as 12.5"),
            TermValueType::Percent => number("a percentage without the sign, such as 99.5"),
            TermValueType::Money => number("an amount in the policy's currency, such as 1000.00"),
            TermValueType::Months => whole("a whole number of months"),
            TermValueType::Days => whole("a whole number of days"),
            TermValueType::Boolean if !["true", "false"].contains(&value) => Err("`true` or `false`"),
            TermValueType::Boolean | TermValueType::Enum | TermValueType::Text => Ok(Self::Word(value)),
        }
    }

    /// Bounds are inclusive; without one, that side is open. `default` is the only word if none are listed.
    fn lies_in(
        &self,
        from: Option<&str>,
        to: Option<&str>,
        values: &[String],
        default: Option<&str>,
    ) -> bool {
        match self {
            Self::Number(number, _) => {
                from.is_none_or(|bound| decimal::parse(bound).is_some_and(|bound| *number >= bound))
                    && to.is_none_or(|bound| decimal::parse(bound).is_some_and(|bound| *number <= bound))
            }
            Self::Word(word) => values.iter().any(|value| value == word) || default == Some(word),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Number(_, text) | Self::Word(text) => text::value(text),
        }
    }
}

/// What the standard permits, in words.
pub(crate) fn permitted(term: &StandardTerm) -> String {
    let standard = &term.standard;
    match (&standard.from, &standard.to) {
        (Some(from), Some(to)) => format!("{from} to {to}"),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("up to {to}"),
        (None, None) if !standard.values.is_empty() => {
            let words: Vec<String> = standard.values.iter().map(|value| text::value(value)).collect();
            text::excerpt(&text::join_or(&words))
        }
        (None, None) => standard.default.as_deref().map_or_else(|| "any".to_owned(), text::value),
    }
}
