//! The people, and what each may do: a role of ours, bound in a customer's namespace.

use anyhow::Result;
use countersign_api::GROUP;
use k8s_openapi::api::{
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
    core::v1::Namespace,
    rbac::v1::{ClusterRoleBinding, RoleBinding, RoleRef, Subject},
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use testenv::{ControlPlane, until};
use testkit::people;

use super::{PATIENCE, story};

/// The namespaces of the two customers.
pub(super) const TIMBER: &str = "norrland-timber";
pub(super) const CORNER: &str = "cafe-corner";

/// A person with their own certificate.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) username: &'static str,
    pub(super) groups: &'static [&'static str],
    roles: &'static [Role],
}

/// One of the shipped roles, where it is bound (everywhere, if no place is named), and something that
/// it allows, to check that the binding is in force.
#[derive(Debug)]
struct Role {
    name: &'static str,
    namespace: Option<&'static str>,
    allows: (&'static str, &'static str),
}

pub(super) const BRANDT: Person = Person {
    name: "Anna Brandt",
    title: "head of legal",
    username: people::BRANDT.0,
    groups: &["contract-lawyers"],
    roles: &[Role { name: "countersign-policy-admin", namespace: None, allows: ("create", "standardterms") }],
};

pub(super) const BERG: Person = Person {
    name: "Jonas Berg",
    title: "account manager",
    username: people::JONAS.0,
    groups: people::JONAS.1,
    roles: &[author(TIMBER), author(CORNER), countersignatory(TIMBER), countersignatory(CORNER)],
};

pub(super) const LUND: Person = Person {
    name: "Eva Lund",
    title: "Norrland Timber AB",
    username: people::EVA.0,
    groups: people::EVA.1,
    roles: &[confirmer(TIMBER), signatory(TIMBER)],
};

pub(super) const NINA: Person = Person {
    name: "Nina Corner",
    title: "Cafe Corner",
    username: people::NINA.0,
    groups: people::NINA.1,
    roles: &[confirmer(CORNER), signatory(CORNER)],
};

pub(super) const ALL: [&Person; 4] = [&BRANDT, &BERG, &LUND, &NINA];

const fn author(namespace: &'static str) -> Role {
    Role { name: "countersign-author", namespace: Some(namespace), allows: ("patch", "customeragreements") }
}

const fn countersignatory(namespace: &'static str) -> Role {
    let allows = ("countersign", "customeragreements");
    Role { name: "countersign-countersignatory", namespace: Some(namespace), allows }
}

const fn confirmer(namespace: &'static str) -> Role {
    Role {
        name: "countersign-confirmer",
        namespace: Some(namespace),
        allows: ("confirm", "customeragreements"),
    }
}

const fn signatory(namespace: &'static str) -> Role {
    Role { name: "countersign-signatory", namespace: Some(namespace), allows: ("sign", "customeragreements") }
}

impl Person {
    /// A client with this person's certificate, at home in `namespace`.
    pub(super) fn client(&self, plane: &ControlPlane, namespace: &str) -> Result<Client> {
        let mut config = plane.user_config(self.username, self.groups)?;
        namespace.clone_into(&mut config.default_namespace);
        Ok(Client::try_from(config)?)
    }

    /// Name and title.
    pub(super) fn introduced(&self) -> String {
        format!("{} ({})", self.name, self.title)
    }

    fn subject(&self) -> Subject {
        Subject {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "User".to_owned(),
            name: self.username.to_owned(),
            namespace: None,
        }
    }
}

/// Makes the customers' namespaces, gives everyone their roles, and waits until these are in force.
pub(super) async fn give_rights(plane: &ControlPlane) -> Result<()> {
    let admin = plane.admin()?;
    for name in [TIMBER, CORNER] {
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        Api::all(admin.clone()).create(&PostParams::default(), &namespace).await?;
    }
    for person in ALL {
        for role in person.roles {
            bind(&admin, person, role).await?;
        }
        let client = plane.user(person.username, person.groups)?;
        for role in person.roles {
            until(format_args!("{} was bound to {}", person.username, role.name), PATIENCE, || async {
                Ok(allowed(&client, role).await?.then_some(()))
            })
            .await?;
        }
    }
    story::says(&format!(
        "{TIMBER} and {CORNER} are the customers' namespaces. The people have their own certificates:"
    ));
    let mut rows = vec![story::head(["WHO", "AS", "MAY"])];
    for person in ALL {
        let mut roles: Vec<&str> =
            person.roles.iter().map(|role| role.name.trim_start_matches("countersign-")).collect();
        roles.dedup();
        let who = person.introduced();
        rows.push((story::Emphasis::Plain, vec![who, short(person.username), roles.join(", ")]));
    }
    story::table(&rows);
    Ok(())
}

/// The part of a username before the `@`: the rest is in the agreement, and would not fit here.
fn short(username: &str) -> String {
    match username.split_once('@') {
        Some((name, _)) => format!("{name}@..."),
        None => username.to_owned(),
    }
}

async fn bind(admin: &Client, person: &Person, role: &Role) -> Result<()> {
    let metadata = ObjectMeta { generate_name: Some(format!("{}-", role.name)), ..ObjectMeta::default() };
    let role_ref = RoleRef {
        api_group: Some("rbac.authorization.k8s.io".to_owned()),
        kind: "ClusterRole".to_owned(),
        name: role.name.to_owned(),
    };
    let subjects = Some(vec![person.subject()]);
    let options = PostParams::default();
    match role.namespace {
        Some(namespace) => {
            let binding = RoleBinding { metadata, role_ref, subjects };
            Api::namespaced(admin.clone(), namespace).create(&options, &binding).await?;
        }
        None => {
            let binding = ClusterRoleBinding { metadata, role_ref, subjects };
            Api::all(admin.clone()).create(&options, &binding).await?;
        }
    }
    Ok(())
}

/// Whether the server lets this client do what the role allows: it sees a binding only a moment later.
async fn allowed(client: &Client, role: &Role) -> Result<bool> {
    let (verb, resource) = role.allows;
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: Some(GROUP.to_owned()),
                namespace: role.namespace.map(str::to_owned),
                resource: Some(resource.to_owned()),
                verb: Some(verb.to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = Api::all(client.clone()).create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
