//! Whatever was tampered with is named.

use std::collections::BTreeMap;

use countersign_core::verify::{Claim, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use testkit::history::{everything, live};
use testkit::papers::{Papers, read};
use testkit::people::{DESK, RITA};
use testkit::world::World;

use super::cases::cases;
use super::{leaves, that_are};

#[test]
fn whatever_was_tampered_with_is_named() {
    let mut lives: BTreeMap<usize, Papers> = BTreeMap::new();
    for case in cases() {
        let papers = lives.entry(case.life as usize).or_insert_with(|| Papers::of(&(case.life)()));
        assert!(papers.report().holds_whole(), "{}: it holds before", case.what);
        let mut papers = papers.clone();
        (case.tamper)(&mut papers);
        let report = papers.report();
        let found = report
            .agreements
            .iter()
            .flat_map(|agreement| that_are(agreement, Verdict::Fails))
            .any(|statement| statement.claim == case.claim && statement.because.contains(case.says));
        assert!(found, "{}: {:?} must say {:?}\n{report}", case.what, case.claim, case.says);
        assert!(!report.holds());
    }
}

/// Where a change says nothing about what was agreed, or cannot be found out by anybody.
fn says_nothing(kind: &str, pointer: &str) -> bool {
    let begins = |places: &[&str]| places.iter().any(|place| pointer.starts_with(place));
    let ends = |places: &[&str]| places.iter().any(|place| pointer.ends_with(place));
    match kind {
        "CustomerAgreement" => {
            begins(&["/status/conditions", "/spec/title", "/spec/provider/signatories"])
                // Times are the word of server and operator, as long as they are in order.
                || ends(&["/agreedTime", "/creationTimestamp", "/offerEndTime", "/askedTime", "/waitEndTime"])
        }
        "AgreementDecision" => {
            begins(&["/metadata/uid", "/metadata/creationTimestamp", "/spec/decidedBy/groups"])
                || ends(&["/reason"])
        }
        "OrderRequest" => begins(&["/metadata/ownerReferences/0"]) && !ends(&["/uid"]),
        _ => false,
    }
}

#[test]
fn no_word_of_the_evidence_can_be_changed_without_being_noticed() {
    let papers = Papers::of(&World::agreed_fleet());
    let mut unnoticed = Vec::new();
    for (index, object) in papers.0.iter().enumerate() {
        let kind = object["kind"].as_str().unwrap();
        if !["CustomerAgreement", "AgreementDecision", "OrderRequest"].contains(&kind) {
            continue;
        }
        let mut pointers = Vec::new();
        leaves(object, "", &mut pointers);
        for pointer in pointers.into_iter().filter(|pointer| !says_nothing(kind, pointer)) {
            let mut changed = papers.clone();
            let place = changed.0[index].pointer_mut(&pointer).unwrap();
            *place = match &*place {
                Value::String(text) if text.ends_with("00Z") => json!(text.replace("00Z", "01Z")),
                Value::String(text) => json!(format!("{text}0")),
                Value::Number(number) => json!(number.as_i64().unwrap() + 1),
                Value::Bool(yes) => json!(!yes),
                other => other.clone(),
            };
            if changed.report().holds_whole() {
                unnoticed.push(format!("{kind} {pointer}"));
            }
        }
    }
    assert_eq!(unnoticed, Vec::<String>::new());
}

/// Whatever people do, and however the operator was interrupted, what it wrote holds.
#[test]
fn every_history_that_the_operator_wrote_holds() {
    let mut runner = TestRunner::deterministic();
    let strategy = everything();
    let mut phases: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..400 {
        let history = strategy.new_tree(&mut runner).unwrap().current();
        let world = live(&history, |_, _| {}).world;
        let report = Papers::of(&world).report();
        assert_eq!(report.unreadable, []);
        let own = report.agreements.iter().find(|own| own.uid == "agreement-1").unwrap();
        let failed = that_are(own, Verdict::Fails);
        assert!(failed.is_empty(), "{history:#?}\n{:#?}\n{report}", world.agreement.status);
        *phases.entry(own.phase.clone()).or_default() += 1;
    }
    for phase in ["Agreed", "Declined", "Refused", "Withdrawn", "Expired", "Escalated"] {
        assert!(phases.get(phase).is_some_and(|times| *times >= 5), "{phases:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in the place of whatever, something is said about it, in words that break no terminal.
    #[test]
    fn no_export_is_too_wild(
        places in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..9, ".{0,40}"), 1..8),
    ) {
        let mut papers = Papers::of(&World::agreed_fleet());
        for (place, kind, text) in places {
            let mut pointers = Vec::new();
            leaves(&Value::Array(papers.0.clone()), "", &mut pointers);
            let pointer = pointers.swap_remove(place.index(pointers.len()));
            // Sometimes all around the place goes too.
            let at = if kind == 8 { pointer.rsplit_once('/').unwrap().0 } else { &pointer };
            let (index, rest) = at[1..].split_once('/').unwrap_or((&at[1..], ""));
            let rest = if rest.is_empty() { String::new() } else { format!("/{rest}") };
            let found = papers.0[index.parse::<usize>().unwrap()].pointer_mut(&rest).unwrap();
            *found = match kind {
                0 => json!(-1),
                1 => json!(i64::MAX),
                2 => json!({}),
                3 => json!([]),
                4 => json!(1.5),
                5 => json!("9".repeat(60)),
                6 => Value::Null,
                _ => json!(text),
            };
        }
        let text = papers.report().to_string();
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        prop_assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn no_text_is_too_wild(text in "\\PC{0,200}", yaml in "(---\n|kind: |List|items: \\[|\\{|\\}|\"|- |\n|  |a: |&a |\\*a |! ){0,30}") {
        prop_assert!(read(&text).agreements.is_empty());
        prop_assert!(read(&yaml).agreements.is_empty());
    }
}

#[test]
fn an_approval_that_was_held_then_is_not_called_forged() {
    // Who approved was no holder when the first attempt was weighed, and holds the level in the export.
    let mut world = World::escalated_fleet();
    world.approve(RITA, "finance", "L1");
    world.settle();
    assert_eq!(world.last_ignored(), "NotHolder");
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.approve_for_sales_and_sign();
    let mut papers = Papers::of(&world);
    assert!(papers.report().holds_whole());
    let holders = papers.get("DelegationPolicy", "").pointer_mut("/spec/holders").unwrap();
    holders.as_array_mut().unwrap().push(
        json!({"function": "finance", "level": "L1", "subjects": [{"kind": "User", "name": "r.lind"}]}),
    );
    let report = papers.report();
    assert!(report.holds(), "{report}");
    let ignored = report.agreements[0].statements.iter().find(|own| own.claim == Claim::Ignored).unwrap();
    assert_eq!(ignored.verdict, Verdict::NotChecked, "{report}");
}
