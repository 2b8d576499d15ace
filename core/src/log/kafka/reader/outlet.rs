//! Where a reading thread puts what it reads.

use std::future::Future;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;

use crate::log::ReadItem;

/// Nobody wants more: the reading was cancelled, or its taker is gone.
#[derive(Debug)]
pub(super) struct Stopped;

/// The reading's end of its queue. Waits for the taker, and lets go of any wait when the reading is cancelled.
pub(super) struct Outlet {
    items: Sender<ReadItem>,
    cancel: CancellationToken,
    runtime: Runtime,
}

impl Outlet {
    pub fn new(items: Sender<ReadItem>, cancel: CancellationToken) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Self { items, cancel, runtime })
    }

    /// Hands an item over, waiting for room.
    pub fn send(&self, item: ReadItem) -> Result<(), Stopped> {
        if self.cancel.is_cancelled() {
            return Err(Stopped);
        }
        match self.items.try_send(item) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(_)) => Err(Stopped),
            Err(TrySendError::Full(item)) => {
                let room = self.wait_for(self.items.reserve())?;
                room.map_err(|_| Stopped)?.send(item);
                Ok(())
            }
        }
    }

    /// Waits for something, but not beyond the reading's end.
    pub fn wait_for<T>(&self, something: impl Future<Output = T>) -> Result<T, Stopped> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => Err(Stopped),
                () = self.items.closed() => Err(Stopped),
                outcome = something => Ok(outcome),
            }
        })
    }

    /// Waits for something until a moment; whether it came is for the caller to see.
    pub fn wait_until(&self, moment: Instant, something: impl Future<Output = ()>) -> Result<(), Stopped> {
        let bounded = async { tokio::time::timeout_at(moment.into(), something).await };
        self.wait_for(bounded).map(drop)
    }

    /// Ends without waiting for questions whose answers nobody wants any more.
    pub fn close(self) {
        self.runtime.shutdown_background();
    }
}
