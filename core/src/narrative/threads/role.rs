//! What a field's value says about its event's story, recognised by the names that the field uses.

/// What a value means to the event that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    /// What the event is about: an order, a customer. The record's key mostly.
    Entity,
    /// The whole story that the event belongs to.
    Correlation,
    /// The trace that the event was made in.
    Trace,
    /// The database transaction that the event was made in.
    Transaction,
    /// A request's own number, which its reply repeats.
    Reply,
    /// The event itself.
    Identity,
    /// The event that this one was caused by: its identity.
    Causation,
    /// The hop of a trace that the event was sent in. It ties nothing: its trace does.
    Span,
}

impl Role {
    /// Every role, the one that names a thread best first.
    pub const ALL: [Self; 8] = [
        Self::Entity,
        Self::Correlation,
        Self::Trace,
        Self::Transaction,
        Self::Reply,
        Self::Identity,
        Self::Causation,
        Self::Span,
    ];

    /// The role as a person reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Correlation => "correlation",
            Self::Trace => "trace",
            Self::Transaction => "transaction",
            Self::Reply => "reply",
            Self::Identity => "identity",
            Self::Causation => "causation",
            Self::Span => "span",
        }
    }

    /// Whether the role's values tie events for what they are, whatever the data looks like.
    pub(super) fn is_strong(self) -> bool {
        self != Self::Entity
    }

    pub(super) fn from_code(code: u8) -> Self {
        Self::ALL[usize::from(code).min(Self::ALL.len() - 1)]
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The role of a header of this name, as OpenTelemetry, Zipkin, Jaeger, CloudEvents, Spring, MassTransit, NServiceBus,
/// EventStoreDB, Axon and Debezium's outbox use it.
pub fn of_header(name: &str) -> Option<Role> {
    let name = name.to_ascii_lowercase();
    Some(match name.as_str() {
        "traceparent" | "ce_traceparent" | "b3" | "x-b3-traceid" | "uber-trace-id" | "axon-metadata-traceid" => {
            Role::Trace
        }
        "ce_correlationid"
        | "correlationid"
        | "correlation-id"
        | "correlation_id"
        | "x-correlation-id"
        | "x-request-id"
        | "conversationid"
        | "mt-conversationid"
        | "nservicebus.conversationid"
        | "$correlationid"
        | "axon-metadata-correlationid" => Role::Correlation,
        "kafka_correlationid" => Role::Reply,
        "ce_causationid"
        | "causationid"
        | "causation-id"
        | "causation_id"
        | "mt-initiatorid"
        | "nservicebus.relatedto"
        | "$causationid" => Role::Causation,
        "ce_id"
        | "messageid"
        | "message-id"
        | "message_id"
        | "nservicebus.messageid"
        | "mt-messageid"
        | "axon-message-id"
        | "id" => Role::Identity,
        "ce_subject" | "ce_partitionkey" | "axon-message-aggregate-id" => Role::Entity,
        _ => return None,
    })
}

/// The role of a payload's field of this name, where the name alone tells.
pub fn of_payload_field(name: &str) -> Option<Role> {
    let name = name.to_ascii_lowercase();
    Some(match name.as_str() {
        "traceparent" => Role::Trace,
        "correlationid" | "correlation_id" | "$correlationid" | "conversationid" => Role::Correlation,
        "causationid" | "causation_id" | "$causationid" => Role::Causation,
        _ => return None,
    })
}

/// Whether a payload's field names an entity by its ending: `order_id`, `orderId`, `orderID`; `id` itself too.
pub fn is_id(name: &str) -> bool {
    let before = name.strip_suffix("_id").or_else(|| name.strip_suffix("Id")).or_else(|| name.strip_suffix("ID"));
    before.is_some() || matches!(name, "id" | "uuid" | "_id")
}

/// Whether a payload's field of this name may be the identity of its event.
pub(super) fn may_be_identity(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "eventid" | "event_id" | "messageid" | "message_id")
}

/// Parts of a topic's name that say where it is or what it is written for, not what it is about.
const AFFIXES: [&str; 22] = [
    "prod",
    "production",
    "live",
    "staging",
    "stage",
    "stg",
    "preprod",
    "uat",
    "qa",
    "test",
    "int",
    "dev",
    "local",
    "events",
    "event",
    "topic",
    "commands",
    "command",
    "changes",
    "cdc",
    "stream",
    "facts",
];

/// What a topic is about: `order` of `orders`, `shop.orders.v1`, `prod-order-events`.
pub(super) fn subject_of_topic(topic: &str) -> String {
    let is_affix = |part: &&str| {
        let small = part.to_ascii_lowercase();
        let digits = small.strip_prefix('v').unwrap_or(&small);
        digits.bytes().all(|byte| byte.is_ascii_digit()) || AFFIXES.contains(&small.as_str())
    };
    let told = |parts: Vec<&str>| -> Option<(usize, usize)> {
        let from = parts.iter().position(|part| !is_affix(part))?;
        Some((from, parts.iter().rposition(|part| !is_affix(part))? + 1))
    };
    // Dots lead inward: the last name that says anything.
    let names: Vec<&str> = topic.split(['.', '/', ':']).collect();
    let name = names.iter().rev().find(|name| told(name.split(['-', '_']).collect()).is_some()).unwrap_or(&topic);
    let parts: Vec<&str> = name.split(['-', '_']).collect();
    let (from, to) = told(parts.clone()).unwrap_or((0, parts.len()));
    subject_of(&parts[from..to].concat())
}

