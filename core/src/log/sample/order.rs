//! The story of an order: from the checkout to the parcel, and what may go wrong on the way.

use super::day::{IncidentKind, window};
use super::dice::{Dice, blend};
use super::ink::Ink;
use super::partitioner::murmur2;
use super::plot::Plot;
use super::shop::{PRODUCTS, Topic};
use super::step::{Draft, Kind, Mark};

/// The most steps that an order's story has.
pub(super) const MOST_STEPS: usize = 26;

/// The longest time from an order's first step to its last.
pub(super) const LONGEST_MS: i32 = 600_000;

/// What was bought.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Item {
    pub(super) product: u8,
    pub(super) quantity: u8,
}

/// What does not change from step to step of an order. Drawn again for each event that is written.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) identity: u64,
    pub(super) number: u64,
    pub(super) customer: u32,
    pub(super) new_customer: bool,
    pub(super) session: u64,
    pub(super) start_ms: i32,
    pub(super) placed_ms: i32,
    pub(super) warehouse: u8,
    items: [Item; 3],
    item_count: u8,
    pub(super) total_cents: u64,
    /// The incident that this order was made for, so that it happens at least once.
    chosen: Option<IncidentKind>,
}

impl Order {
    pub(super) fn draw(plot: &Plot, chapter: u32, story: u32) -> Self {
        let identity = blend(plot.seed, u64::from(chapter), u64::from(story));
        let mut dice = Dice::new(identity);
        let chosen = plot.chosen(chapter, true, story);
        let chance = dice.bits() as u32;
        let start_ms = chosen.map_or_else(|| plot.day.moment(chapter, chance), |kind| window(kind).from_ms);
        let item_count = [1, 1, 1, 2, 2, 3, 1, 1][dice.below(8) as usize];
        let mut items = [Item::default(); 3];
        let mut total_cents = 0;
        for item in &mut items[..usize::from(item_count)] {
            let product = dice.below(PRODUCTS.len() as u32) as u8;
            *item = Item { product, quantity: [1, 1, 1, 2][dice.below(4) as usize] };
            total_cents += u64::from(PRODUCTS[usize::from(product)].cents) * u64::from(item.quantity);
        }
        Self {
            identity,
            number: plot.order_number(chapter, story),
            customer: dice.below(plot.customers),
            new_customer: dice.per_mille(80),
            session: dice.bits(),
            start_ms,
            placed_ms: start_ms + dice.latency(8, 60),
            warehouse: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3][dice.below(16) as usize],
            items,
            item_count,
            total_cents,
            chosen,
        }
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items[..usize::from(self.item_count)]
    }

    /// Whether the order is written in the second version of its schema.
    pub(super) fn second_version(&self) -> bool {
        window(IncidentKind::SchemaChange).holds(self.placed_ms)
    }

    /// Whether an incident strikes this order; the one order chosen for it is always struck, and by no other.
    fn struck(&self, kind: IncidentKind, often_per_mille: u32, dice: &mut Dice) -> bool {
        let falls = dice.per_mille(often_per_mille);
        match self.chosen {
            Some(chosen) => chosen == kind,
            None => falls && window(kind).holds(self.placed_ms),
        }
    }

    /// Thinks up every step of the order.
    pub(super) fn tell(&self, plot: &Plot, draft: &mut Draft<'_>) {
        let mut key = Vec::with_capacity(16);
        let order_hash = murmur2(write_order_key(&mut key, self.number));
        let customer_hash = murmur2(write_customer_key(&mut key, self.customer));
        let session_hash = murmur2(write_session_key(&mut key, self.session));
        let dice = Dice::new(self.identity ^ 0xD1CE);
        let mut telling = Telling { order: self, plot, draft, dice, order_hash, customer_hash };
        telling.draft.add(
            Kind::CheckoutSubmitted,
            0,
            Topic::WebClicks.lane_of(session_hash),
            self.start_ms,
            Mark::default(),
        );
        telling.prepare();
        match telling.pay() {
            Payment::Captured { turn, at_ms } => telling.fulfil(turn, at_ms),
            Payment::Refused { turn, at_ms } => telling.cancel(turn, at_ms),
        }
    }
}

/// How the payment of an order ended.
enum Payment {
    Captured { turn: u8, at_ms: i32 },
    Refused { turn: u8, at_ms: i32 },
}

struct Telling<'a, 's> {
    order: &'a Order,
    plot: &'a Plot,
    draft: &'a mut Draft<'s>,
    dice: Dice,
    order_hash: u32,
    customer_hash: u32,
}

