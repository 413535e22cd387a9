//! Errors of the API server in plain words, with what to do about them.

use std::fmt::Write as _;

use countersign_core::text;
use kube::Error;

const NOBODY: &str =
    "the API server does not know who you are: your credentials are missing, wrong or expired; log in again";
/// The username of requests without valid credentials.
const ANONYMOUS: &str = "system:anonymous";

/// An error in words. `namespace` is the one that the request was for.
pub fn explain(error: &Error, url: &str, namespace: &str) -> String {
    match error {
        Error::Api(status) => refused(status.code, &status.reason, &status.message, namespace),
        Error::Auth(error) => {
            format!("your credentials cannot be used: {}; log in again", text::passage(&causes(error)))
        }
        other => unreachable_server(&text::passage(&causes(other)), url),
    }
}

fn unreachable_server(words: &str, url: &str) -> String {
    let lower = words.to_lowercase();
    let advice = if lower.contains("tunnel") || lower.contains("socks") {
        "the proxy does not let the request through; it comes from the kubeconfig (`proxy-url`) or from $HTTPS_PROXY"
    } else if lower.contains("not valid for name") {
        "its certificate is for another name; give that name with --tls-server-name"
    } else if lower.contains("connection refused") {
        "nothing listens there; is the API server up, and is this its address?"
    } else if lower.contains("certificate") && lower.contains("expired") {
        "a certificate has expired: renew the one in your kubeconfig, or ask an admin about the server's"
    } else if lower.contains("unknownissuer") || lower.contains("unknown issuer") {
        "its certificate is not signed by an authority that you trust; give the right one with --certificate-authority"
    } else if lower.contains("dns") || lower.contains("name or service not known") {
        "the name of the server cannot be resolved"
    } else if lower.contains("timed out") || lower.contains("timeout") || lower.contains("elapsed") {
        "it did not answer in time; --request-timeout gives it longer"
    } else {
        "check whether `kubectl version` gets an answer"
    };
    format!("the API server at {url} cannot be reached: {advice} ({words})")
}

/// Why a request was rejected.
pub fn refused(code: u16, reason: &str, message: &str, namespace: &str) -> String {
    if let Some((_, words)) = message.split_once("denied request: ") {
        return policy_says(&text::passage(words), namespace);
    }
    match code {
        401 => NOBODY.to_owned(),
        403 => forbidden(&text::passage(message)),
        404 if message.contains("could not find the requested resource") || message.contains("page not found") => {
            "this cluster has no customeragreements: Countersign is not installed here, or this is not the cluster you mean"
                .to_owned()
        }
        _ if message.is_empty() => format!("the API server answered {code} {reason}"),
        _ => text::passage(message),
    }
}

/// An admission policy's own message. If a permission is missing, the command that grants it follows.
fn policy_says(words: &str, namespace: &str) -> String {
    let Some(rest) = words.strip_prefix("right verb: ") else { return words.to_owned() };
    let mut out = rest.to_owned();
    let quoted = quoted(rest);
    if let [user, verb, ..] = quoted.as_slice()
        && let Some(role) = role_with(verb)
    {
        let _ = write!(out, "\n{}", grant(role, user, Some(namespace)));
    }
    out
}

/// RBAC's own message: `User "u" cannot get resource "r" in API group "g" in the namespace "n"`.
fn forbidden(message: &str) -> String {
    let Some((_, tail)) = message.split_once(": User ") else { return message.to_owned() };
    let words = quoted(tail);
    let verb = tail.split_once(" cannot ").and_then(|(_, rest)| rest.split_whitespace().next());
    let (Some(verb), [user, resource, group, rest @ ..]) = (verb, words.as_slice()) else {
        return message.to_owned();
    };
    if user == ANONYMOUS {
        return NOBODY.to_owned();
    }
    if verb.starts_with("impersonate") {
        return format!(
            "{user} may not impersonate others here: leave --as out, or ask an admin for the verb impersonate on exactly \
             this user"
        );
    }
    let namespace = rest.first().filter(|_| tail.contains("in the namespace")).map(String::as_str);
    // Cluster-wide objects are in no namespace, rather than in all of them.
    let place = match (namespace, resource.as_str()) {
        (Some(namespace), _) => format!(" in the namespace {namespace}"),
        (None, "standardterms" | "delegationpolicies") => String::new(),
        (None, _) => " in all namespaces".to_owned(),
    };
    let mut out = format!("{user} may not {verb} {resource}{place}");
    if group == "countersign.dev" && matches!(verb, "get" | "list" | "watch") {
        let _ = write!(out, "\n{}", grant("countersign-reader", user, namespace));
    }
    out
}

