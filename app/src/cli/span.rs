//! Which part of a log a command reads: topics, partitions, from and to.

use std::collections::BTreeSet;

use anyhow::ensure;
use clap::Args;
use fabula_core::event::time::Moment;
use fabula_core::event::{TopicName, TopicPartition, Watermarks};
use fabula_core::log::plan::{Plan, Request, plan};
use fabula_core::log::{Log, LogError, RangeEnd};

use super::Usage;

/// The topics, and where in them to begin.
#[derive(Debug, Clone, Args)]
pub struct SpanArgs {
    /// Topics: several after one -t, with commas, or with several -t; * and ? stand for parts of names.
    #[arg(short, long = "topic", value_name = "TOPIC", num_args = 1.., value_delimiter = ',', required = true)]
    topics: Vec<String>,

    /// Only these partitions.
    #[arg(short, long = "partition", value_name = "N", num_args = 1.., value_delimiter = ',')]
    partitions: Vec<i32>,

    /// Where to begin: earliest, latest, ISO 8601, epoch ms, or a span before the end such as -15m.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    from: Option<Moment>,

    /// Where to begin, as kcat says it: beginning, end, N (an offset), -N (so many before the end of each partition),
    /// s@MS (from a time), e@MS (to a time).
    #[arg(short, value_name = "OFFSET", allow_hyphen_values = true, conflicts_with = "from")]
    offsets: Vec<KcatOffset>,
}

/// Where to begin or end, as kcat says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KcatOffset {
    Beginning,
    End,
    At(i64),
    BeforeEnd(i64),
    FromTime(i64),
    ToTime(i64),
}

impl std::str::FromStr for KcatOffset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("“{text}” is no offset: write beginning, end, N, -N, s@MS or e@MS");
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0).ok_or_else(refused);
        match text {
            "beginning" => Ok(Self::Beginning),
            "end" => Ok(Self::End),
            "stored" => Err("“stored” is a consumer group's offset, and Fabula joins no group".to_owned()),
            _ => match (text.strip_prefix("s@"), text.strip_prefix("e@"), text.strip_prefix('-')) {
                (Some(time), _, _) => Ok(Self::FromTime(number(time)?)),
                (_, Some(time), _) => Ok(Self::ToTime(number(time)?)),
                (_, _, Some(back)) => Ok(Self::BeforeEnd(number(back)?)),
                _ => Ok(Self::At(number(text)?)),
            },
        }
    }
}

/// What part of a log to read, made out from the flags.
#[derive(Debug, Clone)]
pub struct Span {
    /// Names and patterns of topics.
    topics: Vec<String>,
    partitions: BTreeSet<i32>,
    /// Where to begin.
    pub from: Moment,
    /// Where to end; `None` is the end of the log.
    pub to: Option<Moment>,
    start: Option<KcatOffset>,
}

impl SpanArgs {
    /// The part that the flags name; `to` is the end, where another flag gave one.
    ///
    /// # Errors
    /// [`Usage`] when flags contradict each other.
    pub fn span(&self, to: Option<Moment>) -> anyhow::Result<Span> {
        let mut span = Span {
            topics: self.topics.clone(),
            partitions: self.partitions.iter().copied().collect(),
            from: self.from.unwrap_or(Moment::Earliest),
            to,
            start: None,
        };
        for &offset in &self.offsets {
            match offset {
                KcatOffset::Beginning => span.from = Moment::Earliest,
                KcatOffset::End => span.from = Moment::Latest,
                KcatOffset::FromTime(ms) => span.from = Moment::At(ms),
                KcatOffset::ToTime(ms) => {
                    ensure!(to.is_none(), Usage::new("the end is given twice: by -o e@ and by another flag"));
                    span.to = Some(Moment::At(ms));
                }
                KcatOffset::At(_) | KcatOffset::BeforeEnd(_) => span.start = Some(offset),
            }
        }
        Ok(span)
    }
}

impl Span {
    /// The names of the topics meant, patterns filled in from the log's catalogue; sorted.
    ///
    /// # Errors
    /// When a topic is not in the log, or no topic matches a pattern.
    pub async fn topic_names(&self, log: &dyn Log) -> Result<Vec<TopicName>, LogError> {
        let mut names = BTreeSet::new();
        for wanted in &self.topics {
            if !wanted.contains(['*', '?']) {
                names.insert(log.topic(wanted).await?.name);
                continue;
            }
            let all = log.topics().await?;
            let before = names.len();
            // A pattern means people's topics, unless it asks for the others by their underscore.
            let meant = |name: &str, internal: bool| matches(wanted, name) && (!internal || wanted.starts_with('_'));
            names.extend(
                all.into_iter().filter(|topic| meant(&topic.name, topic.is_internal())).map(|topic| topic.name),
            );
            if names.len() == before {
                return Err(LogError::UnknownTopic { topic: wanted.clone(), suggestion: None });
            }
        }
        Ok(names.into_iter().collect())
    }

