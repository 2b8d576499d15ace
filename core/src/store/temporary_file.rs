//! A file that holds what memory has no room for, and goes with the program.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// The number in the name of the next file of this program.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A file in the folder of temporary stores that nobody else sees. It goes with this value.
#[derive(Debug)]
pub struct TemporaryFile {
    path: PathBuf,
    file: Mutex<File>,
    len: u64,
}

impl TemporaryFile {
    /// An empty file.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn create() -> io::Result<Self> {
        let folder = super::temporary::default_parent().with_file_name("views");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let file = File::options().create(true).truncate(true).read(true).write(true).open(&path)?;
        if cfg!(unix) {
            // An open file without a name goes however the program ends.
            fs::remove_file(&path)?;
        }
        Ok(Self { path, file: Mutex::new(file), len: 0 })
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes bytes to its end, and says where they begin.
    ///
    /// # Errors
    /// When the disk is full, say; what was there before is there still.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let at = self.len;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(at)
    }

    /// Reads bytes that were written.
    ///
    /// # Errors
    /// When they are not there, or can't be read.
    pub fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let mut file = self.file.lock();
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !cfg!(unix) {
            // What can't be removed is in nobody's way.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_from_where_it_began() {
        let mut file = TemporaryFile::create().unwrap();
        assert!(file.is_empty());
        assert_eq!(file.append(b"one").unwrap(), 0);
        assert_eq!(file.append(b"two!").unwrap(), 3);
        assert_eq!((file.read(3, 4).unwrap(), file.read(0, 3).unwrap()), (b"two!".to_vec(), b"one".to_vec()));
        assert!(file.read(5, 4).is_err(), "no more than was written");
        assert_eq!(file.len(), 7);
    }
}