/// For a person who has no role with which decisions can be created at all.
pub fn no_role(user: &str, role: &str, namespace: &str) -> String {
    format!(
        "{user} may not create agreementdecisions in the namespace {namespace}: you have no role in agreements here, and \
         you need {role}\n{}",
        grant(role, user, Some(namespace))
    )
}

/// The shipped role that holds one of Countersign's own verbs.
pub fn role_with(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "confirm" => "countersign-confirmer",
        "sign" => "countersign-signatory",
        "approve" => "countersign-approver",
        "countersign" => "countersign-countersignatory",
        "withdraw" => "countersign-author",
        "attest" => "countersign-attester",
        _ => return None,
    })
}

/// The command with which an admin grants a role in a namespace, or in all if there is none.
pub fn grant(role: &str, user: &str, namespace: Option<&str>) -> String {
    let name: String =
        user.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let binding = format!("{role}-{}", name.trim_matches('-'));
    let binding = binding.trim_end_matches('-');
    let (kind, place) = match namespace {
        Some(namespace) => ("rolebinding", format!(" -n {namespace}")),
        None => ("clusterrolebinding", String::new()),
    };
    let whom = match user.strip_prefix("system:serviceaccount:") {
        Some(account) => format!("--serviceaccount={account}"),
        None => format!("--user={}", for_a_shell(user)),
    };
    format!("An admin grants it with: kubectl create {kind} {binding}{place} --clusterrole={role} {whom}")
}

/// Quoted if a shell would otherwise change it.
fn for_a_shell(word: &str) -> String {
    if word.chars().all(|c| c.is_alphanumeric() || "-_.@:/+,=%".contains(c)) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// An error with its chain of causes.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANNOT: &str = r#"customeragreements.countersign.dev is forbidden: User "m.osei" cannot list resource "customeragreements" in API group "countersign.dev""#;

    fn forbidden(message: &str) -> String {
        refused(403, "Forbidden", message, "havlink")
    }

    #[test]
    fn a_right_that_is_missing_is_named_with_the_command_that_grants_it() {
        assert_eq!(
            forbidden(&format!(r#"{CANNOT} in the namespace "havlink""#)),
            "m.osei may not list customeragreements in the namespace havlink\nAn admin grants it with: kubectl create rolebinding countersign-reader-m-osei -n havlink --clusterrole=countersign-reader --user=m.osei"
        );
        assert_eq!(
            forbidden(&format!("{CANNOT} at the cluster scope")),
            "m.osei may not list customeragreements in all namespaces\nAn admin grants it with: kubectl create clusterrolebinding countersign-reader-m-osei --clusterrole=countersign-reader --user=m.osei"
        );
    }

    #[test]
    fn a_grant_can_be_typed_for_whoever_it_is() {
        for (user, whom) in [
            ("system:serviceaccount:shop:bot", "--serviceaccount=shop:bot"),
            ("Mary O'Hara", r"--user='Mary O'\''Hara'"),
            ("eva.lund@norrland-timber.example", "--user=eva.lund@norrland-timber.example"),
        ] {
            let line = grant("countersign-reader", user, Some("havlink"));
            assert!(line.ends_with(&format!(" --clusterrole=countersign-reader {whom}")), "{line}");
        }
        assert!(grant("countersign-reader", "日本", None).contains(" countersign-reader --clusterrole"));
    }

    #[test]
    fn who_is_not_known_is_not_given_rights() {
        let message = CANNOT.replace("m.osei", ANONYMOUS) + r#" in the namespace "havlink""#;
        assert_eq!(forbidden(&message), NOBODY);
    }

    #[test]
    fn a_policy_is_heard_without_what_the_api_server_says_before_it() {
        let message = r#"agreementdecisions.countersign.dev "a-x" is forbidden: ValidatingAdmissionPolicy 'decide-1.countersign.dev' with binding 'decide-1.countersign.dev' denied request: right verb: "m.osei" does not hold the verb "sign" on the customeragreement "a", which Sign takes; ask for a role that has it in this namespace"#;
        let said = forbidden(message);
        assert!(said.starts_with(r#""m.osei" does not hold the verb "sign""#), "{said}");
        assert!(said.ends_with("-n havlink --clusterrole=countersign-signatory --user=m.osei"), "{said}");
    }

    #[test]
    fn a_server_that_is_not_there_is_named_with_what_to_do() {
        let said = unreachable_server(
            "client error (Connect): tcp connect error: Connection refused (os error 111)",
            "https://127.0.0.1:1/",
        );
        assert!(said.contains("https://127.0.0.1:1/") && said.contains("nothing listens there"), "{said}");
    }
}
