//! `countersign plan`: what it says is what the operator does, and it says it so that nobody is misled.

use countersign_api::agreement_status::WaitingAction;
use countersign_api::customer_agreement::PriceType;
use countersign_api::delegation_policy::{Countersignature, EscalationMode, EscalationTiming, SignOffOrder};
use countersign_api::{Action, CustomerAgreement};
use countersign_core::preview::{Effect, Input, Preview, Verdict, markdown, terminal};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use testkit::scenario::scenario;
use testkit::world::{DESK, EVA, JONAS, LEA, MARY, NINA, OMAR, World};

// ---- What is previewed ---------------------------------------------------------------------------------------------

/// The files that somebody would have: no UID, no status.
fn manifest(agreement: &CustomerAgreement) -> Value {
    let mut value = json!(agreement);
    value.as_object_mut().unwrap().remove("status");
    value["metadata"] = json!({"name": agreement.metadata.name, "namespace": agreement.metadata.namespace});
    value
}

fn rules(world: &World) -> String {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "commerce", "labels": world.labels}});
    let policies: Vec<Value> = world.policies.iter().map(|policy| json!(**policy)).collect();
    json!([namespace, world.terms, policies]).to_string()
}

fn preview_of(world: &World) -> Preview {
    let mut input = Input::default();
    input.read("agreement.yaml", &manifest(&world.agreement).to_string());
    input.read("rules.yaml", &rules(world));
    only(&input, world)
}

fn only(input: &Input, world: &World) -> Preview {
    assert_eq!(input.unreadable(), [], "all of it can be read");
    previewed(input, world)
}

fn previewed(input: &Input, world: &World) -> Preview {
    let mut previews = input.previews("default", world.now);
    assert_eq!(previews.len(), 1);
    previews.remove(0).preview
}

/// The file of `world`, changed, against what runs there.
fn against(world: &World, change: impl FnOnce(&mut Value)) -> Preview {
    let mut file = manifest(&world.agreement);
    change(&mut file);
    let mut input = Input::default();
    input.read("agreement.yaml", &file.to_string());
    input.read_running("cluster.yaml", &json!(world.agreement).to_string());
    input.read_running("rules.yaml", &rules(world));
    only(&input, world)
}

// ---- It is what the operator does ----------------------------------------------------------------------------------

#[test]
fn what_it_says_is_what_the_operator_writes_of_any_agreement_under_any_rules() {
    let mut runner = TestRunner::deterministic();
    let (mut valid, mut faulty, mut escalated) = (0, 0, 0);
    for round in 0..600 {
        let world = &mut scenario().new_tree(&mut runner).unwrap().current().world();
        spoil(world, round);
        let preview = preview_of(world);
        world.settle();
        let status = world.status().clone();
        let (is_valid, reason, message) = world.condition("Valid");
        let about = format!("{reason}: {message}; preview: {preview:#?}");
        if is_valid != "True" {
            faulty += 1;
            assert!(preview.verdict >= Verdict::Invalid, "{about}");
            assert!(preview.steps.is_empty(), "nobody is asked: {about}");
            for fault in &preview.faults {
                let start: String = fault.chars().take(60).collect();
                assert!(message.contains(&start) || message.contains('…'), "{fault:?} of {about}");
            }
            continue;
        }
        valid += 1;
        assert_eq!(preview.faults, Vec::<String>::new(), "{about}");
        assert_eq!(preview.classification, status.classification, "{about}");
        assert_eq!(preview.value, status.value, "{about}");
        let deviations: Vec<_> = preview.terms.iter().flat_map(|term| term.deviations.clone()).collect();
        assert_eq!(deviations, status.deviations, "{about}");
        let approvals: Vec<_> = preview
            .steps
            .iter()
            .filter(|step| step.action == WaitingAction::Approve)
            .map(|step| {
                let authority = step.authority.clone().unwrap();
                (
                    authority.function,
                    authority.level,
                    step.because.clone(),
                    i32::try_from(step.quorum).unwrap(),
                )
            })
            .collect();
        let asked: Vec<_> = status
            .approvals
            .iter()
            .map(|own| (own.function.clone(), own.level.clone(), own.because.clone(), own.quorum))
            .collect();
        assert_eq!(approvals, asked, "{about}");
        escalated += usize::from(!asked.is_empty());
        let first = preview.steps.iter().filter(|step| step.turn == 1);
        let first: Vec<_> = first.map(|step| (step.action, step.who.clone())).collect();
        let waits: Vec<_> = status.waiting_for.iter().map(|wait| (wait.action, wait.who.clone())).collect();
        assert_eq!(first, waits, "{about}");
    }
    assert!(
        valid > 100 && faulty > 20 && escalated > 40,
        "{valid} valid, {faulty} faulty, {escalated} escalated"
    );
}

