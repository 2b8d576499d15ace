//! Pieces of bytes: the newest in memory, the older ones on the disk, the oldest forgotten where that has no room left.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;

use crate::store::TemporaryFile;

/// How much room a past may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in memory; the rest goes to the disk.
    pub memory: usize,
    /// Bytes on the disk; beyond, the oldest are forgotten.
    pub disk: u64,
}

impl Default for Limits {
    /// 64 MiB of memory, 4 GiB of the disk.
    fn default() -> Self {
        Self { memory: 64 << 20, disk: 4 << 30 }
    }
}

/// The disk's share is in so many files, so that the oldest can be let go of.
const FILES: u64 = 8;

/// Pieces of bytes by their numbers.
#[derive(Debug, Default)]
pub(super) struct Blobs {
    limits: Limits,
    places: Vec<Place>,
    /// The first that may be in memory.
    first_in_memory: usize,
    in_memory: usize,
    files: VecDeque<Part>,
    first_file: usize,
    /// How many are forgotten, from the first on.
    forgotten: usize,
}

#[derive(Debug)]
enum Place {
    Memory(Box<[u8]>),
    Disk { file: usize, at: u64, len: usize },
    Gone,
}

#[derive(Debug)]
struct Part {
    file: TemporaryFile,
    /// One past the last piece that it has.
    end: usize,
}

impl Blobs {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Keeps a piece, and gives its number.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.in_memory += bytes.len();
        self.places.push(Place::Memory(bytes.into()));
        while self.in_memory > self.limits.memory && self.first_in_memory < self.places.len() {
            self.move_out()?;
        }
        Ok(self.places.len() - 1)
    }

    /// Moves the oldest piece in memory to the disk.
    fn move_out(&mut self) -> io::Result<()> {
        let number = self.first_in_memory;
        let share = self.limits.disk / FILES;
        if self.files.back().is_none_or(|part| part.file.len() >= share) {
            self.files.push_back(Part { file: TemporaryFile::create()?, end: number });
        }
        if let (Some(part), Place::Memory(bytes)) = (self.files.back_mut(), &self.places[number]) {
            let (at, len) = (part.file.append(bytes)?, bytes.len());
            part.end = number + 1;
            self.in_memory -= len;
            let file = self.first_file + self.files.len() - 1;
            self.places[number] = Place::Disk { file, at, len };
        }
        self.first_in_memory = number + 1;
        while self.files.len() > 1 && self.on_disk() > self.limits.disk {
            if let Some(oldest) = self.files.pop_front() {
                self.first_file += 1;
                self.places[self.forgotten..oldest.end].fill_with(|| Place::Gone);
                self.forgotten = oldest.end;
            }
        }
        Ok(())
    }

    /// How many are forgotten, from the first on.
    pub(super) fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// Bytes on the disk.
    pub(super) fn on_disk(&self) -> u64 {
        self.files.iter().map(|part| part.file.len()).sum()
    }

    /// Bytes in memory.
    pub(super) fn in_memory(&self) -> usize {
        self.in_memory
    }

    /// A piece that is not forgotten.
    pub(super) fn get(&self, number: usize) -> io::Result<Cow<'_, [u8]>> {
        match self.places.get(number) {
            Some(Place::Memory(bytes)) => Ok(Cow::Borrowed(bytes)),
            Some(Place::Disk { file, at, len }) => match self.files.get(file - self.first_file) {
                Some(part) => part.file.read(*at, *len).map(Cow::Owned),
                None => Err(io::ErrorKind::NotFound.into()),
            },
            Some(Place::Gone) | None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_in_memory_the_older_on_the_disk_and_the_oldest_forgotten() {
        let mut blobs = Blobs::new(Limits { memory: 100, disk: 800 });
        for number in 0..200_u8 {
            assert_eq!(blobs.put(&[number; 10]).unwrap(), usize::from(number));
            assert!(blobs.in_memory() <= 100);
            assert!(blobs.on_disk() <= 800, "{}", blobs.on_disk());
        }
        let forgotten = blobs.forgotten();
        assert!((110..=120).contains(&forgotten), "{forgotten}");
        for number in 0..200 {
            match blobs.get(number) {
                Ok(bytes) => assert_eq!(*bytes, [number as u8; 10]),
                Err(_) => assert!(number < forgotten, "{number} is lost"),
            }
            assert_eq!(blobs.get(number).is_err(), number < forgotten);
        }
    }
}
