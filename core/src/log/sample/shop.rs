//! The shop: its topics and what it sells, where and to whom.

use super::partitioner::{murmur2, partition_of};
use crate::log::TopicConfig;

/// A topic of the shop, by its place in [`TOPICS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Topic {
    WebClicks,
    WebClicksDlq,
    Orders,
    Payments,
    PaymentsDlt,
    Inventory,
    StockLevels,
    Shipments,
    Notifications,
    Customers,
    FraudRequests,
    FraudReplies,
    PageLatency,
    FxRates,
}

/// What a topic is called, how it is cut and kept.
pub(super) struct TopicPlan {
    pub(super) name: &'static str,
    pub(super) partitions: u8,
    /// The first of the topic's lanes: its partitions numbered through all topics.
    pub(super) first_lane: u8,
    pub(super) compacted: bool,
    pub(super) retention_days: i64,
    /// Whether the broker stamps records as it appends them.
    pub(super) append_time: bool,
}

const fn topic(name: &'static str, partitions: u8, first_lane: u8, retention_days: i64) -> TopicPlan {
    TopicPlan { name, partitions, first_lane, compacted: false, retention_days, append_time: false }
}

/// Every topic, in [`Topic`]'s order. One that tells where another's events lie stands behind that other.
pub(super) const TOPICS: [TopicPlan; 14] = [
    topic("web-clicks", 12, 0, 3),
    topic("web-clicks-dlq", 1, 12, 14),
    topic("orders", 6, 13, 30),
    topic("payments", 6, 19, 30),
    topic("payments-dlt", 1, 25, 90),
    topic("inventory", 4, 26, 7),
    TopicPlan { compacted: true, ..topic("stock-levels", 2, 30, -1) },
    topic("shipments", 3, 32, 30),
    topic("notifications", 4, 35, 7),
    TopicPlan { compacted: true, ..topic("customers", 3, 39, -1) },
    topic("fraud-requests", 2, 42, 1),
    topic("fraud-replies", 1, 44, 1),
    topic("page-latency", 1, 45, 1),
    TopicPlan { append_time: true, ..topic("fx-rates", 1, 46, 365) },
];

/// How many partitions all topics have together.
pub(super) const LANES: usize = 47;

impl Topic {
    pub(super) fn plan(self) -> &'static TopicPlan {
        &TOPICS[self as usize]
    }

    /// The lane of a key with such a hash.
    pub(super) fn lane_of(self, hash: u32) -> u8 {
        let plan = self.plan();
        plan.first_lane + partition_of(hash, u32::from(plan.partitions)) as u8
    }

    /// The lanes of the topic.
    pub(super) fn lanes(self) -> std::ops::Range<usize> {
        let plan = self.plan();
        let first = usize::from(plan.first_lane);
        first..first + usize::from(plan.partitions)
    }
}

/// The topic and the partition of a lane.
pub(super) fn lane(lane: usize) -> (&'static TopicPlan, i32) {
    let at = TOPICS.partition_point(|topic| usize::from(topic.first_lane) <= lane) - 1;
    (&TOPICS[at], lane as i32 - i32::from(TOPICS[at].first_lane))
}

