//! Aggregates: functions over many rows, as an expression calls them.

use super::Type;
use super::formula::Formula;

/// A function over many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum AggregateFunction {
    /// `count(*)`: rows. `count(x)`: rows where x is not null. `count(DISTINCT x)`: different values of x.
    Count,
    /// The sum of numbers, exact where they are.
    Sum,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The sum divided by the count.
    Avg,
    /// The value of the row with the smallest time; of several, the first that came.
    First,
    /// The value of the row with the largest time; of several, the last that came.
    Last,
    /// `quantile(x, q)`: the value below which a share q of the values lies; exact, between two values in proportion.
    Quantile,
    /// The standard deviation of a sample.
    StdDev,
    /// Every value, as an array in the order in which they came.
    CollectList,
    /// Every different value, as an array in the order of values.
    CollectSet,
    /// `top(x, n)`: the n largest values, largest first, as an array.
    Top,
}

impl AggregateFunction {
    /// Every function with its names, the first of which is shown, and what it is for.
    pub const ALL: [(Self, &'static [&'static str], &'static str); 12] = [
        (Self::Count, &["count"], "count(*) rows, count(x) values, count(DISTINCT x) different values"),
        (Self::Sum, &["sum"], "sum(x): the sum, exact where the numbers are"),
        (Self::Min, &["min"], "min(x): the smallest value"),
        (Self::Max, &["max"], "max(x): the largest value"),
        (Self::Avg, &["avg", "mean"], "avg(x): the sum divided by the count"),
        (Self::First, &["first", "earliest_by_offset"], "first(x): the value at the smallest time"),
        (Self::Last, &["last", "latest_by_offset"], "last(x): the value at the largest time"),
        (Self::Quantile, &["quantile", "percentile_cont"], "quantile(x, 0.95): the value below which that share lies"),
        (Self::StdDev, &["stddev", "stddev_samp"], "stddev(x): the standard deviation of a sample"),
        (Self::CollectList, &["collect_list", "array_agg"], "collect_list(x): every value, in the order they came"),
        (Self::CollectSet, &["collect_set"], "collect_set(x): every different value, in their order"),
        (Self::Top, &["top"], "top(x, 3): the largest values, largest first"),
    ];

    /// The function of a name, in whatever case.
    pub fn named(name: &str) -> Option<Self> {
        let is_it = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        Self::ALL.into_iter().find(|(_, names, _)| is_it(names)).map(|(function, ..)| function)
    }

    /// The name that is shown.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(function, ..)| *function == self).map_or("", |(_, names, _)| names[0])
    }

    /// What it gives for values of a type.
    pub(crate) fn result(self, of: Type) -> Type {
        match self {
            Self::Count | Self::Sum | Self::Avg | Self::StdDev | Self::Quantile => Type::Number,
            Self::Min | Self::Max | Self::First | Self::Last => of,
            Self::CollectList | Self::CollectSet | Self::Top => Type::Any,
        }
    }

    /// What it takes, if that must be of a type.
    pub(crate) fn takes(self) -> Type {
        match self {
            Self::Sum | Self::Avg | Self::StdDev | Self::Quantile => Type::Number,
            _ => Type::Any,
        }
    }

    /// Whether it takes a constant after the value: a share, or a number of values.
    pub(crate) fn takes_constant(self) -> bool {
        matches!(self, Self::Quantile | Self::Top)
    }
}

/// A call of an aggregate.
#[derive(Debug, Clone)]
pub struct AggregateCall {
    /// The function.
    pub function: AggregateFunction,
    /// What is aggregated; `None` is every row (`count(*)`).
    pub argument: Option<Formula>,
    /// Whether of equal values only one counts.
    pub distinct: bool,
    /// The constant behind the value: a share from 0 to 1, or a number of values.
    pub constant: Option<f64>,
    /// Which rows count (`FILTER (WHERE …)`); `None` is all.
    pub filter: Option<Formula>,
}
