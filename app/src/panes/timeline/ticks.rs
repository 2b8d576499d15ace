//! Where the ruler's lines stand and what they say, from centuries down to a millisecond.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::axis::{SECOND, Stretch};

const MS: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A line on the ruler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Where it stands.
    pub ns: i64,
    /// What it says; empty for the lines between.
    pub label: String,
    /// Whether a new day (month, year) begins here, as the label then says.
    pub turns: bool,
}

/// The distance between two labelled lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Fixed { ns: i64, minor_ns: i64 },
    Days(i32),
    Months(i32),
    Years(i32),
}

const STEPS: [Step; 38] = {
    const fn fixed(ns: i64, minor_ns: i64) -> Step {
        Step::Fixed { ns, minor_ns }
    }
    [
        fixed(MS, MS),
        fixed(2 * MS, MS),
        fixed(5 * MS, MS),
        fixed(10 * MS, 2 * MS),
        fixed(20 * MS, 5 * MS),
        fixed(50 * MS, 10 * MS),
        fixed(100 * MS, 20 * MS),
        fixed(200 * MS, 50 * MS),
        fixed(500 * MS, 100 * MS),
        fixed(SECOND, 200 * MS),
        fixed(2 * SECOND, 500 * MS),
        fixed(5 * SECOND, SECOND),
        fixed(10 * SECOND, 2 * SECOND),
        fixed(15 * SECOND, 5 * SECOND),
        fixed(30 * SECOND, 5 * SECOND),
        fixed(MINUTE, 15 * SECOND),
        fixed(2 * MINUTE, 30 * SECOND),
        fixed(5 * MINUTE, MINUTE),
        fixed(10 * MINUTE, 2 * MINUTE),
        fixed(15 * MINUTE, 5 * MINUTE),
        fixed(30 * MINUTE, 5 * MINUTE),
        fixed(HOUR, 15 * MINUTE),
        fixed(2 * HOUR, 30 * MINUTE),
        fixed(3 * HOUR, HOUR),
        fixed(6 * HOUR, HOUR),
        fixed(12 * HOUR, 3 * HOUR),
        Step::Days(1),
        Step::Days(2),
        Step::Days(7),
        Step::Months(1),
        Step::Months(3),
        Step::Months(6),
        Step::Years(1),
        Step::Years(2),
        Step::Years(5),
        Step::Years(10),
        Step::Years(20),
        Step::Years(50),
    ]
};

impl Step {
    fn about_ns(self) -> i64 {
        match self {
            Self::Fixed { ns, .. } => ns,
            Self::Days(days) => i64::from(days) * DAY,
            Self::Months(months) => i64::from(months) * 30 * DAY,
            Self::Years(years) => i64::from(years) * 365 * DAY,
        }
    }

    /// Milliseconds need a wider label than seconds.
    fn label_px(self) -> f64 {
        match self {
            Self::Fixed { ns, .. } if ns < SECOND => 132.0,
            _ => 104.0,
        }
    }
}

/// The ruler's lines over a stretch of time, labelled ones at least a label's width apart, in order.
pub fn ticks(view: Stretch, ns_per_px: f64, zone: &TimeZone) -> Vec<Tick> {
    let fits = |step: &&Step| step.about_ns() as f64 / ns_per_px >= step.label_px();
    let step = STEPS.iter().find(fits).unwrap_or(&STEPS[STEPS.len() - 1]);
    match *step {
        Step::Fixed { ns, minor_ns } => fixed_ticks(view, ns, minor_ns, zone),
        Step::Days(days) => {
            civil_ticks(view, zone, |date| day_step(date, days), |date| (day_label(date), date.day() == 1))
        }
        Step::Months(months) => {
            civil_ticks(view, zone, |date| month_step(date, months), |date| (month_label(date), date.month() == 1))
        }
        Step::Years(years) => {
            civil_ticks(view, zone, |date| year_step(date, years), |date| (date.year().to_string(), false))
        }
    }
}

