//! `inbox`: what waits for you, earliest deadline first.

use std::collections::BTreeMap;

use clap::Args;
use countersign_api::agreement_status::{Waiting, WaitingAction};
use countersign_api::{CustomerAgreement, DelegationPolicy};
use countersign_core::decide::eligibility::asked;
use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, Error};

use crate::clock;
use crate::connection::{Connection, Server};
use crate::failure::Outcome;
use crate::fetch::list;
use crate::identity::Me;
use crate::layout::{Table, paragraph};
use crate::output::{self, Form, say};
use crate::watch::Changes;
use countersign_core::text;

/// The arguments of `inbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement inbox
  kubectl agreement inbox -n norrland-timber -n cafe-corner
  kubectl agreement inbox -o name | xargs -n1 kubectl agreement show")]
pub struct Inbox {
    /// Look in all namespaces. This is the default, unless you give -n.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Keep watching, and show it again after every change.
    #[arg(short, long)]
    watch: bool,
    /// Output format.
    #[arg(short, long)]
    output: Option<Form>,
}

/// One thing that waits.
struct Entry<'a> {
    agreement: &'a CustomerAgreement,
    wait: &'a Waiting,
    on_behalf_of: Option<&'a str>,
}

/// What was found, and where.
struct Found {
    agreements: Vec<CustomerAgreement>,
    policies: BTreeMap<String, DelegationPolicy>,
    /// The namespaces that were searched. Empty: all.
    namespaces: Vec<String>,
    /// Whether only this namespace was searched, because the user may not list them all.
    narrowed: bool,
}

impl Inbox {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let server = connection.connect_to_several().await?;
        let me = Me::ask(&server).await?;
        let asked_for: &[String] = if self.all_namespaces { &[] } else { &connection.namespace };
        let mut found = Found::read(&server, asked_for).await?;
        say(&self.shown(&found, &me, clock::now())?);
        if !self.watch {
            return Ok(());
        }
        loop {
            let changes = Changes::open(&server, &found.namespaces, None).await?;
            let again = Found::read(&server, asked_for).await?;
            if again.agreements == found.agreements {
                changes.next().await?;
                continue;
            }
            found = again;
            say(&format!("\n{}", self.shown(&found, &me, clock::now())?));
        }
    }

    fn shown(&self, found: &Found, me: &Me, now: Timestamp) -> Outcome<String> {
        let entries = found.entries(me);
        match self.output {
            Some(Form::Name) => Ok(entries.iter().map(|entry| output::name(entry.agreement)).collect()),
            Some(form @ (Form::Json | Form::Yaml)) => {
                let objects = entries.iter().map(|entry| output::object(entry.agreement));
                output::machine(form, &output::items(&objects.collect::<Outcome<Vec<_>>>()?))
            }
            Some(Form::Wide) | None => Ok(self.table(found, &entries, me, now)),
        }
    }

    fn table(&self, found: &Found, entries: &[Entry<'_>], me: &Me, now: Timestamp) -> String {
        let wide = self.output == Some(Form::Wide);
        let place = found.place();
        if entries.is_empty() {
            return paragraph(&format!("Nothing waits for {} {place}.", text::user(&me.username)), "", "");
        }
        let several = found.namespaces.len() != 1;
        let mut table = Table::default().giving_way("AGREEMENT", 4).whole("TO DO").whole("LEFT");
        table = table.giving_way("AS", 2).giving_way("CUSTOMER", 2);
        if wide {
            table = table.whole("UNTIL").whole("SINCE").whole("VALUE").whole("DIGEST");
        }
        for entry in entries {
            table.row(entry.cells(several, wide, now));
        }
        let mut out = table.render(wide);
        if !found.namespaces.is_empty() {
            out.push_str(&paragraph(&format!("Looked {place}."), "", ""));
        }
        out
    }
}

impl Entry<'_> {
    fn until(&self) -> Option<Timestamp> {
        self.wait.deadline_time.as_ref().map(|time| time.0)
    }

    fn cells(&self, several: bool, wide: bool, now: Timestamp) -> Vec<String> {
        let metadata = &self.agreement.metadata;
        let name = metadata.name.clone().unwrap_or_default();
        let key = match &metadata.namespace {
            Some(namespace) if several => format!("{namespace}/{name}"),
            _ => name,
        };
        let left = self.until().map_or_else(String::new, |until| text::left(until, now));
        let customer = text::name(&self.agreement.spec.customer.name);
        let mut cells = vec![key, self.wait.action.verb().to_owned(), left, self.as_whom(), customer];
        if wide {
            let status = self.agreement.status.as_ref();
            let value = status.and_then(|status| status.value.as_ref());
            let value = value.and_then(|value| Some(format!("{} {}", value.currency, value.total.as_ref()?)));
            cells.push(self.until().map_or_else(String::new, |until| text::moment(until, now)));
            cells.push(text::moment(self.wait.asked_time.0, now));
            cells.push(value.unwrap_or_default());
            cells.push(self.wait.digest.clone().unwrap_or_default());
        }
        cells
    }

    /// The authority that is asked for, and on whose behalf.
    fn as_whom(&self) -> String {
        let mut out = String::new();
        if self.wait.action == WaitingAction::Approve {
            // A wait that an earlier version wrote has it only in words.
            let authority = match (&self.wait.function, &self.wait.level) {
                (Some(function), Some(level)) => format!("{function} {level}"),
                _ => self.wait.who.clone(),
            };
            out.push_str(&text::id(&authority));
        }
        if let Some(holder) = self.on_behalf_of {
            let gap = if out.is_empty() { "" } else { " " };
            out.push_str(&format!("{gap}for {}", text::user(holder)));
        }
        out
    }
}

