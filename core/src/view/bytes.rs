//! Numbers in as few bytes as they need.

use std::io;

/// Writes a number.
pub(super) fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a number that may be negative.
pub(super) fn put_signed(number: i64, out: &mut Vec<u8>) {
    put((number << 1 ^ number >> 63) as u64, out);
}

/// Writes bytes with their length.
pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Reads what was written.
#[derive(Debug, Clone)]
pub(super) struct Reader<'b> {
    pub(super) bytes: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.bytes.split_first().ok_or(io::ErrorKind::UnexpectedEof)?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    pub(super) fn signed(&mut self) -> io::Result<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn bytes(&mut self) -> io::Result<&'b [u8]> {
        let len = usize::try_from(self.number()?).map_err(|_| io::ErrorKind::InvalidData)?;
        let (bytes, rest) = self.bytes.split_at_checked(len).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.bytes = rest;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were() {
        for number in [0, 1, -1, 63, 64, -65, i64::MAX, i64::MIN, 1_700_000_000_000] {
            let mut out = Vec::new();
            put_signed(number, &mut out);
            put(number as u64, &mut out);
            put_bytes(b"abc", &mut out);
            let mut reader = Reader { bytes: &out };
            assert_eq!(reader.signed().unwrap(), number);
            assert_eq!(reader.number().unwrap(), number as u64);
            assert_eq!(reader.bytes().unwrap(), b"abc");
            assert!(reader.number().is_err(), "nothing is left");
        }
    }
}
