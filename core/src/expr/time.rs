//! Times in expressions: reading, rounding down, taking apart. All in UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::codec::Cell;
use crate::event::time::NS_PER_MS;

const SECOND: i64 = 1_000 * NS_PER_MS;
const DAY: i64 = 86_400 * SECOND;

/// An ISO 8601 time in nanoseconds since the epoch. Without an offset it is UTC; a space may stand for the `T`; a date
/// alone is its midnight. Held at the ends of what nanoseconds can say.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let moment = text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text
            .parse::<DateTime>()
            .ok()
            .or_else(|| text.parse::<jiff::civil::Date>().ok().map(|date| date.at(0, 0, 0, 0)))?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })?;
    Some(clamp(moment.as_nanosecond()))
}

pub(crate) fn clamp(ns: i128) -> i64 {
    ns.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// The present moment in nanoseconds since the epoch.
pub(crate) fn now() -> i64 {
    clamp(Timestamp::now().as_nanosecond())
}

/// A part of the calendar or the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    /// 0 is Sunday.
    DayOfWeek,
    DayOfYear,
    /// Seconds since the epoch, with a fraction.
    Epoch,
}

impl Unit {
    /// By SQL's name, in whatever case, singular or plural.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if name == "ms" {
            return Some(Self::Millisecond);
        }
        Some(match name.strip_suffix('s').unwrap_or(&name) {
            "millisecond" => Self::Millisecond,
            "second" => Self::Second,
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "year" => Self::Year,
            "dow" | "dayofweek" => Self::DayOfWeek,
            "doy" | "dayofyear" => Self::DayOfYear,
            "epoch" => Self::Epoch,
            _ => return None,
        })
    }

    /// How many milliseconds one of these is, where that is always the same.
    pub(crate) fn millis(self) -> Option<i64> {
        Some(match self {
            Self::Millisecond => 1,
            Self::Second => 1_000,
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
            Self::Week => 604_800_000,
            _ => return None,
        })
    }
}

/// The date and the clock of a time.
pub(crate) fn civil(ns: i64) -> DateTime {
    TimeZone::UTC.to_datetime(Timestamp::from_nanosecond(ns.into()).unwrap_or_default())
}

/// The beginning of the unit that a time lies in; `None` for parts that nothing is rounded to.
pub(crate) fn truncate(ns: i64, unit: Unit) -> Option<i64> {
    let floor = |size: i64, shift: i64| {
        let whole = (i128::from(ns) + i128::from(shift)).div_euclid(size.into()) * i128::from(size);
        clamp(whole - i128::from(shift))
    };
    let month_start = |month: i8| {
        let first = civil(ns).date().with().month(month).day(1).build().ok()?;
        let start = TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).ok()?;
        Some(clamp(start.as_nanosecond()))
    };
    let month = civil(ns).month();
    match unit {
        // The epoch was a Thursday; weeks begin on Monday.
        Unit::Week => Some(floor(7 * DAY, 3 * DAY)),
        Unit::Month => month_start(month),
        Unit::Quarter => month_start((month - 1) / 3 * 3 + 1),
        Unit::Year => month_start(1),
        fixed => Some(floor(fixed.millis()?.saturating_mul(NS_PER_MS), 0)),
    }
}

/// One part of a time, as a number.
pub(crate) fn part(ns: i64, unit: Unit) -> Cell<'static> {
    let civil = civil(ns);
    Cell::Int(match unit {
        Unit::Millisecond => civil.millisecond().into(),
        Unit::Second => civil.second().into(),
        Unit::Minute => civil.minute().into(),
        Unit::Hour => civil.hour().into(),
        Unit::Day => civil.day().into(),
        Unit::Week => civil.date().iso_week_date().week().into(),
        Unit::Month => civil.month().into(),
        Unit::Quarter => i64::from((civil.month() - 1) / 3 + 1),
        Unit::Year => civil.year().into(),
        Unit::DayOfWeek => civil.weekday().to_sunday_zero_offset().into(),
        Unit::DayOfYear => civil.day_of_year().into(),
        Unit::Epoch => return Cell::Decimal(Decimal::new(ns, 9).normalize()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_the_beginning_of_their_unit() {
        let time = parse_time("2026-03-14T09:26:53.589793238Z").unwrap();
        for (unit, start) in [
            ("second", "2026-03-14T09:26:53Z"),
            ("hour", "2026-03-14T09:00:00Z"),
            ("days", "2026-03-14"),
            ("week", "2026-03-09"),
            ("month", "2026-03-01"),
            ("quarter", "2026-01-01"),
            ("year", "2026-01-01"),
        ] {
            assert_eq!(truncate(time, Unit::named(unit).unwrap()), parse_time(start), "{unit}");
        }
        assert_eq!(truncate(-1, Unit::Day), parse_time("1969-12-31"));
        assert_eq!(truncate(time, Unit::Epoch), None);
        assert_eq!(part(time, Unit::DayOfWeek), Cell::Int(6));
        assert_eq!(part(time, Unit::Epoch).to_string(), "1773480413.589793238");
    }

    #[test]
    fn every_time_there_is_can_be_taken_apart() {
        for ns in [i64::MIN, -1, 0, i64::MAX] {
            for unit in ["second", "week", "month", "year", "doy", "epoch"] {
                let unit = Unit::named(unit).unwrap();
                part(ns, unit);
                truncate(ns, unit);
            }
        }
    }
}
