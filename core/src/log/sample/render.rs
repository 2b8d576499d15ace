//! Writing an event: key, headers and value of a step. Payloads of the shop's own stories are in [`super::payload`].

use std::ops::Range;

use super::day::DAY_START_MS;
use super::dice::{blend, stir};
use super::ink::Ink;
use super::order::{Order, write_customer_key, write_order_key, write_session_key};
use super::payload;
use super::plot::Plot;
use super::shop::{Topic, WAREHOUSES, stock_key};
use super::step::{Kind, Step};
use super::visit::{Visit, VisitKey, aside_customer};
use super::walk::{Place, Placed};
use crate::event::{EventBatchBuilder, TimestampType};

/// Writes events, one at a time, into buffers that are used again.
pub(super) struct Pen<'p> {
    pub(super) plot: &'p Plot,
    pub(super) key: Vec<u8>,
    pub(super) has_key: bool,
    pub(super) value: Vec<u8>,
    pub(super) has_value: bool,
    header_bytes: Vec<u8>,
    headers: Vec<(&'static str, Range<usize>)>,
}

/// The identity of an event: what `ce_id` is made of.
pub(super) fn event_id(identity: u64, kind: Kind, turn: u8) -> [u64; 2] {
    let high = stir(identity ^ ((kind as u64) << 8) ^ u64::from(turn));
    [high, stir(high ^ identity)]
}

/// The identity of the event that caused an event of an order.
pub(super) fn cause(identity: u64, kind: Kind, turn: u8) -> Option<[u64; 2]> {
    let (kind, turn) = match kind {
        Kind::PaymentRequested if turn > 1 => (Kind::PaymentFailed, turn - 1),
        Kind::PaymentRequested | Kind::StockReserved => (Kind::OrderPlaced, 0),
        Kind::PaymentFailed | Kind::PaymentCaptured => (Kind::PaymentRequested, turn),
        Kind::OrderConfirmed => (Kind::PaymentCaptured, turn),
        Kind::ShipmentBooked => (Kind::OrderConfirmed, turn),
        Kind::ShipmentDispatched => (Kind::ShipmentBooked, turn),
        Kind::OrderShipped => (Kind::ShipmentDispatched, turn),
        Kind::OrderCancelled => (Kind::PaymentFailed, turn),
        _ => return None,
    };
    Some(event_id(identity, kind, turn))
}

