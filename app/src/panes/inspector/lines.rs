//! A long text as rows of a fixed width, any of which can be had at once.
//!
//! A payload of twenty megabytes is often a single line. Rows are cut by bytes, moved back to the beginning of a
//! character, so that finding a row needs no counting from the start.

/// Where the lines of a text begin. Made once, by the job that loads the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// The first byte of each line, and at the end the text's length plus one.
    starts: Vec<usize>,
}

/// The rows of a text at one width.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    columns: usize,
    /// The first row of each line, and at the end the number of rows.
    first_rows: Vec<usize>,
}

impl Lines {
    /// Finds the lines of a text.
    pub fn of(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        starts.push(text.len() + 1);
        Self { starts }
    }

    /// Cuts the lines into rows of at most so many bytes.
    pub fn rows(&self, columns: usize) -> Rows {
        let columns = columns.max(8);
        let mut first_rows = Vec::with_capacity(self.starts.len());
        let mut row = 0;
        for pair in self.starts.windows(2) {
            first_rows.push(row);
            row += (pair[1] - 1 - pair[0]).div_ceil(columns).max(1);
        }
        first_rows.push(row);
        Rows { columns, first_rows }
    }
}

impl Rows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.first_rows.last().copied().unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes a row has at most.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// One row of the text that the lines are of.
    pub fn row<'t>(&self, text: &'t str, lines: &Lines, row: usize) -> &'t str {
        let line = self.first_rows.partition_point(|first| *first <= row).saturating_sub(1);
        let (Some(&start), Some(&next)) = (lines.starts.get(line), lines.starts.get(line + 1)) else { return "" };
        let end = next - 1;
        let nth = row - self.first_rows[line];
        let from = boundary(text, (start + nth * self.columns).min(end));
        let to = boundary(text, (start + (nth + 1) * self.columns).min(end));
        text.get(from..to).unwrap_or_default().trim_end_matches('\r')
    }
}

/// The beginning of the character that a byte is in.
fn boundary(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, columns: usize) -> Vec<String> {
        let lines = Lines::of(text);
        let rows = lines.rows(columns);
        (0..rows.len()).map(|row| rows.row(text, &lines, row).to_owned()).collect()
    }

    #[test]
    fn rows_put_together_are_the_text() {
        let long: String = (0..2_000).map(|i| if i % 7 == 0 { 'ž' } else { 'a' }).collect();
        for text in ["", "one", "0123456789", &long] {
            for columns in [8, 9, 64] {
                assert_eq!(all(text, columns).concat(), text);
            }
        }
    }

    #[test]
    fn no_row_is_longer_than_it_may_be() {
        let long = "žluťoučký kůň ".repeat(50);
        assert!(all(&long, 16).iter().all(|row| row.len() <= 16 + 1));
    }

    #[test]
    fn lines_keep_to_themselves() {
        assert_eq!(all("ab\n\ncdefghijkl\r\nm", 8), ["ab", "", "cdefghij", "kl", "m"]);
    }
}
