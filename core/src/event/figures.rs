//! Figures as a person reads them: thousands separated, sizes in binary units, rates.

/// A whole number with thousands separated: `1,204,000`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A signed whole number with thousands separated.
pub fn signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", count(number.unsigned_abs()))
}

/// A number as it is written out, its thousands separated: `-1234.50` is `-1,234.50`. What has an exponent, or is no
/// number, stays as it is.
pub fn separated(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() < 4 || !digits(whole) || !digits(fraction.trim_start_matches('.')) {
        return number.to_owned();
    }
    let mut text = String::with_capacity(number.len() + whole.len() / 3);
    text.push_str(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

/// A number and its noun, in the plural where it must be: `1 event`, `12 events`.
pub fn of(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A number in a few figures: `940`, `6,610`, `12.4 k`, `1.2 M`.
pub fn short(number: f64) -> String {
    let (scaled, unit) = match number.abs() {
        n if n >= 1e9 => (number / 1e9, " G"),
        n if n >= 1e6 => (number / 1e6, " M"),
        n if n >= 1e4 => (number / 1e3, " k"),
        _ => (number, ""),
    };
    match unit {
        "" => signed(number.round() as i64),
        _ if scaled.abs() >= 100.0 => format!("{scaled:.0}{unit}"),
        _ => format!("{scaled:.1}{unit}"),
    }
}

/// How often something is, in the unit that reads best: `12.4/s`, `3.0/min`, `1.5/h`.
pub fn rate(per_second: f64) -> String {
    let (scaled, unit) = match per_second {
        n if n >= 0.95 => (n, "s"),
        n if n * 60.0 >= 0.95 => (n * 60.0, "min"),
        n => (n * 3_600.0, "h"),
    };
    if scaled < 99.95 { format!("{scaled:.1}/{unit}") } else { format!("{}/{unit}", short(scaled)) }
}

/// A size in bytes: `96 B`, `1.4 KB`, `214 MB`, in steps of 1,024.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut scaled = size as f64;
    let mut unit = 0;
    while scaled >= 1023.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    if unit == 0 || scaled >= 99.95 {
        format!("{scaled:.0} {}", UNITS[unit])
    } else {
        format!("{scaled:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (11_320_000, "11,320,000")];
        for (number, text) in cases {
            assert_eq!(count(number), text);
        }
        assert_eq!(signed(-1_234), "-1,234");
        let written = [
            ("-1234.50", "-1,234.50"),
            ("999", "999"),
            ("12345678901234567890.123456", "12,345,678,901,234,567,890.123456"),
        ];
        for (number, text) in written.into_iter().chain([("1e21", "1e21"), ("NaN", "NaN"), ("12345e3", "12345e3")]) {
            assert_eq!(separated(number), text);
        }
    }

    #[test]
    fn figures_take_the_unit_that_reads_best() {
        assert_eq!(short(940.0), "940");
        assert_eq!(short(1_200_000.0), "1.2 M");
        assert_eq!([rate(12.44), rate(0.05), rate(0.0004), rate(1_250.0)], ["12.4/s", "3.0/min", "1.4/h", "1,250/s"]);
        assert_eq!(bytes(96), "96 B");
        assert_eq!(bytes(1_434), "1.4 KB");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(214 << 20), "214 MB");
        assert_eq!(of(1, "event"), "1 event");
    }
}
