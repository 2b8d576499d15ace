//! Writing a table of a PostgreSQL database.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt as _;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};
use tokio_util::sync::CancellationToken;

use super::connect::{connect, refused};
use super::encode::{column_type, holds, push};
use super::{Table, unless_cancelled, wait_for};
use crate::copies::table::{Anew, Put, list, other_columns, quoted};
use crate::copies::{Address, CopyError, Mode, TableRows, TableWritten};
use crate::engine::StoredCells;

/// So many bytes are sent at once.
const CHUNK_BYTES: usize = 64 << 10;

/// The longest name that PostgreSQL keeps; it cuts longer ones in silence.
const LONGEST_NAME: usize = 63;

/// Where rows wait that are put into a table by their key.
const INCOMING: &str = "pg_temp.fabula_incoming";

/// Writes the rows in one transaction. Who reads the table sees the old rows until it is done; only where the types of
/// its columns change do they have to wait for a moment.
pub(in crate::copies) fn write(
    rows: TableRows,
    address: &Address,
    table: &str,
    cancel: &CancellationToken,
    done: &AtomicU64,
) -> Result<TableWritten, CopyError> {
    let table = Table::new(table)?;
    let names = rows.names();
    if let Some(name) = names.iter().chain([&table.name.as_str()]).find(|name| name.len() > LONGEST_NAME) {
        let limit = format!("PostgreSQL's names have at most {LONGEST_NAME} bytes");
        return Err(CopyError::refused(format!("{name} is too long: {limit}; give it another with a projection")));
    }
    wait_for(async {
        let connecting = async { connect(address).await };
        let (mut client, link) = tokio::select! {
            connected = connecting => connected?,
            () = cancel.cancelled() => return Err(crate::engine::Stop::Cancelled.into()),
        };
        let mut writing = Writing { rows, address, table, done };
        let put = unless_cancelled(&link, cancel, writing.put(&mut client)).await?;
        Ok(writing.rows.written(put))
    })
}

struct Writing<'w> {
    rows: TableRows,
    address: &'w Address,
    table: Table,
    done: &'w AtomicU64,
}

/// A table that is there.
struct Existing {
    oid: u32,
    schema: String,
    /// What kind of relation it is, in PostgreSQL's letters.
    kind: String,
    /// Names and types.
    columns: Vec<(String, String)>,
}