impl Telling<'_, '_> {
    /// A step in a topic that is keyed by the order.
    fn by_order(&mut self, topic: Topic, kind: Kind, turn: u8, at_ms: i32, mark: Mark) {
        self.draft.add(kind, turn, topic.lane_of(self.order_hash), at_ms, mark);
    }

    fn mail(&mut self, template: Mail, at_ms: i32) {
        let lane = Topic::Notifications.lane_of(self.customer_hash);
        self.draft.add(Kind::MailSent, template as u8, lane, at_ms, Mark::default());
    }

    fn stock(&mut self, kind: Kind, at_ms: i32) {
        let warehouse = usize::from(self.order.warehouse);
        self.draft.add(kind, 0, self.plot.lanes.warehouses[warehouse], at_ms, Mark::default());
        let product = usize::from(self.order.items()[0].product);
        let counted = at_ms + self.dice.between(2, 8);
        let turn = u8::from(kind == Kind::StockReleased);
        self.draft.add(Kind::StockCounted, turn, self.plot.lanes.stock[product], counted, Mark::default());
    }

    /// What happens while the payment is under way.
    fn prepare(&mut self) {
        let placed = self.order.placed_ms;
        if self.order.new_customer {
            let lane = Topic::Customers.lane_of(self.customer_hash);
            self.draft.add(Kind::CustomerRegistered, 0, lane, self.order.start_ms + 3, Mark::default());
        }
        if self.order.total_cents > 40_000 {
            let asked = placed + self.dice.latency(5, 20);
            self.by_order(Topic::FraudRequests, Kind::FraudCheckRequested, 0, asked, Mark::default());
            let answered = asked + self.dice.latency(25, 240);
            self.by_order(Topic::FraudReplies, Kind::FraudCheckAnswered, 0, answered, Mark::default());
        }
        let reserved = placed + self.dice.latency(40, 180);
        self.stock(Kind::StockReserved, reserved);
    }

    /// One attempt after the other until the provider says yes, or there is no use.
    fn pay(&mut self) -> Payment {
        const ATTEMPTS: u8 = 3;
        let slow = Mark::of(IncidentKind::SlowProvider);
        let given_up = self.order.struck(IncidentKind::DeadLetter, 110, &mut self.dice);
        let failing = self.order.struck(IncidentKind::SlowProvider, 350, &mut self.dice) || given_up;
        let crawling = self.order.struck(IncidentKind::SlowProvider, 1000, &mut self.dice) || given_up;
        let refused = self.dice.per_mille(15) && self.order.chosen.is_none() && !crawling;

        let mut at_ms = self.order.placed_ms + self.dice.latency(20, 60);
        for turn in 1..=ATTEMPTS {
            let last = turn == ATTEMPTS && given_up;
            let mark = if last { Mark::default().recalled() } else { Mark::default() };
            self.by_order(Topic::Payments, Kind::PaymentRequested, turn, at_ms, mark);
            if refused {
                at_ms += self.dice.latency(200, 900);
                self.by_order(Topic::Payments, Kind::PaymentFailed, turn, at_ms, Mark::default());
                return Payment::Refused { turn, at_ms };
            }
            let times_out = given_up || (failing && (turn == 1 || (turn == 2 && self.dice.per_mille(350))));
            if !times_out {
                let (least, most) = if crawling { (3_000, 18_000) } else { (220, 1_600) };
                at_ms += self.dice.latency(least, most);
                let mark = if crawling { slow } else { Mark::default() };
                self.captured(turn, at_ms, mark);
                return Payment::Captured { turn, at_ms };
            }
            at_ms += self.dice.latency(3_000, 3_400);
            self.by_order(Topic::Payments, Kind::PaymentFailed, turn, at_ms, slow);
            if turn == ATTEMPTS {
                break;
            }
            let told = at_ms + self.dice.latency(80, 300);
            self.mail(if turn == 1 { Mail::PaymentRetry } else { Mail::PaymentRetryAgain }, told);
            at_ms += if turn == 1 { 30_000 } else { 60_000 };
        }
        at_ms += self.dice.latency(200, 600);
        self.by_order(Topic::PaymentsDlt, Kind::PaymentGivenUp, ATTEMPTS, at_ms, Mark::of(IncidentKind::DeadLetter));
        Payment::Refused { turn: ATTEMPTS, at_ms }
    }