/// The date at a moment, as the ruler's corner says it.
pub fn date_at(ns: i64, zone: &TimeZone) -> String {
    Timestamp::from_nanosecond(i128::from(ns))
        .map(|moment| moment.to_zoned_datetime(zone.clone()).date().to_string())
        .unwrap_or_default()
}

fn fixed_ticks(view: Stretch, step: i64, minor: i64, zone: &TimeZone) -> Vec<Tick> {
    let offset = |ns: i64| {
        Timestamp::from_nanosecond(i128::from(ns)).map_or(0, |at| i64::from(zone.to_offset(at).seconds()) * SECOND)
    };
    let first_offset = offset(view.from_ns);
    let aligned = |ns: i64, by: i64| (ns + first_offset).div_euclid(by) * by - first_offset;
    let mut ticks = Vec::new();
    let mut at = aligned(view.from_ns, minor);
    while at < view.to_ns {
        let local = at + offset(at);
        if at >= view.from_ns {
            let labelled = local.rem_euclid(step) == 0;
            let turns = local.rem_euclid(DAY) == 0;
            let label = match (labelled || turns, turns) {
                (false, _) => String::new(),
                (true, true) => date_of_local(local).map_or_else(String::new, day_label),
                (true, false) => time_label(local, step),
            };
            ticks.push(Tick { ns: at, label, turns });
        }
        let Some(next) = at.checked_add(minor) else { break };
        at = next;
    }
    ticks
}

fn date_of_local(local_ns: i64) -> Option<Date> {
    Timestamp::from_nanosecond(i128::from(local_ns)).ok().map(|at| at.to_zoned_datetime(TimeZone::UTC).date())
}

fn time_label(local_ns: i64, step: i64) -> String {
    let of_day = local_ns.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / HOUR, of_day / MINUTE % 60, of_day / SECOND % 60);
    if step < SECOND {
        format!("{hour:02}:{minute:02}:{second:02}.{:03}", of_day / MS % 1_000)
    } else if step < HOUR {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{hour:02}:{minute:02}")
    }
}

fn day_label(date: Date) -> String {
    format!("{} {}", date.day(), month_name(date))
}

fn month_label(date: Date) -> String {
    if date.month() == 1 { date.year().to_string() } else { month_name(date).to_owned() }
}

fn month_name(date: Date) -> &'static str {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES[(date.month() as usize - 1).min(11)]
}

/// The start of the date's step, and the start of the next one.
type StepOf = (Date, Option<Date>);

fn day_step(date: Date, days: i32) -> StepOf {
    // Weeks begin on Mondays; other spans count from the first of the month.
    let back = match days {
        7 => i32::from(date.weekday().to_monday_zero_offset()),
        days => (i32::from(date.day()) - 1) % days,
    };
    let start = date.checked_sub(back.days()).unwrap_or(date);
    let mut next = start.checked_add(days.days()).ok();
    if days != 7 {
        let month_turns = date.first_of_month().checked_add(1.month()).ok();
        // A line on the 31st and one on the 1st would touch.
        next = match (next, month_turns) {
            (Some(next), Some(turn)) if turn < next.checked_add((days / 2).days()).unwrap_or(next) => Some(turn),
            (next, _) => next,
        };
    }
    (start, next)
}

fn month_step(date: Date, months: i32) -> StepOf {
    let back = (i32::from(date.month()) - 1) % months;
    let start = date.first_of_month().checked_sub(back.months()).unwrap_or(date);
    (start, start.checked_add(months.months()).ok())
}

fn year_step(date: Date, years: i32) -> StepOf {
    let back = i32::from(date.year()).rem_euclid(years);
    let start = date.first_of_year().checked_sub(back.years()).unwrap_or(date);
    (start, start.checked_add(years.years()).ok())
}

/// When a date begins in a zone.
fn midnight_ns(date: Date, zone: &TimeZone) -> Option<i64> {
    let midnight = date.to_zoned_datetime(zone.clone()).ok()?;
    i64::try_from(midnight.timestamp().as_nanosecond()).ok()
}

