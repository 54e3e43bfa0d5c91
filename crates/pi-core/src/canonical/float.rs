//! Floats in Python's notation.

/// The text of `repr(value)` in CPython for a finite `value`: the shortest
/// digits that read back to the same float, with an exponent below 1e-4 and
/// from 1e16 on. `None` for NaN and infinities, which JSON cannot express.
pub fn python_float(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    // `{:e}` prints a shortest round trip as `d.ddde±x`. Of several with the same
    // number of digits CPython takes the nearest, and of two equally near ones
    // the even one, which is what printing to that number of digits gives.
    let shortest = format!("{value:e}");
    let digits = shortest.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count();
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let body = if (-4..16).contains(&exponent) {
        positional(&digits, exponent)
    } else {
        let (first, rest) = digits.split_at_checked(1)?;
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        format!("{first}{point}{rest}e{exponent_sign}{:02}", exponent.abs())
    };
    Some(format!("{sign}{body}"))
}

/// `digits` with the decimal point after position `exponent`.
fn positional(digits: &str, exponent: i32) -> String {
    match usize::try_from(exponent) {
        Ok(exponent) => {
            let whole = exponent + 1;
            match digits.split_at_checked(whole) {
                Some((integer, "")) => format!("{integer}.0"),
                Some((integer, fraction)) => format!("{integer}.{fraction}"),
                None => format!("{digits}{}.0", "0".repeat(whole - digits.len())),
            }
        }
        Err(_) => {
            let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
            format!("0.{}{digits}", "0".repeat(zeros))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::python_float;

    #[test]
    fn python_notation() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (1.5, "1.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e15, "1000000000000000.0"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (1.25e16, "1.25e+16"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (-123.456, "-123.456"),
            // Exactly between two shortest forms.
            (1_025_261_486_565_877.2, "1025261486565877.2"),
            (9_007_199_254_740_993.5 / 8.0, "1125899906842624.2"),
        ] {
            assert_eq!(python_float(value).as_deref(), Some(expected));
        }
        assert_eq!(python_float(f64::NAN), None);
        assert_eq!(python_float(f64::INFINITY), None);
    }
}
