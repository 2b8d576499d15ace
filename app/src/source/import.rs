//! Files that become a recording.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fabula_core::log::import::{ImportProgress, ImportReport, origin};
use fabula_core::store::Store;

use crate::chrome::import::ImportFiles;
use crate::jobs::{Job, Jobs, Title, Unit};

/// What an import came to: the recording's folder, and what could be read.
pub type Imported = Result<(PathBuf, ImportReport), String>;

/// How often the status bar hears how far it is.
const TICK: Duration = Duration::from_millis(100);

/// Makes a recording of files.
pub fn import(asked: ImportFiles, jobs: &Jobs) -> Job<Imported> {
    let first = asked.files.first().and_then(|file| file.file_name());
    let name = first.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    jobs.spawn(Title::listed(format!("Importing {name}"), Unit::Bytes), |progress| async move {
        let read = Arc::new(ImportProgress::default());
        let (theirs, cancel) = (Arc::clone(&read), progress.token().clone());
        let work = tokio::task::spawn_blocking(move || {
            let ImportFiles { files, options, folder } = asked;
            let store = Store::create(&folder, origin(&files)).map_err(|error| error.to_string())?;
            let report = store.import(&files, &options, &theirs, &cancel);
            let report = report.map_err(|error| match cancel.is_cancelled() {
                true => format!("The import was stopped; what had been read by then is in {}", folder.display()),
                false => error.to_string(),
            });
            Ok((folder, report?))
        });
        let show = async {
            loop {
                tokio::time::sleep(TICK).await;
                progress.set(read.bytes_done.load(Ordering::Relaxed), read.bytes_total.load(Ordering::Relaxed));
            }
        };
        tokio::select! {
            imported = work => imported.map_err(|error| error.to_string())?,
            () = show => Err(String::new()),
        }
    })
}
