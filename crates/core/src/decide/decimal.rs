//! Exact decimals. Limits are compared before anything is divided or rounded, so nothing is lost on the way.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// An exact number.
pub(crate) type Decimal = BigRational;

/// Reads a decimal such as `-12.50`. `None` for anything else, and for more than 40 digits.
pub(crate) fn parse(text: &str) -> Option<Decimal> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || !all_digits(whole)
        || !all_digits(fraction)
        || (digits.contains('.') && fraction.is_empty())
        || whole.len() + fraction.len() > 40
    {
        return None;
    }
    let numerator: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let denominator = BigInt::from(10).pow(u32::try_from(fraction.len()).ok()?);
    let number = Decimal::new(numerator, denominator);
    Some(if negative { -number } else { number })
}

/// A whole number.
pub(crate) fn whole(number: impl Into<BigInt>) -> Decimal {
    Decimal::from_integer(number.into())
}

/// With two digits behind the point, rounded half up.
pub(crate) fn to_cents(number: &Decimal) -> String {
    let half = Decimal::new(BigInt::one(), BigInt::from(2));
    let cents = (number.abs() * whole(100) + half).floor().to_integer();
    let hundred = BigInt::from(100);
    let sign = if number.is_negative() && !cents.is_zero() { "-" } else { "" };
    format!("{sign}{}.{:02}", &cents / &hundred, &cents % &hundred)
}

/// As short as it can be said exactly with up to four digits behind the point, such as `30` or `12.5`.
pub(crate) fn to_plain(number: &Decimal) -> String {
    let scaled = (number.abs() * whole(10_000)).round().to_integer();
    let scale = BigInt::from(10_000);
    let text = format!("{}.{:04}", &scaled / &scale, &scaled % &scale);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let sign = if number.is_negative() && !scaled.is_zero() { "-" } else { "" };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_decimals_and_nothing_else() {
        for (text, shown) in
            [("1290.00", "1290.00"), ("0.005", "0.01"), ("-0.004", "0.00"), ("-1.5", "-1.50")]
        {
            assert_eq!(to_cents(&parse(text).unwrap()), shown, "{text}");
        }
        for text in ["", ".", "1.", ".5", "1e3", "+1", "--1", "1,0", "NaN", " 1", "1_0", &"9".repeat(41)] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_third_is_not_rounded_before_it_is_shown() {
        let third = parse("100").unwrap() / whole(3);
        assert_eq!(to_cents(&(third * whole(3))), "100.00");
        assert_eq!(to_plain(&parse("12.50").unwrap()), "12.5");
        assert_eq!(to_plain(&parse("30").unwrap()), "30");
    }
}
