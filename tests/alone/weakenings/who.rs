//! Who tries what, and on what.

use anyhow::{Context, Result, bail};
use countersign_api::GROUP;
use serde_json::{Value, json};
use testkit::people::{Person, eva};
use testkit::raw::path;
use testkit::schema::with;
use testkit::{DEFINITIONS, decision, documents};

/// The agreement on which everybody decides.
pub const AGREEMENT: &str = "norrland-timber-fibre";
/// What owns whatever has an owner.
pub const OWNER: &str = "owner";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// `system:masters`.
    Admin,
    /// Holds `*` on everything, as Argo CD and Flux do.
    Gitops,
    /// Holds `*` on ours and nothing else.
    Ours,
    /// May write and delete all of ours, by name, and nothing else.
    Clerk,
    /// Holds `purge` on decisions only, and `delete` on everything.
    Records,
    /// Holds `purge` on order requests only, and `delete` on everything.
    Orders,
    /// The controller manager's own name, with the rights of the clerk.
    Collector,
    /// May confirm and withdraw.
    Eva,
    /// May sign and withdraw.
    Lea,
    /// May approve.
    Rita,
    /// May countersign and withdraw.
    Jonas,
    /// May make decisions, but holds no verb.
    Stranger,
    /// May confirm on one agreement only.
    Narrow,
    /// May confirm in another namespace.
    Away,
    /// A service account that may attest and confirm, and has the rights of the clerk.
    Callback,
    /// A service account with the operator's name, in another namespace, with the rights of the clerk.
    Imposter,
    /// Users who are not people, with the rights of Eva and of an attester.
    Scheduler,
    InNodes,
    InAccounts,
    InUnauthenticated,
}

pub const EVERYBODY: [Who; 20] = [
    Who::Admin,
    Who::Gitops,
    Who::Ours,
    Who::Clerk,
    Who::Records,
    Who::Orders,
    Who::Collector,
    Who::Eva,
    Who::Lea,
    Who::Rita,
    Who::Jonas,
    Who::Stranger,
    Who::Narrow,
    Who::Away,
    Who::Callback,
    Who::Imposter,
    Who::Scheduler,
    Who::InNodes,
    Who::InAccounts,
    Who::InUnauthenticated,
];

impl Who {
    pub fn person(self) -> Person {
        let user = |name: &str| Person::user(&format!("{name}@countersign.example"), &[]);
        match self {
            Self::Admin => Person::user("admin", &["system:masters"]),
            Self::Gitops => user("gitops"),
            Self::Ours => user("ours"),
            Self::Clerk => user("clerk"),
            Self::Records => user("records"),
            Self::Orders => user("orders"),
            Self::Collector => Person::user("system:kube-controller-manager", &[]),
            Self::Eva => eva(),
            Self::Lea => user("lea"),
            Self::Rita => user("r.lind"),
            Self::Jonas => user("j.berg"),
            Self::Stranger => user("stranger"),
            Self::Narrow => user("narrow"),
            Self::Away => user("away"),
            Self::Callback => Person::account("elsewhere", "esign-callback"),
            Self::Imposter => Person::account("elsewhere", testkit::OPERATOR),
            Self::Scheduler => Person::user("system:kube-scheduler", &[]),
            Self::InNodes => Person::user("in-nodes", &["system:nodes"]),
            Self::InAccounts => Person::user("in-accounts", &["system:serviceaccounts"]),
            Self::InUnauthenticated => Person::user("in-unauthenticated", &["system:unauthenticated"]),
        }
    }

    /// Shipped roles, and rules beside them.
    pub fn rights(self) -> (&'static [&'static str], Value) {
        let decide = json!({"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["create"]});
        let write = json!([
            {"apiGroups": [GROUP], "resources": ["*", "*/status"],
             "verbs": ["get", "create", "update", "patch", "delete", "deletecollection"]},
            {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["delete"]},
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["delete"]},
        ]);
        let purge = |resource: &str| {
            json!([{"apiGroups": [GROUP], "resources": [resource], "verbs": ["purge"]},
                   {"apiGroups": [GROUP], "resources": ["*"], "verbs": ["delete"]}])
        };
        match self {
            Self::Admin => (&[], json!([])),
            Self::Gitops => (&[], json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])),
            Self::Ours => (&[], json!([{"apiGroups": [GROUP], "resources": ["*"], "verbs": ["*"]}])),
            Self::Clerk | Self::Collector | Self::Imposter => (&[], write),
            Self::Callback => (&["countersign-attester", "countersign-confirmer"], write),
            Self::Records => (&[], purge("agreementdecisions")),
            Self::Orders => (&[], purge("orderrequests")),
            Self::Eva => (&["countersign-confirmer"], json!([])),
            Self::Lea => (&["countersign-signatory"], json!([])),
            Self::Rita => (&["countersign-approver"], json!([])),
            Self::Jonas => (&["countersign-countersignatory"], json!([])),
            Self::Stranger | Self::Away => (&[], json!([decide])),
            Self::Narrow => (
                &[],
                json!([decide, {"apiGroups": [GROUP], "resources": ["customeragreements"], "verbs": ["confirm"],
                                "resourceNames": [AGREEMENT]}]),
            ),
            Self::Scheduler | Self::InNodes | Self::InAccounts | Self::InUnauthenticated => {
                (&["countersign-attester", "countersign-confirmer"], json!([]))
            }
        }
    }
}

