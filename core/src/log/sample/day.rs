//! The day that the sample tells: 2026-03-14 in UTC, how busy its hours are, and when things go wrong.
//!
//! Times within the sample are milliseconds since that day's midnight, in an `i32`: the last stories run on past the
//! next midnight.

/// Midnight at which the sample's day begins, in milliseconds since the epoch: 2026-03-14T00:00:00Z.
pub(super) const DAY_START_MS: i64 = 1_773_446_400_000;

/// How busy each hour is, against the others.
const HOURS: [u64; 24] = [12, 8, 6, 5, 5, 7, 14, 28, 44, 58, 64, 66, 70, 66, 60, 58, 60, 66, 74, 86, 98, 80, 48, 24];

const MINUTES: usize = 1440;
const MINUTE_MS: u64 = 60_000;

/// A moment of the day, as hours and minutes.
pub(super) const fn clock(hour: i32, minute: i32) -> i32 {
    (hour * 60 + minute) * MINUTE_MS as i32
}

/// What was planted, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum IncidentKind {
    /// One key has far more events than any other.
    HotKey,
    /// Payloads that no codec can read.
    Undecodable,
    /// The payment provider answers late or not at all.
    SlowProvider,
    /// Payments given up on, in the dead-letter topic.
    DeadLetter,
    /// One event delivered twice.
    Duplicate,
    /// An event appended after one that it came before.
    OutOfOrder,
    /// From here on a topic's values have another shape.
    SchemaChange,
    /// A host's clock is behind, so that effects stand before their causes.
    ClockSkew,
    /// A step that every thread of the kind has is missing.
    LostStep,
    /// Events that arrive long after they happened.
    Late,
}

/// When an incident happens, and what a person would say of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) kind: IncidentKind,
    pub(super) from_ms: i32,
    pub(super) to_ms: i32,
    pub(super) what: &'static str,
    /// Whether orders are struck (else visits to the shop).
    pub(super) strikes_orders: bool,
}

/// Every incident, by [`IncidentKind`]'s own order.
pub(super) const WINDOWS: [Window; 10] = [
    Window {
        kind: IncidentKind::HotKey,
        from_ms: clock(3, 0),
        to_ms: clock(4, 15),
        what: "A scraper sends a large part of web-clicks under one session key, so that one partition is hot",
        strikes_orders: false,
    },
    Window {
        kind: IncidentKind::Undecodable,
        from_ms: clock(6, 30),
        to_ms: clock(6, 50),
        what: "Some web-clicks carry bytes that are no JSON; the sink sets them aside in web-clicks-dlq",
        strikes_orders: false,
    },
    Window {
        kind: IncidentKind::SlowProvider,
        from_ms: clock(9, 5),
        to_ms: clock(9, 25),
        what: "The payment provider takes seconds instead of a fraction of one; payments fail by provider_timeout and \
               are tried again",
        strikes_orders: true,
    },
    Window {
        kind: IncidentKind::DeadLetter,
        from_ms: clock(9, 5),
        to_ms: clock(9, 25),
        what: "Payments that failed three times are put into payments-dlt and their orders cancelled",
        strikes_orders: true,
    },
    Window {
        kind: IncidentKind::Duplicate,
        from_ms: clock(11, 30),
        to_ms: clock(11, 42),
        what: "The payments outbox publishes some PaymentCaptured twice, with the same ce_id",
        strikes_orders: true,
    },
    Window {
        kind: IncidentKind::OutOfOrder,
        from_ms: clock(13, 10),
        to_ms: clock(13, 22),
        what: "A producer's retry puts some OrderPlaced behind their OrderConfirmed, so that timestamps run backwards",
        strikes_orders: true,
    },
    Window {
        kind: IncidentKind::SchemaChange,
        from_ms: clock(14, 0),
        to_ms: clock(24, 0),
        what: "OrderPlaced v2: customer is now customer_id, total is text instead of a number, currency is new",
        strikes_orders: true,
    },
    Window {
        kind: IncidentKind::ClockSkew,
        from_ms: clock(15, 30),
        to_ms: clock(15, 50),
        what: "A shipping host's clock is 7 s behind: ShipmentBooked is stamped before the payment was captured",
        strikes_orders: true,
    },
    Window {
        kind: IncidentKind::LostStep,
        from_ms: clock(16, 50),
        to_ms: clock(17, 8),
        what: "Some orders are paid and confirmed but never shipped: nobody booked a shipment",
        strikes_orders: true,
    },
    Window {
        kind: IncidentKind::Late,
        from_ms: clock(18, 20),
        to_ms: clock(18, 35),
        what: "Phones that were offline hand in web-clicks that are ten minutes to an hour old",
        strikes_orders: false,
    },
];