    fn captured(&mut self, turn: u8, at_ms: i32, mark: Mark) {
        let twice = self.order.struck(IncidentKind::Duplicate, 250, &mut self.dice);
        let first = if twice { mark.recalled() } else { mark };
        self.by_order(Topic::Payments, Kind::PaymentCaptured, turn, at_ms, first);
        if twice {
            let again = at_ms + self.dice.latency(200, 2_000);
            let mark = Mark::of(IncidentKind::Duplicate).repeated();
            self.by_order(Topic::Payments, Kind::PaymentCaptured, turn, again, mark);
        }
    }

    /// The order is paid: it is confirmed and shipped.
    fn fulfil(&mut self, turn: u8, captured_ms: i32) {
        let confirmed = captured_ms + self.dice.latency(10, 60);
        let lost = self.order.struck(IncidentKind::LostStep, 300, &mut self.dice);
        self.place(Some(confirmed), lost);
        self.by_order(Topic::Orders, Kind::OrderConfirmed, turn, confirmed, Mark::default());
        let told = confirmed + self.dice.latency(80, 300);
        self.mail(Mail::OrderConfirmed, told);
        if lost {
            return;
        }
        let booked = confirmed + self.dice.latency(600, 3_000);
        let behind = self.order.struck(IncidentKind::ClockSkew, 400, &mut self.dice);
        let (stamp, mark) =
            if behind { (booked - 7_000, Mark::of(IncidentKind::ClockSkew)) } else { (booked, Mark::default()) };
        let lane = Topic::Shipments.lane_of(self.order_hash);
        self.draft.add_stamped(Kind::ShipmentBooked, turn, lane, booked, stamp, mark);
        let dispatched = booked + self.dice.latency(90_000, 300_000);
        self.by_order(Topic::Shipments, Kind::ShipmentDispatched, turn, dispatched, Mark::default());
        let shipped = dispatched + self.dice.latency(20, 90);
        self.by_order(Topic::Orders, Kind::OrderShipped, turn, shipped, Mark::default());
        let told = shipped + self.dice.latency(80, 400);
        self.mail(Mail::Shipped, told);
    }

    /// The order could not be paid.
    fn cancel(&mut self, turn: u8, failed_ms: i32) {
        self.place(None, false);
        let cancelled = failed_ms + self.dice.latency(20, 90);
        self.by_order(Topic::Orders, Kind::OrderCancelled, turn, cancelled, Mark::default());
        let released = cancelled + self.dice.latency(20, 120);
        self.stock(Kind::StockReleased, released);
        let told = cancelled + self.dice.latency(80, 300);
        self.mail(Mail::OrderCancelled, told);
    }

    /// `OrderPlaced` itself: told last, for a retry may put it behind the confirmation.
    fn place(&mut self, confirmed_ms: Option<i32>, lost: bool) {
        let placed = self.order.placed_ms;
        let backwards = self.order.struck(IncidentKind::OutOfOrder, 200, &mut self.dice);
        let (appended, mark) = match confirmed_ms {
            Some(confirmed) if backwards => (confirmed + 5, Mark::of(IncidentKind::OutOfOrder)),
            _ if lost => (placed, Mark::of(IncidentKind::LostStep)),
            _ if self.order.second_version() => (placed, Mark::of(IncidentKind::SchemaChange)),
            _ => (placed, Mark::default()),
        };
        let lane = Topic::Orders.lane_of(self.order_hash);
        self.draft.add_stamped(Kind::OrderPlaced, 0, lane, appended, placed, mark);
    }
}

/// What a mail is about; the turn of [`Kind::MailSent`].
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Mail {
    OrderConfirmed,
    PaymentRetry,
    PaymentRetryAgain,
    Shipped,
    OrderCancelled,
}

/// Templates in [`Mail`]'s order.
pub(super) const TEMPLATES: [&str; 5] =
    ["order_confirmed", "payment_retry", "payment_retry", "order_shipped", "order_cancelled"];

/// `A-10482`, in place of what the buffer held.
pub(super) fn write_order_key(key: &mut Vec<u8>, number: u64) -> &[u8] {
    key.clear();
    key.text("A-").number(number)
}

/// `C-7731`, in place of what the buffer held.
pub(super) fn write_customer_key(key: &mut Vec<u8>, customer: u32) -> &[u8] {
    key.clear();
    key.text("C-").number(1000 + u64::from(customer))
}

/// `s-5f0c…`, in place of what the buffer held.
pub(super) fn write_session_key(key: &mut Vec<u8>, session: u64) -> &[u8] {
    key.clear();
    key.text("s-").hex(session, 12)
}
