//! The folder of a store: names, atomic writes, the lock.
//!
//! ```text
//! recording.json                                   the manifest
//! recording.lock                                   held by whoever writes
//! recording.readers                                held by whoever reads: nothing is removed meanwhile
//! segments/<topic>/<partition>-<from>-<to>.arrow   a segment
//! segments/<topic>/<partition>-<from>-<to>.index   its sidecar
//! *.aside                                          being written; rubbish unless somebody holds the lock
//! ```

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use super::damage::StoreError;
use crate::event::TopicPartition;

pub(super) const MANIFEST: &str = "recording.json";
pub(super) const LOCK: &str = "recording.lock";
pub(super) const READERS: &str = "recording.readers";
pub(super) const SEGMENTS: &str = "segments";
pub(super) const SEGMENT_EXTENSION: &str = "arrow";
pub(super) const SIDECAR_EXTENSION: &str = "index";
pub(super) const ASIDE_EXTENSION: &str = "aside";

/// Whether writes are forced to the disk. A temporary store need not outlive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    Synced,
    Cached,
}

/// Writes a file so that it is there whole or not at all: under another name first, then renamed.
pub(super) fn write_whole(
    path: &Path,
    durability: Durability,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), StoreError> {
    Aside::write(path, durability, write)?.place()
}

/// A file written under another name than its own. Removed again unless it is put in its place.
#[derive(Debug)]
pub(super) struct Aside {
    path: PathBuf,
    /// The xxh3 of its bytes.
    pub checksum: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Aside {
    /// Writes the bytes and, where that is asked for, forces them to the disk.
    pub(super) fn write(
        path: &Path,
        durability: Durability,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Self, StoreError> {
        let mut aside = Self { path: path.to_owned(), checksum: 0, bytes: 0 };
        aside.fill(durability, write).map_err(|error| StoreError::io("write", path, &error))?;
        Ok(aside)
    }

    /// Gives the file its name.
    pub(super) fn place(self) -> Result<(), StoreError> {
        fs::rename(aside_path(&self.path), &self.path).map_err(|error| StoreError::io("write", &self.path, &error))
    }

    fn fill(&mut self, durability: Durability, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let file = File::create(aside_path(&self.path))?;
        let mut out = Summing { out: BufWriter::with_capacity(1 << 20, file), hash: Xxh3Default::new(), bytes: 0 };
        write(&mut out)?;
        out.flush()?;
        if durability == Durability::Synced {
            out.out.get_ref().sync_all()?;
        }
        (self.checksum, self.bytes) = (out.hash.digest(), out.bytes);
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Nothing is there once the file is in its place. What cannot be removed is removed at the next opening.
        let _ = fs::remove_file(aside_path(&self.path));
    }
}

/// Makes renames within a folder outlast a power cut.
pub(super) fn sync_folder(dir: &Path, durability: Durability) -> Result<(), StoreError> {
    if durability == Durability::Cached || !cfg!(unix) {
        return Ok(());
    }
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| StoreError::io("write", dir, &error))
}

fn aside_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ASIDE_EXTENSION);
    name.into()
}

