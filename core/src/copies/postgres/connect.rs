//! Connecting to a server, and what it says when it refuses.

use std::error::Error as _;
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use postgres_openssl::MakeTlsConnector;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{CancelToken, Client};

use crate::copies::{Address, CopyError, Tls};

/// How long a server may take to hear that nobody waits any more.
const GIVE_UP: Duration = Duration::from_secs(2);

/// How to reach a server again while it is at work.
pub(super) struct Link {
    token: CancelToken,
    tls: MakeTlsConnector,
}

impl Link {
    /// Ends what the server is at.
    pub(super) async fn give_up(&self) {
        // A server that does not hear it sees the connection end, and undoes what was not committed.
        let _ = tokio::time::timeout(GIVE_UP, self.token.cancel_query(self.tls.clone())).await;
    }
}

/// Connects.
pub(super) async fn connect(address: &Address) -> Result<(Client, Link), CopyError> {
    let tls = connector(address)?;
    let mut config = address.secret_config();
    config.ssl_mode(match address.tls {
        Tls::Disable => SslMode::Disable,
        Tls::Prefer => SslMode::Prefer,
        Tls::Require | Tls::VerifyCa | Tls::VerifyFull => SslMode::Require,
    });
    let (client, connection) = config.connect(tls.clone()).await.map_err(|error| refused(address, &error))?;
    tokio::spawn(async move {
        // Whoever waits for an answer is told that the connection has ended.
        if let Err(error) = connection.await {
            tracing::debug!("a connection to PostgreSQL has ended: {error}");
        }
    });
    // What comes as text has one form, whatever the server is set to.
    let set = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET bytea_output = 'hex'; SET extra_float_digits = 1";
    client.batch_execute(set).await.map_err(|error| refused(address, &error))?;
    let token = client.cancel_token();
    Ok((client, Link { token, tls }))
}

fn connector(address: &Address) -> Result<MakeTlsConnector, CopyError> {
    let cannot = |error: openssl::error::ErrorStack| CopyError::refused(format!("no TLS: {error}"));
    let mut builder = SslConnector::builder(SslMethod::tls()).map_err(cannot)?;
    let believes = match (address.tls, &address.root) {
        (Tls::VerifyCa | Tls::VerifyFull, _) | (Tls::Require, Some(_)) => true,
        (Tls::Disable | Tls::Prefer | Tls::Require, _) => false,
    };
    builder.set_verify(if believes { SslVerifyMode::PEER } else { SslVerifyMode::NONE });
    if let (Some(file), true) = (&address.root, believes) {
        let named = file.display();
        builder
            .set_ca_file(file)
            .map_err(|_| CopyError::refused(format!("{named} holds no certificates that can be read (sslrootcert)")))?;
    } else if believes && let Some(file) = openssl_probe::probe().cert_file {
        builder.set_ca_file(&file).map_err(cannot)?;
    }
    let mut connector = MakeTlsConnector::new(builder.build());
    if address.tls != Tls::VerifyFull {
        connector.set_callback(|connection, _| {
            connection.set_verify_hostname(false);
            Ok(())
        });
    }
    Ok(connector)
}

/// What a server, or the way to it, says, in a line.
pub(super) fn refused(address: &Address, error: &tokio_postgres::Error) -> CopyError {
    let server = address.server();
    let Some(told) = error.as_db_error() else {
        let mut why = error.to_string();
        let mut source = error.source();
        while let Some(deeper) = source {
            why = deeper.to_string();
            source = deeper.source();
        }
        if why.contains("password missing") {
            return CopyError::Password { server: server.to_owned() };
        }
        let io = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
        return CopyError::refused(match io.map(std::io::Error::kind) {
            Some(std::io::ErrorKind::ConnectionRefused) => {
                format!("{server} can't be reached: nothing answers there; is the server running?")
            }
            Some(std::io::ErrorKind::TimedOut) => format!("{server} can't be reached: it does not answer"),
            _ if error.is_closed() => format!("{server} has ended the connection"),
            _ => format!("{server}: {}", line(&why)),
        });
    };
    let words = line(told.message());
    CopyError::refused(match *told.code() {
        SqlState::INVALID_PASSWORD => format!("{server} refuses the password"),
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => format!("{server} lets nobody in so: {words}"),
        SqlState::INVALID_CATALOG_NAME => format!("{server}: there is no such database"),
        SqlState::INVALID_SCHEMA_NAME => format!("{server}: there is no such schema: {words}"),
        SqlState::INSUFFICIENT_PRIVILEGE => format!("{server}: the user has not the rights: {words}"),
        SqlState::UNDEFINED_TABLE => format!("{server}: {words}"),
        SqlState::DEPENDENT_OBJECTS_STILL_EXIST => {
            format!("{server}: the table can't be made anew with other types while something hangs on it: {words}")
        }
        _ => {
            let detail = told.detail().map(|detail| format!(" ({})", line(detail))).unwrap_or_default();
            format!("{server}: {words}{detail}")
        }
    })
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
