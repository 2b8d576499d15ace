//! The kinds of findings.

/// What can be unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Kind {
    /// A step that peers have and this lacks.
    MissingStep,
    /// The thread stopped at a step after which peers go on.
    Died,
    /// A step that hardly any peer has.
    ExtraStep,
    /// A step that peers have once (or a few times) was taken more often.
    RepeatedStep,
    /// The same event, by its identity, is there twice.
    DuplicateDelivery,
    /// An event was appended after one that happened later.
    OutOfOrder,
    /// An event arrived long after it happened.
    Late,
    /// A step took far longer than it takes in peers.
    SlowEdge,
    /// An event was put aside.
    DeadLettered,
    /// A value that is not of its topic's format.
    Undecodable,
    /// An effect is stamped before its cause: two clocks disagree.
    ClockContradiction,
    /// The clock of a service is ahead or behind.
    ClockSkew,
    /// One value ties far more events than others of its kind.
    HotValue,
    /// From a time on values have another shape.
    ShapeChange,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::MissingStep,
        Self::Died,
        Self::ExtraStep,
        Self::RepeatedStep,
        Self::DuplicateDelivery,
        Self::OutOfOrder,
        Self::Late,
        Self::SlowEdge,
        Self::DeadLettered,
        Self::Undecodable,
        Self::ClockContradiction,
        Self::ClockSkew,
        Self::HotValue,
        Self::ShapeChange,
    ];

    /// The kind as a word, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingStep => "missing_step",
            Self::Died => "died",
            Self::ExtraStep => "extra_step",
            Self::RepeatedStep => "repeated_step",
            Self::DuplicateDelivery => "duplicate_delivery",
            Self::OutOfOrder => "out_of_order",
            Self::Late => "late",
            Self::SlowEdge => "slow_edge",
            Self::DeadLettered => "dead_lettered",
            Self::Undecodable => "undecodable",
            Self::ClockContradiction => "clock_contradiction",
            Self::ClockSkew => "clock_skew",
            Self::HotValue => "hot_value",
            Self::ShapeChange => "shape_change",
        }
    }

    /// The kind as a person reads it.
    pub fn title(self) -> &'static str {
        match self {
            Self::MissingStep => "Missing step",
            Self::Died => "Died",
            Self::ExtraStep => "Extra step",
            Self::RepeatedStep => "Repeated step",
            Self::DuplicateDelivery => "Duplicate delivery",
            Self::OutOfOrder => "Out of order",
            Self::Late => "Late",
            Self::SlowEdge => "Slow edge",
            Self::DeadLettered => "Dead-lettered",
            Self::Undecodable => "Undecodable",
            Self::ClockContradiction => "Clock contradiction",
            Self::ClockSkew => "Clock skew",
            Self::HotValue => "Hot value",
            Self::ShapeChange => "Shape change",
        }
    }
}
