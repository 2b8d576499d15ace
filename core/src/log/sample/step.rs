//! Steps: what happens, when and where, before it has an offset or any bytes.
//!
//! A step is 24 bytes, so the sample can work out what lies where without writing an event's bytes; those are written
//! (by [`super::render`]) only for the events that someone reads.

use super::day::IncidentKind;
use super::shop::Topic;

/// What happens in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    AppResumed,
    PageViewed,
    ProductViewed,
    BasketChanged,
    CheckoutSubmitted,
    /// A click with an empty body.
    Beacon,
    /// A click whose bytes are no JSON.
    Garbled,
    ClickRejected,
    OrderPlaced,
    OrderConfirmed,
    OrderShipped,
    OrderCancelled,
    PaymentRequested,
    PaymentFailed,
    PaymentCaptured,
    PaymentGivenUp,
    StockReserved,
    StockReleased,
    StockCounted,
    ShipmentBooked,
    ShipmentDispatched,
    MailSent,
    CustomerRegistered,
    CustomerMoved,
    CustomerErased,
    FraudCheckRequested,
    FraudCheckAnswered,
    LatencyMeasured,
    RateQuoted,
}

impl Kind {
    /// The type of the event, as its headers or payload name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AppResumed => "AppResumed",
            Self::PageViewed => "PageViewed",
            Self::ProductViewed => "ProductViewed",
            Self::BasketChanged => "BasketChanged",
            Self::CheckoutSubmitted => "CheckoutSubmitted",
            Self::Beacon => "Beacon",
            Self::Garbled => "Garbled",
            Self::ClickRejected => "ClickRejected",
            Self::OrderPlaced => "OrderPlaced",
            Self::OrderConfirmed => "OrderConfirmed",
            Self::OrderShipped => "OrderShipped",
            Self::OrderCancelled => "OrderCancelled",
            Self::PaymentRequested | Self::PaymentGivenUp => "PaymentRequested",
            Self::PaymentFailed => "PaymentFailed",
            Self::PaymentCaptured => "PaymentCaptured",
            Self::StockReserved => "StockReserved",
            Self::StockReleased => "StockReleased",
            Self::StockCounted => "StockCounted",
            Self::ShipmentBooked => "ShipmentBooked",
            Self::ShipmentDispatched => "ShipmentDispatched",
            Self::MailSent => "MailSent",
            Self::CustomerRegistered => "CustomerRegistered",
            Self::CustomerMoved => "CustomerMoved",
            Self::CustomerErased => "CustomerErased",
            Self::FraudCheckRequested => "FraudCheckRequested",
            Self::FraudCheckAnswered => "FraudCheckAnswered",
            Self::LatencyMeasured => "LatencyMeasured",
            Self::RateQuoted => "RateQuoted",
        }
    }

    /// Whether the step tells of another event by its offset.
    pub(super) fn points_back(self) -> bool {
        matches!(self, Self::ClickRejected | Self::PaymentGivenUp)
    }
}

/// The topics whose events a topic's own events point back to by offset.
pub(super) fn pointed_to_by(topic: Topic) -> Option<Topic> {
    match topic {
        Topic::WebClicksDlq => Some(Topic::WebClicks),
        Topic::PaymentsDlt => Some(Topic::Payments),
        _ => None,
    }
}

/// Why a step stands out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark(u8);

impl Mark {
    const RECALLED: u8 = 0x80;
    const REPEATED: u8 = 0x40;

    /// Part of an incident.
    pub(super) fn of(kind: IncidentKind) -> Self {
        Self(kind as u8 + 1)
    }

    /// A later step of the same story tells where this one lies.
    pub(super) fn recalled(self) -> Self {
        Self(self.0 | Self::RECALLED)
    }

    /// The step was delivered before, and is delivered again.
    pub(super) fn repeated(self) -> Self {
        Self(self.0 | Self::REPEATED)
    }

    pub(super) fn is_recalled(self) -> bool {
        self.0 & Self::RECALLED != 0
    }

    pub(super) fn is_repeated(self) -> bool {
        self.0 & Self::REPEATED != 0
    }

    /// The incident that the step is part of, as an index into the windows.
    pub(super) fn incident(self) -> Option<usize> {
        usize::from(self.0 & !(Self::RECALLED | Self::REPEATED)).checked_sub(1)
    }
}

/// One event to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// When it is appended, then its chapter, then its number in the chapter: all steps in the order of appending.
    key: u64,
    /// The event's timestamp.
    pub(super) stamp_ms: i32,
    /// The story within the chapter.
    pub(super) story: u32,
    pub(super) kind: Kind,
    /// Which of the story's steps of this kind.
    pub(super) turn: u8,
    pub(super) lane: u8,
    pub(super) mark: Mark,
}

const NUMBER_BITS: u32 = 25;
const CHAPTER_BITS: u32 = 11;

/// How many chapters a day may be cut into.
pub(super) const MOST_CHAPTERS: u32 = 1 << CHAPTER_BITS;

impl Step {
    pub(super) fn order(&self) -> u64 {
        self.key
    }

    pub(super) fn at_ms(&self) -> i32 {
        (self.key >> (NUMBER_BITS + CHAPTER_BITS)) as i32
    }

    pub(super) fn chapter(&self) -> u32 {
        (self.key >> NUMBER_BITS) as u32 & (MOST_CHAPTERS - 1)
    }
}

/// The steps of one chapter's stories as they are thought up.
pub(super) struct Draft<'s> {
    steps: &'s mut Vec<Step>,
    before: usize,
    chapter: u32,
    pub(super) story: u32,
}

impl<'s> Draft<'s> {
    pub(super) fn new(chapter: u32, steps: &'s mut Vec<Step>) -> Self {
        Self { before: steps.len(), steps, chapter, story: 0 }
    }

    /// How many steps the chapter has so far.
    pub(super) fn len(&self) -> usize {
        self.steps.len() - self.before
    }

    /// A step stamped when it is appended.
    pub(super) fn add(&mut self, kind: Kind, turn: u8, lane: u8, at_ms: i32, mark: Mark) {
        self.add_stamped(kind, turn, lane, at_ms, at_ms, mark);
    }

    /// A step with a timestamp that is not the moment of its being appended.
    pub(super) fn add_stamped(&mut self, kind: Kind, turn: u8, lane: u8, at_ms: i32, stamp_ms: i32, mark: Mark) {
        let number = self.len() as u64;
        debug_assert!(at_ms >= 0 && number < 1 << NUMBER_BITS);
        let key = ((((at_ms as u64) << CHAPTER_BITS) | u64::from(self.chapter)) << NUMBER_BITS) | number;
        self.steps.push(Step { key, stamp_ms, story: self.story, kind, turn, lane, mark });
    }
}
