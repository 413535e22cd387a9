//! What the API server said, in plain words, with what to do about it.

use std::fmt::Write as _;

use countersign::decide::clean;
use kube::Error;

/// Longest word of somebody else's that is repeated.
const MOST: usize = 1_500;

/// An error in words.
pub fn explain(error: &Error, url: &str) -> String {
    match error {
        Error::Api(status) => refused(status.code, &status.reason, &status.message),
        Error::Auth(error) => {
            format!("your credentials cannot be used: {}; log in again", clean(&causes(error), MOST))
        }
        other => unreachable_server(&clean(&causes(other), MOST), url),
    }
}

fn unreachable_server(words: &str, url: &str) -> String {
    let lower = words.to_lowercase();
    let advice = if lower.contains("connection refused") {
        "nothing listens there; is the API server up, and is this its address?"
    } else if lower.contains("certificate") && lower.contains("expired") {
        "a certificate has expired: renew that in your kubeconfig, or ask an admin about the server's"
    } else if lower.contains("unknownissuer") || lower.contains("unknown issuer") {
        "its certificate is not from an authority that you trust; name the right one with --certificate-authority"
    } else if lower.contains("dns") || lower.contains("name or service not known") {
        "the name of the server is not known here"
    } else if lower.contains("timed out") || lower.contains("timeout") || lower.contains("elapsed") {
        "it did not answer in time; --request-timeout gives it longer"
    } else {
        "see whether `kubectl version` gets an answer"
    };
    format!("the API server at {url} cannot be reached: {advice} ({words})")
}

/// What a request was refused for.
pub fn refused(code: u16, reason: &str, message: &str) -> String {
    if let Some((_, words)) = message.split_once("denied request: ") {
        return policy_says(&clean(words, MOST));
    }
    match code {
        401 => "the API server does not know who you are: your credentials are missing, wrong or expired; log in again"
            .to_owned(),
        403 => forbidden(&clean(message, MOST)),
        404 if message.contains("could not find the requested resource") || message.contains("page not found") => {
            "this cluster has no customeragreements: Countersign is not installed here, or this is another cluster than you mean"
                .to_owned()
        }
        _ if message.is_empty() => format!("the API server answered {code} {reason}"),
        _ => clean(message, MOST),
    }
}

/// An admission policy speaks for itself; where a right is missing, it can be said how it is granted.
fn policy_says(words: &str) -> String {
    let Some(rest) = words.strip_prefix("right verb: ") else { return words.to_owned() };
    let mut out = rest.to_owned();
    let quoted = quoted(rest);
    if let [user, verb, ..] = quoted.as_slice()
        && let Some(role) = role_with(verb)
    {
        let _ = write!(out, "\n{}", grant(role, user, None));
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
    let namespace = rest.first().filter(|_| tail.contains("in the namespace"));
    let place = match namespace {
        Some(namespace) => format!("in the namespace {namespace}"),
        None => "in all namespaces".to_owned(),
    };
    let mut out = format!("{user} may not {verb} {resource} {place}");
    let role = match (group.as_str(), resource.as_str(), verb) {
        ("countersign.dev", _, "get" | "list" | "watch") => Some("countersign-reader"),
        // Every role that decides may create decisions; which one, the verb on the agreement says.
        ("countersign.dev", "agreementdecisions", "create") => Some("countersign-..."),
        _ => None,
    };
    match role {
        Some("countersign-...") => {
            let _ = write!(
                out,
                ": you have no role in agreements here; ask for the one of your part (countersign-confirmer, -signatory, \
                 -approver, -countersignatory, -attester or -author)\n{}",
                grant("countersign-approver", user, namespace.map(String::as_str))
            );
        }
        Some(role) => {
            let _ = write!(out, "\n{}", grant(role, user, namespace.map(String::as_str)));
        }
        None => {}
    }
    out
}

/// The shipped role that holds a verb of ours.
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

/// The command by which an admin grants a role.
pub fn grant(role: &str, user: &str, namespace: Option<&str>) -> String {
    let name: String =
        user.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let name = name.trim_matches('-');
    match namespace {
        Some(namespace) => format!(
            "An admin grants it with: kubectl create rolebinding {role}-{name} -n {namespace} --clusterrole={role} --user={user}"
        ),
        None => format!(
            "An admin grants it with: kubectl create rolebinding {role}-{name} -n NAMESPACE --clusterrole={role} --user={user}"
        ),
    }
}

fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// An error with everything that it comes from.
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

    #[test]
    fn a_right_that_is_missing_is_named_with_the_command_that_grants_it() {
        let message = r#"customeragreements.countersign.dev "a" is forbidden: User "m.osei" cannot get resource "customeragreements" in API group "countersign.dev" in the namespace "havlink""#;
        assert_eq!(
            refused(403, "Forbidden", message),
            "m.osei may not get customeragreements in the namespace havlink\nAn admin grants it with: kubectl create rolebinding countersign-reader-m-osei -n havlink --clusterrole=countersign-reader --user=m.osei"
        );
        let message = r#"customeragreements.countersign.dev is forbidden: User "m.osei" cannot list resource "customeragreements" in API group "countersign.dev" at the cluster scope"#;
        assert!(
            refused(403, "Forbidden", message)
                .starts_with("m.osei may not list customeragreements in all namespaces\n")
        );
    }

    #[test]
    fn a_policy_is_heard_without_what_the_api_server_says_before_it() {
        let message = r#"agreementdecisions.countersign.dev "a-x" is forbidden: ValidatingAdmissionPolicy 'decide-1.countersign.dev' with binding 'decide-1.countersign.dev' denied request: right verb: "m.osei" does not hold the verb "sign" on the customeragreement "a", which Sign takes; ask for a role that has it in this namespace"#;
        let said = refused(403, "Forbidden", message);
        assert!(said.starts_with(r#""m.osei" does not hold the verb "sign""#), "{said}");
        assert!(said.ends_with("-n NAMESPACE --clusterrole=countersign-signatory --user=m.osei"), "{said}");
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
