//! The values of the shop's events: JSON mostly, written by hand for speed.

use super::dice::stir;
use super::ink::Ink;
use super::order::{Order, TEMPLATES};
use super::render::{cause, event_id};
use super::shop::{CITIES, DEVICES, FAMILY_NAMES, GIVEN_NAMES, PAGES, PRODUCTS, WAREHOUSES};
use super::step::{Kind, Step};
use super::visit::Visit;

/// The value of an event of an order's story.
pub(super) fn write_order_event(out: &mut Vec<u8>, order: &Order, step: &Step) {
    match step.kind {
        Kind::CheckoutSubmitted => checkout(out, order, step),
        Kind::OrderPlaced => order_placed(out, order),
        Kind::OrderConfirmed => {
            order_id(out, order).text(",\"payment_ref\":").number(payment_ref(order));
            out.text(",\"confirmed_at\":\"").moment(step.stamp_ms).text("\"}");
        }
        Kind::OrderShipped => _ = order_id(out, order).text(",\"status\":\"SHIPPED\",\"parcels\":1}"),
        Kind::OrderCancelled => {
            order_id(out, order).text(",\"reason\":\"payment_failed\",\"attempts\":");
            out.number(u64::from(step.turn)).text(",\"refund\":null}");
        }
        Kind::PaymentRequested | Kind::PaymentGivenUp => {
            payment(out, order, step).text(",\"method\":\"").text(method(order)).text("\"}");
        }
        Kind::PaymentFailed => {
            // Only the provider's silence is worth another attempt; a declined card is the end at once.
            let reason = if timed_out(step) { "provider_timeout" } else { "card_declined" };
            payment(out, order, step).text(",\"reason\":\"").text(reason).text("\",\"refund\":null}");
        }
        Kind::PaymentCaptured => {
            payment(out, order, step).text(",\"status\":\"CAPTURED\",\"provider_ref\":");
            out.number(payment_ref(order)).text(",\"fee\":").money(order.total_cents / 70).text("}");
        }
        Kind::StockReserved | Kind::StockReleased => stock(out, order, step),
        Kind::ShipmentBooked | Kind::ShipmentDispatched => shipment(out, order, step),
        Kind::MailSent => mail(out, order, step),
        Kind::FraudCheckRequested => {
            order_id(out, order).text(",\"amount\":").money(order.total_cents);
            out.text(",\"customer_id\":\"C-").number(1000 + u64::from(order.customer)).text("\",\"ip\":\"10.");
            let ip = stir(order.session);
            out.number(ip & 255).text(".").number((ip >> 8) & 255).text(".").number((ip >> 16) & 255).text("\"}");
        }
        _ => {
            let score = stir(order.identity ^ 5) % 97;
            order_id(out, order).text(",\"score\":0.").digits(score as u32, 2);
            out.text(",\"verdict\":\"").text(if score > 90 { "review" } else { "ok" }).text("\",\"rules\":[]}");
        }
    }
}

fn order_id<'o>(out: &'o mut Vec<u8>, order: &Order) -> &'o mut Vec<u8> {
    out.text("{\"order_id\":\"A-").number(order.number).text("\"")
}

/// The provider's number of a payment: beyond what a double can hold exactly.
fn payment_ref(order: &Order) -> u64 {
    9_007_199_254_740_993 + stir(order.identity ^ 17) % 1_000_000_000_000
}

fn method(order: &Order) -> &'static str {
    ["card", "card", "paypal", "invoice"][(order.identity >> 20) as usize & 3]
}

fn timed_out(step: &Step) -> bool {
    step.mark.incident().is_some()
}

fn payment<'o>(out: &'o mut Vec<u8>, order: &Order, step: &Step) -> &'o mut Vec<u8> {
    order_id(out, order).text(",\"amount\":").money(order.total_cents);
    out.text(",\"currency\":\"EUR\",\"attempt\":").number(u64::from(step.turn))
}

