//! The report on an export: statement by statement, for people and for programs.

use std::fmt;

use serde::Serialize;

use crate::manifest::Unreadable;
use crate::text;

/// The report on every agreement of an export.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// One entry for each agreement, by namespace, name and UID.
    pub agreements: Vec<AgreementReport>,
    /// Objects in the export that belong to no agreement in it.
    pub strays: Vec<String>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Objects of other kinds, which were skipped.
    pub others: usize,
    /// How many statements there are of each verdict.
    pub summary: Summary,
}

/// How many statements there are of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Statements that hold.
    pub ok: usize,
    /// Statements that do not.
    pub fails: usize,
    /// Statements about which the export does not say enough.
    pub not_checked: usize,
}

/// The report on one agreement.
#[derive(Clone, Debug, Serialize)]
pub struct AgreementReport {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID: an agreement that was deleted and created again has another.
    pub uid: String,
    /// The phase that its status claims.
    pub phase: String,
    /// What was verified.
    pub statements: Vec<Statement>,
}

/// One thing that a status claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What it is about.
    pub claim: Claim,
    /// The decision, order or function that it is about, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why, in words.
    pub because: String,
}

/// Whether a statement holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It follows from the objects in the export.
    Ok,
    /// It contradicts them.
    Fails,
    /// The export does not say enough.
    NotChecked,
}

/// What a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Claim {
    /// The status was written for the agreement as it was exported.
    Current,
    /// The catalogue and the policy that are pinned are in the export.
    Rules,
    /// `status.terms.digest` is that of the spec.
    TermsDigest,
    /// `status.confirmation.digest` is that of the terms and the confirmed orders.
    ConfirmationDigest,
    /// A decision that counts is in the export, and says what the status says of it.
    Decision,
    /// No decision counts twice, and none is both counted and ignored.
    CountedOnce,
    /// Everybody who had to said that the terms are understood and acceptable (S2).
    Statements,
    /// What became of each order is what the customer said (S5).
    Orders,
    /// Classification and deviations follow from the catalogue (S1).
    Classification,
    /// The value follows from prices, quantities and rates (S4).
    Value,
    /// The approvals that are needed are those that the rules ask for (S4).
    Requirements,
    /// A step of the provider's own agreement has its quorum (S4).
    Approval,
    /// Every signature that is needed is there (S3).
    Signatures,
    /// Nobody acts for both sides, and no owner approves (S7).
    Sides,
    /// Nothing that counts was made too early or too late.
    Times,
    /// Phase, sealing and end follow from the facts.
    Outcome,
    /// The operator's own function, given the same objects, has the same result.
    Replay,
    /// What is ignored would not count.
    Ignored,
    /// Those who approved and countersigned hold their authority in the policy as it was exported.
    Authority,
    /// A confirmed order was passed on as it was confirmed (S6).
    OrderRequest,
    /// No other order was passed on (S6).
    NoOtherOrders,
}

impl Claim {
    const fn words(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Rules => "rules",
            Self::TermsDigest => "terms digest",
            Self::ConfirmationDigest => "confirmation digest",
            Self::Decision => "decision",
            Self::CountedOnce => "counted once",
            Self::Statements => "statements",
            Self::Orders => "orders",
            Self::Classification => "classification",
            Self::Value => "value",
            Self::Requirements => "requirements",
            Self::Approval => "approval",
            Self::Signatures => "signatures",
            Self::Sides => "sides",
            Self::Times => "times",
            Self::Outcome => "outcome",
            Self::Replay => "replay",
            Self::Ignored => "ignored",
            Self::Authority => "authority",
            Self::OrderRequest => "order request",
            Self::NoOtherOrders => "no other orders",
        }
    }

    /// It holds, and why.
    pub(super) fn ok(self, because: impl AsRef<str>) -> Statement {
        self.is(Verdict::Ok, because)
    }

    /// It does not hold, and why.
    pub(super) fn fails(self, because: impl AsRef<str>) -> Statement {
        self.is(Verdict::Fails, because)
    }

    /// The export does not say enough, and why.
    pub(super) fn not_checked(self, because: impl AsRef<str>) -> Statement {
        self.is(Verdict::NotChecked, because)
    }

    /// It holds if there is no fault.
    pub(super) fn unless(self, faults: &[String], otherwise: impl AsRef<str>) -> Statement {
        if faults.is_empty() { self.ok(otherwise) } else { self.fails(faults.join("; ")) }
    }

    fn is(self, verdict: Verdict, because: impl AsRef<str>) -> Statement {
        Statement { claim: self, about: None, verdict, because: text::reason(because.as_ref()) }
    }
}