impl Writing<'_> {
    fn failed(&self) -> impl Fn(tokio_postgres::Error) -> CopyError + use<'_> {
        |error| refused(self.address, &error)
    }

    /// Writes and commits.
    async fn put(&mut self, client: &mut Client) -> Result<Put, CopyError> {
        let address = self.address;
        let transaction = client.transaction().await.map_err(|error| refused(address, &error))?;
        let put = self.put_in(&transaction).await?;
        transaction.commit().await.map_err(self.failed())?;
        Ok(put)
    }

    async fn put_in(&mut self, transaction: &Transaction<'_>) -> Result<Put, CopyError> {
        let (mode, name) = (self.rows.mode, self.table.quoted());
        let there = self.existing(transaction).await?;
        let Some(there) = there else {
            self.run(transaction, &self.create(&name, mode == Mode::Upsert)).await?;
            self.send(transaction, &name).await?;
            return Ok(Put { added: (mode == Mode::Upsert).then(|| self.rows.rows()), anew: None });
        };
        let place = format!("{} in {}", self.table.name, self.address.server());
        if !matches!(there.kind.as_str(), "r" | "p") {
            return Err(CopyError::refused(format!("{place} is no table; name another with --table")));
        }
        let has: Vec<&str> = there.columns.iter().map(|(name, _)| name.as_str()).collect();
        other_columns(&place, &has, &self.rows.names(), mode == Mode::Replace)?;
        let lacking = self.lacking(&there);
        if mode == Mode::Upsert {
            if let Some((name, has, wants)) = lacking {
                return Err(CopyError::refused(format!(
                    "{place} has {name} as {has}, which does not hold the view's values ({wants}) as they are; replace the table"
                )));
            }
            return Ok(Put { added: Some(self.upsert(transaction, &name).await?), anew: None });
        }
        let Some(column) = lacking else {
            // Rights, indexes and views on it stay, and its readers do not wait.
            self.run(transaction, &format!("DELETE FROM {name}")).await?;
            self.send(transaction, &name).await?;
            return Ok(Put::default());
        };
        let lost = self.what_hangs_on(transaction, there.oid).await?;
        let moment = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let fresh = format!("fabula_{}_{moment}", std::process::id());
        let within = format!("{}.{}", quoted(&there.schema), quoted(&fresh));
        self.run(transaction, &self.create(&within, false)).await?;
        self.send(transaction, &within).await?;
        let renamed = format!("DROP TABLE {name}; ALTER TABLE {within} RENAME TO {}", quoted(&self.table.name));
        self.run(transaction, &renamed).await?;
        Ok(Put { added: None, anew: Some(Anew { column, lost }) })
    }

    async fn run(&self, transaction: &Transaction<'_>, sql: &str) -> Result<(), CopyError> {
        transaction.batch_execute(sql).await.map_err(self.failed())
    }

    /// The table of this name, held so that no other export writes it meanwhile.
    async fn existing(&self, transaction: &Transaction<'_>) -> Result<Option<Existing>, CopyError> {
        let name = self.table.quoted();
        let sql = "SELECT c.oid, c.relkind::text, n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE c.oid = to_regclass($1)";
        let Some(found) = transaction.query_opt(sql, &[&name]).await.map_err(self.failed())? else { return Ok(None) };
        let (oid, kind, schema): (u32, String, String) = (found.get(0), found.get(1), found.get(2));
        if matches!(kind.as_str(), "r" | "p") {
            self.run(transaction, &format!("LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")).await?;
        }
        let sql = "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute \
                   WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
        let columns = transaction.query(sql, &[&oid]).await.map_err(self.failed())?;
        let columns = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(Some(Existing { oid, schema, kind, columns }))
    }

    fn create(&self, name: &str, keyed: bool) -> String {
        let columns = self.rows.columns.iter();
        let mut parts: Vec<String> =
            columns.map(|column| format!("{} {}", quoted(&column.name), column_type(column))).collect();
        if keyed {
            parts.push(format!("PRIMARY KEY ({})", list(&self.rows.key_names())));
        }
        format!("CREATE TABLE {name} ({})", parts.join(", "))
    }

    /// The first column that does not hold the view's values as they are: its name, its type, and the one that holds them.
    fn lacking(&self, there: &Existing) -> Option<(String, String, String)> {
        self.rows.columns.iter().find_map(|column| {
            let has = there.columns.iter().find(|(name, _)| *name == column.name).map_or("", |(_, of)| of);
            (!holds(has, column)).then(|| (column.name.clone(), has.to_owned(), column_type(column).to_owned()))
        })
    }

    /// What goes when a table does: keys and other constraints, indexes, triggers, policies, rights.
    async fn what_hangs_on(&self, transaction: &Transaction<'_>, oid: u32) -> Result<Vec<String>, CopyError> {
        const SQL: &str = "SELECT CASE contype WHEN 'p' THEN 'the primary key ' ELSE 'constraint ' END || conname \
            FROM pg_constraint WHERE conrelid = $1 AND contype <> 'n' \
            UNION ALL SELECT 'index ' || c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
            WHERE i.indrelid = $1 AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid) \
            UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal \
            UNION ALL SELECT 'policy ' || polname FROM pg_policy WHERE polrelid = $1 \
            UNION ALL SELECT DISTINCT 'rights of ' || CASE acl.grantee WHEN 0 THEN 'everybody' ELSE acl.grantee::regrole::text END \
            FROM pg_class c, aclexplode(c.relacl) acl WHERE c.oid = $1 AND acl.grantee <> c.relowner";
        let rows = transaction.query(SQL, &[&oid]).await.map_err(self.failed())?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Sends every row into a table.
    async fn send(&mut self, transaction: &Transaction<'_>, into: &str) -> Result<(), CopyError> {
        let (address, mode) = (self.address, self.rows.mode);
        let failed = |error: tokio_postgres::Error| match error.code() {
            Some(&SqlState::UNIQUE_VIOLATION) if mode == Mode::Upsert => {
                CopyError::refused("several rows have the same key: an upsert needs a key that tells rows apart")
            }
            _ => refused(address, &error),
        };
        let sql = format!("COPY {into} ({}) FROM STDIN", list(&self.rows.names()));
        let kinds = self.rows.kinds();
        let names: Vec<String> = self.rows.names().into_iter().map(str::to_owned).collect();
        let sink = transaction.copy_in::<_, Bytes>(&sql).await.map_err(failed)?;
        let mut sink = std::pin::pin!(sink);
        let cannot = || CopyError::io("the rows that wait can't be read");
        let mut waiting = self.rows.waiting.read().map_err(cannot())?;
        let (mut row, mut chunk, mut rows) = (Vec::new(), Vec::with_capacity(CHUNK_BYTES * 2), 0);
        while waiting.next(&mut row).map_err(cannot())? {
            let mut cells = StoredCells::new(&row);
            for (at, kind) in kinds.iter().enumerate() {
                if at > 0 {
                    chunk.push(b'\t');
                }
                let cell = cells.take().map_err(|error| CopyError::refused(error.to_string()))?;
                push(&mut chunk, &cell, *kind).map_err(|why| CopyError::refused(format!("{} has {why}", names[at])))?;
            }
            chunk.push(b'\n');
            rows += 1;
            if chunk.len() >= CHUNK_BYTES {
                sink.send(BytesMut::from(chunk.as_slice()).freeze()).await.map_err(failed)?;
                chunk.clear();
                self.done.fetch_add(std::mem::take(&mut rows), Ordering::Relaxed);
            }
        }
        sink.send(Bytes::from(chunk)).await.map_err(failed)?;
        sink.finish().await.map_err(failed)?;
        self.done.fetch_add(rows, Ordering::Relaxed);
        Ok(())
    }

    /// Puts the rows into a table by their key; how many were new.
    async fn upsert(&mut self, transaction: &Transaction<'_>, name: &str) -> Result<u64, CopyError> {
        let all = list(&self.rows.names());
        let incoming = format!(
            "CREATE TEMP TABLE fabula_incoming ON COMMIT DROP AS SELECT {all} FROM {name} WITH NO DATA; \
             ALTER TABLE {INCOMING} ADD PRIMARY KEY ({})",
            list(&self.rows.key_names())
        );
        self.run(transaction, &incoming).await?;
        self.send(transaction, INCOMING).await?;
        self.run(transaction, &format!("ANALYZE {INCOMING}")).await?;
        let key = self.rows.key_names();
        let same: Vec<String> = key.iter().map(|key| format!("o.{0} = i.{0}", quoted(key))).collect();
        let same = same.join(" AND ");
        let names = self.rows.names();
        let set: Vec<String> =
            names.iter().filter(|name| !key.contains(name)).map(|name| format!("{0} = i.{0}", quoted(name))).collect();
        if !set.is_empty() {
            let sql = format!("UPDATE {name} AS o SET {} FROM {INCOMING} AS i WHERE {same}", set.join(", "));
            self.run(transaction, &sql).await?;
        }
        let of: Vec<String> = names.iter().map(|name| format!("i.{}", quoted(name))).collect();
        let sql = format!(
            "INSERT INTO {name} ({all}) SELECT {} FROM {INCOMING} AS i WHERE NOT EXISTS (SELECT 1 FROM {name} AS o WHERE {same})",
            of.join(", ")
        );
        transaction.execute(&sql, &[]).await.map_err(self.failed())
    }
}
