//! Writing bytes without the machinery of `format!`: the sample writes hundreds of bytes for each of millions of events.

use super::day::DAY_START_MS;

pub(super) const HEX: [u8; 16] = *b"0123456789abcdef";

/// What can be written at the end of a buffer.
pub(super) trait Ink {
    fn text(&mut self, text: &str) -> &mut Self;
    fn number(&mut self, number: u64) -> &mut Self;
    /// A number of so many digits, with zeros in front.
    fn digits(&mut self, number: u32, count: usize) -> &mut Self;
    /// Money: cents as a decimal with two places.
    fn money(&mut self, cents: u64) -> &mut Self;
    /// The lowest digits of a number in base 16.
    fn hex(&mut self, bits: u64, digits: u32) -> &mut Self;
    /// A UUID of version 4 made of these bits.
    fn uuid(&mut self, high: u64, low: u64) -> &mut Self;
    /// A moment of the sample in ISO 8601 with milliseconds.
    fn moment(&mut self, at_ms: i32) -> &mut Self;
}

impl Ink for Vec<u8> {
    fn text(&mut self, text: &str) -> &mut Self {
        self.extend_from_slice(text.as_bytes());
        self
    }

    fn number(&mut self, mut number: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.extend_from_slice(&digits[at..]);
        self
    }

    fn digits(&mut self, mut number: u32, count: usize) -> &mut Self {
        let mut digits = [b'0'; 10];
        for digit in digits[..count].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        self.extend_from_slice(&digits[..count]);
        self
    }

    fn money(&mut self, cents: u64) -> &mut Self {
        self.number(cents / 100).text(".").digits((cents % 100) as u32, 2)
    }

    fn hex(&mut self, bits: u64, digits: u32) -> &mut Self {
        let mut text = [0; 16];
        for (digit, shift) in text[..digits as usize].iter_mut().zip((0..digits).rev()) {
            *digit = HEX[(bits >> (4 * shift)) as usize & 15];
        }
        self.extend_from_slice(&text[..digits as usize]);
        self
    }

    fn uuid(&mut self, high: u64, low: u64) -> &mut Self {
        let high = (high & !0xF000) | 0x4000;
        let low = (low & !(3 << 62)) | (2 << 62);
        self.hex(high >> 32, 8).text("-").hex(high >> 16, 4).text("-").hex(high, 4).text("-");
        self.hex(low >> 48, 4).text("-").hex(low, 12)
    }

    fn moment(&mut self, at_ms: i32) -> &mut Self {
        const DAY_MS: i32 = 86_400_000;
        debug_assert!((0..2 * DAY_MS).contains(&(at_ms + DAY_MS)), "{at_ms} ms, from {DAY_START_MS}");
        let (day, ms) = (14 + at_ms.div_euclid(DAY_MS), at_ms.rem_euclid(DAY_MS) as u32);
        self.text("2026-03-").digits(day as u32, 2).text("T");
        self.digits(ms / 3_600_000, 2).text(":").digits(ms / 60_000 % 60, 2).text(":");
        self.digits(ms / 1000 % 60, 2).text(".").digits(ms % 1000, 3).text("Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::time::format_iso_ms;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for number in [0, 9, 10, 1_234_567, u64::MAX] {
            assert_eq!(written(|ink| _ = ink.number(number)), number.to_string());
        }
        assert_eq!(written(|ink| _ = ink.money(12_905)), "129.05");
        assert_eq!(written(|ink| _ = ink.money(7)), "0.07");
        assert_eq!(written(|ink| _ = ink.hex(0xAB_CDEF, 8)), "00abcdef");
    }

    #[test]
    fn a_moment_is_written_as_everywhere_else() {
        for at_ms in [0, 1, 33_247_482, 86_399_999, 86_400_000 - 1 + 700_000, -1] {
            assert_eq!(written(|ink| _ = ink.moment(at_ms)), format_iso_ms(DAY_START_MS + i64::from(at_ms)));
        }
    }

    #[test]
    fn a_uuid_is_one() {
        let text = written(|ink| _ = ink.uuid(u64::MAX, u64::MAX));
        assert_eq!(uuid::Uuid::parse_str(&text).unwrap().get_version_num(), 4);
    }
}
