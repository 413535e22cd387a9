//! What each life costs the API server, counted in its audit log and in etcd, not by the operator's word.

mod lives;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::future::{join_all, try_join_all};
use lives::lives;
use testenv::{AuditEvent, AuditMark, ControlPlane, until};
use testkit::alone::installed;
use testkit::example::Example;
use testkit::operator::Operator;
use testkit::stage::{Stage, phase_of};
use testkit::{OPERATOR, OPERATOR_NAMESPACE};

/// What the operator writes and reads for one life. Nothing else, and nothing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    /// Status writes: one for each state that somebody can see.
    status: usize,
    /// Order requests that are created.
    orders: usize,
    /// Events: one for each thing that happened.
    events: usize,
    /// Decisions read afresh: once, before the agreement is sealed or ended.
    lists: usize,
}

type Doing<'s> = Pin<Box<dyn Future<Output = Result<()>> + 's>>;

/// One life, and what it costs.
struct Life {
    name: &'static str,
    example: fn() -> Result<Example>,
    /// What people do, from the submission to the end.
    people: for<'s> fn(&'s Stage<'static>) -> Doing<'s>,
    /// The states that somebody can see, each by its phase.
    states: &'static [&'static str],
    orders: usize,
    events: usize,
    lists: usize,
}

/// Requests of the operator since a mark, in one namespace or in all, by verb and resource; watches apart.
fn requests(
    plane: &ControlPlane,
    since: AuditMark,
    namespace: Option<&str>,
) -> Result<BTreeMap<String, Vec<AuditEvent>>> {
    let user = format!("system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR}");
    let mut counted: BTreeMap<String, Vec<AuditEvent>> = BTreeMap::new();
    for event in plane.audit_since(since)? {
        let mine = event.user.username == user && event.verb != "watch";
        let Some(object) = event.object_ref.as_ref().filter(|_| mine) else { continue };
        if namespace.is_some() && object.namespace.as_deref() != namespace {
            continue;
        }
        let resource = object.resource.clone().unwrap_or_default();
        let what = match &object.subresource {
            Some(subresource) => format!("{} {resource}/{subresource}", event.verb),
            None => format!("{} {resource}", event.verb),
        };
        counted.entry(what).or_default().push(event);
    }
    Ok(counted)
}

fn counts(requests: &BTreeMap<String, Vec<AuditEvent>>) -> BTreeMap<&str, usize> {
    requests.iter().map(|(what, events)| (what.as_str(), events.len())).collect()
}

impl Cost {
    fn of(life: &Life) -> Self {
        Self { status: life.states.len(), orders: life.orders, events: life.events, lists: life.lists }
    }

    /// The same as requests.
    fn requests(self) -> BTreeMap<&'static str, usize> {
        let all = [
            ("patch customeragreements/status", self.status),
            ("create orderrequests", self.orders),
            ("create events", self.events),
            ("list agreementdecisions", self.lists),
        ];
        all.into_iter().filter(|(_, number)| *number > 0).collect()
    }
}

/// Everything that is wrong with what a life cost, in words.
async fn check(life: &Life, stage: &Stage<'_>, begin: AuditMark) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let plane = &stage.cluster.plane;
    let expected = Cost::of(life).requests();
    // Events are told off the critical path.
    let all_told = || async {
        let made = requests(plane, begin, Some(&stage.namespace))?;
        Ok((made.get("create events").map_or(0, Vec::len) >= life.events).then_some(()))
    };
    until("every event was told", testkit::PATIENCE, all_told).await.ok();
    let made = requests(plane, begin, Some(&stage.namespace))?;
    if counts(&made) != expected {
        let told: Vec<_> = stage.told().await?.into_iter().filter_map(|event| event.reason).collect();
        wrong.push(format!("it cost {:?} and not {expected:?}; told was {told:?}", counts(&made)));
    }
    for event in made.values().flatten() {
        let code = event.response_status.as_ref().map_or(0, |status| status.code);
        if !(200..300).contains(&code) {
            wrong.push(format!("refused or repeated, {code}: {} {}", event.verb, event.request_uri));
        }
    }

    // In etcd: what the author wrote has the status of before; every other revision is one write of the operator.
    let mut phases = Vec::new();
    let mut last = None;
    for agreement in stage.history().await? {
        if last.as_ref() != Some(&agreement.status) {
            phases.push(phase_of(&agreement).to_owned());
        }
        last = Some(agreement.status);
    }
    if phases.first().map(String::as_str) != Some("") || phases.get(1..).unwrap_or_default() != life.states {
        wrong.push(format!("its states were {phases:?} and not {:?}", life.states));
    }
    let orders = plane.history(&format!("orderrequests/{}/", stage.namespace)).await?;
    let created = orders.iter().filter(|revision| revision.version == 1).count();
    if created != life.orders {
        wrong.push(format!("{created} order requests were ever there and not {}", life.orders));
    }
    Ok(wrong)
}

