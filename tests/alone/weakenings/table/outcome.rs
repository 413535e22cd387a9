//! `outcome`: only the operator writes outcomes.

use super::super::who::{Does, Try, Who};
use super::{Weakening, status, weak};

fn issue(who: Who) -> Try {
    Try(who, Does::MakesOrderRequest)
}

pub(super) fn outcome() -> Vec<Weakening> {
    let weak = |what, text, instead, attack, control| weak("outcome", what, text, instead, attack, control);
    let operator = "== 'system:serviceaccount:countersign-system:countersign'";
    vec![
        weak(
            "UPDATE of a status",
            "[\"CREATE\", \"UPDATE\"]",
            "[\"CREATE\"]",
            status(Who::Admin),
            issue(Who::Admin),
        ),
        weak(
            "the status",
            "[\"customeragreements/status\"]",
            "[\"customeragreements/scale\"]",
            status(Who::Clerk),
            issue(Who::Clerk),
        ),
        weak(
            "order requests",
            "resources: [\"orderrequests\"]",
            "resources: [\"orderrequests/status\"]",
            issue(Who::Clerk),
            status(Who::Clerk),
        ),
        weak(
            "the operator and nobody of that name",
            operator,
            ".endsWith(':countersign')",
            status(Who::Imposter),
            status(Who::Clerk),
        ),
        weak(
            "nobody but the operator",
            operator,
            "!= 'clerk@countersign.example'",
            issue(Who::Admin),
            issue(Who::Clerk),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            status(Who::Admin),
            issue(Who::Clerk),
        ),
        weak(
            "nobody is left out",
            "  validations:\n",
            "  matchConditions:\n  - name: no-tools\n    expression: request.userInfo.username != 'gitops@countersign.example'\n  validations:\n",
            status(Who::Gitops),
            status(Who::Clerk),
        ),
    ]
}
