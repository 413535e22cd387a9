//! The one cast of all tests: who takes part in the examples, as the API server knows them.

/// Somebody, with the groups that the authenticator gives them.
#[derive(Clone, Copy, Debug)]
pub struct Somebody(pub &'static str, pub &'static [&'static str]);

/// Somebody whose name or groups a test makes up.
#[derive(Debug, Clone)]
pub struct Person {
    /// Username.
    pub name: String,
    /// Groups, beside those that the API server adds by itself.
    pub groups: Vec<String>,
}

/// Everybody, as a constant for tests over values and as a function for tests on a control plane.
macro_rules! cast {
    ($($(#[$doc:meta])* $NAME:ident $name:ident $username:literal $groups:expr;)*) => {$(
        $(#[$doc])*
        pub const $NAME: Somebody = Somebody($username, &$groups);
        $(#[$doc])*
        #[must_use]
        pub fn $name() -> Person {
            $NAME.person()
        }
    )*};
}

cast! {
    /// Confirms and signs for Norrland Timber, the customer of the fibre example.
    EVA eva "eva.lund@norrland-timber.example" ["customers"];
    /// Confirms and signs for Cafe Corner, the customer of the cafe example.
    NINA nina "owner@cafe-corner.example" ["customers"];
    /// Confirms for Havlink, the customer of the fleet example.
    OMAR omar "omar@havlink.example" ["customers"];
    /// Confirms and signs for Havlink.
    LEA lea "lea@havlink.example" ["customers"];
    /// Account owner of the fibre and the cafe example.
    JONAS jonas "j.berg" ["account-managers"];
    /// Account owner of the fleet example.
    PATEL patel "s.patel" ["account-managers"];
    /// Of the deal desk: finance L1.
    DESK desk "d.desk" ["deal-desk"];
    /// Sales L2.
    RITA rita "r.lind" ["sales-team"];
    /// Stands in for Rita while she is on leave.
    KIM kim "k.jensen" ["sales-team"];
    /// Sales L3, and countersigns the fleet example.
    MARY mary "m.osei" ["sales-team"];
    /// Sales L4.
    CARLA carla "c.duarte" [];
    /// Finance partner: finance L2.
    IVAN ivan "i.novak" [];
    /// Finance chief: finance L3.
    PAUL paul "p.adeyemi" [];
    /// Head of legal: legal L2.
    BRANDT brandt "a.brandt" [];
    /// General counsel: legal L3.
    KAUR kaur "s.kaur" [];
    /// Records what customers decide on paper.
    CLERK clerk "c.clerk" ["back-office"];
    /// A consumer of order requests.
    ORDER_DESK order_desk "order-desk@telecom.example" ["order-desk"];
}

impl Somebody {
    /// The same for requests to an API server.
    #[must_use]
    pub fn person(self) -> Person {
        Person::user(self.0, self.1)
    }
}

impl Person {
    /// A user.
    pub fn user(name: &str, groups: &[&str]) -> Self {
        Self { name: name.to_owned(), groups: groups.iter().map(|&group| group.to_owned()).collect() }
    }

    /// A service account.
    pub fn account(namespace: &str, name: &str) -> Self {
        Self::user(&format!("system:serviceaccount:{namespace}:{name}"), &[])
    }

    /// Namespace and name, where this is a service account.
    pub fn service_account(&self) -> Option<(&str, &str)> {
        self.name.strip_prefix("system:serviceaccount:")?.split_once(':')
    }
}
