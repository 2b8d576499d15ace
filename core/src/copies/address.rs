//! Where a PostgreSQL database is, and who asks.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_util::sync::CancellationToken;

use super::CopyError;
use crate::log::kafka::Secret;

/// How long to wait for a server's first answer, unless it is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether a connection is encrypted, and whom it believes: as `sslmode` says it to PostgreSQL's own programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// `disable`: never encrypted.
    Disable,
    /// `prefer`: encrypted where the server can; it is not made sure who that is.
    #[default]
    Prefer,
    /// `require`: encrypted; it is not made sure who the server is, unless `sslrootcert` says whom to believe.
    Require,
    /// `verify-ca`: encrypted, and the certificate is of somebody who is believed.
    VerifyCa,
    /// `verify-full`: and it is the server's.
    VerifyFull,
}

/// Where a PostgreSQL database is, and who asks. Nothing that it shows is secret.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// A file of certificates that are believed.
    pub(super) root: Option<PathBuf>,
    password: Option<Secret>,
    server: String,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Address").field(&self.server).finish()
    }
}

impl Address {
    /// Whether a text means to be one.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Reads `postgres://USER@HOST:PORT/DATABASE`, with settings such as `?sslmode=verify-full&sslrootcert=FILE` behind
    /// it. What it does not say is as `PGHOST`, `PGPORT`, `PGUSER` and `PGDATABASE` have it. The password is that of
    /// `PGPASSWORD`, or of the password file (`PGPASSFILE`, else `~/.pgpass`).
    ///
    /// # Errors
    /// When it is no address; when a password stands in it, where others would see it; when the password file can be
    /// read by others.
    pub fn parse(text: &str) -> Result<Self, CopyError> {
        Self::parse_in(text, &|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn parse_in(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, CopyError> {
        let (plain, settings) = text.split_once('?').unwrap_or((text, ""));
        let mut address =
            Self { config: Config::new(), tls: Tls::default(), root: None, password: None, server: String::new() };
        let mut others = Vec::new();
        for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
            match setting.split_once('=') {
                Some(("sslmode", mode)) => address.tls = tls(mode)?,
                Some(("sslrootcert", file)) => address.root = Some(PathBuf::from(file.replace("%2F", "/"))),
                _ => others.push(setting),
            }
        }
        let settings = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
        // What is wrong is told without the text, in which a password may stand.
        address.config = Config::from_str(&format!("{plain}{settings}")).map_err(|error| {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            CopyError::refused(format!("the address can't be read: {why}; write postgres://USER@HOST:PORT/DATABASE"))
        })?;
        if address.config.get_password().is_some() {
            let how = "a password in the address can be seen by others: set PGPASSWORD, or write it to ~/.pgpass";
            return Err(CopyError::refused(how));
        }
        address.fill(environment);
        address.password = match environment("PGPASSWORD") {
            Some(password) => Some(Secret::new(password)),
            None => address.password_on_file(environment)?,
        };
        Ok(address)
    }

    /// Fills in what was not said.
    fn fill(&mut self, environment: &dyn Fn(&str) -> Option<String>) {
        let config = &mut self.config;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host(environment("PGHOST").unwrap_or_else(|| "localhost".to_owned()));
        }
        if config.get_ports().is_empty() {
            config.port(environment("PGPORT").and_then(|port| port.parse().ok()).unwrap_or(5432));
        }
        if config.get_user().is_none() {
            let user = ["PGUSER", "USER", "USERNAME"].iter().find_map(|name| environment(name));
            config.user(user.unwrap_or_else(|| "postgres".to_owned()));
        }
        if config.get_dbname().is_none() {
            let user = config.get_user().unwrap_or_default().to_owned();
            config.dbname(environment("PGDATABASE").unwrap_or(user));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.application_name("fabula");
        let (user, database) =
            (self.config.get_user().unwrap_or_default(), self.config.get_dbname().unwrap_or_default());
        self.server = format!("{user}@{}:{}/{database}", self.host(), self.port());
    }

    fn host(&self) -> String {
        match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(_)) => "localhost".to_owned(),
            None => self.config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
        }
    }

    fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(5432)
    }

    /// The user, the server and the database.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Whether a password is known.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// Connects, and lets go again: to find out before long work whether the server can be reached and lets the user in.
    ///
    /// # Errors
    /// When it can't or does not; [`CopyError::Password`] when it asks for a password and none is known.
    pub fn try_to_connect(&self, cancel: &CancellationToken) -> Result<(), CopyError> {
        super::postgres::try_to_connect(self, cancel)
    }

    /// The same with a password.
    pub fn with_password(mut self, password: Secret) -> Self {
        self.password = Some(password);
        self
    }

    /// What to connect with.
    pub(super) fn secret_config(&self) -> Config {
        let mut config = self.config.clone();
        if let Some(password) = &self.password {
            config.password(password.reveal());
        }
        config
    }

    fn password_on_file(&self, environment: &dyn Fn(&str) -> Option<String>) -> Result<Option<Secret>, CopyError> {
        let home = || environment("HOME").map(|home| Path::new(&home).join(".pgpass"));
        let windows = || environment("APPDATA").map(|data| Path::new(&data).join("postgresql").join("pgpass.conf"));
        let usual = || if cfg!(windows) { windows() } else { home() };
        let Some(path) = environment("PGPASSFILE").map(PathBuf::from).or_else(usual) else { return Ok(None) };
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
        let (user, database) =
            (self.config.get_user().unwrap_or_default(), self.config.get_dbname().unwrap_or_default());
        let port = self.port().to_string();
        let found = password_in(&text, [&self.host(), &port, database, user]);
        if found.is_some() && is_open_to_others(&path) {
            let how = format!("{} can be read by others, and is not used: chmod 600 {0}", path.display());
            return Err(CopyError::refused(how));
        }
        Ok(found.map(Secret::new))
    }
}

fn tls(mode: &str) -> Result<Tls, CopyError> {
    Ok(match mode {
        "disable" => Tls::Disable,
        "allow" | "prefer" => Tls::Prefer,
        "require" => Tls::Require,
        "verify-ca" => Tls::VerifyCa,
        "verify-full" => Tls::VerifyFull,
        other => {
            let modes = "disable, prefer, require, verify-ca or verify-full";
            return Err(CopyError::refused(format!("sslmode is {modes}, not {other}")));
        }
    })
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|there| there.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_path: &Path) -> bool {
    false
}

/// The password of the first line that fits host, port, database and user.
fn password_in(text: &str, wanted: [&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = vec![String::new()];
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => fields.last_mut()?.extend(chars.next()),
                ':' if fields.len() < 5 => fields.push(String::new()),
                c => fields.last_mut()?.push(c),
            }
        }
        let password = (fields.len() == 5).then(|| fields.pop()).flatten()?;
        let fits = fields.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted);
        fits.then_some(password)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Address, CopyError> {
        Address::parse_in(text, &|name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_address_says_the_server_and_the_environment_the_rest() {
        let address = parse("postgres://ada@db.example:6543/shop?sslmode=disable", &[]).unwrap();
        assert_eq!((address.server(), address.tls), ("ada@db.example:6543/shop", Tls::Disable));
        let environment = [("PGUSER", "bob"), ("PGPORT", "7000"), ("PGPASSWORD", "hunter2")];
        let address = parse("postgresql://", &environment).unwrap();
        assert_eq!(address.server(), "bob@localhost:7000/bob");
        assert!(address.has_password());
        assert!(!format!("{address:?}{}", address.server()).contains("hunter2"));
        assert!(parse("postgres://ada@h/d?sslmode=sometimes", &[]).is_err());
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        for text in
            ["postgres://ada:hunter2@db/shop", "postgres://ada@db/shop?password=hunter2", "postgres://a:hunter2@h:x/"]
        {
            let error = parse(text, &[]).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_password_file_is_used_where_nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".pgpass");
        let text = "# a comment\nother:*:*:*:no\ndb:6543:shop:ada:hun\\:ter\\\\2\n*:*:*:*:last\n";
        std::fs::write(&file, text).unwrap();
        let home = dir.path().to_str().unwrap();
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        let error = parse("postgres://ada@db:6543/shop", &[("HOME", home)]).unwrap_err().to_string();
        assert!(error.contains("can be read by others") && !error.contains("ter"), "{error}");
        mode(0o600);
        let address = parse("postgres://ada@db:6543/shop", &[("HOME", home)]).unwrap();
        assert_eq!(address.secret_config().get_password(), Some(&b"hun:ter\\2"[..]));
        let address = parse("postgres://ada@elsewhere/shop", &[("HOME", home)]).unwrap();
        assert_eq!(address.secret_config().get_password(), Some(&b"last"[..]));
        assert!(!parse("postgres://ada@db/shop", &[]).unwrap().has_password());
    }
}
