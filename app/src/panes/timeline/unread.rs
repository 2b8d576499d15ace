//! Stretches of time of which not everything was read: the offsets between two watermarks that the store does not hold,
//! as far as the events around them say when they were.

use std::sync::Arc;

use fabula_core::store::PartitionSnapshot;

use super::axis::Stretch;

/// The stretches in which a lane's partitions miss offsets, sorted and joined.
pub(super) fn unread(partitions: &[Arc<PartitionSnapshot>], whole: Stretch) -> Vec<Stretch> {
    let mut holes: Vec<Stretch> = partitions.iter().flat_map(|partition| partition_holes(partition, whole)).collect();
    holes.sort_by_key(|hole| hole.from_ns);
    let mut joined: Vec<Stretch> = Vec::new();
    for hole in holes {
        match joined.last_mut() {
            Some(last) if hole.from_ns <= last.to_ns => last.to_ns = last.to_ns.max(hole.to_ns),
            _ => joined.push(hole),
        }
    }
    joined
}

fn partition_holes(partition: &PartitionSnapshot, whole: Stretch) -> Vec<Stretch> {
    // A partition of which nothing was read says nothing about when its events were.
    let holes = if partition.segments.is_empty() { Vec::new() } else { partition.holes() };
    holes
        .into_iter()
        .map(|(from, to)| {
            let after = partition.segments.partition_point(|segment| segment.first_offset() < from);
            let earlier = partition.segments[..after].iter().rev().find_map(|segment| segment.time_span_ns());
            let later = partition.segments[after..].iter().find(|segment| segment.first_offset() >= to);
            let later = later.and_then(|segment| segment.time_span_ns());
            Stretch {
                from_ns: earlier.map_or(whole.from_ns, |(_, max)| max),
                to_ns: later.map_or(whole.to_ns, |(min, _)| min),
            }
        })
        .filter(|hole| hole.to_ns > hole.from_ns)
        .collect()
}
