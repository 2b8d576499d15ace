//! A file that a followed run writes: how long it is, and what its end looks like, so that a later run knows it again.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use fabula_core::engine::OutputMark;
use parking_lot::Mutex;

/// So many of a file's last bytes are looked at to know it again.
const END_BYTES: usize = 4 << 10;

/// A file that grows. Clones are the same file.
#[derive(Debug, Clone)]
pub struct GrowingFile(Arc<Mutex<Written>>);

#[derive(Debug)]
struct Written {
    file: File,
    bytes: u64,
    /// The last of them.
    end: Vec<u8>,
}

impl GrowingFile {
    /// Begins a file, in the place of one that is there.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("{} can't be written", path.display()))?;
        Ok(Self(Arc::new(Mutex::new(Written { file, bytes: 0, end: Vec::new() }))))
    }

    /// Goes on with a file: what it holds beyond the mark is cut off.
    ///
    /// # Errors
    /// When it is not the file that the mark was made of.
    pub fn go_on(path: &Path, mark: OutputMark) -> anyhow::Result<Self> {
        let named = path.display();
        let mut file = File::options()
            .read(true)
            .write(true)
            .open(path)
            .with_context(|| format!("{named} can't be gone on with; remove the checkpoint to begin anew"))?;
        let cannot = || format!("{named} can't be gone on with");
        let length = file.metadata().with_context(cannot)?.len();
        let others = "it is not the file that the checkpoint goes with; remove the checkpoint to begin anew";
        ensure!(length >= mark.bytes, "{named} has {length} bytes and had {}: {others}", mark.bytes);
        let end_bytes = mark.bytes.min(END_BYTES as u64);
        let mut end = vec![0; end_bytes as usize];
        file.seek(SeekFrom::Start(mark.bytes - end_bytes)).with_context(cannot)?;
        file.read_exact(&mut end).with_context(cannot)?;
        ensure!(mark.is_of(&end), "{named} holds something else: {others}");
        file.set_len(mark.bytes).with_context(cannot)?;
        file.seek(SeekFrom::Start(mark.bytes)).with_context(cannot)?;
        Ok(Self(Arc::new(Mutex::new(Written { file, bytes: mark.bytes, end }))))
    }

    /// Forces what was written to the disk, and says how much that is.
    pub fn sync(&self, rows: u64) -> std::io::Result<OutputMark> {
        let written = self.0.lock();
        written.file.sync_data()?;
        Ok(OutputMark::of_file(rows, written.bytes, &written.end))
    }
}

impl Write for GrowingFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut written = self.0.lock();
        let count = written.file.write(bytes)?;
        written.bytes += count as u64;
        written.end.extend_from_slice(&bytes[..count]);
        let beyond = written.end.len().saturating_sub(END_BYTES);
        written.end.drain(..beyond);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A path that means the same from every folder.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_gone_on_with_from_its_mark_and_another_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.json");
        let mut file = GrowingFile::create(&path).unwrap();
        let line = "x".repeat(3_000) + "\n";
        for _ in 0..3 {
            file.write_all(line.as_bytes()).unwrap();
        }
        let mark = file.sync(3).unwrap();
        file.write_all(b"half a li").unwrap();
        let mut again = GrowingFile::go_on(&path, mark).unwrap();
        again.write_all(b"next\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), line.repeat(3) + "next\n");
        std::fs::write(&path, "y".repeat(20_000)).unwrap();
        assert!(GrowingFile::go_on(&path, mark).unwrap_err().to_string().contains("something else"));
        std::fs::write(&path, "short").unwrap();
        assert!(GrowingFile::go_on(&path, mark).unwrap_err().to_string().contains("has 5 bytes"));
    }
}
