//! Documents that nobody would write: every field of every kind, filled at random, or a sound one with some fields spoilt.

use std::sync::{Arc, LazyLock};

use countersign_api::{
    AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms, crd,
};
use countersign_core::decide::{Guard, Plan, RefusedCreate};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

use super::config;
use super::status::{conditions_are_complete, is_camel_case};
use testkit::history::{everything, live};
use testkit::world::{World, changes};

proptest! {
    #![proptest_config(config(600))]

    /// Whatever is stored, the operator decides something about it and says so in words.
    #[test]
    fn no_document_is_too_wild(
        mut history in everything(),
        cut in 0_usize..28,
        made in prop::sample::select(vec![Made::Everything, Made::Some, Made::Some, Made::StatusToo]),
        seed in any::<u64>(),
    ) {
        history.steps.truncate(cut);
        let mut world = live(&history, |_, _| {}).world;
        spoil(&mut world, made, seed);
        for fresh in [false, true, true] {
            let plan = world.plan_at(world.now, fresh);
            if matches!(plan, Plan::Need(_)) {
                prop_assert!(!fresh);
                continue;
            }
            let plan = changes(plan);
            for notice in &plan.notices {
                prop_assert!(!notice.note.trim().is_empty(), "{:?}", notice);
                prop_assert!(notice.note.len() <= 1_024 && !notice.note.contains(is_awkward), "{:?}", notice);
                prop_assert!(is_camel_case(notice.reason) && is_camel_case(notice.action), "{:?}", notice);
            }
            prop_assert!(plan.wake.is_none_or(|wake| wake > world.now), "{:?} at {}", plan.wake, world.now);
            let Some(status) = plan.status else { continue };
            if made != Made::StatusToo {
                conditions_are_complete(&status, world.agreement.metadata.generation);
                for condition in &status.conditions {
                    prop_assert!(!condition.message.contains(is_awkward), "{:?}", condition);
                }
                for ignored in &status.ignored_decisions {
                    prop_assert!(!ignored.message.trim().is_empty(), "{:?}", ignored);
                }
            }
            world.agreement.status = Some(*status);
        }
        // Whatever the time is.
        for now in [Timestamp::MIN, Timestamp::MAX] {
            let _ = world.plan_at(now, true);
        }
    }
}

/// Characters that break a line, hide or turn text around.
fn is_awkward(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

/// Schema of one kind: spec and, where it has one, status.
fn schema(kind: &str) -> &'static Value {
    static SCHEMAS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
        let crds = crd::all().into_iter();
        crds.map(|crd| {
            let kind = crd["spec"]["names"]["kind"].as_str().unwrap().to_owned();
            (kind, crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"].clone())
        })
        .collect()
    });
    &SCHEMAS[kind]
}

/// Words that occur in the examples, so that references sometimes lead somewhere.
const KNOWN: [&str; 24] = [
    "o1",
    "01",
    "sales",
    "finance",
    "legal",
    "L1",
    "L2",
    "L4",
    "payment-days",
    "availability-pct",
    "b2b-2026-1",
    "b2b-2026",
    "norrland-timber-fibre",
    "eva.lund@norrland-timber.example",
    "j.berg",
    "m.osei",
    "EUR",
    "SEK",
    "Commercial",
    "Amendment",
    "agreement-1",
    "policy-1",
    "Europe/Stockholm",
    "30",
];

struct Wild(StdRng);

impl Wild {
    fn one_in(&mut self, n: u32) -> bool {
        self.0.random_range(0..n) == 0
    }

    fn text(&mut self) -> String {
        match self.0.random_range(0..12) {
            0 => String::new(),
            1 => "x".repeat(1_000),
            2 => "\u{202e}\u{200b}\u{1f}\u{7f}\u{85}\u{2028}\r\n".to_owned(),
            3 => "日本語 \u{1f600}\u{e9}".repeat(40),
            4 => (0..self.0.random_range(1..40)).map(|_| self.0.random::<char>()).collect(),
            5 => ["-1", "1e9", "NaN", "0.00001", "99999999999999999999999999999999999999999.5", "-0", "1."]
                [self.0.random_range(0..7)]
            .to_owned(),
            6 => format!("sha256:{}", "0".repeat(64)),
            _ => KNOWN[self.0.random_range(0..KNOWN.len())].to_owned(),
        }
    }

    fn time(&mut self) -> Timestamp {
        match self.0.random_range(0..8) {
            0 => Timestamp::MIN,
            1 => Timestamp::MAX,
            2 => Timestamp::UNIX_EPOCH,
            3 => {
                let seconds = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
                Timestamp::from_second(self.0.random_range(seconds)).unwrap_or(Timestamp::MAX)
            }
            // Around the time of the examples, with a fraction.
            _ => Timestamp::from_millisecond(
                1_795_510_800_000 + self.0.random_range(-40_000_000_000_i64..40_000_000_000),
            )
            .unwrap(),
        }
    }

    fn number(&mut self, schema: &Value) -> i64 {
        let (least, most) = if schema["format"] == "int32" {
            (i64::from(i32::MIN), i64::from(i32::MAX))
        } else {
            (i64::MIN, i64::MAX)
        };
        match self.0.random_range(0..6) {
            0 => least,
            1 => most,
            2 => 0,
            3 => self.0.random_range(least..=most),
            _ => self.0.random_range(-3..40),
        }
    }