/// Each life costs one write for each state and rest and restart cost nothing.
#[tokio::test]
async fn each_life_costs_one_write_for_each_state_and_rest_costs_nothing() -> Result<()> {
    let turn = installed("counts").await?;
    let cluster = turn.cluster;
    let lives = lives();
    // Rules and people are there before the operator is, so that it knows them when the first agreement comes.
    let stages =
        try_join_all(lives.iter().map(|life| async { (life.example)()?.set(cluster).await })).await?;
    let operator = Operator::start(cluster, &[]).await?;
    let begin = cluster.plane.audit_mark()?;

    let all = lives.iter().zip(&stages);
    let lived = join_all(all.clone().map(|(life, stage)| (life.people)(stage))).await;
    for (result, life) in lived.into_iter().zip(&lives) {
        result.with_context(|| life.name)?;
    }
    let mut wrong = Vec::new();
    for (life, stage) in all.clone() {
        wrong.extend(
            check(life, stage, begin).await?.into_iter().map(|fault| format!("{}: {fault}", life.name)),
        );
    }
    assert_eq!(wrong, Vec::<String>::new(), "{}", wrong.join("\n"));

    // The operator's own word, which dashboards show, must be the same.
    let told = operator.metrics.render()?;
    let mut total: BTreeMap<&str, usize> = BTreeMap::new();
    for (what, number) in lives.iter().flat_map(|life| Cost::of(life).requests()) {
        *total.entry(what).or_default() += number;
    }
    for (what, number) in total.iter().filter(|(what, _)| !what.starts_with("list")) {
        let (verb, resource) = what.split_once(' ').unwrap();
        let line = format!("countersign_writes_total{{verb=\"{verb}\",resource=\"{resource}\"}} {number}");
        assert!(told.lines().any(|known| known == line), "{line} is not in {told}");
    }

    let restart = cluster.plane.audit_mark()?;
    operator.stop().await?;
    let again = Operator::start(cluster, &[]).await?;
    let watched = || async {
        let begun = cluster.plane.audit_since(restart)?;
        Ok(begun.iter().any(|event| event.verb == "watch").then_some(()))
    };
    until("the restarted operator watched", testkit::PATIENCE, watched).await?;
    rest(Duration::from_secs(60)).await?;
    assert_eq!(
        counts(&requests(&cluster.plane, restart, None)?),
        // One list of each kind, and one forged decision, which the policies refuse.
        BTreeMap::from([
            ("create agreementdecisions", 1),
            ("list agreementdecisions", 1),
            ("list customeragreements", 1),
            ("list delegationpolicies", 1),
            ("list namespaces", 1),
            ("list orderrequests", 1),
            ("list standardterms", 1),
            ("list validatingadmissionpolicies", 1),
            ("list validatingadmissionpolicybindings", 1),
        ]),
        "a restart and a minute at rest"
    );
    again.stop().await
}

/// Lets time pass: here, that nothing happens in it is what is tested.
async fn rest(time: Duration) -> Result<()> {
    tokio::time::timeout(time, std::future::pending::<()>()).await.ok();
    Ok(())
}
