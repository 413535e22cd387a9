//! Text of others, each kind with one bound. Those of `id`, `name`, `user` and `reason` are the API's own, so that nothing
//! that the API server accepted is cut.

/// What identifies something within an agreement or a policy (an order, a term, a function, a level), or a UID: the API
/// permits 128 characters at most.
#[must_use]
pub fn id(text: &str) -> String {
    sanitize(text, 128)
}

/// The name of an object, a company, a person or a document, or a title: the API permits 256 characters at most.
#[must_use]
pub fn name(text: &str) -> String {
    sanitize(text, 256)
}

/// A user or a group, as the API server knows them: the API permits 256 characters at most.
#[must_use]
pub fn user(text: &str) -> String {
    sanitize(text, 256)
}

/// A name or a title within a sentence that may list dozens of them.
#[must_use]
pub fn short_name(text: &str) -> String {
    sanitize(text, 64)
}

/// One value, such as an amount, a digest, or what a term says.
#[must_use]
pub fn value(text: &str) -> String {
    sanitize(text, 128)
}

/// The beginning of a longer text, as one entry of a list shows it. The API's lists of reasons permit 256 characters.
#[must_use]
pub fn excerpt(text: &str) -> String {
    sanitize(text, 256)
}

/// Several people in one sentence: `waitingFor[].who` permits 512 characters.
#[must_use]
pub fn people(text: &str) -> String {
    sanitize(text, 512)
}

/// Why somebody decided, or why something is as it is: the API permits 1,024 characters at most.
#[must_use]
pub fn reason(text: &str) -> String {
    sanitize(text, 1_024)
}

/// The longest texts that are shown in full: the API permits 4,096 characters at most.
#[must_use]
pub fn passage(text: &str) -> String {
    sanitize(text, 4_096)
}

/// Text of others on one line: without control and direction characters, at most `max` characters.
#[must_use]
pub fn sanitize(text: &str, max: usize) -> String {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !is_invisible(*c)).collect();
    shorten(line.trim(), max)
}

/// At most `max` characters, with an ellipsis where something was cut off.
#[must_use]
pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}

const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_break_a_line_or_turn_it_around() {
        assert_eq!(sanitize("a\u{1b}[31mred\r\nb\u{202e}c\u{61c}", 64), "a [31mred  bc");
        assert_eq!(sanitize("äöü日本", 3), "äö…");
    }
}
