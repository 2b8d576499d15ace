//! Rows that wait on the disk until their columns' types are known.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many such files this program has made.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Rows in a file that nobody else sees: their lengths and bytes. It goes with this value.
#[derive(Debug)]
pub(crate) struct WaitingRows {
    path: PathBuf,
    out: BufWriter<File>,
}

/// The rows that have waited, in order.
pub(crate) struct Reader<'w> {
    file: BufReader<&'w File>,
}

impl WaitingRows {
    /// A file in the folder of another.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        let (path, file) = loop {
            let mut name = path.as_os_str().to_owned();
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            name.push(format!(".{}.{number}.rows", std::process::id()));
            let path = PathBuf::from(name);
            // One that is there is somebody else's, or was left behind.
            match File::options().create_new(true).read(true).write(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => break (path, file?),
            }
        };
        if cfg!(unix) {
            // An open file without a name goes however the program ends.
            fs::remove_file(&path)?;
        }
        Ok(Self { path, out: BufWriter::with_capacity(1 << 18, file) })
    }

    pub(crate) fn push(&mut self, row: &[u8]) -> io::Result<()> {
        self.out.write_all(&(row.len() as u64).to_le_bytes())?;
        self.out.write_all(row)
    }

    /// Reads them from the first on.
    pub(crate) fn read(&mut self) -> io::Result<Reader<'_>> {
        self.out.flush()?;
        self.out.get_mut().rewind()?;
        Ok(Reader { file: BufReader::with_capacity(1 << 18, self.out.get_ref()) })
    }
}

impl Reader<'_> {
    /// Puts the next row in the place of what is in `row`; whether there was one.
    pub(crate) fn next(&mut self, row: &mut Vec<u8>) -> io::Result<bool> {
        let mut length = [0; 8];
        match self.file.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        row.clear();
        let length = u64::from_le_bytes(length);
        let read = (&mut self.file).take(length).read_to_end(row)?;
        if read as u64 == length { Ok(true) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Drop for WaitingRows {
    fn drop(&mut self) {
        if !cfg!(unix) {
            // What can't be removed is in nobody's way.
            let _ = fs::remove_file(&self.path);
        }
    }
}
