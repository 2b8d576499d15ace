//! Checkpoints: what the operators remember and where in the log they stand, saved together.
//!
//! A folder holds one checkpoint, which is replaced whole or not at all: written aside, forced to the disk, renamed. So a
//! run that was killed at any moment finds the last one, takes the operators up from it, and reads the log on from
//! there. What the run had written to its file since is cut off again by the length that the checkpoint remembers
//! ([`OutputMark`]); so nothing is lost, and nothing is there twice.
//!
//! ```text
//! checkpoint.fabula   "FABULACK", format, checksum, length of the head, head (JSON), state
//! checkpoint.lock     held by the run that writes
//! ```

mod error;
mod of;

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use super::mark::Mark;
use super::operator::{StateReader, StateWriter};
use super::run::Running;
use crate::codec::{Choice, TopicCodecs};
use crate::event::TopicName;
use crate::store::WholeFile;

pub use error::CheckpointError;
pub use of::CheckpointOf;

/// The format that is written; to be raised whenever what an operator saves changes.
const FORMAT: u32 = 2;

const MAGIC: &[u8; 8] = b"FABULACK";
const FILE: &str = "checkpoint.fabula";
const LOCK: &str = "checkpoint.lock";

/// Magic, format, checksum, length of the head.
const PREFIX_BYTES: usize = 8 + 4 + 8 + 8;

/// A folder that a run keeps its checkpoint in, for as long as this lives.
#[derive(Debug)]
pub struct CheckpointFolder {
    dir: PathBuf,
    of: CheckpointOf,
    _lock: File,
}

/// A checkpoint as it was found, whose state waits to be taken up.
#[derive(Debug)]
pub struct Checkpoint {
    /// Where in the log the run was.
    pub mark: Mark,
    /// How the payloads of each topic were decoded, of those of which there had been an event.
    pub formats: Vec<TopicFormats>,
    /// What the run had written.
    pub output: OutputMark,
    path: PathBuf,
    state: Vec<u8>,
}

/// How the payloads of a topic are decoded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TopicFormats {
    /// The topic.
    pub topic: TopicName,
    /// The format of its keys.
    pub key: Choice,
    /// The format of its values.
    pub value: Choice,
}

/// How much a run had written when its checkpoint was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OutputMark {
    /// How many rows.
    pub rows: u64,
    /// How many bytes the file had; 0 where there is no file.
    pub bytes: u64,
    /// The xxh3 of the file's last bytes up to there, to know it again.
    pub checksum: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Head {
    of: CheckpointOf,
    mark: Mark,
    formats: Vec<TopicFormats>,
    output: OutputMark,
}

impl OutputMark {
    /// The mark of a file of so many bytes that ends with these.
    pub fn of_file(rows: u64, bytes: u64, end: &[u8]) -> Self {
        Self { rows, bytes, checksum: xxh3_64(end) }
    }

    /// Whether a file of which these are the last bytes before the mark is the one that was marked.
    pub fn is_of(&self, end: &[u8]) -> bool {
        self.checksum == xxh3_64(end)
    }
}

impl TopicFormats {
    /// From the codecs in use.
    pub fn new(topic: &TopicName, codecs: &TopicCodecs) -> Self {
        Self { topic: topic.clone(), key: codecs.key.choice(), value: codecs.value.choice() }
    }

    /// The codecs to be used.
    pub fn codecs(&self) -> TopicCodecs {
        TopicCodecs::new(self.key, self.value)
    }
}

