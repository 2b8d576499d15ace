//! A file that is there whole or not at all: written under another name, forced to the disk, renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file being written beside the one whose place it is to take. What was there stays as it is until
/// [`WholeFile::finish`]; dropped before that, nothing is left of the new one.
///
/// A pipe or a device can't be replaced, and is written as it is.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    /// Where the bytes go until the file is whole; `None` where there is no such place, or no more.
    aside: Option<PathBuf>,
    out: BufWriter<File>,
}

impl WholeFile {
    /// Begins a file that will have this name.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn create(path: &Path) -> io::Result<Self> {
        // A link stays a link: what it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let there = fs::metadata(&path).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            let out = BufWriter::new(File::options().write(true).open(&path)?);
            return Ok(Self { path, aside: None, out });
        }
        let mut aside = path.as_os_str().to_owned();
        aside.push(".aside");
        let aside = PathBuf::from(aside);
        let file = File::create(&aside)?;
        let whole = Self { path, aside: Some(aside), out: BufWriter::with_capacity(1 << 18, file) };
        if let Some(there) = there {
            whole.out.get_ref().set_permissions(there.permissions())?;
        }
        Ok(whole)
    }

    /// Where the bytes go until the file is whole, for those who write it by its name; `None` of a pipe or a device.
    pub fn aside(&self) -> Option<&Path> {
        self.aside.as_deref()
    }

    /// Gives the file its name; it then outlasts a power cut.
    ///
    /// # Errors
    /// When the disk is full, say; what was there before is there still.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        let Some(aside) = &self.aside else { return Ok(()) };
        self.out.get_ref().sync_all()?;
        fs::rename(aside, &self.path)?;
        self.aside = None;
        sync_parent(&self.path)
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(aside) = &self.aside {
            // What can't be removed is in nobody's way, and is written over by the next of the same name.
            let _ = fs::remove_file(aside);
        }
    }
}

/// Makes the names in a file's folder outlast a power cut.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if cfg!(unix) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            File::open(parent)?.sync_all()
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_until_the_new_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.csv");
        fs::write(&path, "old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left of what was given up");
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("rows.csv"), dir.path().join("link"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut file = WholeFile::create(&link).unwrap();
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mut null = WholeFile::create(Path::new("/dev/null")).unwrap();
        null.write_all(b"gone").unwrap();
        null.finish().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