    fn value(&mut self, schema: &Value) -> Value {
        match schema["type"].as_str() {
            Some("object") => {
                let required: Vec<&str> =
                    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let mut out = Map::new();
                for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                    if required.contains(&name.as_str()) || !self.one_in(3) {
                        out.insert(name.clone(), self.value(field));
                    }
                }
                Value::Object(out)
            }
            Some("array") => {
                let mut items: Vec<Value> =
                    (0..self.0.random_range(0..4)).map(|_| self.value(&schema["items"])).collect();
                // The same thing twice.
                if self.one_in(3) {
                    items.extend(items.first().cloned());
                }
                Value::Array(items)
            }
            Some("integer") => json!(self.number(schema)),
            Some("boolean") => json!(self.one_in(2)),
            _ => match schema["enum"].as_array() {
                Some(words) => words[self.0.random_range(0..words.len())].clone(),
                None if schema["format"] == "date-time" => json!(self.time().to_string()),
                None => json!(self.text()),
            },
        }
    }

    /// Fills some places of a document anew; `schema` is that of the place.
    fn spoil(&mut self, value: &mut Value, schema: &Value, odds: u32) {
        if self.one_in(odds) {
            *value = self.value(schema);
            return;
        }
        match value {
            Value::Object(fields) => {
                let known = schema["properties"].as_object();
                for (name, field) in known.into_iter().flatten() {
                    match fields.get_mut(name) {
                        Some(value) => self.spoil(value, field, odds),
                        None if self.one_in(odds * 2) => drop(fields.insert(name.clone(), self.value(field))),
                        None => {}
                    }
                }
            }
            Value::Array(items) => {
                for item in &mut *items {
                    self.spoil(item, &schema["items"], odds);
                }
                match self.0.random_range(0..odds) {
                    0 => items.clear(),
                    1 => items.extend(items.first().cloned()),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// Documents of one kind with spec and status replaced; `None` where they cannot be read, as from the server.
fn with<K: serde::Serialize + serde::de::DeserializeOwned>(
    wild: &mut Wild,
    kind: &str,
    sound: &K,
    parts: &[&str],
    odds: u32,
) -> Option<K> {
    let mut value = serde_json::to_value(sound).unwrap();
    for part in parts {
        let schema = &schema(kind)[*part];
        match value.get_mut(*part) {
            Some(place) if !place.is_null() && odds > 0 => wild.spoil(place, schema, odds),
            _ if odds == 0 => value[*part] = wild.value(schema),
            _ => {}
        }
    }
    serde_json::from_value(value).ok()
}

/// How much of the world is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    /// Everything but the status.
    Everything,
    /// Some fields, but none of the status.
    Some,
    /// Some fields, also of the status: nobody but the operator should write it, and somebody may.
    StatusToo,
}

/// Spoils a world.
fn spoil(world: &mut World, made: Made, seed: u64) {
    let mut wild = Wild(StdRng::seed_from_u64(seed));
    let odds = if made == Made::Everything { 0 } else { [12, 40, 120][wild.0.random_range(0..3)] };
    let odds = |wild: &mut Wild| if odds > 0 && wild.one_in(3) { 1_000_000 } else { odds };
    let parts: &[&str] = if made == Made::StatusToo { &["spec", "status"] } else { &["spec"] };
    let o = odds(&mut wild);
    if let Some(agreement) =
        with::<CustomerAgreement>(&mut wild, "CustomerAgreement", &world.agreement, parts, o)
    {
        let (name, uid) = (wild.text(), wild.text());
        world.agreement = agreement;
        if made == Made::Everything && wild.one_in(2) {
            world.agreement.metadata.name = Some(name).filter(|_| wild.one_in(2));
            world.agreement.metadata.uid = Some(uid).filter(|_| wild.one_in(2));
            world.agreement.metadata.creation_timestamp = Some(Time(wild.time()));
        }
    }
    if made != Made::StatusToo && wild.one_in(3) {
        world.agreement.status = None;
    }
    let o = odds(&mut wild);
    world.terms = world
        .terms
        .as_ref()
        .and_then(|terms| with::<StandardTerms>(&mut wild, "StandardTerms", terms, &["spec"], o));
    let o = odds(&mut wild);
    let spoilt = world
        .policies
        .iter()
        .filter_map(|policy| with::<DelegationPolicy>(&mut wild, "DelegationPolicy", policy, &["spec"], o));
    let mut policies: Vec<_> = spoilt.map(Arc::new).collect();
    if wild.one_in(6) {
        policies.extend(policies.first().cloned());
    }
    world.policies = policies;
    let mut decisions = Vec::new();
    for decision in &world.decisions {
        let o = odds(&mut wild);
        if let Some(mut spoilt) =
            with::<AgreementDecision>(&mut wild, "AgreementDecision", decision, &["spec"], o)
        {
            if wild.one_in(8) {
                spoilt.metadata.creation_timestamp = Some(Time(wild.time())).filter(|_| !wild.one_in(4));
            }
            if wild.one_in(8) {
                spoilt.metadata.name = Some(wild.text());
            }
            decisions.push(Arc::new(spoilt));
        }
        if wild.one_in(8) {
            decisions.extend(decisions.last().cloned());
        }
    }
    world.decisions = decisions;
    let orders = world.orders.iter().filter_map(|order| {
        with::<OrderRequest>(&mut wild, "OrderRequest", order, &["spec", "status"], 30).map(Arc::new)
    });
    world.orders = orders.collect();
    if wild.one_in(4) {
        let related = with::<CustomerAgreement>(&mut wild, "CustomerAgreement", &world.agreement, parts, 20);
        world.related.extend(related.map(Arc::new));
    }
    if wild.one_in(6) {
        world.refused = vec![RefusedCreate { order_id: wild.text(), message: wild.text() }];
    }
    match wild.0.random_range(0..6) {
        0 => world.guard = Guard::Inactive { because: wild.text() },
        1 => world.guard = Guard::Active { since: Some(wild.time()) },
        _ => {}
    }
    if wild.one_in(3) {
        world.now = wild.time();
    }
}