fn checkout(out: &mut Vec<u8>, order: &Order, step: &Step) {
    out.text("{\"type\":\"CheckoutSubmitted\",\"session\":\"s-").hex(order.session, 12);
    out.text("\",\"order_id\":\"A-").number(order.number).text("\",\"items\":").number(order.items().len() as u64);
    out.text(",\"device\":\"").text(DEVICES[order.session as usize & 3]);
    out.text("\",\"at\":\"").moment(step.stamp_ms).text("\"}");
}

fn order_placed(out: &mut Vec<u8>, order: &Order) {
    let second = order.second_version();
    order_id(out, order).text(if second { ",\"customer_id\":\"C-" } else { ",\"customer\":\"C-" });
    out.number(1000 + u64::from(order.customer));
    if second {
        out.text("\",\"total\":\"").money(order.total_cents).text("\",\"currency\":\"EUR\"");
    } else {
        out.text("\",\"total\":").money(order.total_cents);
    }
    out.text(",\"items\":[");
    for (at, item) in order.items().iter().enumerate() {
        let product = &PRODUCTS[usize::from(item.product)];
        out.text(if at > 0 { ",{\"sku\":\"" } else { "{\"sku\":\"" }).text(product.sku).text("\",\"name\":\"");
        out.text(product.name).text("\",\"qty\":").number(u64::from(item.quantity));
        out.text(",\"price\":").money(u64::from(product.cents)).text("}");
    }
    out.text("],\"channel\":\"").text(if order.session & 16 == 0 { "web" } else { "app" });
    let (_, _, region) = city(order.customer);
    out.text("\",\"region\":\"").text(region);
    out.text("\",\"coupon\":").text(if order.session & 0xE0 == 0 { "\"SPRING26\"" } else { "null" });
    out.text(",\"placed_at\":\"").moment(order.placed_ms).text("\"}");
}

fn stock(out: &mut Vec<u8>, order: &Order, step: &Step) {
    let item = order.items()[0];
    order_id(out, order).text(",\"sku\":\"").text(PRODUCTS[usize::from(item.product)].sku).text("\",\"qty\":");
    if step.kind == Kind::StockReleased {
        out.text("-");
    }
    out.number(u64::from(item.quantity)).text(",\"warehouse\":\"");
    out.text(WAREHOUSES[usize::from(order.warehouse)]).text("\"}");
}

/// A CloudEvent in structured mode: its attributes are in the payload.
fn shipment(out: &mut Vec<u8>, order: &Order, step: &Step) {
    let [high, low] = event_id(order.identity, step.kind, step.turn);
    out.text("{\"specversion\":\"1.0\",\"id\":\"").uuid(high, low).text("\",\"type\":\"").text(step.kind.name());
    out.text("\",\"source\":\"/shipping/eu-2\",\"subject\":\"A-").number(order.number).text("\",\"time\":\"");
    out.moment(step.stamp_ms).text("\",\"datacontenttype\":\"application/json\",\"correlationid\":\"A-");
    out.number(order.number).text("\"");
    if let Some([high, low]) = cause(order.identity, step.kind, step.turn) {
        out.text(",\"causationid\":\"").uuid(high, low).text("\"");
    }
    out.text(",\"data\":");
    order_id(out, order).text(",\"carrier\":\"").text(["dhl", "dpd", "gls"][order.number as usize % 3]);
    if step.kind == Kind::ShipmentBooked {
        let (city, country, _) = city(order.customer);
        out.text("\",\"warehouse\":\"").text(WAREHOUSES[usize::from(order.warehouse)]);
        out.text("\",\"eta\":\"2026-03-").number(16 + order.number % 4).text("\",\"address\":{\"name\":\"");
        name(out, order.customer).text("\",\"city\":\"").text(city).text("\",\"country\":\"").text(country);
        out.text("\"},\"weight_kg\":").money(35 + order.total_cents % 1900).text("}}");
    } else {
        out.text("\",\"tracking\":\"JJ").digits(stir(order.identity ^ 3) as u32 >> 2, 10).text("\"}}");
    }
}

