//! Where a rank cuts through the runs.
//!
//! The events before a rank are a prefix of every strand. Bisecting time finds the time at which the rank lies: each step
//! counts in every strand that is still undecided how many events come before the middle. At first the counts are rough,
//! from the block indexes, and touch no page; when they no longer tell on which side the rank lies, each strand is
//! undecided by a block or two, and those are searched. Events of the very same time, a million though they may be, are
//! shared out strand by strand, by their numbers.

use super::strand::{OpenStrands, Strand};
use crate::store::{Damage, UNTIMED};

/// So few undecided events are sorted rather than bisected any further.
const FEW: u64 = 256;

/// A strand whose cut lies between two positions.
struct Undecided {
    strand: usize,
    low: usize,
    high: usize,
    /// The bounds of the count, and the count, found in the present step.
    rough: (usize, usize),
    middle: usize,
}

/// For each strand, how many of its rows come before `rank` of all of them together.
pub(super) fn cut(open: &mut OpenStrands, rank: u64) -> Result<Vec<usize>, Damage> {
    let strands = open.strands().clone();
    let untimed: u64 = strands.iter().map(|strand| strand.run.untimed() as u64).sum();
    let mut positions: Vec<usize> =
        strands.iter().map(|strand| if rank < untimed { 0 } else { strand.run.untimed() }).collect();
    let undecided = strands.iter().enumerate().map(|(at, strand)| {
        let high = if rank < untimed { strand.run.untimed() } else { strand.run.len() };
        Undecided { strand: at, low: positions[at], high, rough: (0, 0), middle: 0 }
    });
    let mut undecided: Vec<_> = undecided.filter(|part| part.low < part.high).collect();
    let mut before = if rank < untimed { 0 } else { untimed };
    let spans = strands.iter().filter_map(|strand| strand.run.span_ns());
    let span = spans.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    if rank >= untimed
        && let Some(span) = span
    {
        let times = bisect_roughly(&strands, rank, span, &mut undecided, &mut positions)?;
        before = positions.iter().map(|&position| position as u64).sum();
        bisect(open, rank, times, &mut undecided, &mut positions, &mut before)?;
    }
    share_out(&undecided, rank.saturating_sub(before), &mut positions);
    Ok(positions)
}

/// Narrows the time at which the rank lies, and every strand's cut, as far as the block indexes tell.
fn bisect_roughly(
    strands: &[Strand],
    rank: u64,
    (mut low_key, mut high_key): (i64, i64),
    undecided: &mut Vec<Undecided>,
    positions: &mut [usize],
) -> Result<(i64, i64), Damage> {
    while low_key < high_key {
        let middle_key = middle_of(low_key, high_key);
        let decided: u64 = positions.iter().map(|&position| position as u64).sum();
        let undecided_low: u64 = undecided.iter().map(|part| part.low as u64).sum();
        let (mut least, mut most) = (decided - undecided_low, decided - undecided_low);
        for part in undecided.iter_mut() {
            let starts = strands[part.strand].run.starts()?;
            let (at_least, at_most) = starts.before(middle_key.saturating_add(1));
            part.rough = (at_least.clamp(part.low, part.high), at_most.clamp(part.low, part.high));
            least += part.rough.0 as u64;
            most += part.rough.1 as u64;
        }
        if least > rank {
            high_key = middle_key;
            undecided.iter_mut().for_each(|part| part.high = part.rough.1);
        } else if most <= rank {
            low_key = middle_key + 1;
            for part in undecided.iter_mut() {
                part.low = part.rough.0;
                positions[part.strand] = part.low;
            }
        } else {
            break;
        }
        undecided.retain(|part| part.low < part.high);
    }
    Ok((low_key, high_key))
}

/// A time between two, nearer to the first; they may be as far apart as times can be.
fn middle_of(low_key: i64, high_key: i64) -> i64 {
    low_key.wrapping_add((low_key.abs_diff(high_key) / 2) as i64)
}

/// Narrows every strand's cut until only events of one time are undecided, or none.
fn bisect(
    open: &mut OpenStrands,
    rank: u64,
    (mut low_key, mut high_key): (i64, i64),
    undecided: &mut Vec<Undecided>,
    positions: &mut [usize],
    before: &mut u64,
) -> Result<(), Damage> {
    while low_key < high_key && !undecided.is_empty() {
        if undecided.iter().map(|part| (part.high - part.low) as u64).sum::<u64>() <= FEW {
            return sort_out(open, undecided, rank - *before, positions);
        }
        let middle_key = middle_of(low_key, high_key);
        let mut up_to_middle = *before;
        for part in undecided.iter_mut() {
            part.middle = open.first_after(part.strand, middle_key, part.low, part.high)?;
            up_to_middle += (part.middle - part.low) as u64;
        }
        if up_to_middle > rank {
            high_key = middle_key;
            undecided.iter_mut().for_each(|part| part.high = part.middle);
        } else {
            low_key = middle_key + 1;
            *before = up_to_middle;
            for part in undecided.iter_mut() {
                part.low = part.middle;
                positions[part.strand] = part.middle;
            }
        }
        undecided.retain(|part| part.low < part.high);
    }
    // All that is left to share out is of one time; the rough cuts may have left others at the edges.
    for part in undecided.iter_mut() {
        let first = open.first_at(part.strand, low_key, part.low, part.high)?;
        part.high = open.first_after(part.strand, low_key, first, part.high)?;
        *before += (first - part.low) as u64;
        part.low = first;
        positions[part.strand] = first;
    }
    Ok(())
}

/// Puts the undecided events in order and takes the first `wanted` of them.
fn sort_out(
    open: &mut OpenStrands,
    undecided: &mut Vec<Undecided>,
    wanted: u64,
    positions: &mut [usize],
) -> Result<(), Damage> {
    let mut events = Vec::with_capacity(FEW as usize);
    for part in undecided.drain(..) {
        let (_, keys) = open.get(part.strand)?;
        events.extend((part.low..part.high).map(|position| (keys.key(position), part.strand)));
    }
    events.sort_unstable();
    for &(_, strand) in events.iter().take(wanted as usize) {
        positions[strand] += 1;
    }
    Ok(())
}

/// Takes `wanted` of the undecided events, all of one time, strand by strand.
fn share_out(undecided: &[Undecided], mut wanted: u64, positions: &mut [usize]) {
    for part in undecided {
        let taken = wanted.min((part.high - part.low) as u64);
        positions[part.strand] = part.low + taken as usize;
        wanted -= taken;
    }
}

/// The rank of the row at a strand's position: how many rows come before it.
pub(super) fn rank_of(open: &mut OpenStrands, strand: usize, position: usize) -> Result<u64, Damage> {
    let key = open.get(strand)?.1.key(position);
    let mut rank = position as u64;
    for other in 0..open.strands().len() {
        let len = open.strands()[other].run.len();
        rank += match other.cmp(&strand) {
            std::cmp::Ordering::Less => open.first_after(other, key, 0, len)? as u64,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => open.first_at(other, key, 0, len)? as u64,
        };
    }
    Ok(rank)
}

/// How many rows come before a time. Those without a timestamp do.
pub(super) fn rank_of_time(open: &mut OpenStrands, time_ns: i64) -> Result<u64, Damage> {
    let key = time_ns.max(UNTIMED + 1);
    let mut rank = 0;
    for strand in 0..open.strands().len() {
        let len = open.strands()[strand].run.len();
        rank += open.first_at(strand, key, 0, len)? as u64;
    }
    Ok(rank)
}
