//! A file that is there whole or not at all: written under another name, forced to the disk, renamed.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file being written beside the one whose place it is to take. What was there stays as it is until
/// [`WholeFile::finish`]; dropped before that, nothing is left of the new one.
///
/// Where it is written it is locked, so that two who write one file at a time do not write into each other's: the second
/// is refused. A pipe or a device can't be replaced, and is written as it is.
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
    /// When the folder can't be written; [`io::ErrorKind::ResourceBusy`] when somebody else is writing the file.
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
        let file = locked(&path, &aside)?;
        let whole = Self { path, aside: Some(aside), out: BufWriter::with_capacity(1 << 18, file) };
        if let Some(there) = there {
            whole.out.get_ref().set_permissions(there.permissions())?;
        }
        Ok(whole)
    }

    /// Where the bytes go until the file is whole, for those who write it by its name; `None` of a pipe or a device.
    pub fn aside(&self) -> Option<&Path> {
        if cfg!(windows) {
            // A lock keeps others from the bytes there, also those who write by the name.
            let _ = self.out.get_ref().unlock();
        }
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

/// An empty file that nobody else writes for as long as it is open.
fn locked(path: &Path, aside: &Path) -> io::Result<File> {
    loop {
        let file = File::options().create(true).truncate(false).read(true).write(true).open(aside)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let how = "try again when that is done, or choose another name";
                let why = format!("{} is being written by another export: {how}", path.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, why));
            }
            // A file system without locks tells nobody.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        // Who had it before may have given it its name, or taken it away, between the two.
        if is_at(&file, aside) {
            file.set_len(0)?;
            return Ok(file);
        }
    }
}

/// Whether a file that is open is the one that has this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let place = |there: fs::Metadata| (there.dev(), there.ino());
    file.metadata().map(place).ok() == fs::metadata(path).map(place).ok()
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
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

    #[test]
    fn of_two_who_write_one_file_the_second_is_refused_and_neither_is_mixed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.csv");
        for _ in 0..3 {
            let mut first = WholeFile::create(&path).unwrap();
            first.write_all(b"first").unwrap();
            first.flush().unwrap();
            let refused = WholeFile::create(&path).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
            assert!(refused.to_string().contains("rows.csv is being written by another export"), "{refused}");
            first.write_all(b" whole").unwrap();
            first.finish().unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"first whole");
        }
        // What was left behind by one that was killed is in nobody's way.
        fs::write(dir.path().join("rows.csv.aside"), "something longer that was left behind").unwrap();
        let mut next = WholeFile::create(&path).unwrap();
        next.write_all(b"next").unwrap();
        next.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"next");
    }

    /// Many at once: whoever is not refused has written all of the file.
    #[test]
    fn a_file_that_many_write_at_once_is_one_of_theirs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.csv");
        std::thread::scope(|scope| {
            for writer in 0..6_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..40 {
                        let Ok(mut file) = WholeFile::create(path) else { continue };
                        for _ in 0..8 {
                            file.write_all(&[b'a' + writer; 100]).unwrap();
                            file.flush().unwrap();
                        }
                        file.finish().unwrap();
                    }
                });
            }
        });
        let bytes = fs::read(&path).unwrap();
        assert!(
            bytes.len() == 800 && bytes.iter().all(|byte| *byte == bytes[0]),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
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
