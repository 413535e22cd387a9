//! Whether the admission policies are in force: compared as the watch shows them, and tried with a forged decision.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::time::Instant;

use crate::admission::Set;
use crate::controller::client::MANAGER;
use crate::controller::client::error::Error;
use crate::controller::clock::Clock;
use crate::controller::events::Publisher;
use crate::controller::health::Health;
use crate::controller::informer::key::Key;
use crate::controller::informer::kinds::{Kinds, Stores};
use crate::controller::metrics::Metrics;
use crate::controller::reconcile::queue::Queue;
use countersign_api::agreement_decision::{DecidedAgreement, DecidedBy};
use countersign_api::conditions::own_event;
use countersign_api::{Action, AgreementDecision, AgreementDecisionSpec};
use countersign_core::decide::{Guard, Notice, Severity};

/// Name of the forged decision, so that alerts can leave it out. It is never stored.
const TRIAL_NAME: &str = "countersign-guard-probe";
/// How often a forged decision is tried when nothing else asks for it.
const TRIAL_INTERVAL: Duration = Duration::from_secs(300);
/// The same while the policies are not in force.
const TRIAL_INTERVAL_WHILE_INACTIVE: Duration = Duration::from_secs(2);

/// Knows whether the admission policies are in force.
pub(crate) struct GuardMonitor {
    client: Client,
    clock: Clock,
    kinds: Arc<Kinds>,
    set: Set,
    /// The operator's own, where the forged decision is tried.
    namespace: String,
    /// What the watches showed, compared once for each change, by the number of the change.
    installed: Mutex<Option<(u64, Result<Timestamp, String>)>>,
    tried: Mutex<Option<TrialResult>>,
    /// When a forged decision was refused again after one had been let through.
    returned: Mutex<Option<Timestamp>>,
    /// Held by the one that tries.
    turn: tokio::sync::Mutex<()>,
}

/// What came of a forged decision.
struct TrialResult {
    began: Instant,
    refused: Result<(), String>,
}

impl GuardMonitor {
    /// Looks after the policies for the identity that the operator runs with.
    pub(crate) async fn new(client: Client, clock: Clock, kinds: Arc<Kinds>, health: &Health) -> Self {
        let operator = loop {
            match username(&client).await {
                Ok(operator) => break operator,
                Err(error) => {
                    tracing::warn!(
                        error = error.to_string(),
                        "Failed to look up the operator's own user name"
                    );
                    health
                        .waits_for(Some(format!("the API server does not say who the operator is: {error}")));
                    Clock::sleep(TRIAL_INTERVAL_WHILE_INACTIVE).await;
                }
            }
        };
        health.waits_for(None);
        let namespace = operator.strip_prefix("system:serviceaccount:").and_then(|name| name.split_once(':'));
        Self {
            client,
            clock,
            kinds,
            namespace: namespace.map_or("default", |(namespace, _)| namespace).to_owned(),
            set: Set::of(&operator),
            installed: Mutex::default(),
            tried: Mutex::default(),
            returned: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// As it is known now.
    pub(crate) fn now(&self, stores: &Stores) -> Guard {
        let installed = self.installed(stores);
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = match tried.as_ref() {
            Some(tried) => tried.refused.clone(),
            None => Err("no forged decision was tried yet".to_owned()),
        };
        match installed.and_then(|since| refused.map(|()| since)) {
            Ok(since) => {
                let returned = *self.returned.lock().unwrap_or_else(PoisonError::into_inner);
                Guard::Active { since: returned.max(Some(since)) }
            }
            Err(because) => Guard::Inactive { because },
        }
    }

    fn installed(&self, stores: &Stores) -> Result<Timestamp, String> {
        let mut known = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, installed)) = known.as_ref()
            && *at == stores.admission_changes
        {
            return installed.clone();
        }
        let named = |name: &str| Key::new("", name);
        let installed = self.set.in_force(
            |name| stores.admission_policies.get(&named(name)).map(AsRef::as_ref),
            |name| stores.admission_bindings.get(&named(name)).map(AsRef::as_ref),
        );
        *known = Some((stores.admission_changes, installed.clone()));
        installed
    }