fn civil_ticks(
    view: Stretch,
    zone: &TimeZone,
    step: impl Fn(Date) -> StepOf,
    label: impl Fn(Date) -> (String, bool),
) -> Vec<Tick> {
    let Ok(start) = Timestamp::from_nanosecond(i128::from(view.from_ns)) else { return Vec::new() };
    let mut date = step(start.to_zoned_datetime(zone.clone()).date()).0;
    let mut ticks = Vec::new();
    while let Some(ns) = midnight_ns(date, zone).filter(|ns| *ns < view.to_ns) {
        if ns >= view.from_ns {
            let (label, turns) = label(date);
            ticks.push(Tick { ns, label, turns });
        }
        let Some(next) = step(date).1.filter(|next| *next > date) else { break };
        date = next;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: f64 = 1_000.0;

    fn start() -> i64 {
        "2026-03-14T09:11:50Z".parse::<Timestamp>().unwrap().as_nanosecond() as i64
    }

    fn labelled(from_ns: i64, len: i64, zone: &TimeZone) -> Vec<Tick> {
        let view = Stretch { from_ns, to_ns: from_ns + len };
        ticks(view, len as f64 / WIDTH, zone).into_iter().filter(|tick| !tick.label.is_empty()).collect()
    }

    #[test]
    fn labels_never_touch_at_any_zoom() {
        let mut len = 2 * MS;
        while len < 100 * 365 * DAY {
            for zone in [TimeZone::UTC, TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC)] {
                let ticks = labelled(start(), len, &zone);
                assert!(ticks.len() <= 13, "{len}: {}", ticks.len());
                for pair in ticks.windows(2) {
                    let px = (pair[1].ns - pair[0].ns) as f64 / (len as f64 / WIDTH);
                    assert!(px >= 50.0, "{len}: {px} px between {} and {}", pair[0].label, pair[1].label);
                }
            }
            len = len / 10 * 13;
        }
    }

    #[test]
    fn there_is_always_a_label_to_read() {
        let mut len = 2 * MS;
        while len < 100 * 365 * DAY {
            assert!(labelled(start(), len, &TimeZone::UTC).len() >= 2, "{len}");
            len = len / 10 * 13;
        }
    }

    #[test]
    fn minutes_are_labelled_as_drawn() {
        let labels: Vec<String> =
            labelled(start(), 330 * SECOND, &TimeZone::UTC).into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["09:12:00", "09:13:00", "09:14:00", "09:15:00", "09:16:00", "09:17:00"]);
    }

    #[test]
    fn midnight_says_the_day() {
        let ticks = labelled(start() + 14 * HOUR, 4 * HOUR, &TimeZone::UTC);
        let turn = ticks.iter().find(|tick| tick.turns).unwrap();
        assert_eq!(turn.label, "15 Mar");
    }

    #[test]
    fn a_zone_with_odd_minutes_is_labelled_on_its_own_hours() {
        let zone = TimeZone::fixed(jiff::tz::offset(5).checked_add(45.minutes()).unwrap());
        for tick in labelled(start(), 20 * HOUR, &zone).iter().filter(|tick| !tick.turns) {
            assert!(tick.label.ends_with(":00"), "{}", tick.label);
        }
    }

    #[test]
    fn months_begin_on_their_first_day() {
        for tick in labelled(start(), 700 * DAY, &TimeZone::UTC) {
            assert!(date_at(tick.ns, &TimeZone::UTC).ends_with("-01"), "{}", tick.label);
        }
    }

    #[test]
    fn lines_stand_in_order() {
        for len in [10 * MS, MINUTE, DAY, 40 * DAY, 900 * DAY, 9_000 * DAY] {
            let view = Stretch { from_ns: start(), to_ns: start() + len };
            let ticks = ticks(view, len as f64 / WIDTH, &TimeZone::UTC);
            assert!(ticks.windows(2).all(|pair| pair[0].ns < pair[1].ns));
            assert!(ticks.iter().all(|tick| view.contains(tick.ns)));
        }
    }
}