/// Whether a correlation of this name is that of one request: a story may be told in several.
pub(super) fn is_of_request(name: &str) -> bool {
    name.to_ascii_lowercase().contains("request")
}

/// Whether a header holds an event's type.
pub(super) fn is_type_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "ce_type"
            | "__typeid__"
            | "axon-message-type"
            | "mt-messagetype"
            | "nservicebus.enclosedmessagetypes"
            | "eventtype"
    )
}

/// Whether a header names the service that made the event.
pub(super) fn is_service_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "ce_source" | "source" | "service" | "service.name" | "nservicebus.originatingendpoint")
}

/// What a name is about, so that `order_id`, `orderId` and the key of topic `orders` are the same thing.
pub(super) fn subject_of(name: &str) -> String {
    let stem = name.strip_suffix("_id").or_else(|| name.strip_suffix("Id")).or_else(|| name.strip_suffix("ID"));
    let stem = stem.filter(|stem| !stem.is_empty()).unwrap_or(name);
    let mut subject: String = stem.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if subject.len() > 3 && subject.ends_with('s') && !subject.ends_with("ss") {
        subject.pop();
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_recognised_without_regard_to_case() {
        assert_eq!(of_header("X-Correlation-ID"), Some(Role::Correlation));
        assert_eq!(of_header("TraceParent"), Some(Role::Trace));
        assert_eq!(of_header("NServiceBus.RelatedTo"), Some(Role::Causation));
        assert_eq!(of_header("kafka_correlationId"), Some(Role::Reply));
        assert_eq!(of_header("content-type"), None);
    }

    #[test]
    fn every_name_of_the_field_has_its_role() {
        let table: [(Role, &[&str]); 7] = [
            (Role::Trace, &["traceparent", "ce_traceparent", "b3", "X-B3-TraceId", "uber-trace-id"]),
            (
                Role::Correlation,
                &[
                    "ce_correlationid",
                    "correlationId",
                    "correlation-id",
                    "X-Correlation-ID",
                    "x-request-id",
                    "ConversationId",
                    "NServiceBus.ConversationId",
                    "$correlationId",
                ],
            ),
            (Role::Reply, &["kafka_correlationId"]),
            (
                Role::Causation,
                &["ce_causationid", "causationId", "MT-InitiatorId", "NServiceBus.RelatedTo", "$causationId"],
            ),
            (Role::Identity, &["ce_id", "MessageId", "axon-message-id", "id"]),
            (Role::Entity, &["ce_subject", "ce_partitionkey", "axon-message-aggregate-id"]),
            (Role::Span, &[]),
        ];
        for (role, names) in table {
            for name in names {
                assert_eq!(of_header(name), Some(role), "{name}");
                assert_eq!(of_header(&name.to_uppercase()), Some(role), "{name}");
            }
        }
        for name in ["ce_type", "__TypeId__", "axon-message-type", "MT-MessageType", "eventType"] {
            assert!(is_type_header(name) && is_type_header(&name.to_uppercase()), "{name}");
        }
        // A vendor's own state: many traces may have the same.
        assert_eq!(of_header("tracestate"), None);
        for (name, role) in [
            ("correlationId", Role::Correlation),
            ("$correlationId", Role::Correlation),
            ("causationId", Role::Causation),
            ("$causationId", Role::Causation),
            ("traceparent", Role::Trace),
        ] {
            assert_eq!(of_payload_field(name), Some(role), "{name}");
        }
        assert!(["order_id", "orderId", "orderID", "id"].into_iter().all(is_id));
    }

    #[test]
    fn ids_and_keys_of_one_thing_have_one_subject() {
        for name in ["order_id", "orderId", "orders", "order"] {
            assert_eq!(subject_of(name), "order", "{name}");
        }
        assert!(is_id("customerId") && is_id("order_id") && !is_id("paid") && !is_id("valid"));
    }

    #[test]
    fn a_topic_is_about_what_its_name_says_without_where_and_which_version() {
        for topic in [
            "orders",
            "order",
            "shop.orders",
            "shop.orders.v1",
            "prod.shop.orders.v2",
            "order-events",
            "prod-orders-v1",
            "orders.2",
            "db.public.orders",
            "Orders.events",
        ] {
            assert_eq!(subject_of_topic(topic), "order", "{topic}");
        }
        assert_eq!(subject_of_topic("db.public.order_items"), subject_of("order_item_id"));
        assert_eq!(subject_of_topic("events"), "event");
        assert_eq!(subject_of_topic("v1"), "v1");
    }

    #[test]
    fn roles_survive_their_code() {
        for role in Role::ALL {
            assert_eq!(Role::from_code(role as u8), role);
        }
    }
}
