//! Offsets by the list: watermarks and look-ups by time, thousands of partitions in a few requests.

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::fault;
use super::link::Link;
use crate::event::{TopicPartition, Watermarks};
use crate::log::LogError;

/// An answer for each partition, or why there is none.
pub(super) type PerPartition<T> = Vec<(TopicPartition, Result<T, LogError>)>;

/// How many partitions one question names. librdkafka's work for a question grows with the square of its partitions.
const PARTITIONS_A_QUESTION: usize = 1_000;

/// What is looked for in a partition.
#[derive(Debug, Clone, Copy)]
enum Sought {
    Low,
    High,
    /// The first offset at or after a time.
    At(i64),
}

impl Sought {
    /// Kafka's ListOffsets takes the ends of the log as special timestamps, and librdkafka passes timestamps on as
    /// offsets: its numbers for beginning and end are those very timestamps.
    fn as_timestamp(self) -> Offset {
        match self {
            Self::Low => Offset::Beginning,
            Self::High => Offset::End,
            Self::At(time_ms) => Offset::Offset(time_ms),
        }
    }
}

/// The watermarks of partitions. Under `read_committed` the high mark is the last stable offset.
pub(super) async fn watermarks(
    link: &Link,
    partitions: &[TopicPartition],
) -> Result<PerPartition<Watermarks>, LogError> {
    let (lows, highs) = tokio::join!(look_up(link, partitions, Sought::Low), look_up(link, partitions, Sought::High));
    let marks = lows?.into_iter().zip(highs?).map(|((partition, low), (_, high))| {
        let marks = low.and_then(|low| {
            let high = high?;
            match (low, high) {
                (Some(low), Some(high)) => Ok(Watermarks { low, high: high.max(low) }),
                _ => Err(LogError::Other {
                    what: format!("watermarks of {partition}"),
                    reason: "the broker named none; try again".into(),
                }),
            }
        });
        (partition, marks)
    });
    Ok(marks.collect())
}

/// For each partition the first offset whose timestamp is at or after a time, or the high watermark where there is
/// none.
pub(super) async fn at_time(
    link: &Link,
    time_ms: i64,
    partitions: &[TopicPartition],
) -> Result<PerPartition<i64>, LogError> {
    // Records without a timestamp count as older than any, and a look-up cannot ask for a time before 1970.
    let sought = if time_ms <= 0 { Sought::Low } else { Sought::At(time_ms) };
    let found = look_up(link, partitions, sought).await?;
    let past_the_end: Vec<TopicPartition> =
        found.iter().filter(|(_, offset)| matches!(offset, Ok(None))).map(|(partition, _)| partition.clone()).collect();
    let mut ends = look_up(link, &past_the_end, Sought::High).await?.into_iter();
    let offset_or_end = |(partition, offset): (TopicPartition, Result<Option<i64>, LogError>)| {
        let offset = match offset {
            Ok(Some(offset)) => Ok(offset),
            Ok(None) => ends.next().map_or(Ok(None), |(_, end)| end).map(Option::unwrap_or_default),
            Err(error) => Err(error),
        };
        (partition, offset)
    };
    Ok(found.into_iter().map(offset_or_end).collect())
}

async fn look_up(
    link: &Link,
    partitions: &[TopicPartition],
    sought: Sought,
) -> Result<PerPartition<Option<i64>>, LogError> {
    let mut found = Vec::with_capacity(partitions.len());
    // librdkafka fails a whole question for one partition's sake: such a question is cut in two until the partition
    // stands alone. The stack keeps the order.
    let mut questions: Vec<&[TopicPartition]> = partitions.chunks(PARTITIONS_A_QUESTION).rev().collect();
    while let Some(asked) = questions.pop() {
        match ask(link, asked, sought).await {
            Ok(answers) => found.extend(asked.iter().cloned().zip(answers)),
            Err(error) if concerns_all(&error) => return Err(error),
            Err(error) if asked.len() == 1 => found.push((asked[0].clone(), Err(error))),
            Err(_) => {
                let (first, second) = asked.split_at(asked.len() / 2);
                questions.extend([second, first]);
            }
        }
    }
    Ok(found)
}

fn concerns_all(error: &LogError) -> bool {
    matches!(
        error,
        LogError::Unreachable { .. }
            | LogError::Authentication { .. }
            | LogError::Certificate { .. }
            | LogError::TimedOut { .. }
            | LogError::Configuration { .. }
    )
}

async fn ask(
    link: &Link,
    partitions: &[TopicPartition],
    sought: Sought,
) -> Result<Vec<Result<Option<i64>, LogError>>, LogError> {
    let what = match partitions {
        [one] => format!("topic {}", one.topic),
        many => format!("offsets of {} partitions", many.len()),
    };
    let asked = partitions.to_vec();
    link.ask(&what, move |consumer, timeout| {
        let mut list = TopicPartitionList::with_capacity(asked.len());
        for partition in &asked {
            list.add_partition(&partition.topic, partition.partition).set_offset(sought.as_timestamp())?;
        }
        let answers = consumer.offsets_for_times(list, timeout)?;
        let elements = answers.elements();
        Ok(asked
            .iter()
            .zip(&elements)
            .map(|(partition, element)| match (element.error(), element.offset()) {
                (Err(KafkaError::OffsetFetch(code)), _) => Err(fault::partition(code, partition)),
                (_, Offset::Offset(offset)) => Ok(Some(offset)),
                _ => Ok(None),
            })
            .collect())
    })
    .await
}