impl<'p> Pen<'p> {
    pub(super) fn new(plot: &'p Plot) -> Self {
        Self {
            plot,
            key: Vec::new(),
            has_key: true,
            value: Vec::new(),
            has_value: true,
            header_bytes: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Writes one event at the end of its partition's batch.
    pub(super) fn write(&mut self, placed: &Placed, batch: &mut EventBatchBuilder) {
        self.key.clear();
        self.value.clear();
        self.header_bytes.clear();
        self.headers.clear();
        (self.has_key, self.has_value) = (true, true);
        let step = &placed.step;
        let mut stamped = TimestampType::Create;
        match step.kind {
            Kind::AppResumed
            | Kind::PageViewed
            | Kind::ProductViewed
            | Kind::BasketChanged
            | Kind::Beacon
            | Kind::Garbled
            | Kind::ClickRejected => self.click(placed),
            Kind::CustomerMoved | Kind::CustomerErased => {
                let customer = aside_customer(self.plot, step.chapter(), step.story);
                self.customer(customer, step);
            }
            Kind::LatencyMeasured => {
                self.has_key = false;
                self.header("service", |bytes| _ = bytes.text("web"));
                let measured = f64::from(stir(step.order()) as u32 % 90_000) / 64.0 + 12.5;
                self.value.extend_from_slice(&measured.to_be_bytes());
            }
            Kind::RateQuoted => {
                stamped = TimestampType::LogAppend;
                self.rate(step);
            }
            _ => self.order_event(placed),
        }
        let headers = self.headers.iter().map(|(name, range)| (*name, Some(&self.header_bytes[range.clone()])));
        batch.push(
            placed.offset,
            DAY_START_MS + i64::from(step.stamp_ms),
            stamped,
            self.has_key.then_some(self.key.as_slice()),
            self.has_value.then_some(self.value.as_slice()),
            headers,
        );
    }

    pub(super) fn header(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.header_bytes.len();
        write(&mut self.header_bytes);
        self.headers.push((name, from..self.header_bytes.len()));
    }

    fn order_event(&mut self, placed: &Placed) {
        let step = &placed.step;
        let order = Order::draw(self.plot, step.chapter(), step.story);
        match step.kind {
            Kind::CustomerRegistered => return self.customer(order.customer, step),
            Kind::StockCounted => return self.stock_level(&order, step),
            _ => {}
        }
        self.order_key(&order, step.kind);
        if step.kind == Kind::PaymentGivenUp {
            self.dead_letter_headers(placed.origin);
        }
        self.order_headers(&order, step);
        payload::write_order_event(&mut self.value, &order, step);
    }

    fn order_key(&mut self, order: &Order, kind: Kind) {
        match kind {
            Kind::CheckoutSubmitted => _ = write_session_key(&mut self.key, order.session),
            Kind::StockReserved | Kind::StockReleased => {
                self.key.text(WAREHOUSES[usize::from(order.warehouse)]);
            }
            Kind::MailSent => _ = write_customer_key(&mut self.key, order.customer),
            _ => _ = write_order_key(&mut self.key, order.number),
        }
    }

    /// Every service has its own habits: CloudEvents in headers, in the payload, Spring's names, none.
    fn order_headers(&mut self, order: &Order, step: &Step) {
        let (kind, turn, identity) = (step.kind, step.turn, order.identity);
        self.trace(identity, kind, turn);
        let number = order.number;
        match kind {
            Kind::CheckoutSubmitted => {
                self.header("x-request-id", |bytes| _ = bytes.uuid(stir(identity), identity));
            }
            Kind::MailSent => {
                self.header("__TypeId__", |bytes| _ = bytes.text("shop.notifications.MailSent"));
                self.header("correlationId", |bytes| _ = bytes.text("A-").number(number));
            }
            Kind::FraudCheckRequested | Kind::FraudCheckAnswered => {
                if kind == Kind::FraudCheckRequested {
                    self.header("kafka_replyTopic", |bytes| _ = bytes.text("fraud-replies"));
                }
                let [high, low] = event_id(identity, Kind::FraudCheckRequested, 0);
                self.header("kafka_correlationId", |bytes| {
                    bytes.extend_from_slice(&high.to_be_bytes());
                    bytes.extend_from_slice(&low.to_be_bytes());
                });
            }
            Kind::ShipmentBooked | Kind::ShipmentDispatched => {
                self.header("content-type", |bytes| _ = bytes.text("application/cloudevents+json; charset=UTF-8"));
            }
            _ => self.cloud_event_headers(order, step),
        }
    }

    fn cloud_event_headers(&mut self, order: &Order, step: &Step) {
        let (kind, turn, identity) = (step.kind, step.turn, order.identity);
        // A payment that was given up on carries the headers of the request that it was.
        let kind = if kind == Kind::PaymentGivenUp { Kind::PaymentRequested } else { kind };
        let [high, low] = event_id(identity, kind, turn);
        self.header("ce_specversion", |bytes| _ = bytes.text("1.0"));
        self.header("ce_id", |bytes| _ = bytes.uuid(high, low));
        self.header("ce_type", |bytes| _ = bytes.text(kind.name()));
        let source = match kind {
            Kind::PaymentRequested | Kind::PaymentFailed | Kind::PaymentCaptured => "/payments/eu-1",
            Kind::StockReserved | Kind::StockReleased => "/inventory/eu-1",
            _ => "/orders/eu-1",
        };
        self.header("ce_source", |bytes| _ = bytes.text(source));
        self.header("ce_time", |bytes| _ = bytes.moment(step.stamp_ms));
        self.header("correlationid", |bytes| _ = bytes.text("A-").number(order.number));
        if let Some([high, low]) = cause(identity, kind, turn) {
            self.header("ce_causationid", |bytes| _ = bytes.uuid(high, low));
        }
        if kind == Kind::OrderPlaced {
            let version = if order.second_version() { "2" } else { "1" };
            self.header("ce_dataschema", |bytes| _ = bytes.text("/schemas/OrderPlaced/").text(version));
        }
    }

    /// W3C trace context: one trace a story, one span an event.
    fn trace(&mut self, identity: u64, kind: Kind, turn: u8) {
        let [span, _] = event_id(identity, kind, turn);
        self.header("traceparent", |bytes| {
            let trace = stir(!identity);
            bytes.text("00-").hex(trace, 16).hex(stir(trace), 16).text("-").hex(stir(span), 16).text("-01");
        });
    }

    /// As Spring for Apache Kafka writes them: numbers in binary.
    fn dead_letter_headers(&mut self, origin: Option<Place>) {
        if let Some(origin) = origin {
            let partition = i32::from(origin.lane) - i32::from(Topic::Payments.plan().first_lane);
            let stamp_ms = DAY_START_MS + i64::from(origin.stamp_ms);
            self.header("kafka_dlt-original-topic", |bytes| _ = bytes.text("payments"));
            self.header("kafka_dlt-original-partition", |bytes| bytes.extend_from_slice(&partition.to_be_bytes()));
            self.header("kafka_dlt-original-offset", |bytes| bytes.extend_from_slice(&origin.offset.to_be_bytes()));
            self.header("kafka_dlt-original-timestamp", |bytes| bytes.extend_from_slice(&stamp_ms.to_be_bytes()));
            self.header("kafka_dlt-original-timestamp-type", |bytes| _ = bytes.text("CreateTime"));
        }
        self.header("kafka_dlt-exception-fqcn", |bytes| _ = bytes.text("java.util.concurrent.TimeoutException"));
        self.header("kafka_dlt-exception-message", |bytes| {
            bytes.text("provider did not answer within 3000 ms (attempt 3 of 3)");
        });
    }

    fn click(&mut self, placed: &Placed) {
        let step = &placed.step;
        let visit = Visit::of(self.plot, step);
        match visit.key {
            VisitKey::Session => _ = write_session_key(&mut self.key, visit.session),
            VisitKey::Null => self.has_key = false,
            VisitKey::Empty => {}
        }
        match step.kind {
            Kind::ClickRejected => self.connect_headers(placed.origin),
            Kind::Beacon => return,
            _ => self.trace(visit.identity, Kind::PageViewed, step.turn),
        }
        payload::write_click(&mut self.value, &visit, step);
    }

    /// As Kafka Connect's dead-letter queue writes them: all in text.
    fn connect_headers(&mut self, origin: Option<Place>) {
        if let Some(origin) = origin {
            let partition = u64::from(origin.lane - Topic::WebClicks.plan().first_lane);
            self.header("__connect.errors.topic", |bytes| _ = bytes.text("web-clicks"));
            self.header("__connect.errors.partition", |bytes| _ = bytes.number(partition));
            self.header("__connect.errors.offset", |bytes| _ = bytes.number(origin.offset as u64));
        }
        self.header("__connect.errors.connector.name", |bytes| _ = bytes.text("clickstream-sink"));
        self.header("__connect.errors.stage", |bytes| _ = bytes.text("VALUE_CONVERTER"));
        self.header("__connect.errors.exception.message", |bytes| {
            bytes.text("Converting byte[] to Kafka Connect data failed due to serialization error");
        });
    }

    fn customer(&mut self, customer: u32, step: &Step) {
        write_customer_key(&mut self.key, customer);
        self.header("x-request-id", |bytes| _ = bytes.uuid(stir(step.order()), u64::from(customer)));
        if step.kind == Kind::CustomerErased {
            self.has_value = false;
        } else {
            payload::write_customer(&mut self.value, customer, step);
        }
    }

    /// A UUID for a key and a 64-bit number for a value, as Kafka's own serializers write them.
    fn stock_level(&mut self, order: &Order, step: &Step) {
        let product = usize::from(order.items()[0].product);
        self.key.extend_from_slice(&stock_key(product));
        let level = 40 + (stir(step.order()) % 900) as i64;
        self.value.extend_from_slice(&level.to_be_bytes());
    }

    /// Plain text: currency, rate, moment.
    fn rate(&mut self, step: &Step) {
        const CURRENCIES: [(&str, u64); 4] = [("USD", 108_420), ("GBP", 83_910), ("PLN", 429_350), ("DKK", 746_010)];
        let chance = blend(self.plot.seed, u64::from(step.chapter()), u64::from(step.story));
        let (currency, rate) = CURRENCIES[chance as usize % CURRENCIES.len()];
        let rate = rate + (chance >> 32) % (rate / 200);
        self.key.text("EUR").text(currency);
        self.value.text("EUR/").text(currency).text(" ").number(rate / 100_000).text(".");
        self.value.digits((rate % 100_000) as u32, 5).text(" at ").moment(step.stamp_ms);
    }
}
