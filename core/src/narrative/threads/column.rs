//! A column that grows without being copied, and that a reader keeps as it was.

use std::sync::Arc;

/// Entries in a page: 64 Ki.
const PAGE_BITS: u32 = 16;
const PAGE: usize = 1 << PAGE_BITS;

/// A column of numbers in pages. Full pages never change and are shared by its clones, so a clone costs at most a page,
/// and growing never needs twice the room.
#[derive(Debug, Clone)]
pub(super) struct Column<T> {
    full: Vec<Arc<[T]>>,
    last: Vec<T>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { full: Vec::new(), last: Vec::new() }
    }
}

impl<T: Copy> Column<T> {
    pub(super) fn len(&self) -> usize {
        (self.full.len() << PAGE_BITS) + self.last.len()
    }

    pub(super) fn push(&mut self, entry: T) {
        self.last.push(entry);
        if self.last.len() == PAGE {
            self.full.push(std::mem::take(&mut self.last).into());
        }
    }

    #[inline(always)]
    pub(super) fn get(&self, at: usize) -> T {
        match self.full.get(at >> PAGE_BITS) {
            Some(page) => page[at & (PAGE - 1)],
            None => self.last[at & (PAGE - 1)],
        }
    }

    /// Changes an entry. A full page that others keep is copied first.
    pub(super) fn set(&mut self, at: usize, entry: T) {
        match self.full.get_mut(at >> PAGE_BITS) {
            Some(page) => {
                if Arc::get_mut(page).is_none() {
                    *page = page.iter().copied().collect();
                }
                if let Some(page) = Arc::get_mut(page) {
                    page[at & (PAGE - 1)] = entry;
                }
            }
            None => self.last[at & (PAGE - 1)] = entry,
        }
    }

    /// Every entry, page by page.
    pub(super) fn pages(&self) -> impl Iterator<Item = &[T]> {
        self.full.iter().map(|page| &**page).chain(std::iter::once(self.last.as_slice()))
    }

    /// Entries from one place to another.
    pub(super) fn range(&self, from: usize, to: usize) -> impl Iterator<Item = T> {
        (from..to).map(|at| self.get(at))
    }

    pub(super) fn bytes(&self) -> usize {
        (self.full.len() * PAGE + self.last.capacity()) * size_of::<T>()
    }
}

/// Counters that may be changed in place: pages too, so that growing copies nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters {
    pages: Vec<Vec<u32>>,
}

impl Counters {
    pub(super) fn push(&mut self, count: u32) {
        match self.pages.last_mut() {
            Some(page) if page.len() < PAGE => page.push(count),
            _ => {
                let mut page = Vec::with_capacity(if self.pages.is_empty() { 64 } else { PAGE });
                page.push(count);
                self.pages.push(page);
            }
        }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, at: usize) {
        self.pages[at >> PAGE_BITS][at & (PAGE - 1)] += 1;
    }

    #[inline(always)]
    pub(super) fn get(&self, at: usize) -> u32 {
        self.pages[at >> PAGE_BITS][at & (PAGE - 1)]
    }

    pub(super) fn bytes(&self) -> usize {
        self.pages.iter().map(|page| page.capacity() * size_of::<u32>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_stays_as_it_was_while_the_column_grows() {
        let mut column = Column::default();
        let mut counters = Counters::default();
        for entry in 0..(PAGE as u32 + 10) {
            column.push(entry);
            counters.push(entry);
        }
        let before = column.clone();
        for entry in 0..PAGE as u32 {
            column.push(entry);
        }
        counters.add(PAGE + 3);
        assert_eq!((before.len(), column.len()), (PAGE + 10, 2 * PAGE + 10));
        assert_eq!((before.get(PAGE + 3), counters.get(PAGE + 3)), (PAGE as u32 + 3, PAGE as u32 + 4));
        assert_eq!(before.pages().map(<[u32]>::len).sum::<usize>(), before.len());
        assert_eq!(before.range(PAGE - 1, PAGE + 2).collect::<Vec<_>>(), [65_535, 65_536, 65_537]);
    }
}