/// One in three has something wrong with it.
fn spoil(world: &mut World, round: usize) {
    let spec = &mut world.agreement.spec;
    match round % 24 {
        0 => world.policies.clear(),
        1 => world.policies.push(world.policies[0].clone()),
        2 => world.terms = None,
        3 => spec.terms.clear(),
        4 => spec.provider.owner_username = spec.customer.representatives[0].username.clone(),
        5 => spec.customer.representatives.iter_mut().for_each(|person| person.roles.truncate(1)),
        6 => spec.terms[0].value = Some("soon".to_owned()),
        7 => {
            spec.estimated_value = serde_json::from_value(json!({"amount": "1", "currency": "XTS"})).unwrap()
        }
        _ => {}
    }
}

/// Everybody says yes; what was asked, question by question.
fn asked_in_turn(world: &mut World) -> Vec<Vec<WaitingAction>> {
    let mut turns = Vec::new();
    for _ in 0..20 {
        world.settle();
        let waits = world.status().waiting_for.clone();
        if waits.is_empty() {
            return turns;
        }
        turns.push(waits.iter().map(|wait| wait.action).collect::<Vec<_>>());
        for wait in waits {
            world.pass(60);
            match wait.action {
                WaitingAction::Confirm => {
                    world.confirm(OMAR);
                    world.confirm(LEA);
                }
                WaitingAction::Approve if wait.who.contains("finance") => {
                    world.approve(DESK, "finance", "L1");
                }
                WaitingAction::Approve => {
                    world.approve(MARY, "sales", "L3");
                }
                WaitingAction::Sign => {
                    world.act(LEA, Action::Sign);
                }
                WaitingAction::Countersign => {
                    world.act(MARY, Action::Countersign);
                }
                WaitingAction::Edit => panic!("nothing has to be mended"),
            }
        }
    }
    panic!("it never comes to an end: {turns:?}");
}

