//! A preview on a terminal, 80 columns wide.

use super::change::Change;
use super::input::Previewed;
use super::outcome::Preview;
use super::page::Page;
use super::sentences;
use crate::text;
use countersign_api::agreement_status::Classification;

/// Every preview, one after the other.
#[must_use]
pub fn of(previewed: &[Previewed]) -> String {
    let one = |one: &Previewed| {
        let mut page = Page::default();
        page.preview(&one.file, &one.preview);
        page.text()
    };
    previewed.iter().map(one).collect::<Vec<_>>().join("\n")
}

impl Page {
    fn preview(&mut self, file: &str, preview: &Preview) {
        self.line(0, &format!("{}/{}  ({})", preview.namespace, preview.name, text::excerpt(file)));
        if !preview.title.is_empty() {
            self.line(0, &preview.title);
        }
        self.line(2, &sentences::outcome(preview));
        if let Some(change) = &preview.change {
            self.change(change);
        }
        self.list("To fix", &preview.faults);
        self.list("Mind", &preview.warnings);
        self.blank();
        if let Some(rules) = &preview.rules {
            self.entry(
                "Rules",
                &format!("{}, {}", text::name(&rules.standard_terms), text::name(&rules.policy)),
            );
        }
        if let Some(value) = &preview.value {
            self.entry("Value", &sentences::value(value));
            self.entry("", &sentences::measures(value));
        }
        self.terms(preview);
        self.steps(preview);
        self.orders(preview);
    }

    fn change(&mut self, change: &Change) {
        self.blank();
        self.entry("Change", &sentences::effect(change));
        for field in change.fields.iter().take(30) {
            let word = |value: &serde_json::Value| match value {
                serde_json::Value::Null => "nothing".to_owned(),
                other => text::value(&other.to_string()),
            };
            self.item(&format!("{}: {} becomes {}", field.field, word(&field.before), word(&field.after)));
        }
        if change.fields.len() > 30 {
            self.item(&format!("and {} more", change.fields.len() - 30));
        }
        for (at, void) in change.voided.iter().enumerate() {
            let label = if at == 0 { "Void" } else { "" };
            self.entry(label, &format!("{} {} ({})", void.username, void.what, void.decision));
        }
    }

    fn terms(&mut self, preview: &Preview) {
        let standard = match preview.classification {
            None => return,
            Some(Classification::Standard) => format!("all {} are standard", preview.terms.len()),
            Some(Classification::NonStandard) => {
                let deviating = preview.terms.iter().filter(|term| !term.deviations.is_empty()).count();
                format!("{deviating} of {} deviate from the standard", preview.terms.len())
            }
        };
        self.entry("Terms", &standard);
        for term in preview.terms.iter().filter(|term| !term.deviations.is_empty()) {
            let value = term.value.as_deref().or(term.text.as_deref()).unwrap_or_default();
            let standard =
                term.standard.as_deref().map(|words| format!("; standard {words}")).unwrap_or_default();
            let who: Vec<String> = term.deviations.iter().map(sentences::deviation).collect();
            self.item(&format!("{} {}{standard}; {}", term.id, text::excerpt(value), who.join("; ")));
        }
    }

    fn steps(&mut self, preview: &Preview) {
        if preview.steps.is_empty() {
            return;
        }
        self.blank();
        self.line(2, "Who is asked, in this order");
        let mut last = 0;
        for step in &preview.steps {
            let turn = if step.turn == last { "   ".to_owned() } else { format!("{}. ", step.turn) };
            last = step.turn;
            self.label(&format!("{turn}{}", sentences::action(step.action)), &step.who);
            if let Some(subjects) = sentences::subjects(step) {
                self.entry("", &subjects);
            }
            self.entry("", &sentences::time(step));
            for reason in &step.because {
                self.item(reason);
            }
        }
        for authority in &preview.exercised {
            self.entry(
                "",
                &format!("The person who countersigns must hold {} {}.", authority.function, authority.level),
            );
        }
    }

    fn orders(&mut self, preview: &Preview) {
        self.blank();
        if preview.orders.is_empty() {
            self.line(2, "No orders: nothing is passed on");
            return;
        }
        self.line(2, "Orders, each passed on as one request if the customer confirms it");
        for order in &preview.orders {
            let category = order.category.as_deref().unwrap_or("no category");
            let items = text::count(order.items, "item");
            let value = match (&order.value, &order.currency) {
                (Some(value), Some(currency)) => format!(", {currency} {value}"),
                _ => String::new(),
            };
            self.label(&order.id, &format!("{category}, {items}{value}"));
        }
    }
}
