//! Whether an entity's values tie, by what was seen of them.

use super::field::Field;

/// So many stories of each value are a few.
const A_FEW: usize = 3;
/// An order goes through so many traces or requests, hardly through more.
const MANY: usize = 4;

/// What the events that were looked at say of an entity's values.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) values: usize,
    /// Values that several events say.
    pub(super) recurring: usize,
    /// Values that at least one story (of two events or more) says.
    pub(super) known: usize,
    /// The stories of all of them together.
    pub(super) stories: usize,
    /// Values that several stories say which a finer value tells apart, and how many stories those are.
    pub(super) several: usize,
    pub(super) apart: usize,
    /// Values that tie what was not tied yet.
    pub(super) joining: usize,
    /// How often a value was said, and how often by a field of the same event that ties anyway.
    pub(super) said: u64,
    pub(super) said_again: u64,
}

impl Judged {
    /// An order is told in several traces, and still is one story. What ties stories that a finer value tells apart is
    /// coarse, as a customer is; if it has hardly any values, as tenants may, each must tie a good many. What ties very
    /// many traces is coarse too, though nothing finer is known.
    fn is_coarse(&self) -> bool {
        let many = self.several >= 3 && self.several * 100 >= self.known;
        let few = self.several * 2 >= self.known && self.several > 0 && self.apart >= A_FEW * self.several;
        many || few || self.ties_many()
    }

    fn ties_many(&self) -> bool {
        self.stories > MANY * self.known
    }

    fn is_said_again(&self) -> bool {
        self.said_again * 100 >= self.said * 99
    }

    pub(super) fn ties(&self, field: &Field) -> bool {
        let cheap = !matches!(field, Field::Value(_));
        let joins = self.joining > 0 && self.joining * 1000 >= self.values && !self.is_said_again();
        self.recurring > 0 && !self.is_coarse() && (cheap || joins)
    }

    /// Whether it ties nothing that is not tied already, and tells stories apart: what a person calls them by.
    pub(super) fn names(&self) -> bool {
        self.recurring > 0 && !self.is_coarse() && self.joining == 0 && !self.is_said_again()
    }

    pub(super) fn because(&self, ties: bool) -> String {
        match () {
            () if ties => format!("{} of {} values recur", self.recurring, self.values),
            () if self.is_coarse() && self.several > 0 => {
                format!("coarse: {} of {} values would tie several stories", self.several, self.known)
            }
            () if self.is_coarse() => {
                format!("coarse: {} values would tie {} stories", self.known, self.stories)
            }
            () if self.recurring == 0 => "no two events share a value".to_owned(),
            () if self.is_said_again() => "another field of the same events says the same".to_owned(),
            () => "its events are tied already".to_owned(),
        }
    }
}
