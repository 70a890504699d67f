//! Numbers as text, from XML-RPC's grammar and Python's habits to JSON's grammar. No digit is touched.

/// Writes an integer of any size. `None` when the text is no integer.
pub(super) fn push_integer(out: &mut String, text: &str) -> Option<()> {
    let (negative, digits) = sign(text);
    if digits.is_empty() || !all_digits(digits) {
        return None;
    }
    let digits = without_zeros(digits);
    if negative && digits != "0" {
        out.push('-');
    }
    out.push_str(digits);
    Some(())
}

/// Writes a decimal, with an exponent where Python writes one (`1e-07`). `None` when the text is no number; JSON has
/// none for `nan` and `inf`.
pub(super) fn push_double(out: &mut String, text: &str) -> Option<()> {
    let (negative, rest) = sign(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.is_empty() || !all_digits(digits) {
            return None;
        }
    }
    if negative {
        out.push('-');
    }
    out.push_str(without_zeros(whole));
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    if let Some(exponent) = exponent {
        out.push('e');
        out.push_str(exponent);
    }
    Some(())
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// JSON has no leading zeros, and something before the point.
fn without_zeros(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_json_without_losing_digits() {
        let write = |push: fn(&mut String, &str) -> Option<()>, text: &str| {
            let mut out = String::new();
            push(&mut out, text).map(|()| out)
        };
        for (text, expected) in [
            ("0", "0"),
            ("-7", "-7"),
            ("+007", "7"),
            ("-0", "0"),
            ("9007199254740993", "9007199254740993"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            assert_eq!(write(push_integer, text).as_deref(), Some(expected), "{text}");
        }
        for (text, expected) in [
            ("0.0", "0.0"),
            ("-1234.5678", "-1234.5678"),
            ("1.10", "1.10"),
            ("1e-07", "1e-07"),
            ("1.0000000000000004e+16", "1.0000000000000004e+16"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+01.50E3", "1.50e3"),
        ] {
            assert_eq!(write(push_double, text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "-", "1_0", "0x1", "1 2", "--1", "\u{661}"] {
            assert_eq!(write(push_integer, text), None, "{text}");
            assert_eq!(write(push_double, text), None, "{text}");
        }
        for text in [".", "nan", "inf", "1e", "1e+", "e5", "1.2.3", "1e5.0"] {
            assert_eq!(write(push_double, text), None, "{text}");
        }
    }
}
