//! Reading a table of a PostgreSQL database.

use futures_util::TryStreamExt as _;
use tokio_util::sync::CancellationToken;

use super::connect::{connect, refused};
use super::encode::{cell, fields};
use super::{Table, unless_cancelled, wait_for};
use crate::copies::{Address, CopyError, CopyRow};
use crate::engine::Stop;

/// The names of a table's columns.
pub(in crate::copies) fn columns(
    address: &Address,
    table: &str,
    cancel: &CancellationToken,
) -> Result<Vec<String>, CopyError> {
    let table = Table::new(table)?;
    wait_for(async {
        let (client, link) = connect(address).await?;
        unless_cancelled(&link, cancel, async {
            let sql = format!("SELECT * FROM {}", table.quoted());
            let statement = client.prepare(&sql).await.map_err(|error| refused(address, &error))?;
            Ok(statement.columns().iter().map(|column| column.name().to_owned()).collect())
        })
        .await
    })
}

/// Hands over every row of a table.
pub(in crate::copies) fn each(
    address: &Address,
    table: &str,
    cancel: &CancellationToken,
    take: &mut dyn FnMut(CopyRow<'_>) -> Result<(), CopyError>,
) -> Result<(), CopyError> {
    let table = Table::new(table)?;
    wait_for(async {
        let (client, link) = connect(address).await?;
        unless_cancelled(&link, cancel, async {
            let failed = |error: tokio_postgres::Error| refused(address, &error);
            let select = format!("SELECT * FROM {}", table.quoted());
            let statement = client.prepare(&select).await.map_err(failed)?;
            let types: Vec<_> = statement.columns().iter().map(|column| column.type_().clone()).collect();
            let stream = client.copy_out(&format!("COPY ({select}) TO STDOUT")).await.map_err(failed)?;
            let mut stream = std::pin::pin!(stream);
            let mut pending: Vec<u8> = Vec::new();
            while let Some(chunk) = stream.try_next().await.map_err(failed)? {
                pending.extend_from_slice(&chunk);
                let mut from = 0;
                while let Some(end) = memchr::memchr(b'\n', &pending[from..]) {
                    let fields = fields(&pending[from..from + end]);
                    // Of a table without columns a line has one empty field.
                    let cells = fields.iter().zip(&types).map(|(field, of)| cell(field.as_deref(), of)).collect();
                    take(cells)?;
                    from += end + 1;
                }
                pending.drain(..from);
                if cancel.is_cancelled() {
                    return Err(Stop::Cancelled.into());
                }
            }
            Ok(())
        })
        .await
    })
}
