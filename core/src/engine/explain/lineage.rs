//! Where rows come from: each row has a number, and a number leads to the events that made the row.

use std::collections::{HashMap, HashSet};

use crate::engine::Stop;

/// The number of a row. From 0 on it is the number of the event that the row is of; below, a place among what was made.
pub(super) type RowId = i64;

/// A row that is not followed.
pub(super) const NOBODY: RowId = i64::MIN;

/// So many rows can be told apart; each takes 18 bytes.
const MOST: usize = 40_000_000;

/// Which of the events that are looked into have part in a row: a bit each.
pub(super) type Marks = u16;

/// What rows were made of.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    made: Vec<(RowId, RowId)>,
    /// Whether the second row was taken away from the first, rather than added to it.
    without: HashSet<usize>,
    marks: Vec<Marks>,
    /// The events that are looked into.
    marked: Vec<(u64, Marks)>,
}

impl Lineage {
    /// Looks into an event.
    pub(super) fn mark(&mut self, seq: u64, marks: Marks) {
        if !self.marked.contains(&(seq, marks)) {
            self.marked.push((seq, marks));
        }
    }

    /// Which of the events that are looked into have part in a row.
    pub(super) fn marks(&self, id: RowId) -> Marks {
        match id {
            NOBODY => 0,
            seq if seq >= 0 => {
                let own = self.marked.iter().filter(|(known, _)| *known == seq as u64);
                own.fold(0, |marks, (_, more)| marks | more)
            }
            made => self.marks[place(made)],
        }
    }

    /// A row made of both.
    ///
    /// # Errors
    /// [`Stop::Bound`] when there are too many.
    pub(super) fn both(&mut self, one: RowId, other: RowId) -> Result<RowId, Stop> {
        match (one, other) {
            (NOBODY, id) | (id, NOBODY) => Ok(id),
            (one, other) => self.add(one, other, self.marks(one) | self.marks(other)),
        }
    }

    /// What is left of a group of rows when one of them is taken away; `marks` are those of what is left.
    ///
    /// # Errors
    /// As [`Lineage::both`].
    pub(super) fn without(&mut self, group: RowId, gone: RowId, marks: Marks) -> Result<RowId, Stop> {
        if group == NOBODY || gone == NOBODY {
            return Ok(group);
        }
        let id = self.add(group, gone, marks)?;
        self.without.insert(place(id));
        Ok(id)
    }

    fn add(&mut self, one: RowId, other: RowId, marks: Marks) -> Result<RowId, Stop> {
        if self.made.len() >= MOST {
            let why = "more rows would have to be followed than there is room for; look at less of the log (--at)";
            return Err(Stop::Bound(why.to_owned()));
        }
        self.made.push((one, other));
        self.marks.push(marks);
        Ok(-(self.made.len() as i64))
    }

    /// The numbers of the events that made a row, in order.
    pub(super) fn events(&self, id: RowId) -> Vec<u64> {
        let (mut events, mut seen, mut heads) = (Vec::new(), HashSet::new(), vec![id]);
        while let Some(head) = heads.pop() {
            let mut gone: HashMap<RowId, u32> = HashMap::new();
            let mut row = head;
            // A group is a list of the rows that came to it, the last one first.
            while row < 0 && row != NOBODY && (row != head || seen.insert(row)) {
                // The first row that came is no list's end but itself, and may have been taken away like any other.
                if row != head
                    && let Some(times) = gone.get_mut(&row).filter(|times| **times > 0)
                {
                    *times -= 1;
                    row = NOBODY;
                    break;
                }
                let (group, member) = self.made[place(row)];
                if self.without.contains(&place(row)) {
                    *gone.entry(member).or_default() += 1;
                } else {
                    add_member(member, &mut gone, &mut heads, &mut events);
                }
                row = group;
            }
            if row >= 0 {
                add_member(row, &mut gone, &mut heads, &mut events);
            }
        }
        events.sort_unstable();
        events.dedup();
        events
    }
}

/// A row that belongs to a group unless it was taken away.
fn add_member(row: RowId, gone: &mut HashMap<RowId, u32>, heads: &mut Vec<RowId>, events: &mut Vec<u64>) {
    match gone.get_mut(&row) {
        Some(times) if *times > 0 => *times -= 1,
        _ if row >= 0 => events.push(row as u64),
        _ if row != NOBODY => heads.push(row),
        _ => {}
    }
}

/// Where something that was made stands.
fn place(id: RowId) -> usize {
    (-(id + 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_leads_to_the_events_that_are_in_it_and_to_no_others() {
        let mut lineage = Lineage::default();
        let pair = lineage.both(3, 7).unwrap();
        let group = lineage.both(pair, 5).unwrap();
        let group = lineage.both(group, pair).unwrap();
        assert_eq!(lineage.events(group), [3, 5, 7]);
        let left = lineage.without(group, pair, 0).unwrap();
        assert_eq!(lineage.events(left), [3, 5, 7], "it is still in it once");
        let left = lineage.without(left, 5, 0).unwrap();
        assert_eq!(lineage.events(left), [3, 7]);
        let other = lineage.both(1, 2).unwrap();
        let group = lineage.both(pair, other).unwrap();
        let left = lineage.without(group, pair, 0).unwrap();
        assert_eq!(lineage.events(left), [1, 2], "the first that came has gone");
        assert!(lineage.events(NOBODY).is_empty());
        assert_eq!(lineage.both(NOBODY, 4), Ok(4));
    }

    #[test]
    fn a_row_of_a_marked_event_is_marked_and_so_is_what_it_makes() {
        let mut lineage = Lineage::default();
        lineage.mark(3, 1);
        lineage.mark(4, 2);
        let pair = lineage.both(3, 9).unwrap();
        let group = lineage.both(4, pair).unwrap();
        assert_eq!([lineage.marks(9), lineage.marks(pair), lineage.marks(group)], [0, 1, 3]);
    }

    #[test]
    fn a_group_of_many_rows_is_told_without_climbing() {
        let mut lineage = Lineage::default();
        let group = (1..200_000).try_fold(0, |group, row| lineage.both(group, row)).unwrap();
        assert_eq!(lineage.events(group).len(), 200_000);
    }
}