fn mail(out: &mut Vec<u8>, order: &Order, step: &Step) {
    out.text("{\"template\":\"").text(TEMPLATES[usize::from(step.turn)]).text("\",\"to\":\"C-");
    out.number(1000 + u64::from(order.customer)).text("\",\"name\":\"");
    name(out, order.customer).text("\",\"order_id\":\"A-").number(order.number).text("\",\"opened\":null}");
}

fn city(customer: u32) -> (&'static str, &'static str, &'static str) {
    CITIES[stir(u64::from(customer) + 5) as usize & 7]
}

fn name(out: &mut Vec<u8>, customer: u32) -> &mut Vec<u8> {
    let chance = stir(u64::from(customer)) as usize;
    out.text(GIVEN_NAMES[chance & 15]).text(" ").text(FAMILY_NAMES[(chance >> 8) & 15])
}

/// A customer's state: the value of the compacted table.
pub(super) fn write_customer(out: &mut Vec<u8>, customer: u32, step: &Step) {
    let number = 1000 + u64::from(customer);
    let moved = step.kind == Kind::CustomerMoved;
    let (city, country, _) = city(if moved { customer ^ step.stamp_ms as u32 } else { customer });
    let chance = stir(number);
    out.text("{\"customer_id\":\"C-").number(number).text("\",\"name\":\"");
    name(out, customer).text("\",\"email\":\"c").number(number).text("@example.org\",\"address\":{\"city\":\"");
    out.text(city).text("\",\"country\":\"").text(country).text("\"},\"tier\":\"");
    out.text(["basic", "basic", "silver", "gold"][chance as usize & 3]).text("\",\"newsletter\":");
    out.text(if chance & 4 == 0 { "true" } else { "false" }).text(",\"phone\":null,\"changed\":\"");
    out.text(if moved { "address" } else { "registered" }).text("\",\"since\":\"20");
    out.number(16 + (chance >> 8) % 10).text("-0").number(1 + (chance >> 16) % 9).text("-1");
    out.number((chance >> 24) % 10).text("\"}");
}

/// A click: which page or product, on what.
pub(super) fn write_click(out: &mut Vec<u8>, visit: &Visit, step: &Step) {
    let chance = stir(visit.identity ^ (u64::from(step.turn) << 3) ^ 1);
    if matches!(step.kind, Kind::Garbled | Kind::ClickRejected) {
        garbled(out, visit);
        return;
    }
    out.text("{\"type\":\"").text(step.kind.name()).text("\",\"session\":\"s-").hex(visit.session, 12);
    out.text("\",\"seq\":").number(u64::from(step.turn));
    match step.kind {
        Kind::ProductViewed | Kind::BasketChanged => {
            let product = &PRODUCTS[chance as usize & 15];
            out.text(",\"sku\":\"").text(product.sku).text("\",\"price\":").money(u64::from(product.cents));
            if step.kind == Kind::BasketChanged {
                out.text(",\"qty\":").number(1 + (chance >> 9) % 3);
            }
        }
        _ => _ = out.text(",\"path\":\"").text(PAGES[chance as usize & 7]).text("\",\"referrer\":null"),
    }
    out.text(",\"device\":\"").text(DEVICES[visit.session as usize & 3]).text("\",\"viewport\":[");
    out.text(["1440,900", "390,844", "1920,1080", "412,915"][visit.session as usize & 3]);
    out.text("],\"at\":\"").moment(step.stamp_ms).text("\"}");
}

/// Bytes as a broken encoder sends them: neither text nor JSON.
fn garbled(out: &mut Vec<u8>, visit: &Visit) {
    out.extend_from_slice(b"\xFF\xFE\x00{\"type\":\"PageV\x80\x00");
    out.extend_from_slice(&visit.identity.to_be_bytes());
    out.extend_from_slice(&stir(visit.identity).to_be_bytes());
}
