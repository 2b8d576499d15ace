//! Files mapped into memory: the only unsafe code in Fabula.
//!
//! A sealed file is mapped read-only, and Arrow's arrays point straight into the map: opening a recording of any size
//! copies nothing, and the system keeps in memory what is looked at.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use arrow_buffer::Buffer;
use memmap2::Mmap;

/// A file mapped read-only. Cheap to clone; the map lives until the last clone and the last buffer made of it are gone.
#[derive(Debug, Clone)]
pub(crate) struct MappedFile {
    map: Arc<Mmap>,
}

impl MappedFile {
    /// Maps a whole file.
    ///
    /// # Errors
    /// What the system says; an empty file is refused.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is empty"));
        }
        // SAFETY: a map is sound as long as nobody changes or shortens the file under it. Only sealed files are
        // mapped: they are written under another name, renamed into place when finished, and never opened for
        // writing again by this program; dropping one unlinks its name, which leaves the map whole. Whoever edits a
        // sealed file in place while it is open breaks this, as with every program that maps files; what they could
        // change that Rust relies on are header names checked as UTF-8 and Arrow offsets checked against their
        // buffers. No program of ours does that, and the folder belongs to the person who runs it.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self { map: Arc::new(map) })
    }

    /// How many bytes are mapped.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// The file's bytes as an Arrow buffer, without a copy.
    pub(crate) fn buffer(&self) -> Buffer {
        let start = NonNull::from(&self.map[..]).cast::<u8>();
        // SAFETY: `start` is the first of `len` mapped bytes, readable for as long as the map lives, never written;
        // the buffer holds a clone of the `Arc` that owns the map, so the map outlives the buffer.
        unsafe { Buffer::from_custom_allocation(start, self.map.len(), Arc::new(self.map.clone())) }
    }

    /// Tells the system that the pages are not needed for now, so that they stop counting as this program's memory.
    /// They come back from the file, unchanged, when they are looked at again.
    pub(crate) fn give_back(&self) {
        #[cfg(target_os = "linux")]
        {
            // SAFETY: on a read-only mapping of a file, MADV_DONTNEED only drops clean pages; a later
            // access reads the same bytes from the file again, so no reader of the map can see a change. This holds
            // on Linux; elsewhere the call is left out.
            // A failure only means that the pages stay for longer.
            let _ = unsafe { self.map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_given_back_are_the_same_when_they_return() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bytes");
        let bytes: Vec<u8> = (0..100_000_u32).map(|at| at as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let file = MappedFile::open(&path).unwrap();
        let buffer = file.buffer();
        assert_eq!(buffer.as_slice(), bytes);
        file.give_back();
        assert_eq!(buffer.as_slice(), bytes);
        drop(file);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(buffer.as_slice(), bytes);
    }

    #[test]
    fn an_empty_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("empty");
        std::fs::write(&path, b"").unwrap();
        assert!(MappedFile::open(&path).is_err());
    }
}