impl CheckpointFolder {
    /// Opens a folder, which is made if it is not there, for a run; gives the checkpoint that lies in it, if there is one.
    ///
    /// # Errors
    /// When the folder holds something else, or the checkpoint of another pipeline, log or output, or a damaged one; when
    /// another run writes it; when it can't be read or written.
    pub fn open(dir: &Path, of: CheckpointOf) -> Result<(Self, Option<Checkpoint>), CheckpointError> {
        fs::create_dir_all(dir).map_err(|error| CheckpointError::io("make", dir, &error))?;
        refuse_strangers(dir)?;
        let lock = take_lock(dir)?;
        let path = dir.join(FILE);
        let found = match fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(CheckpointError::io("read", &path, &error)),
        };
        let found = found.map(|bytes| read(&path, bytes, &of)).transpose()?;
        Ok((Self { dir: dir.to_owned(), of, _lock: lock }, found))
    }

    /// Puts a checkpoint in the place of the one before.
    ///
    /// # Errors
    /// When it can't be written; the one before is there still.
    pub fn write(
        &self,
        running: &Running,
        mark: &Mark,
        formats: &[TopicFormats],
        output: OutputMark,
    ) -> Result<(), CheckpointError> {
        let path = self.dir.join(FILE);
        let head = Head { of: self.of.clone(), mark: mark.clone(), formats: formats.to_vec(), output };
        let head = serde_json::to_vec(&head).map_err(|error| CheckpointError::damaged(&path, error.to_string()))?;
        let mut state = StateWriter::default();
        running.save(&mut state);
        let state = state.finish();
        let write = || {
            let mut file = WholeFile::create(&path)?;
            file.write_all(MAGIC)?;
            file.write_all(&FORMAT.to_le_bytes())?;
            file.write_all(&checksum(head.len() as u64, &[&head, &state]).to_le_bytes())?;
            file.write_all(&(head.len() as u64).to_le_bytes())?;
            file.write_all(&head)?;
            file.write_all(&state)?;
            file.finish()
        };
        write().map_err(|error| CheckpointError::io("write", &path, &error))
    }
}

impl Checkpoint {
    /// Takes the operators up where they were.
    ///
    /// # Errors
    /// [`CheckpointError::Damaged`] when the state is not theirs.
    pub fn take_up(&self, running: &mut Running) -> Result<(), CheckpointError> {
        let mut state = StateReader::new(&self.state);
        running.load(&mut state).map_err(|error| CheckpointError::damaged(&self.path, error.to_string()))?;
        match state.is_at_end() {
            true => Ok(()),
            false => Err(CheckpointError::damaged(&self.path, "it holds more state than the pipeline has".to_owned())),
        }
    }
}

fn checksum(head_bytes: u64, parts: &[&[u8]]) -> u64 {
    let mut hash = Xxh3Default::new();
    hash.update(&head_bytes.to_le_bytes());
    parts.iter().for_each(|part| hash.update(part));
    hash.digest()
}

/// Understands a checkpoint's bytes, and makes sure that it is this run's.
fn read(path: &Path, mut bytes: Vec<u8>, of: &CheckpointOf) -> Result<Checkpoint, CheckpointError> {
    let damaged = |reason: &str| CheckpointError::damaged(path, reason.to_owned());
    let Some((prefix, body)) = bytes.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(damaged("it is too short"));
    };
    let (magic, rest) = prefix.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(damaged("it does not begin as a checkpoint does"));
    }
    let [format, sum_low, sum_high, head_low, head_high] = std::array::from_fn(|at| {
        let word = rest.get(4 * at..4 * at + 4).and_then(|word| word.try_into().ok());
        u32::from_le_bytes(word.unwrap_or_default())
    });
    if format != FORMAT {
        return Err(CheckpointError::OtherFormat { path: path.to_owned(), found: format, known: FORMAT });
    }
    let long = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let head_bytes = long(head_low, head_high);
    if checksum(head_bytes, &[body]) != long(sum_low, sum_high) {
        return Err(damaged("its checksum is not the one it was written with"));
    }
    let head = usize::try_from(head_bytes).ok().and_then(|head_bytes| body.get(..head_bytes));
    let Some(head) = head else { return Err(damaged("it ends before its head does")) };
    let state_at = PREFIX_BYTES + head.len();
    let head: Head = serde_json::from_slice(head).map_err(|error| damaged(&error.to_string()))?;
    head.of.refuse_other(of, path)?;
    let state = bytes.split_off(state_at);
    Ok(Checkpoint { mark: head.mark, formats: head.formats, output: head.output, path: path.to_owned(), state })
}

/// A folder that holds anything else than a checkpoint was not meant.
fn refuse_strangers(dir: &Path) -> Result<(), CheckpointError> {
    let failed = |error: std::io::Error| CheckpointError::io("read", dir, &error);
    for entry in fs::read_dir(dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !name.to_string_lossy().starts_with("checkpoint.") {
            return Err(CheckpointError::Occupied { dir: dir.to_owned(), by: name.to_string_lossy().into_owned() });
        }
    }
    Ok(())
}

fn take_lock(dir: &Path) -> Result<File, CheckpointError> {
    let path = dir.join(LOCK);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| CheckpointError::io("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CheckpointError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(CheckpointError::io("lock", &path, &error)),
    }
}

#[cfg(test)]
mod tests;
