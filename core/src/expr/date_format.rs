//! `date_format`: times as texts, by patterns of letters as Java, Flink and ksqlDB have them. All in UTC.

use std::fmt::Write as _;

use super::time::civil;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// From Sunday.
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A time as a text. Letters stand for parts of it, as many of them as there are to be digits at least:
///
/// `y` year (`yy`: its last two digits), `M` month (`MMM`: Jan, `MMMM`: January), `d` day, `D` day of the year, `E` day of
/// the week (`E`: Mon, `EEEE`: Monday), `H` hour, `h` hour from 1 to 12, `a` AM or PM, `m` minute, `s` second, `S` digits of
/// the fraction of a second. What stands in `'` is taken as it is, `''` is the character itself; so is what is no letter.
///
/// # Errors
/// A letter that stands for nothing.
pub(crate) fn date_format(ns: i64, pattern: &str) -> Result<String, char> {
    let time = civil(ns);
    let mut text = String::with_capacity(pattern.len() + 4);
    let mut chars = pattern.chars().peekable();
    while let Some(letter) = chars.next() {
        if letter == '\'' {
            if chars.next_if_eq(&'\'').is_some() {
                text.push('\'');
                continue;
            }
            while let Some(plain) = chars.next() {
                if plain != '\'' {
                    text.push(plain);
                } else if chars.next_if_eq(&'\'').is_some() {
                    text.push('\'');
                } else {
                    break;
                }
            }
            continue;
        }
        if !letter.is_ascii_alphabetic() {
            text.push(letter);
            continue;
        }
        let mut digits = 1;
        while chars.next_if_eq(&letter).is_some() {
            digits += 1;
        }
        let twelve = (time.hour() + 11) % 12 + 1;
        let number = match letter {
            'y' | 'u' if digits == 2 => i64::from(time.year()).rem_euclid(100),
            'y' | 'u' => time.year().into(),
            'M' if digits >= 3 => {
                text.push_str(named(&MONTHS, usize::from(time.month().unsigned_abs()).wrapping_sub(1), digits));
                continue;
            }
            'E' => {
                let day = time.weekday().to_sunday_zero_offset().unsigned_abs();
                text.push_str(named(&DAYS, usize::from(day), digits));
                continue;
            }
            'a' => {
                text.push_str(if time.hour() < 12 { "AM" } else { "PM" });
                continue;
            }
            'S' => {
                let fraction = format!("{:09}", time.subsec_nanosecond());
                text.extend(fraction.chars().chain(std::iter::repeat('0')).take(digits));
                continue;
            }
            'M' => time.month().into(),
            'd' => time.day().into(),
            'D' => time.day_of_year().into(),
            'H' => time.hour().into(),
            'h' => twelve.into(),
            'm' => time.minute().into(),
            's' => time.second().into(),
            other => return Err(other),
        };
        // Writing to a text can't fail.
        let _ = write!(text, "{number:0digits$}");
    }
    Ok(text)
}

/// A name, whole if four letters ask for it.
fn named(names: &[&'static str], at: usize, letters: usize) -> &'static str {
    let name = names.get(at).copied().unwrap_or_default();
    if letters >= 4 { name } else { name.get(..3).unwrap_or(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::time::parse_time;

    #[test]
    fn letters_stand_for_parts_of_a_time() {
        let time = parse_time("2026-03-04T15:06:07.089Z").unwrap();
        for (pattern, text) in [
            ("yyyy-MM-dd HH:mm:ss.SSS", "2026-03-04 15:06:07.089"),
            ("d.M.yy", "4.3.26"),
            ("EEE, d MMM yyyy h:mm a", "Wed, 4 Mar 2026 3:06 PM"),
            ("EEEE MMMM", "Wednesday March"),
            ("yyyyMMdd'T'HHmmss", "20260304T150607"),
            ("H 'o''clock' ''", "15 o'clock '"),
            ("DDD S SSSSSS", "063 0 089000"),
            ("", ""),
        ] {
            assert_eq!(date_format(time, pattern).as_deref(), Ok(text), "{pattern}");
        }
        assert_eq!(date_format(parse_time("2026-03-04T00:30:00Z").unwrap(), "hh a").as_deref(), Ok("12 AM"));
    }

    #[test]
    fn a_letter_that_stands_for_nothing_is_named() {
        assert_eq!(date_format(0, "yyyy-MM-dd Q"), Err('Q'));
    }

    #[test]
    fn every_time_there_is_has_a_text() {
        for ns in [i64::MIN, -1, 0, i64::MAX] {
            assert!(date_format(ns, "yyyy MMMM EEEE D hh a SSSSSSSSSSSS").is_ok());
        }
    }
}
