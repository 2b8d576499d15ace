//! Files of events taken into a store.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::Store;
use crate::log::import::{ImportError, ImportOptions, ImportProgress, ImportReport, import};

impl Store {
    /// Takes in what files hold, and forces it to the disk. What was taken in before something failed is kept. Blocks: call
    /// it where waiting does no harm.
    ///
    /// # Errors
    /// As [`import`], and when the store cannot be written.
    pub fn import(
        &self,
        files: &[PathBuf],
        options: &ImportOptions,
        progress: &ImportProgress,
        cancel: &CancellationToken,
    ) -> Result<ImportReport, ImportError> {
        let report = import(files, options, progress, cancel, &mut |events, from, next| {
            self.append(&events, from, next)?;
            Ok(())
        });
        let failed = |error: super::StoreError| ImportError::Sink(error.into());
        self.flush().map_err(failed)?;
        let report = report?;
        let now_ms = jiff::Timestamp::now().as_millisecond();
        for imported in &report.partitions {
            self.set_watermarks(&imported.partition, imported.watermarks, now_ms).map_err(failed)?;
        }
        self.flush().map_err(failed)?;
        Ok(report)
    }
}