    /// Whether a partition is meant.
    pub fn has_partition(&self, partition: i32) -> bool {
        self.partitions.is_empty() || self.partitions.contains(&partition)
    }

    /// Whether the beginning is named by offsets.
    pub fn names_offsets(&self) -> bool {
        self.start.is_some()
    }

    /// The first offset wanted of a partition with these watermarks, where offsets were named.
    fn first_offset(&self, watermarks: Watermarks) -> Option<i64> {
        match self.start? {
            KcatOffset::At(offset) => Some(offset.clamp(watermarks.low, watermarks.high)),
            KcatOffset::BeforeEnd(back) => Some(watermarks.high.saturating_sub(back).max(watermarks.low)),
            _ => None,
        }
    }

    /// The ranges of offsets to read, up to the present end of the log.
    ///
    /// # Errors
    /// When a topic is unknown or may not be read, or the log cannot be asked.
    pub async fn plan(&self, log: &dyn Log) -> anyhow::Result<Plan> {
        let names = self.topic_names(log).await?;
        let request = Request {
            topics: names.iter().map(|name| name.to_string()).collect(),
            from: self.from,
            to: Some(self.to.unwrap_or(Moment::Latest)),
            lateness_ms: Request::DEFAULT_LATENESS_MS,
        };
        let mut plan = plan(log, &request).await?;
        plan.ranges.retain(|range| self.has_partition(range.partition.partition));
        plan.watermarks.retain(|(at, _)| self.has_partition(at.partition));
        plan.failed.retain(|(at, _)| self.has_partition(at.partition));
        let named: BTreeSet<i32> = plan.ranges.iter().map(|range| range.partition.partition).collect();
        let failed: BTreeSet<i32> = plan.failed.iter().map(|(at, _)| at.partition).collect();
        if let Some(missing) = self.partitions.iter().find(|at| !named.contains(at) && !failed.contains(at)) {
            let topic = names.first().cloned().unwrap_or_else(|| "".into());
            return Err(LogError::UnknownPartition { partition: TopicPartition::new(topic, *missing) }.into());
        }
        for range in &mut plan.ranges {
            let marks = plan.watermarks.iter().find(|(at, _)| *at == range.partition);
            if let Some(start) = marks.and_then(|(_, marks)| self.first_offset(*marks)) {
                range.from = start;
                if let RangeEnd::Before(end) = &mut range.end {
                    *end = (*end).max(start);
                }
            }
        }
        Ok(plan)
    }
}

/// Whether a name matches a pattern in which `*` stands for anything and `?` for one character.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut in_name) = (0, 0);
    let mut retry = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, in_name));
                at += 1;
            }
            Some(&c) if c == '?' || c == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => match &mut retry {
                Some((star, from)) => {
                    *from += 1;
                    (at, in_name) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_a_shell_would() {
        let cases = [
            ("*", "orders", true),
            ("order*", "orders", true),
            ("*s", "orders", true),
            ("o?ders", "orders", true),
            ("*.v1", "orders.v1.v1", true),
            ("o*d*s", "orders", true),
            ("?", "orders", false),
            ("orders?", "orders", false),
            ("*x*", "orders", false),
        ];
        for (pattern, name, matched) in cases {
            assert_eq!(matches(pattern, name), matched, "{pattern} {name}");
        }
    }

    #[test]
    fn offsets_are_read_as_kcat_reads_them() {
        let cases = [
            ("beginning", KcatOffset::Beginning),
            ("end", KcatOffset::End),
            ("17", KcatOffset::At(17)),
            ("-100", KcatOffset::BeforeEnd(100)),
            ("s@1700000000000", KcatOffset::FromTime(1_700_000_000_000)),
            ("e@5", KcatOffset::ToTime(5)),
        ];
        for (text, offset) in cases {
            assert_eq!(text.parse(), Ok(offset), "{text}");
        }
        for text in ["stored", "", "x", "s@", "--5"] {
            assert!(text.parse::<KcatOffset>().is_err(), "{text}");
        }
    }
}
