//! Bytes as rows of hex: `00000010  4f 52 44 …  ORD…`, one row at a time, so that any size can be shown.

use std::fmt;

/// How many bytes stand in a row.
pub const BYTES_PER_ROW: usize = 16;

/// Bytes laid out as rows. Nothing is made until a row is asked for.
#[derive(Debug, Clone, Copy)]
pub struct HexView<'a>(&'a [u8]);

/// One row: where it begins, its bytes, and both pictures of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HexRow<'a> {
    /// Offset of the row's first byte.
    pub offset: usize,
    /// The bytes; 16, or fewer in the last row.
    pub bytes: &'a [u8],
}

impl<'a> HexView<'a> {
    /// Lays out bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many rows there are.
    pub fn len(self) -> usize {
        self.0.len().div_ceil(BYTES_PER_ROW)
    }

    /// Whether there is no byte.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// One row; `None` beyond the end.
    pub fn row(self, row: usize) -> Option<HexRow<'a>> {
        let offset = row.checked_mul(BYTES_PER_ROW).filter(|&offset| offset < self.0.len())?;
        let end = offset.saturating_add(BYTES_PER_ROW).min(self.0.len());
        Some(HexRow { offset, bytes: &self.0[offset..end] })
    }

    /// Every row.
    pub fn rows(self) -> impl Iterator<Item = HexRow<'a>> {
        (0..self.len()).filter_map(move |row| self.row(row))
    }
}

impl HexRow<'_> {
    /// The offset in eight hex digits.
    pub fn offset_text(&self) -> String {
        format!("{:08x}", self.offset)
    }

    /// The bytes in hex, in two groups of eight, padded to a row's full width.
    pub fn hex_text(&self) -> String {
        let mut text = String::with_capacity(BYTES_PER_ROW * 3 + 1);
        for at in 0..BYTES_PER_ROW {
            if at > 0 {
                text.push_str(if at == BYTES_PER_ROW / 2 { "  " } else { " " });
            }
            match self.bytes.get(at) {
                Some(byte) => text.push_str(&format!("{byte:02x}")),
                None => text.push_str("  "),
            }
        }
        text
    }

    /// The bytes as ASCII, `·` for what has no picture.
    pub fn ascii_text(&self) -> String {
        let picture = |&byte: &u8| if (0x20..0x7F).contains(&byte) { char::from(byte) } else { '·' };
        self.bytes.iter().map(picture).collect()
    }
}

impl fmt::Display for HexRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  {}", self.offset_text(), self.hex_text(), self.ascii_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_hold_every_byte_once_and_end_with_the_rest() {
        let bytes: Vec<u8> = (0..=40).collect();
        let view = HexView::new(&bytes);
        assert_eq!(view.len(), 3);
        assert_eq!(view.rows().flat_map(|row| row.bytes.to_vec()).collect::<Vec<_>>(), bytes);
        assert_eq!(view.row(3), None);
        assert_eq!(view.row(usize::MAX), None);
        assert_eq!(
            view.row(2).map(|row| row.to_string()),
            Some(format!("00000020  {:<48}  {}", "20 21 22 23 24 25 26 27  28", " !\"#$%&'("))
        );
    }
}
