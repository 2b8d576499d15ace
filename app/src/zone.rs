//! The one switch between UTC and local time, and every way the window writes a moment.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// In which zone times are written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// Coordinated universal time.
    #[default]
    Utc,
    /// The zone of this machine.
    Local,
}

/// Writes moments in a zone.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: Zone,
    local: TimeZone,
}

impl Clock {
    /// A clock that shows a zone; `local` is what local means here.
    pub fn new(zone: Zone, local: TimeZone) -> Self {
        Self { zone, local }
    }

    /// Which zone it shows.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The same clock showing a zone.
    pub fn in_zone(&self, zone: Zone) -> Self {
        Self { zone, local: self.local.clone() }
    }

    /// The zone's name for the switch: `UTC`, or the local zone's abbreviation such as `CET`.
    pub fn name(&self) -> String {
        match self.zone {
            Zone::Utc => "UTC".to_owned(),
            Zone::Local => self.local.to_offset_info(Timestamp::now()).abbreviation().to_owned(),
        }
    }

    /// The zone that times are written in.
    pub fn time_zone(&self) -> TimeZone {
        match self.zone {
            Zone::Utc => TimeZone::UTC,
            Zone::Local => self.local.clone(),
        }
    }

    /// `09:14:07.482`. A moment beyond the calendar is written as its number of milliseconds.
    pub fn time_of_day(&self, time_ns: i64) -> String {
        self.write(time_ns, "%H:%M:%S%.3f")
    }

    /// `2026-03-14`.
    pub fn date(&self, time_ns: i64) -> String {
        self.write(time_ns, "%Y-%m-%d")
    }

    /// `2026-03-14 09:14:07.482`.
    pub fn full(&self, time_ns: i64) -> String {
        self.write(time_ns, "%Y-%m-%d %H:%M:%S%.3f")
    }

    /// The same with nine digits where milliseconds are too few: for a value, of which no digit is to be hidden.
    pub fn exact(&self, time_ns: i64) -> String {
        let whole = time_ns % fabula_core::event::time::NS_PER_MS == 0;
        if whole { self.full(time_ns) } else { self.write(time_ns, "%Y-%m-%d %H:%M:%S%.9f") }
    }

    /// By a pattern of `strftime`.
    pub fn write(&self, time_ns: i64, pattern: &str) -> String {
        let Ok(moment) = Timestamp::from_nanosecond(i128::from(time_ns)) else {
            return fabula_core::event::time::ns_to_ms(time_ns).to_string();
        };
        let zoned = moment.to_zoned_datetime(self.time_zone());
        jiff::fmt::strtime::format(pattern, &zoned).unwrap_or_else(|_| moment.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_switch_turns_every_time() {
        let clock = Clock::new(Zone::Utc, TimeZone::fixed(jiff::tz::offset(2)));
        let moment = 1_773_479_647_482_000_000;
        assert_eq!(clock.full(moment), "2026-03-14 09:14:07.482");
        assert_eq!(clock.in_zone(Zone::Local).full(moment), "2026-03-14 11:14:07.482");
        assert_eq!(clock.time_of_day(moment), "09:14:07.482");
        assert_eq!(
            (clock.exact(moment), clock.exact(moment + 1)),
            (clock.full(moment), "2026-03-14 09:14:07.482000001".into())
        );
    }
}