impl Found {
    async fn read(server: &Server, asked_for: &[String]) -> Outcome<Self> {
        let all = ListParams::default();
        let mut namespaces = asked_for.to_vec();
        let mut agreements = Vec::new();
        let mut narrowed = false;
        if namespaces.is_empty() {
            match list(&Api::<CustomerAgreement>::all(server.client.clone()), &all).await {
                Ok(found) => agreements = found,
                Err(Error::Api(status)) if status.code == 403 => {
                    namespaces.push(server.namespace.clone());
                    narrowed = true;
                }
                Err(error) => return Err(server.failure(&error)),
            }
        }
        for namespace in &namespaces {
            let api: Api<CustomerAgreement> = Api::namespaced(server.client.clone(), namespace);
            agreements.extend(list(&api, &all).await.map_err(|error| server.failure(&error))?);
        }
        let policies = server.permitted(list(&server.cluster_wide::<DelegationPolicy>(), &all).await)?;
        let by_uid = |policy: DelegationPolicy| Some((policy.metadata.uid.clone()?, policy));
        let policies = policies.into_iter().flatten().filter_map(by_uid).collect();
        Ok(Self { agreements, policies, namespaces, narrowed })
    }

    fn entries(&self, me: &Me) -> Vec<Entry<'_>> {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for agreement in &self.agreements {
            let pinned = agreement.status.as_ref().and_then(|status| status.pinned.as_ref());
            let policy =
                pinned.and_then(|pinned| self.policies.get(&pinned.policy.uid)).map(|policy| &policy.spec);
            let mine = asked(agreement, policy, me.person());
            entries.extend(mine.into_iter().map(|(wait, on_behalf_of)| Entry {
                agreement,
                wait,
                on_behalf_of,
            }));
        }
        entries.sort_by_key(|entry| {
            let metadata = &entry.agreement.metadata;
            (entry.until().unwrap_or(Timestamp::MAX), metadata.namespace.clone(), metadata.name.clone())
        });
        entries
    }

    /// Where it looked, in words.
    fn place(&self) -> String {
        match self.namespaces.as_slice() {
            [] => "in all namespaces".to_owned(),
            [one] if self.narrowed => {
                format!("in the namespace {one} (you may not list agreements in all; use -n for others)")
            }
            [one] => format!("in the namespace {one}"),
            several => format!("in the namespaces {}", text::join_and(several)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::*;

    fn waiting(name: &str, who: &str, deadline: &str) -> CustomerAgreement {
        let example = include_str!("../../examples/fibre/agreement.yaml");
        let mut agreement: Value = serde_saphyr::from_str(example).unwrap();
        agreement["metadata"] = json!({"name": name, "namespace": "norrland-timber"});
        agreement["status"] = json!({"waitingFor": [{
            "who": who,
            "subjects": [{"kind": "User", "name": who}],
            "for": "Countersign",
            "askedTime": "2026-11-24T09:00:00Z",
            "deadlineTime": deadline,
        }]});
        serde_json::from_value(agreement).unwrap()
    }

    #[test]
    fn what_ends_first_is_on_top_and_what_waits_for_others_is_not_there() {
        let found = Found {
            agreements: vec![
                waiting("a-late", "j.berg", "2026-12-24T09:00:00Z"),
                waiting("b-of-others", "m.osei", "2026-11-25T09:00:00Z"),
                waiting("c-soon", "j.berg", "2026-11-26T09:00:00Z"),
                waiting("d-next", "j.berg", "2026-12-01T09:00:00Z"),
            ],
            policies: BTreeMap::new(),
            namespaces: Vec::new(),
            narrowed: false,
        };
        let me = Me { username: "j.berg".to_owned(), ..Me::default() };
        let names = found.entries(&me).into_iter().filter_map(|entry| entry.agreement.metadata.name.clone());
        assert_eq!(names.collect::<Vec<_>>(), ["c-soon", "d-next", "a-late"]);
    }
}
