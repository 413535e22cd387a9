//! A limit on the size of a status, so that the API server and its watchers can carry it whatever people write.

use crate::text;
use countersign_api::CustomerAgreementStatus;

/// What a status may take as JSON, in bytes.
const MOST_BYTES: usize = 64 * 1024 - 1;

/// Shortens texts, the longest first, until the status fits. If only names are left, the last deviations go, as the `Valid`
/// condition says how many there are, and then the last of the people who are asked. Who decided what and when is never
/// touched: with more than 64 characters in the names of dozens of people a status may be longer.
pub(crate) fn apply(status: &mut CustomerAgreementStatus) {
    for most in [1_000, 500, 250, 120, 60, 30] {
        if size(status) <= MOST_BYTES {
            return;
        }
        texts(status).into_iter().for_each(|text| *text = text::shorten(text, most));
        // Conditions list faults, and the first few in full say more than a third of each.
        status.conditions.iter_mut().for_each(|c| c.message = text::shorten(&c.message, most * 8));
    }
    while size(status) > MOST_BYTES && !status.deviations.is_empty() {
        status.deviations.truncate(status.deviations.len() * 3 / 4);
    }
    for most in [32, 16, 8, 4] {
        if size(status) > MOST_BYTES {
            status.waiting_for.iter_mut().for_each(|wait| wait.subjects.truncate(most));
        }
    }
}

fn size(status: &CustomerAgreementStatus) -> usize {
    serde_json::to_vec(status).map_or(0, |json| json.len())
}

/// The texts in which people say why.
fn texts(status: &mut CustomerAgreementStatus) -> Vec<&mut String> {
    let mut texts: Vec<&mut String> = Vec::new();
    for deviation in &mut status.deviations {
        texts.extend(deviation.value.iter_mut().chain(&mut deviation.permitted));
    }
    texts.extend(status.orders.iter_mut().filter_map(|order| order.reason.as_mut()));
    texts.extend(status.approvals.iter_mut().flat_map(|step| &mut step.because));
    texts.extend(status.ignored_decisions.iter_mut().flat_map(|i| [&mut i.username, &mut i.message]));
    texts.extend(status.change_request.iter_mut().map(|change| &mut change.reason));
    texts.extend(status.closed.iter_mut().map(|closed| &mut closed.reason));
    texts.extend(status.value.iter_mut().flat_map(|value| &mut value.not_valued));
    texts
}