/// What stands in each place before the policies come.
#[derive(Clone, Copy, Debug)]
pub enum Thing {
    Decision,
    /// With a counted decision.
    Agreement,
    AgreementStatus,
    /// With an owner that lives.
    OwnedAgreement,
    /// With an owner that lives.
    OrderRequest,
    Terms,
    Policy,
    /// With an annotation, but not the one that counts.
    Definition,
    BareDefinition,
    /// Protected by a label with the value "yes", and with an annotation that does not count.
    Namespace,
    /// Protected by a label with the value "true".
    BareNamespace,
}

/// Where the things stand: a namespace, and a suffix for what lives in none.
#[derive(Clone, Debug)]
pub struct Place {
    pub id: String,
    pub namespace: String,
    /// The policy that is weaker here.
    pub weakened: String,
    /// A config map, which owns what has an owner.
    pub owner: Value,
}

impl Place {
    pub fn path(&self, thing: Thing) -> String {
        let (here, id) = (self.namespace.as_str(), &self.id);
        match thing {
            Thing::Decision => format!("{}/made", path("agreementdecisions", here)),
            Thing::Agreement => format!("{}/decided", path("customeragreements", here)),
            Thing::AgreementStatus => format!("{}/decided/status", path("customeragreements", here)),
            Thing::OwnedAgreement => format!("{}/owned", path("customeragreements", here)),
            Thing::OrderRequest => format!("{}/issued", path("orderrequests", here)),
            Thing::Terms => format!("{}/terms-{id}", path("standardterms", "")),
            Thing::Policy => format!("{}/policy-{id}", path("delegationpolicies", "")),
            Thing::Definition => format!("{DEFINITIONS}/noted{id}.{GROUP}"),
            Thing::BareDefinition => format!("{DEFINITIONS}/bare{id}.{GROUP}"),
            Thing::Namespace => format!("/api/v1/namespaces/noted-{id}"),
            Thing::BareNamespace => format!("/api/v1/namespaces/bare-{id}"),
        }
    }

    pub fn labels(&self) -> Value {
        json!({"weakened": self.weakened, "mutant": self.id})
    }
}

#[derive(Clone, Debug)]
pub enum Does {
    /// Makes a decision, in the own name, unless the last says otherwise: JSON pointers and what stands there instead.
    Decides(Value, Vec<(&'static str, Value)>),
    Changes(Thing, Value),
    Deletes(Thing),
    /// Takes an owner that lives, as somebody would who deletes that owner then.
    IsOwned(Thing),
    /// Makes another one, with an owner.
    MakesOwned(Thing),
    MakesOrderRequest,
}

#[derive(Clone, Debug)]
pub struct Try(pub Who, pub Does);

impl Try {
    /// Method, path and body. Nothing is ever stored: admission does not tell a trial from the real thing.
    pub fn request(&self, place: &Place) -> Result<(&'static str, String, Value)> {
        let Self(who, does) = self;
        let owners = json!([place.owner]);
        Ok(match does {
            Does::Decides(act, changes) => {
                let decision = decision::on(AGREEMENT, "00", &who.person(), act.clone());
                let decision = changes.iter().fold(decision, |d, (pointer, value)| with(&d, pointer, value));
                ("POST", path("agreementdecisions", &place.namespace), decision)
            }
            Does::Changes(thing, change) => ("PATCH", place.path(*thing), change.clone()),
            Does::Deletes(thing) => ("DELETE", place.path(*thing), Value::Null),
            Does::IsOwned(thing) => {
                ("PATCH", place.path(*thing), json!({"metadata": {"ownerReferences": owners}}))
            }
            Does::MakesOwned(thing) => {
                let at = place.path(*thing);
                let (collection, _) = at.rsplit_once('/').context("a path")?;
                let metadata =
                    json!({"name": "another", "ownerReferences": owners, "labels": place.labels()});
                ("POST", collection.to_owned(), with(&object(*thing)?, "/metadata", &metadata))
            }
            Does::MakesOrderRequest => {
                let made = with(&object(Thing::OrderRequest)?, "/metadata", &json!({"name": "another"}));
                ("POST", path("orderrequests", &place.namespace), made)
            }
        })
    }
}

pub fn object(thing: Thing) -> Result<Value> {
    let file = match thing {
        Thing::Agreement | Thing::OwnedAgreement => "examples/fibre/agreement.yaml",
        Thing::OrderRequest => "testkit/complete/orderrequests.yaml",
        Thing::Terms => "testkit/complete/standardterms.yaml",
        Thing::Policy => "testkit/complete/delegationpolicies.yaml",
        other => bail!("{other:?} is not in a file"),
    };
    Ok(with(&documents(file)?.swap_remove(0), "/status", &Value::Null))
}
