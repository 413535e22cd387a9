//! Words for people: lists of names, and text of others that cannot break a terminal, a log or an event.

/// Text of others on one line: without control and direction characters, at most `max` characters.
#[must_use]
pub fn clean(text: &str, max: usize) -> String {
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

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn and<S: AsRef<str>>(names: &[S]) -> String {
    join(names, "and")
}

/// `a`, `a or b`, `a, b or c`.
#[must_use]
pub fn or<S: AsRef<str>>(names: &[S]) -> String {
    join(names, "or")
}

fn join<S: AsRef<str>>(names: &[S], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} {word} {}", rest.join(", "), last.as_ref())
        }
    }
}

/// `1 order`, `2 orders`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_break_a_line_or_turn_it_around() {
        assert_eq!(clean("a\u{1b}[31mred\r\nb\u{202e}c\u{61c}", 64), "a [31mred  bc");
        assert_eq!(clean("äöü日本", 3), "äö…");
    }

    #[test]
    fn names_are_listed_as_people_say_them() {
        assert_eq!(and::<&str>(&[]), "");
        assert_eq!(and(&["Eva"]), "Eva");
        assert_eq!(and(&["Eva", "Omar"]), "Eva and Omar");
        assert_eq!(or(&["Eva", "Omar", "Lea"]), "Eva, Omar or Lea");
    }
}
