//! How to connect to a cluster: librdkafka's properties, from wherever they come.
//!
//! Properties are given one by one (`-X name=value`), by a `kcat.conf`, or by a Java client's `client.properties`, whose
//! own names and stores are put into librdkafka's terms. Whatever would make a reader more than a reader (a group,
//! commits) is left out and noted.

mod file;
mod jaas;
mod java;
mod kcat;
mod secret;
mod stores;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;

use super::oauth::TokenSource;
use crate::log::{Isolation, LogError};
pub use kcat::kcat_command;
pub use secret::Secret;
use secret::is_secret;

/// How long to wait for a cluster's first answer, unless it is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Properties that decide what a reader is; they are Fabula's to set.
const OWN: [(&str, &str); 7] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
    ("auto.offset.reset", "error"),
    ("allow.auto.create.topics", "false"),
    ("group.id", ""),
    ("group.instance.id", ""),
];

/// How to connect to a cluster. Its `Debug` form shows no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    properties: BTreeMap<String, Value>,
    isolation: Isolation,
    connect_timeout: Duration,
    notes: Vec<String>,
}

/// Properties that say where OAUTHBEARER's tokens come from. Fabula fetches them itself.
const OF_TOKENS: [&str; 6] = [
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "https.ca.location",
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Open(String),
    Hidden(Secret),
}

impl Value {
    fn reveal(&self) -> &str {
        match self {
            Self::Open(text) => text,
            Self::Hidden(secret) => secret.reveal(),
        }
    }
}

/// Refuses a port that there can't be: librdkafka would take another in its place.
fn check_ports(servers: &str) -> Result<(), LogError> {
    for server in servers.split(',') {
        let digits = server.trim().rsplit_once(':').map(|(_, port)| port).unwrap_or_default();
        let is_port = digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_port && digits.parse::<u16>().map_or(true, |port| port == 0) {
            let reason = format!("“{}” has no port that there is: they go from 1 to 65535", server.trim());
            return Err(LogError::Configuration { name: "bootstrap.servers".into(), reason });
        }
    }
    Ok(())
}

impl Settings {
    /// Settings with nothing but the bootstrap servers (`host:port,host:port…`).
    pub fn new(brokers: &str) -> Self {
        let servers = Value::Open(brokers.trim().to_owned());
        Self {
            properties: BTreeMap::from([("bootstrap.servers".to_owned(), servers)]),
            isolation: Isolation::default(),
            connect_timeout: CONNECT_TIMEOUT,
            notes: Vec::new(),
        }
    }

    /// Puts settings together as kcat does: the file (or else [`default_file`]), then the single properties, then the
    /// brokers, each over those before.
    ///
    /// # Errors
    /// When a file cannot be read, a property makes no sense, or no brokers are named anywhere.
    pub fn gather(
        brokers: Option<&str>,
        file: Option<&Path>,
        properties: &[(String, String)],
    ) -> Result<Self, LogError> {
        let mut settings = Self::new("");
        if let Some(file) = file.map(Path::to_owned).or_else(default_file) {
            settings.load(&file)?;
        }
        for (name, value) in properties {
            settings.set(name, value)?;
        }
        if let Some(brokers) = brokers {
            settings.set("bootstrap.servers", brokers)?;
        }
        if settings.brokers().is_empty() {
            let reason = "no brokers are named; give them with -b host:port";
            return Err(LogError::Configuration { name: "bootstrap.servers".into(), reason: reason.into() });
        }
        Ok(settings)
    }