impl Statement {
    /// The same statement about one of several.
    pub(super) fn about(self, about: impl AsRef<str>) -> Self {
        Self { about: Some(text::excerpt(about.as_ref())), ..self }
    }

    fn label(&self) -> String {
        let words = self.claim.words();
        self.about.as_ref().map_or_else(|| words.to_owned(), |about| format!("{words} {about}"))
    }
}

impl Report {
    /// Counts the verdicts.
    #[must_use]
    pub fn sum_up(mut self) -> Self {
        let mut summary = Summary::default();
        for statement in self.agreements.iter().flat_map(|agreement| &agreement.statements) {
            match statement.verdict {
                Verdict::Ok => summary.ok += 1,
                Verdict::Fails => summary.fails += 1,
                Verdict::NotChecked => summary.not_checked += 1,
            }
        }
        self.summary = summary;
        self
    }

    /// Whether no statement fails and everything could be read. What was not checked does not fail.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.summary.fails == 0 && self.unreadable.is_empty()
    }

    /// Whether, beyond that, nothing was left unchecked.
    #[must_use]
    pub fn holds_whole(&self) -> bool {
        self.holds() && self.summary.not_checked == 0 && self.strays.is_empty()
    }
}

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Indent of the further lines of a statement, so that a digest fits on a line.
const INDENT: usize = 6;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for agreement in &self.agreements {
            let phase = if agreement.phase.is_empty() { "without a status" } else { &agreement.phase };
            let title = format!(
                "{}/{} (uid {}): {}",
                text::id(&agreement.namespace),
                text::name(&agreement.name),
                text::id(&agreement.uid),
                text::id(phase)
            );
            wrap(f, "", &title, 2)?;
            for statement in &agreement.statements {
                let verdict = match statement.verdict {
                    Verdict::Ok => "  ok          ",
                    Verdict::Fails => "  FAILS       ",
                    Verdict::NotChecked => "  not checked ",
                };
                wrap(f, verdict, &format!("{}: {}", statement.label(), statement.because), INDENT)?;
            }
            writeln!(f)?;
        }
        for stray in &self.strays {
            wrap(f, "not checked   ", stray, INDENT)?;
        }
        for unreadable in &self.unreadable {
            wrap(f, "unreadable    ", &unreadable.to_string(), INDENT)?;
        }
        let Summary { ok, fails, not_checked } = self.summary;
        let mut words = format!(
            "{}: {} ok, {fails} failed, {not_checked} not checked",
            text::count(self.agreements.len(), "agreement"),
            text::count(ok, "statement"),
        );
        if !self.unreadable.is_empty() {
            words.push_str(&format!("; {} unreadable", self.unreadable.len()));
        }
        if self.others > 0 {
            words.push_str(&format!("; {} of other kinds skipped", text::count(self.others, "object")));
        }
        wrap(f, "", &words, 2)
    }
}

/// Writes words in lines of 80 columns. A word that is longer than a line is broken.
fn wrap(f: &mut fmt::Formatter<'_>, first: &str, words: &str, indent: usize) -> fmt::Result {
    let mut line = first.to_owned();
    let mut width = line.chars().count();
    let mut empty = true;
    for word in words.split_whitespace() {
        let letters = word.chars().count();
        if !empty && width + 1 + letters > WIDTH {
            writeln!(f, "{line}")?;
            (line, width, empty) = (" ".repeat(indent), indent, true);
        }
        if !empty {
            line.push(' ');
            width += 1;
        }
        for letter in word.chars() {
            if width == WIDTH {
                writeln!(f, "{line}")?;
                (line, width) = (" ".repeat(indent), indent);
            }
            line.push(letter);
            width += 1;
        }
        empty = false;
    }
    writeln!(f, "{}", line.trim_end())
}