    /// Whether anything can be said yet.
    pub(crate) fn has_tried(&self) -> bool {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Tries a forged decision, unless one was tried that began since. Whoever comes meanwhile waits for the same answer.
    /// True where it is another than before.
    ///
    /// # Errors
    /// When the server gave no answer that says anything.
    pub(crate) async fn trial_since(&self, since: Instant) -> Result<bool, Error> {
        let known = || {
            let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
            tried.as_ref().is_some_and(|tried| tried.began >= since)
        };
        if known() {
            return Ok(false);
        }
        let _turn = self.turn.lock().await;
        if known() {
            return Ok(false);
        }
        let began = Clock::instant();
        let refused = self.trial().await?;
        let now = self.clock.now();
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let differs = tried.as_ref().is_none_or(|before| before.refused != refused);
        if refused.is_ok() && tried.as_ref().is_some_and(|before| before.refused.is_err()) {
            *self.returned.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        *tried = Some(TrialResult { began, refused });
        Ok(differs)
    }

    async fn trial(&self) -> Result<Result<(), String>, Error> {
        let api = Api::<AgreementDecision>::namespaced(self.client.clone(), &self.namespace);
        let params = PostParams { dry_run: true, field_manager: Some(MANAGER.to_owned()) };
        let status = match api.create(&params, &forged()).await {
            Ok(_) => return Ok(Err("a forged decision was let through".to_owned())),
            Err(kube::Error::Api(status)) => status,
            Err(error) => return Err(error.into()),
        };
        let policy = status
            .message
            .split_once("ValidatingAdmissionPolicy '")
            .and_then(|(_, rest)| rest.split_once('\''));
        let by_ours = status.code == 403 && policy.is_some_and(|(name, _)| self.set.has_a_version_of(name));
        match status.code {
            _ if by_ours => Ok(Ok(())),
            400 | 403 | 404 | 422 => Ok(Err(format!(
                "a forged decision was refused by something else: {}",
                status.message.chars().take(500).collect::<String>()
            ))),
            _ => Err(kube::Error::Api(status).into()),
        }
    }
}

async fn username(client: &Client) -> Result<String, Error> {
    let api = Api::<SelfSubjectReview>::all(client.clone());
    let review = api.create(&PostParams::default(), &SelfSubjectReview::default()).await?;
    let user = review.status.and_then(|status| status.user_info).and_then(|user| user.username);
    user.ok_or_else(|| Error::Answer("a review of the operator itself names no user".to_owned()))
}

/// A decision that names somebody else, and that everything but the policies would take.
fn forged() -> AgreementDecision {
    let spec = AgreementDecisionSpec {
        agreement_ref: DecidedAgreement {
            name: TRIAL_NAME.to_owned(),
            uid: "00000000-0000-0000-0000-000000000000".to_owned(),
            revision: 1,
            digest: format!("sha256:{}", "0".repeat(64)),
        },
        action: Action::Withdraw,
        statements: Vec::new(),
        orders: Vec::new(),
        function: None,
        level: None,
        on_behalf_of: None,
        reason: Some("a forged decision, to see that it is refused".to_owned()),
        decided_by: DecidedBy {
            username: "somebody-else".to_owned(),
            uid: None,
            groups: Vec::new(),
            credential_id: None,
        },
        evidence: None,
    };
    AgreementDecision::new(TRIAL_NAME, spec)
}

impl GuardMonitor {
    /// Tries a forged decision at start, now and then, and whenever a policy changed. If the answer is another, the operator
    /// tells it and decides all open agreements again. Never returns.
    pub(crate) async fn watch_over(&self, events: &Publisher, metrics: &Metrics, queue: &Queue) {
        let mut told: Option<Guard> = None;
        // That everything was listed is no change.
        self.kinds.admission_changed.notified().now_or_never();
        loop {
            if let Err(error) = self.trial_since(Clock::instant()).await {
                tracing::warn!(error = error.to_string(), "Failed to try a forged decision");
            }
            let now = self.now(&self.kinds.read());
            if told.as_ref() != Some(&now) {
                metrics.decision_guard_active.set(i64::from(matches!(now, Guard::Active { .. })));
                self.tell(events, told.as_ref(), &now);
                queue.add(self.kinds.read().open_agreements());
                told = Some(now.clone());
            }
            let pause = match now {
                Guard::Active { .. } => TRIAL_INTERVAL,
                Guard::Inactive { .. } => TRIAL_INTERVAL_WHILE_INACTIVE,
            };
            tokio::select! {
                () = Clock::sleep(pause) => {}
                () = self.kinds.admission_changed.notified() => {}
            }
        }
    }

    fn tell(&self, events: &Publisher, before: Option<&Guard>, now: &Guard) {
        let active = matches!(now, Guard::Active { .. });
        match now {
            Guard::Active { .. } => tracing::info!("The admission policies are in force"),
            Guard::Inactive { because } => {
                tracing::error!(because, "The admission policies are not in force; no decision is counted")
            }
        }
        let was_active = before.is_none_or(|before| matches!(before, Guard::Active { .. }));
        if active != was_active {
            let (severity, reason, note) = match now {
                Guard::Active { .. } => (
                    Severity::Normal,
                    own_event::GUARD_ACTIVE,
                    "the admission policies are in force again".to_owned(),
                ),
                Guard::Inactive { because } => (
                    Severity::Warning,
                    own_event::GUARD_INACTIVE,
                    format!(
                        "the admission policies are not in force, and no decision is counted: {because}; install them again"
                    ),
                ),
            };
            let notice = Notice { severity, reason, action: "Guard", note, related: None };
            events.publish_own(&self.namespace, &notice, self.clock.now());
        }
    }
}
