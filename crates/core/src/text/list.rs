//! Lists and numbers of things.

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn join_and<S: AsRef<str>>(names: &[S]) -> String {
    join(names, "and")
}

/// `a`, `a or b`, `a, b or c`.
#[must_use]
pub fn join_or<S: AsRef<str>>(names: &[S]) -> String {
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
    fn names_are_listed_as_people_say_them() {
        assert_eq!(join_and::<&str>(&[]), "");
        assert_eq!(join_and(&["Eva"]), "Eva");
        assert_eq!(join_and(&["Eva", "Omar"]), "Eva and Omar");
        assert_eq!(join_or(&["Eva", "Omar", "Lea"]), "Eva, Omar or Lea");
    }
}