impl TopicPlan {
    /// The topic's configuration by Kafka's names.
    pub(super) fn config(&self) -> TopicConfig {
        let retention_ms = if self.retention_days < 0 { -1 } else { self.retention_days * 86_400_000 };
        let policy = if self.compacted { "compact" } else { "delete" };
        let stamped = if self.append_time { "LogAppendTime" } else { "CreateTime" };
        let entries = [
            ("cleanup.policy", policy.to_owned()),
            ("compression.type", "producer".to_owned()),
            ("max.message.bytes", "1048588".to_owned()),
            ("message.timestamp.type", stamped.to_owned()),
            ("min.insync.replicas", "2".to_owned()),
            ("retention.bytes", "-1".to_owned()),
            ("retention.ms", retention_ms.to_string()),
            ("segment.bytes", "1073741824".to_owned()),
        ];
        TopicConfig(entries.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

/// Something that can be bought.
pub(super) struct Product {
    pub(super) sku: &'static str,
    pub(super) name: &'static str,
    pub(super) cents: u32,
}

const fn product(sku: &'static str, name: &'static str, cents: u32) -> Product {
    Product { sku, name, cents }
}

/// What the shop sells.
pub(super) const PRODUCTS: [Product; 16] = [
    product("KB-77", "Keyboard, low profile", 12_990),
    product("KB-12", "Keyboard, compact", 7_490),
    product("MS-04", "Mouse, left hand", 4_995),
    product("MN-27", "Monitor 27\u{2033}", 32_900),
    product("MN-34", "Monitor 34\u{2033}, curved", 58_900),
    product("HP-31", "Headphones", 18_950),
    product("CB-02", "USB-C cable, 2 m", 1_290),
    product("CB-05", "USB-C cable, 0.5 m", 890),
    product("DK-09", "Docking station", 21_900),
    product("ST-40", "Laptop stand", 3_999),
    product("CH-88", "Chaise de bureau «Élan»", 44_500),
    product("LP-15", "Schreibtischlampe", 6_450),
    product("WC-06", "Webcam 4K", 9_980),
    product("MC-21", "Microphone", 15_700),
    product("NB-03", "Notebook, dotted", 1_250),
    product("PN-01", "Pen, blue", 340),
];

/// Where the shop's goods lie, the busiest first. Stock is keyed by these few names, so its partitions are skewed.
pub(super) const WAREHOUSES: [&str; 4] = ["HAM", "LEJ", "RTM", "POZ"];

/// People's names as they are written.
pub(super) const GIVEN_NAMES: [&str; 16] = [
    "Zoë",
    "Jürgen",
    "Ada",
    "Łukasz",
    "María",
    "Bjørn",
    "Chloé",
    "Nguyễn",
    "Søren",
    "Oğuz",
    "Ioana",
    "明子",
    "Priya",
    "Αθηνά",
    "Олена",
    "محمد",
];

/// Family names as they are written.
pub(super) const FAMILY_NAMES: [&str; 16] = [
    "Ångström",
    "Müller",
    "García",
    "Kowalczyk",
    "O’Brien",
    "Nielsen",
    "D’Amico",
    "Văcărescu",
    "佐藤",
    "Yıldız",
    "Παπαδοπούλου",
    "Шевченко",
    "Smith",
    "van der Berg",
    "Núñez",
    "الأحمد",
];

/// A city, its country, and the region of the shop that delivers there.
pub(super) const CITIES: [(&str, &str, &str); 8] = [
    ("Hamburg", "DE", "north"),
    ("Köln", "DE", "west"),
    ("Kraków", "PL", "east"),
    ("Århus", "DK", "north"),
    ("Lyon", "FR", "south"),
    ("Málaga", "ES", "south"),
    ("İzmir", "TR", "south"),
    ("Rotterdam", "NL", "west"),
];

/// Pages of the shop.
pub(super) const PAGES: [&str; 8] =
    ["/", "/keyboards", "/monitors", "/sale", "/search", "/help/returns", "/desk-chairs", "/account"];

/// What visitors use.
pub(super) const DEVICES: [&str; 4] = ["android-app/7.2", "ios-app/7.1", "firefox/148", "chrome/146"];

/// Partitions of keys that never change, worked out once.
#[derive(Debug)]
pub(super) struct FixedLanes {
    pub(super) warehouses: [u8; WAREHOUSES.len()],
    pub(super) stock: [u8; PRODUCTS.len()],
}

impl FixedLanes {
    pub(super) fn new() -> Self {
        Self {
            warehouses: WAREHOUSES.map(|name| Topic::Inventory.lane_of(murmur2(name.as_bytes()))),
            stock: std::array::from_fn(|at| Topic::StockLevels.lane_of(murmur2(&stock_key(at)))),
        }
    }
}

/// The key of a product's stock level: a UUID, as text, which is how Kafka's UUID serializer writes it.
pub(super) fn stock_key(product: usize) -> [u8; 36] {
    let mut key = *b"00000000-5ca1-4ab1-8e00-000000000000";
    for (at, place) in (0..8).enumerate() {
        key[place] = super::ink::HEX[(super::dice::stir(product as u64 + 77) >> (4 * at)) as usize & 15];
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_number_the_partitions_of_all_topics() {
        let mut next = 0;
        for topic in &TOPICS {
            assert_eq!(usize::from(topic.first_lane), next, "{}", topic.name);
            for partition in 0..topic.partitions {
                let (found, number) = lane(next + usize::from(partition));
                assert_eq!((found.name, number), (topic.name, i32::from(partition)));
            }
            next += usize::from(topic.partitions);
        }
        assert_eq!(next, LANES);
        assert_eq!(Topic::FxRates.plan().name, "fx-rates");
        assert_eq!(Topic::PaymentsDlt.plan().name, "payments-dlt");
    }
}