    /// Takes the properties of a file, `kcat.conf` or `client.properties`, over those already set.
    ///
    /// # Errors
    /// When the file cannot be read, or a property in it makes no sense.
    pub fn load(&mut self, path: &Path) -> Result<(), LogError> {
        let file = file::read(path)?;
        let java = java::translate(file.properties)?;
        self.notes.extend(java.notes);
        for (name, value) in java.properties {
            match self.set(&name, &value) {
                // A Java client has many settings that concern no reader.
                Err(LogError::Configuration { name, .. }) if file.is_java && !known(&name) => {
                    self.notes.push(format!("{name} in {} is a Java client's own: left out", path.display()));
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Sets a librdkafka property.
    ///
    /// # Errors
    /// [`LogError::Configuration`] when librdkafka does not know the property or refuses the value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LogError> {
        let (name, value) = (canonical(name.trim()), value.trim());
        if OWN.iter().any(|(own, _)| *own == name) {
            self.notes.push(format!("{name} is left out: Fabula joins no group and commits nothing"));
            return Ok(());
        }
        if name == "isolation.level" {
            self.isolation = isolation(value)?;
            return Ok(());
        }
        if !OF_TOKENS.contains(&name) {
            check(name, value)?;
        }
        if name == "bootstrap.servers" {
            check_ports(value)?;
        }
        let hidden = is_secret(name);
        let value = value.to_owned();
        let value = if hidden { Value::Hidden(Secret::new(value)) } else { Value::Open(value) };
        self.properties.insert(name.to_owned(), value);
        Ok(())
    }

    /// The bootstrap servers.
    pub fn brokers(&self) -> &str {
        self.property("bootstrap.servers").unwrap_or_default()
    }

    /// Which records of transactions are read.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Chooses which records of transactions are read.
    pub fn set_isolation(&mut self, isolation: Isolation) {
        self.isolation = isolation;
    }

    /// How long to wait for the cluster's answer before saying that there is none.
    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Chooses how long to wait for the cluster's answer.
    pub fn set_connect_timeout(&mut self, timeout: Duration) {
        self.connect_timeout = timeout;
    }

    /// Whether a property was set.
    pub fn sets(&self, name: &str) -> bool {
        self.properties.contains_key(canonical(name))
    }

    /// What was left out, and why, in one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Every property but the secret ones, sorted by name: fit to be saved and shown.
    pub fn without_secrets(&self) -> BTreeMap<String, String> {
        let open = self.properties.iter().filter_map(|(name, value)| match value {
            Value::Open(text) => Some((name.clone(), text.clone())),
            Value::Hidden(_) => None,
        });
        open.chain([("isolation.level".to_owned(), self.isolation.name().to_owned())]).collect()
    }

    /// The secret properties that are set, sorted by name: for the keychain.
    pub fn secrets(&self) -> Vec<(&str, &Secret)> {
        let hidden = self.properties.iter().filter_map(|(name, value)| match value {
            Value::Open(_) => None,
            Value::Hidden(secret) => Some((name.as_str(), secret)),
        });
        hidden.collect()
    }

    /// The secret properties that the other settings call for but that are not set: what to ask a person for.
    pub fn missing_secrets(&self) -> Vec<&'static str> {
        let value = |name: &str| self.property(name).unwrap_or_default();
        let over_sasl = value("security.protocol").to_ascii_lowercase().starts_with("sasl");
        let mechanism = value("sasl.mechanism").to_ascii_uppercase();
        let wanted = [
            (over_sasl && (mechanism == "PLAIN" || mechanism.starts_with("SCRAM")), "sasl.password"),
            (
                over_sasl && mechanism == "OAUTHBEARER" && value("sasl.oauthbearer.method") == "oidc",
                "sasl.oauthbearer.client.secret",
            ),
            (self.sets("ssl.keystore.location"), "ssl.keystore.password"),
        ];
        wanted.into_iter().filter(|(wanted, name)| *wanted && !self.sets(name)).map(|(_, name)| name).collect()
    }

    /// Checks what can only be checked of all settings together.
    ///
    /// # Errors
    /// [`LogError::Configuration`] when one setting calls for another that is missing.
    pub(super) fn check(&self) -> Result<(), LogError> {
        let source = TokenSource::from_properties(|name| self.property(name));
        source.map(drop).map_err(|(name, reason)| LogError::Configuration { name, reason })
    }

    /// Where OAUTHBEARER's tokens come from, where the settings say so.
    pub(super) fn token_source(&self) -> Option<Arc<TokenSource>> {
        TokenSource::from_properties(|name| self.property(name)).ok().flatten().map(Arc::new)
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(Value::reveal)
    }

    /// What librdkafka is to be told, whatever the client is for.
    pub(super) fn client_config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set_log_level(RDKafkaLogLevel::Warning);
        let timeout_ms = self.connect_timeout.as_millis().clamp(1_000, 60_000).to_string();
        let defaults = [
            ("client.id", "fabula"),
            ("reconnect.backoff.max.ms", "2000"),
            ("socket.connection.setup.timeout.ms", timeout_ms.as_str()),
        ];
        for (name, value) in defaults {
            config.set(name, value);
        }
        for (name, value) in self.properties.iter().filter(|(name, _)| !OF_TOKENS.contains(&name.as_str())) {
            config.set(name, value.reveal());
        }
        for (name, value) in OWN.iter().filter(|(_, value)| !value.is_empty()) {
            config.set(*name, *value);
        }
        config.set("isolation.level", self.isolation.name());
        config
    }
}

/// The file that kcat would take when none is named: `$KCAT_CONFIG`, else `~/.config/kcat.conf` if it is there.
pub fn default_file() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("KCAT_CONFIG").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let usual = PathBuf::from(std::env::var_os("HOME")?).join(".config/kcat.conf");
    usual.is_file().then_some(usual)
}

/// librdkafka knows some properties by two names.
fn canonical(name: &str) -> &str {
    match name {
        "metadata.broker.list" => "bootstrap.servers",
        "sasl.mechanisms" => "sasl.mechanism",
        "max.partition.fetch.bytes" => "fetch.message.max.bytes",
        other => other,
    }
}

fn isolation(text: &str) -> Result<Isolation, LogError> {
    [Isolation::ReadCommitted, Isolation::ReadUncommitted].into_iter().find(|level| level.name() == text).ok_or_else(
        || LogError::Configuration {
            name: "isolation.level".into(),
            reason: format!("“{text}” is neither read_committed nor read_uncommitted"),
        },
    )
}

fn known(name: &str) -> bool {
    // An unknown name is refused before its value is looked at, with words of its own.
    let set = ClientConfig::new().set(name, "").create_native_config().err();
    !matches!(set, Some(KafkaError::ClientConfig(rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)))
}

fn check(name: &str, value: &str) -> Result<(), LogError> {
    match ClientConfig::new().set(name, value).create_native_config() {
        Ok(_) => Ok(()),
        Err(KafkaError::ClientConfig(_, reason, ..)) => {
            let reason = if is_secret(name) { "librdkafka does not accept the value".to_owned() } else { reason };
            Err(LogError::Configuration { name: name.to_owned(), reason })
        }
        Err(error) => Err(LogError::Configuration { name: name.to_owned(), reason: error.to_string() }),
    }
}

#[cfg(test)]
mod tests;