impl Window {
    pub(super) fn holds(&self, at_ms: i32) -> bool {
        (self.from_ms..self.to_ms).contains(&at_ms)
    }
}

/// The window of an incident.
pub(super) fn window(kind: IncidentKind) -> &'static Window {
    &WINDOWS[kind as usize]
}

/// The day cut into chapters that hold the same number of events each: short ones in the evening, long ones at night.
#[derive(Debug)]
pub(super) struct Day {
    /// Traffic up to each minute, from the day's start; one entry more than minutes.
    traffic: Vec<u64>,
    /// When each chapter begins; one entry more than chapters, the last of which is never reached.
    starts: Vec<i32>,
}

impl Day {
    pub(super) fn new(chapters: u32) -> Self {
        let mut traffic = Vec::with_capacity(MINUTES + 1);
        let mut sum = 0;
        for minute in 0..MINUTES as u64 {
            traffic.push(sum);
            // Between the middles of two hours the traffic runs in a straight line.
            let (hour, past) = ((minute + 1410) / 60 % 24, (minute + 1410) % 60);
            let (this, next) = (HOURS[hour as usize], HOURS[(hour as usize + 1) % 24]);
            sum += ((this * (60 - past) + next * past) << 16) / 60;
        }
        traffic.push(sum);
        let mut day = Self { traffic, starts: Vec::new() };
        let share = |chapter: u32| (u64::from(chapter) << 32) / u64::from(chapters);
        day.starts = (0..chapters).map(|chapter| day.at(share(chapter))).collect();
        day.starts.push(i32::MAX);
        day
    }

    /// How many chapters the day has.
    pub(super) fn chapters(&self) -> u32 {
        self.starts.len() as u32 - 1
    }

    /// When a chapter begins; for the one after the last, never.
    pub(super) fn start_ms(&self, chapter: u32) -> i32 {
        self.starts[chapter as usize]
    }

    /// The chapter that a moment lies in.
    pub(super) fn chapter_at(&self, at_ms: i32) -> u32 {
        (self.starts.partition_point(|&start| start <= at_ms).max(1) - 1) as u32
    }

    /// A moment within a chapter: `chance` (32 bits) of the chapter's traffic lies before it.
    pub(super) fn moment(&self, chapter: u32, chance: u32) -> i32 {
        let chapters = u64::from(self.chapters());
        let from = (u64::from(chapter) << 32) / chapters;
        let to = (u64::from(chapter + 1) << 32) / chapters;
        self.at(from + (((to - from) * u64::from(chance)) >> 32)).max(self.start_ms(chapter))
    }

    /// The moment before which a share (of 2^32) of the day's traffic lies.
    fn at(&self, share: u64) -> i32 {
        let wanted = ((u128::from(self.traffic[MINUTES]) * u128::from(share)) >> 32) as u64;
        let minute = self.traffic[1..MINUTES].partition_point(|&before| before <= wanted);
        let (before, after) = (self.traffic[minute], self.traffic[minute + 1]);
        (minute as u64 * MINUTE_MS + (wanted - before) * MINUTE_MS / (after - before)) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_starts_where_the_calendar_says() {
        assert_eq!(crate::event::time::format_iso_ms(DAY_START_MS), "2026-03-14T00:00:00.000Z");
    }

    #[test]
    fn windows_stand_in_the_order_of_their_kinds() {
        for (at, window) in WINDOWS.iter().enumerate() {
            assert_eq!(window.kind as usize, at);
            assert!(window.from_ms < window.to_ms);
        }
    }

    #[test]
    fn chapters_follow_one_another_and_hold_their_moments() {
        let day = Day::new(48);
        for chapter in 0..48 {
            assert!(day.start_ms(chapter) < day.start_ms(chapter + 1));
            for chance in [0, 1 << 20, 1 << 31, u32::MAX] {
                let at = day.moment(chapter, chance);
                assert!(at >= day.start_ms(chapter) && at <= day.start_ms(chapter + 1), "{chapter} {chance} {at}");
            }
            assert_eq!(day.chapter_at(day.start_ms(chapter)), chapter);
        }
        assert_eq!(day.start_ms(0), 0);
    }

    #[test]
    fn the_evening_is_busier_than_the_night() {
        let day = Day::new(1000);
        let chapters = |from, to| day.chapter_at(clock(to, 0)) - day.chapter_at(clock(from, 0));
        assert!(chapters(19, 21) > 10 * chapters(2, 4));
    }
}
