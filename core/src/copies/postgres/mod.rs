//! Tables of PostgreSQL databases.

mod connect;
mod encode;
mod read;
mod write;

use tokio_util::sync::CancellationToken;

use super::{Address, CopyError};
use crate::engine::Stop;

pub(super) use read::{columns, each};
pub(super) use write::write;

/// Connects, and lets go again.
pub(super) fn try_to_connect(address: &Address, cancel: &CancellationToken) -> Result<(), CopyError> {
    wait_for(async {
        tokio::select! {
            connected = connect::connect(address) => connected.map(drop),
            () = cancel.cancelled() => Err(Stop::Cancelled.into()),
        }
    })
}

/// A table's name, with its schema where one is said: `TABLE` or `SCHEMA.TABLE`.
struct Table {
    schema: Option<String>,
    name: String,
}

impl Table {
    fn new(text: &str) -> Result<Self, CopyError> {
        let (schema, name) = match text.split_once('.') {
            Some((schema, name)) => (Some(schema.to_owned()), name.to_owned()),
            None => (None, text.to_owned()),
        };
        if name.is_empty() || name.contains('.') || schema.as_ref().is_some_and(String::is_empty) {
            return Err(CopyError::refused(format!("“{text}” is no table's name: write TABLE or SCHEMA.TABLE")));
        }
        Ok(Self { schema, name })
    }

    /// As SQL takes it.
    fn quoted(&self) -> String {
        let name = super::table::quoted(&self.name);
        self.schema.as_ref().map_or(name.clone(), |schema| format!("{}.{name}", super::table::quoted(schema)))
    }
}

/// Waits for work with a server, on this thread.
fn wait_for<T>(work: impl Future<Output = Result<T, CopyError>>) -> Result<T, CopyError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(CopyError::io("no thread to talk with the server"))?.block_on(work)
}

/// Does work with a server until it is done or cancelled; then the server hears that nobody waits any more.
async fn unless_cancelled<T>(
    link: &connect::Link,
    cancel: &CancellationToken,
    work: impl Future<Output = Result<T, CopyError>>,
) -> Result<T, CopyError> {
    tokio::select! {
        done = work => done,
        () = cancel.cancelled() => {
            link.give_up().await;
            Err(Stop::Cancelled.into())
        }
    }
}
