//! Three-valued logic, and failure beside it.

use crate::codec::{Cell, Fault};

/// What a condition comes to for one event.
///
/// A failure is not an answer, but it need not spoil one: `FALSE AND failed` is false and `TRUE OR failed` is true,
/// as with unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It holds.
    True,
    /// Something that it depends on is null or missing, or of another kind than it is compared with.
    Unknown,
    /// Something that it depends on failed.
    Failed(Fault),
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    /// SQL's NOT.
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            other => other,
        }
    }
}

impl Truth {
    /// NOT if asked for.
    pub(crate) fn negated_if(self, negated: bool) -> Self {
        if negated { !self } else { self }
    }

    /// SQL's AND.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (failed @ Self::Failed(_), _) | (_, failed @ Self::Failed(_)) => failed,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::True, Self::True) => Self::True,
        }
    }

    /// SQL's OR.
    pub fn or(self, other: Self) -> Self {
        !(!self).and(!other)
    }

    /// As a cell.
    pub(crate) fn cell<'a>(self) -> Cell<'a> {
        match self {
            Self::False => Cell::Bool(false),
            Self::True => Cell::Bool(true),
            Self::Unknown => Cell::Null,
            Self::Failed(fault) => Cell::Failed(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{False, True, Unknown};
    use super::*;

    #[test]
    fn and_or_not_follow_sqls_tables() {
        let values = [True, False, Unknown];
        let and = [[True, False, Unknown], [False, False, False], [Unknown, False, Unknown]];
        let or = [[True, True, True], [True, False, Unknown], [True, Unknown, Unknown]];
        for (i, a) in values.into_iter().enumerate() {
            for (j, b) in values.into_iter().enumerate() {
                assert_eq!(a.and(b), and[i][j], "{a:?} AND {b:?}");
                assert_eq!(a.or(b), or[i][j], "{a:?} OR {b:?}");
            }
        }
        assert_eq!([!True, !False, !Unknown], [False, True, Unknown]);
    }

    #[test]
    fn a_failure_spoils_no_answer_that_stands_without_it() {
        let failed = Truth::Failed(Fault::Overflow);
        assert_eq!((False.and(failed), failed.and(False)), (False, False));
        assert_eq!((True.or(failed), failed.or(True)), (True, True));
        assert_eq!((True.and(failed), Unknown.or(failed), !failed), (failed, failed, failed));
    }
}