#[test]
fn people_are_asked_in_the_order_that_it_says() {
    let timings = [EscalationTiming::AfterConfirmation, EscalationTiming::BeforeConfirmation];
    let modes = [EscalationMode::Sequential, EscalationMode::Parallel];
    let orders = [SignOffOrder::CustomerFirst, SignOffOrder::ProviderFirst, SignOffOrder::Any];
    let countersignatures = [Countersignature::Required, Countersignature::Waived];
    let mut tried = 0;
    for timing in timings {
        for mode in modes {
            for order in orders {
                for countersignature in countersignatures {
                    let mut world = World::fleet();
                    world.rules(|policy| {
                        policy.spec.rules.escalation.timing = timing;
                        policy.spec.rules.escalation.mode = mode;
                        policy.spec.rules.sign_off.order = order;
                        policy.spec.rules.sign_off.countersignature = countersignature;
                    });
                    let preview = preview_of(&world);
                    let last = preview.steps.last().unwrap().turn;
                    let said: Vec<Vec<WaitingAction>> = (1..=last)
                        .map(|turn| {
                            preview
                                .steps
                                .iter()
                                .filter(|step| step.turn == turn)
                                .map(|step| step.action)
                                .collect()
                        })
                        .collect();
                    let about = format!("{timing:?} {mode:?} {order:?} {countersignature:?}");
                    assert_eq!(said, asked_in_turn(&mut world), "{about}");
                    assert_eq!(world.phase(), "Agreed", "{about}");
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 24);
}

#[test]
fn the_time_it_says_is_when_the_last_one_asked_may_still_answer() {
    let mut world = World::fibre();
    let preview = preview_of(&world);
    world.settle();
    let confirm = &preview.steps[0];
    assert_eq!(Some(&confirm.latest_end_time), world.status().waiting_for[0].wait_end_time.as_ref());
    // The customer answers in the last second, and so does everybody after it.
    for step in &preview.steps {
        world.now = step.latest_end_time.0;
        match step.action {
            WaitingAction::Confirm => world.confirm(EVA),
            WaitingAction::Sign => world.act(EVA, Action::Sign),
            WaitingAction::Countersign => world.act(JONAS, Action::Countersign),
            other => panic!("{other:?} is not asked"),
        };
        world.settle();
    }
    assert_eq!(world.ignored(), Vec::<&countersign_api::agreement_status::IgnoredDecision>::new());
    assert!(world.status().sign_off.as_ref().unwrap().sealed_time.is_some());
}

// ---- What hurts later ----------------------------------------------------------------------------------------------

/// The warnings after a change, against those before it.
fn warned(change: impl FnOnce(&mut World)) -> Vec<String> {
    let mut world = World::fleet();
    assert_eq!(preview_of(&world).warnings, Vec::<String>::new(), "nothing to mind before");
    change(&mut world);
    preview_of(&world).warnings
}

fn one_warning(about: &str, change: impl FnOnce(&mut World)) {
    let warnings = warned(change);
    assert!(warnings.len() == 1 && warnings[0].contains(about), "{about:?} in {warnings:?}");
}

fn time(text: &str) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::Time {
    k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(text.parse().unwrap())
}

#[test]
fn it_warns_of_what_will_hurt_later() {
    one_warning("leaves too little time", |world| {
        world.agreement.spec.offer_end_time = time("2026-12-20T00:00:00Z");
    });
    one_warning("is over", |world| world.agreement.spec.offer_end_time = time("2026-11-01T00:00:00Z"));
    one_warning("is in the past", |world| {
        world.agreement.spec.agreement_period.start_time = time("2026-01-01T00:00:00Z");
    });
    one_warning("before the end of the offer", |world| {
        world.agreement.spec.agreement_period.start_time = time("2027-06-01T00:00:00Z");
    });
    one_warning("`spec.orders[sims].requestedStartTime`", |world| {
        world.agreement.spec.orders[0].requested_start_time = Some(time("2026-01-01T00:00:00Z"));
    });
    one_warning("nobody who may approve holds finance L1: finance L2 is asked instead", |world| {
        world.rules(|policy| {
            policy.spec.holders.retain(|own| (own.function.as_str(), own.level.as_str()) != ("finance", "L1"))
        });
    });
    one_warning("nobody who may approve holds sales L3", |world| {
        world.agreement.spec.provider.owner_username = "m.osei".to_owned();
    });
    one_warning("2 must approve", |world| {
        world.rules(|policy| policy.spec.rules.escalation.quorum = 2);
    });
    one_warning("one person may not approve twice", |world| {
        world.rules(|policy| {
            for holder in policy.spec.holders.iter_mut().filter(|own| own.function == "finance" && own.level == "L1") {
                *holder = serde_json::from_value(json!({"function": "finance", "level": "L1", "subjects": [{"kind": "User", "name": "m.osei"}]})).unwrap();
            }
        });
    });
    one_warning("it has no value for the limits", |world| {
        world.agreement.spec.orders[1].items[0].prices[0].price_type = PriceType::Usage;
    });
}

#[test]
fn a_signatory_who_cannot_hold_the_authority_is_named_before_it_is_too_late() {
    let mut world = World::fibre();
    assert_eq!(preview_of(&world).warnings, Vec::<String>::new());
    world.rules(|policy| {
        for holder in policy.spec.holders.iter_mut().filter(|own| own.function == "sales" && own.level == "L1") {
            *holder = serde_json::from_value(json!({"function": "sales", "level": "L1", "subjects": [{"kind": "User", "name": "a.nother"}]})).unwrap();
        }
    });
    let warnings = preview_of(&world).warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("must hold sales L1"), "{warnings:?}");
}

// ---- Against what runs ---------------------------------------------------------------------------------------------

#[test]
fn what_a_change_of_the_text_does_is_what_comes_of_it() {
    let mut world = World::escalated_fleet();
    world.approve(DESK, "finance", "L1");
    world.settle();
    let counted =
        ["omar@havlink.example confirmed", "lea@havlink.example confirmed", "d.desk approved as finance L1"];

    let same = against(&world, |_| {}).change.unwrap();
    assert_eq!((same.effect, same.fields.len()), (Effect::Nothing, 0));

    let told = against(&world, |file| file["spec"]["title"] = json!("Other words")).change.unwrap();
    assert_eq!((told.effect, told.voided.len()), (Effect::DecisionsStay, 0));
    assert_eq!(told.fields[0].field, "spec.title");

    let preview = against(&world, |file| file["spec"]["terms"][0]["value"] = json!("60"));
    let change = preview.change.unwrap();
    assert_eq!(change.effect, Effect::NewRevision);
    assert_eq!(change.fields.len(), 1);
    assert_eq!(change.fields[0].field, "spec.terms[payment-days].value");
    assert_eq!((&change.fields[0].before, &change.fields[0].after), (&json!("45"), &json!("60")));
    let voided: Vec<String> =
        change.voided.iter().map(|void| format!("{} {}", void.username, void.what)).collect();
    assert_eq!(voided, counted);

    // It comes true: the operator, given the changed text, counts none of them.
    let revision = change.revision;
    world.edit(|agreement| agreement.spec.terms[0].value = Some("60".to_owned()));
    world.settle();
    let status = world.status();
    assert_eq!(status.terms.as_ref().unwrap().revision, revision + 1);
    assert!(status.confirmation.as_ref().is_none_or(|confirmation| confirmation.decisions.is_empty()));
    assert!(status.approvals.iter().all(|step| step.decided_by.is_empty()));
    assert_eq!(world.ignored().len(), counted.len());
}

#[test]
fn the_order_of_keyed_lists_is_no_change() {
    let world = World::escalated_fleet();
    let change =
        against(&world, |file| file["spec"]["terms"].as_array_mut().unwrap().reverse()).change.unwrap();
    assert_eq!(change.effect, Effect::Nothing);
}

#[test]
fn what_is_sealed_or_ended_is_told_as_such() {
    let mut world = World::agreed_fibre();
    let other_term = |file: &mut Value| file["spec"]["terms"][0]["value"] = json!("7");
    assert_eq!(against(&world, other_term).change.unwrap().effect, Effect::RefusedSealed);
    assert_eq!(
        against(&world, |file| file["spec"]["description"] = json!("For the file")).change.unwrap().effect,
        Effect::DecisionsStay
    );
    world = World::cafe();
    world.settle();
    world.pass(60).act_because(NINA, Action::Decline, "too long");
    world.settle();
    let ended = against(&world, other_term);
    assert_eq!(ended.change.as_ref().unwrap().effect, Effect::Ended);
    assert!(ended.change.unwrap().voided.is_empty());
}

// ---- Files that are not as they should be --------------------------------------------------------------------------

fn fleet_with(change: impl FnOnce(&mut Value)) -> Preview {
    let world = World::fleet();
    let mut file = manifest(&world.agreement);
    change(&mut file);
    let mut input = Input::default();
    input.read("agreement.yaml", &file.to_string());
    input.read("rules.yaml", &rules(&world));
    only(&input, &world)
}

#[test]
fn every_fault_is_told_at_once_with_its_field() {
    let preview = fleet_with(|file| {
        file["spec"]["offerVersion"] = json!(0);
        file["spec"]["orders"][0]["items"][0]["quantitty"] = json!(3);
        file["spec"]["terms"][1]["value"] = json!("two");
        file["spec"]["customer"]["representatives"][0]["roles"] = json!(["Boss"]);
        file["spec"]["offerEndTime"] = json!("tomorrow");
        file["metadata"]["name"] = Value::Null;
    });
    assert_eq!(preview.verdict, Verdict::Invalid);
    for field in [
        "`spec.offerVersion`",
        "`spec.orders[0].items[0].quantitty` is no field",
        "`spec.customer.representatives[0].roles[0]`",
        "`spec.offerEndTime`",
        "`metadata.name`",
    ] {
        assert!(preview.faults.iter().any(|fault| fault.contains(field)), "{field} in {:#?}", preview.faults);
    }
    let preview = fleet_with(|file| {
        file["spec"]["terms"][1]["value"] = json!("two");
        file["spec"]["orders"][0]["surprise"] = json!(true);
    });
    for field in ["`spec.terms[commitment-months].value`", "`spec.orders[0].surprise`"] {
        assert!(preview.faults.iter().any(|fault| fault.contains(field)), "{field} in {:#?}", preview.faults);
    }
}

#[test]
fn beyond_everybody_is_not_merely_invalid() {
    let preview = fleet_with(|file| file["spec"]["orders"][0]["items"][0]["discountPercent"] = json!("60"));
    assert_eq!(preview.verdict, Verdict::BeyondTop, "{:#?}", preview.faults);
}

#[test]
fn a_missing_field_is_named_and_stops_no_other_agreement() {
    let world = World::fleet();
    let mut broken = manifest(&world.agreement);
    broken["metadata"]["name"] = json!("broken");
    broken["spec"].as_object_mut().unwrap().remove("customer");
    let mut input = Input::default();
    input.read("all.yaml", &json!([broken, manifest(&world.agreement)]).to_string());
    input.read("rules.yaml", &rules(&world));
    input.read("rubbish.yaml", "kind: [\n---\napiVersion: countersign.dev/v1alpha1\nkind: Nonsense\n");
    let previews = input.previews("default", world.now);
    let found: Vec<_> = previews.iter().map(|one| (one.preview.name.as_str(), one.preview.verdict)).collect();
    assert_eq!(found, [("broken", Verdict::Invalid), ("havlink-fleet", Verdict::Escalation)]);
    assert!(previews[0].preview.faults.iter().any(|fault| fault.contains("customer")), "{previews:#?}");
    assert_eq!(input.unreadable().len(), 2);
}

#[test]
fn a_policy_that_the_namespace_is_not_selected_by_says_what_is_missing() {
    let mut world = World::fleet();
    world.rules(|policy| {
        policy.spec.namespace_selector =
            serde_json::from_value(json!({"matchLabels": {"tier": "gold"}})).unwrap();
    });
    let without_namespace = |world: &World| {
        let mut input = Input::default();
        input.read("agreement.yaml", &manifest(&world.agreement).to_string());
        input.read("rules.yaml", &json!([world.terms, *world.policies[0]]).to_string());
        input
    };
    let mut input = without_namespace(&world);
    let faults = only(&input, &world).faults;
    assert!(faults.len() == 1 && faults[0].contains("--namespace-labels"), "{faults:?}");
    input.label("commerce", [("tier".to_owned(), "gold".to_owned())].into());
    assert_eq!(only(&input, &world).faults, Vec::<String>::new());

    // No label mends one that selects it and cannot be used.
    world.rules(|policy| {
        policy.spec.namespace_selector = serde_json::from_value(json!({})).unwrap();
        policy.spec.rules.calendar =
            serde_json::from_value(json!({"timeZone": "Europe/Sundsvall", "workDays": ["Monday"]})).unwrap();
    });
    let input = without_namespace(&world);
    let faults = previewed(&input, &world).faults;
    assert!(faults.len() == 1 && faults[0].ends_with("must be an IANA time zone"), "{faults:?}");
    let told = input.unreadable().iter().map(ToString::to_string).collect::<String>();
    assert!(told.contains("must be an IANA time zone"), "no gate lets through what cannot be used: {told:?}");
}

#[test]
fn labels_that_are_no_texts_are_not_taken_for_none() {
    let mut input = Input::default();
    input.read("namespaces.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {tier: 1}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b, labels: null}\n");
    let told: Vec<String> = input.unreadable().iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("`metadata.labels`"), "{told:?}");
}

#[test]
fn an_agreement_elsewhere_is_a_warning_and_one_that_cannot_be_named_a_fault() {
    let mut world = World::fibre();
    world.agreement.spec.agreement_type = "Amendment".to_owned();
    world.agreement.spec.amends_ref = serde_json::from_value(json!({"name": "the-first"})).unwrap();
    let preview = preview_of(&world);
    assert_eq!(preview.faults, Vec::<String>::new());
    assert!(preview.warnings.iter().any(|words| words.contains("the-first")), "{:?}", preview.warnings);

    let mut other = World::cafe();
    other.agreement.metadata.name = Some("the-first".to_owned());
    let mut input = Input::default();
    input.read("agreement.yaml", &manifest(&world.agreement).to_string());
    input.read("rules.yaml", &rules(&world));
    input.read_running("cluster.yaml", &json!(other.agreement).to_string());
    let preview = only(&input, &world);
    assert!(preview.faults.iter().any(|fault| fault.contains("another customer")), "{:?}", preview.faults);
}

// ---- How it is shown -----------------------------------------------------------------------------------------------

/// Three agreements, and one in which everything is as long, wide and hostile as it may be.
fn shown() -> Input {
    let hostile = "\u{1b}[31m日本語|`*_<script>@everyone #1 [x](https://evil.example) www.evil.example\n\n# Approved \u{202e}";
    let mut world = World::fleet();
    world.agreement.metadata.name = Some("n".repeat(253));
    world.agreement.spec.title = hostile.repeat(2).chars().take(256).collect();
    world.agreement.spec.customer.representatives[0].name = hostile.repeat(2).chars().take(256).collect();
    world.agreement.spec.terms[0].reason = Some(hostile.to_owned());
    world.agreement.spec.terms.push(
        serde_json::from_value(json!({"id": "t".repeat(63), "text": hostile.repeat(20), "reason": hostile}))
            .unwrap(),
    );
    world.agreement.spec.orders[0].id = "o".repeat(63);
    world.rules(|policy| {
        let first = policy.spec.holders.iter_mut().find(|own| own.function == "finance").unwrap();
        first.subjects[0].name = hostile.chars().take(256).collect();
    });
    let mut input = Input::default();
    for (file, world) in
        [("a", &World::fibre()), ("b", &World::cafe()), ("c", &World::fleet()), ("d", &world)]
    {
        input.read(file, &manifest(&world.agreement).to_string());
    }
    input.read("rules.yaml", &rules(&world));
    input
}

#[test]
fn no_line_is_longer_than_eighty_columns_and_none_turns_the_terminal_around() {
    let out = terminal::of(&shown().previews("default", World::fleet().now));
    assert!(out.lines().count() > 80);
    for line in out.lines() {
        assert!(textwrap::core::display_width(line) <= 80, "{line:?}");
        assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
    }
}

#[test]
fn people_s_words_make_no_markup_call_nobody_and_add_no_heading() {
    let out = markdown::of(&shown().previews("default", World::fleet().now));
    assert!(out.contains("everyone"), "the words are there");
    for evil in [
        "<script",
        "@everyone",
        "](https://",
        "https://evil",
        "www.evil",
        "\n# ",
        " #1",
        "\u{1b}",
        "\u{202e}",
    ] {
        assert!(!out.contains(evil), "{evil:?} in {out}");
    }
    let headings = out.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(headings, 5, "one for all and one for each");
    for row in out.lines().filter(|line| line.starts_with('|')) {
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 6, "five columns: {row}");
    }
}

#[test]
fn a_comment_never_grows_beyond_what_forges_take() {
    let world = World::fleet();
    let mut input = Input::default();
    for at in 0..200 {
        let mut file = manifest(&world.agreement);
        file["metadata"]["name"] = json!(format!("fleet-{at}"));
        input.read("all.yaml", &file.to_string());
    }
    input.read("rules.yaml", &rules(&world));
    let out = markdown::of(&input.previews("default", world.now));
    assert!(out.len() < 65_000, "{}", out.len());
    assert!(out.contains("more would not fit"), "it says that something is missing");
}
