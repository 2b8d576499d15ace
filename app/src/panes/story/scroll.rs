//! Scrolling by rank.
//!
//! A hundred million rows of 22 pixels are far more than f32 can count one by one, so the place in the list is the row
//! at the top (u64) and how many of its pixels are already above the edge. The scroll bar maps to rows in f64.

/// The height of a row.
pub const ROW: f32 = 22.0;

/// A place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scroll {
    /// The row at the upper edge.
    pub top: u64,
    /// How many of its pixels are above the edge, from 0 to less than [`ROW`].
    pub hidden: f32,
}

/// The list that is scrolled: how many rows, in how many pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Extent {
    /// How many rows there are.
    pub rows: u64,
    /// The height they are seen through.
    pub height: f32,
}

impl Extent {
    /// The lowest place: the last row stands at the lower edge.
    fn lowest(self) -> Scroll {
        let fit = (self.height / ROW).floor();
        let rest = self.height - fit * ROW;
        if self.rows <= fit as u64 {
            return Scroll::default();
        }
        let top = self.rows - fit as u64;
        if rest > 0.0 { Scroll { top: top - 1, hidden: ROW - rest } } else { Scroll { top, hidden: 0.0 } }
    }

    /// How many rows fit whole, at least one.
    pub fn page(self) -> u64 {
        ((self.height / ROW).floor() as u64).max(1)
    }
}

impl Scroll {
    /// Held within the list.
    pub fn held(self, extent: Extent) -> Self {
        let lowest = extent.lowest();
        if self.position() > lowest.position() { lowest } else { self }
    }

    /// Moved down by so many pixels (up if negative).
    pub fn by_pixels(self, pixels: f32, extent: Extent) -> Self {
        let rows = (f64::from(self.hidden) + f64::from(pixels)) / f64::from(ROW);
        let whole = rows.floor();
        let top = self.top as i128 + whole as i128;
        if top < 0 {
            return Self::default();
        }
        let hidden = ((rows - whole) * f64::from(ROW)) as f32;
        Self { top: top as u64, hidden: hidden.clamp(0.0, ROW - 0.001) }.held(extent)
    }

    /// Moved as little as it takes to see a row whole.
    pub fn revealing(self, row: u64, extent: Extent) -> Self {
        let at_top = Self { top: row, hidden: 0.0 };
        let at_bottom = Extent { rows: row + 1, ..extent }.lowest();
        if row < self.top || (row == self.top && self.hidden > 0.0) {
            at_top.held(extent)
        } else if self.position() < at_bottom.position() {
            at_bottom.held(extent)
        } else {
            self
        }
    }

    /// With a row in the middle.
    pub fn centring(row: u64, extent: Extent) -> Self {
        Self { top: row.saturating_sub(extent.page() / 2), hidden: 0.0 }.held(extent)
    }

    /// At the last row.
    pub fn at_end(extent: Extent) -> Self {
        extent.lowest()
    }

    /// Whether the last row is seen whole.
    pub fn is_at_end(self, extent: Extent) -> bool {
        self.position() >= extent.lowest().position() - 0.02
    }

    /// The rows on the screen, the ones cut at the edges too.
    pub fn rows(self, extent: Extent) -> std::ops::Range<u64> {
        let seen = ((extent.height + self.hidden) / ROW).ceil() as u64;
        self.top.min(extent.rows)..self.top.saturating_add(seen).min(extent.rows)
    }

    /// The y of a row's upper edge, from the upper edge of the list.
    pub fn y_of(self, row: u64) -> f32 {
        (row as i128 - i128::from(self.top)) as f32 * ROW - self.hidden
    }

    /// The place as a share of the way to the end, for the scroll bar.
    pub fn share(self, extent: Extent) -> f64 {
        let lowest = extent.lowest().position();
        if lowest <= 0.0 { 0.0 } else { (self.position() / lowest).clamp(0.0, 1.0) }
    }

    /// The place at a share of the way to the end.
    pub fn at_share(share: f64, extent: Extent) -> Self {
        let position = extent.lowest().position() * share.clamp(0.0, 1.0);
        let top = position.floor();
        Self { top: top as u64, hidden: ((position - top) * f64::from(ROW)) as f32 }.held(extent)
    }

    /// Rows above the edge, with a fraction.
    fn position(self) -> f64 {
        self.top as f64 + f64::from(self.hidden / ROW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIG: Extent = Extent { rows: 100_000_000, height: 415.0 };

    #[test]
    fn a_pixel_is_a_pixel_at_the_end_of_a_hundred_million_rows() {
        let mut place = Scroll { top: 99_000_000, hidden: 0.0 };
        for _ in 0..220 {
            place = place.by_pixels(1.0, BIG);
        }
        assert_eq!(place.top, 99_000_010);
        assert!(place.hidden < 0.01 || place.hidden > ROW - 0.01, "{place:?}");
    }

    #[test]
    fn the_last_row_ends_at_the_lower_edge() {
        let end = Scroll::at_end(BIG);
        assert!((end.y_of(BIG.rows - 1) + ROW - BIG.height).abs() < 0.01);
        assert!(end.is_at_end(BIG));
        assert_eq!(end.by_pixels(500.0, BIG), end);
        assert!(!end.by_pixels(-1.0, BIG).is_at_end(BIG));
    }

    #[test]
    fn a_short_list_does_not_scroll() {
        let short = Extent { rows: 5, height: 415.0 };
        assert_eq!(Scroll::default().by_pixels(100.0, short), Scroll::default());
        assert_eq!(Scroll::at_end(short), Scroll::default());
        assert_eq!(Scroll::default().rows(short), 0..5);
        assert_eq!(Scroll::default().share(short), 0.0);
    }

    #[test]
    fn revealing_moves_as_little_as_it_takes() {
        let place = Scroll { top: 1_000, hidden: 7.0 };
        assert_eq!(place.revealing(1_005, BIG), place);
        assert_eq!(place.revealing(1_000, BIG), Scroll { top: 1_000, hidden: 0.0 });
        for row in [0, 3, 1_018, 5_000_000, 99_999_999] {
            let place = place.revealing(row, BIG);
            let y = place.y_of(row);
            assert!(y >= -0.01 && y + ROW <= BIG.height + 0.01, "{row}: {y}");
        }
    }

    #[test]
    fn the_scroll_bar_reaches_every_part() {
        for share in [0.0, 0.25, 0.5, 0.999, 1.0] {
            let place = Scroll::at_share(share, BIG);
            assert!((place.share(BIG) - share).abs() < 1e-6, "{share}");
        }
        assert_eq!(Scroll::at_share(1.0, BIG), Scroll::at_end(BIG));
    }

    #[test]
    fn scrolling_there_and_back_comes_home() {
        let place = Scroll { top: 50_000_000, hidden: 3.0 };
        let back = place.by_pixels(12_345.0, BIG).by_pixels(-12_345.0, BIG);
        assert_eq!(back.top, place.top);
        assert!((back.hidden - place.hidden).abs() < 0.01);
    }
}