struct Summing<W> {
    out: W,
    hash: Xxh3Default,
    bytes: u64,
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A segment's file, relative to the store's folder. `again` tells apart segments of the same range: a file that
/// somebody may have open is never written over.
pub(super) fn segment_file(partition: &TopicPartition, covers: (i64, i64), again: u32) -> PathBuf {
    let again = if again == 0 { String::new() } else { format!("-{again}") };
    let name = format!("{}-{:020}-{:020}{again}.{SEGMENT_EXTENSION}", partition.partition, covers.0, covers.1);
    [SEGMENTS, &folder_name(&partition.topic), &name].iter().collect()
}

/// A folder's name for a topic: the name itself where every file system takes it as it is. Otherwise what is unusual
/// is escaped, and a checksum keeps names apart that would fall together (`Orders` and `orders` on some systems).
fn folder_name(topic: &str) -> String {
    const LONGEST: usize = 120;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    let kept = 1..=LONGEST;
    if kept.contains(&topic.len()) && topic.chars().all(plain) && !topic.starts_with('.') && !topic.ends_with('.') {
        return topic.to_owned();
    }
    let mut name = String::new();
    for c in topic.chars().take(LONGEST) {
        name.push(if plain(c) && c != '.' || c.is_ascii_uppercase() { c } else { '_' });
    }
    // Writing to a string cannot fail.
    let _ = write!(name, "~{:016x}", xxh3_64(topic.as_bytes()));
    name
}

/// A file name as a manifest has it, if it names a segment within the store's folder and nothing else.
pub(super) fn checked_segment_file(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let mut parts = path.components();
    let sound = !name.contains('\\')
        && parts.next() == Some(Component::Normal(OsStr::new(SEGMENTS)))
        && matches!(parts.next(), Some(Component::Normal(_)))
        && matches!(parts.next(), Some(Component::Normal(_)))
        && parts.next().is_none()
        && path.extension() == Some(OsStr::new(SEGMENT_EXTENSION));
    sound.then(|| path.to_owned())
}

/// Every file below a store's `segments` folder, relative to the store's folder, sorted.
pub(super) fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let topics = match fs::read_dir(dir.join(SEGMENTS)) {
        Ok(topics) => topics,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(error),
    };
    for topic in topics {
        let topic = topic?;
        if topic.file_type()?.is_dir() {
            let folder = Path::new(SEGMENTS).join(topic.file_name());
            for file in fs::read_dir(topic.path())? {
                files.push(folder.join(file?.file_name()));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Holds the right to write to a store's folder. The system takes it back when the program ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, or says that another program has it.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(LOCK);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| StoreError::io("open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { dir: dir.to_owned() }),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path, &error)),
        }
    }
}

/// What a store holds its folder for.
#[derive(Debug)]
pub(super) enum Hold {
    /// To be written.
    Write(#[expect(dead_code, reason = "held, not used")] Lock),
    /// To be read; without a mark where the folder cannot be written.
    Read(#[expect(dead_code, reason = "held, not used")] Option<ReaderMark>),
}

/// Says that a folder is being read, so that its writer removes no segment that the reader may still want to open.
#[derive(Debug)]
pub(super) struct ReaderMark {
    _file: File,
}

impl ReaderMark {
    /// Leaves the mark, where that can be done.
    pub(super) fn leave(dir: &Path) -> Option<Self> {
        let file = File::options().create(true).truncate(false).write(true).open(dir.join(READERS)).ok()?;
        file.lock_shared().ok()?;
        Some(Self { _file: file })
    }
}

/// Does something while nobody reads the folder; `None` where somebody does.
pub(super) fn without_readers<T>(dir: &Path, work: impl FnOnce() -> T) -> Option<T> {
    let Ok(file) = File::options().write(true).open(dir.join(READERS)) else { return Some(work()) };
    file.try_lock().ok()?;
    Some(work())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_file_system_would_confuse_are_kept_apart() {
        let names =
            ["orders", "Orders", "ORDERS", "a/b", "a_b", "..", ".", "", "a.b", &"x".repeat(400), &"x".repeat(401)];
        let folders: Vec<String> = names.iter().map(|name| folder_name(name).to_lowercase()).collect();
        let distinct: std::collections::BTreeSet<&String> = folders.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{folders:?}");
        for name in names {
            let file = segment_file(&TopicPartition::new(name, 3), (5, 9), 1);
            assert_eq!(checked_segment_file(file.to_str().unwrap()), Some(file.clone()), "{name}");
            assert!(folder_name(name).len() < 200);
        }
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_refused() {
        for name in [
            "../segments/a/b.arrow",
            "/segments/a/b.arrow",
            "segments/../b.arrow",
            "segments/a/../../b.arrow",
            "segments/a/b.json",
            "segments/b.arrow",
            "segments\\a\\b.arrow",
            "recording.json",
            "",
        ] {
            assert_eq!(checked_segment_file(name), None, "{name}");
        }
    }

    #[test]
    fn a_lock_is_held_by_one_and_freed_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::take(dir.path()).unwrap();
        assert!(matches!(Lock::take(dir.path()), Err(StoreError::Locked { .. })));
        drop(held);
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_write_that_fails_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_whole(&path, Durability::Synced, |out| out.write_all(b"old")).unwrap();
        let failed = write_whole(&path, Durability::Synced, |out| {
            out.write_all(b"ne")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert_eq!(failed, Err(StoreError::DiskFull { path: path.clone() }));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
