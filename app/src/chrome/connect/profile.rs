//! How to reach a cluster, without its secrets: what a workspace keeps.

use std::collections::BTreeMap;

use fabula_core::log::Isolation;

/// How to reach a cluster. Holds no secret: passwords are in [`Secrets`], by the name of their property.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Profile {
    /// What a person calls it.
    pub name: String,
    /// Bootstrap servers, `host:port` and commas.
    pub brokers: String,
    /// How the connection is made.
    pub security: Security,
    /// The user for PLAIN and SCRAM.
    pub username: String,
    /// The file of the authority that signed the broker's certificate; empty takes the system's.
    pub ca_file: String,
    /// The file of one's own certificate, for mutual TLS.
    pub certificate_file: String,
    /// The file of one's own private key, for mutual TLS.
    pub key_file: String,
    /// Where OAUTHBEARER gets its tokens.
    pub token_url: String,
    /// The client that asks for tokens.
    pub client_id: String,
    /// What the tokens are for; may be empty.
    pub scope: String,
    /// Any other property of librdkafka, but for secret ones.
    pub properties: Vec<(String, String)>,
    /// Which records of transactions are read.
    pub isolation: Isolation,
    /// Whether this is where the business runs.
    pub production: bool,
    /// Whether secrets are kept in the system's keychain; if not they are asked for each time.
    pub keep_secrets: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            name: String::new(),
            brokers: String::new(),
            security: Security::default(),
            username: String::new(),
            ca_file: String::new(),
            certificate_file: String::new(),
            key_file: String::new(),
            token_url: String::new(),
            client_id: String::new(),
            scope: String::new(),
            properties: Vec::new(),
            isolation: Isolation::default(),
            production: false,
            keep_secrets: true,
        }
    }
}

/// How a connection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Security {
    /// Whether it is encrypted.
    pub tls: bool,
    /// How one says who one is.
    pub login: Login,
}

/// How one says who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// Not at all.
    #[default]
    None,
    /// With a certificate of one's own.
    Certificate,
    /// User and password, sent as they are.
    Plain,
    /// User and password, proven with SHA-256.
    Scram256,
    /// User and password, proven with SHA-512.
    Scram512,
    /// A token from an identity provider.
    OauthBearer,
}

impl Login {
    /// All, as they are listed.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Certificate, Self::Plain, Self::Scram256, Self::Scram512, Self::OauthBearer];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Certificate => "Certificate (mTLS)",
            Self::Plain => "SASL PLAIN",
            Self::Scram256 => "SASL SCRAM-SHA-256",
            Self::Scram512 => "SASL SCRAM-SHA-512",
            Self::OauthBearer => "SASL OAUTHBEARER",
        }
    }

    /// The SASL mechanism, where it is one.
    pub fn mechanism(self) -> Option<&'static str> {
        match self {
            Self::None | Self::Certificate => None,
            Self::Plain => Some("PLAIN"),
            Self::Scram256 => Some("SCRAM-SHA-256"),
            Self::Scram512 => Some("SCRAM-SHA-512"),
            Self::OauthBearer => Some("OAUTHBEARER"),
        }
    }

    /// The property of the one secret that this login asks for, and what a person calls it.
    pub fn secret(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::None => None,
            Self::Certificate => Some(("ssl.key.password", "Key password")),
            Self::Plain | Self::Scram256 | Self::Scram512 => Some(("sasl.password", "Password")),
            Self::OauthBearer => Some(("sasl.oauthbearer.client.secret", "Client secret")),
        }
    }
}

/// Passwords and the like, by the name of their property. Cannot be saved or printed by accident.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, String>);

impl PartialEq for Secrets {
    /// A secret that is empty is none: a field that was only shown has changed nothing.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets {
    /// The secret of a property.
    pub fn get(&self, property: &str) -> Option<&str> {
        self.0.get(property).map(String::as_str)
    }

    /// Where the secret of a property is written.
    pub fn entry(&mut self, property: &str) -> &mut String {
        self.0.entry(property.to_owned()).or_default()
    }

    /// Names of properties with a secret that is not empty, and the secrets.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.0.iter().map(|(name, secret)| (name.as_str(), secret.as_str()));
        entries.filter(|(_, secret)| !secret.is_empty())
    }
}

/// Whether a property's value must not be kept in plain sight.
pub fn is_secret(property: &str) -> bool {
    let property = property.to_ascii_lowercase();
    let named = ["password", "secret", "jaas", "token"].iter().any(|word| property.contains(word));
    let key = property == "ssl.key.pem" || property == "ssl.keystore.key" || property == "sasl.oauthbearer.config";
    (named || key) && !property.ends_with(".url") && !property.ends_with(".location")
}

impl Profile {
    /// As librdkafka's properties, secrets among them. What a person wrote among the other properties wins.
    pub fn properties(&self, secrets: &Secrets) -> Vec<(String, String)> {
        let mut properties: BTreeMap<String, String> = BTreeMap::new();
        let mut set = |name: &str, value: &str| {
            let value = value.trim();
            if !value.is_empty() {
                properties.insert(name.to_owned(), value.to_owned());
            }
        };
        let mechanism = self.security.login.mechanism();
        set("bootstrap.servers", &self.brokers);
        set("security.protocol", self.protocol());
        set("isolation.level", self.isolation.name());
        if self.is_encrypted() {
            set("ssl.ca.location", &self.ca_file);
        }
        if self.security.login == Login::Certificate {
            set("ssl.certificate.location", &self.certificate_file);
            set("ssl.key.location", &self.key_file);
        }
        if let Some(mechanism) = mechanism {
            set("sasl.mechanism", mechanism);
        }
        if self.security.login == Login::OauthBearer {
            set("sasl.oauthbearer.method", "oidc");
            set("sasl.oauthbearer.token.endpoint.url", &self.token_url);
            set("sasl.oauthbearer.client.id", &self.client_id);
            set("sasl.oauthbearer.scope", &self.scope);
        } else if mechanism.is_some() {
            set("sasl.username", &self.username);
        }
        for (name, value) in &self.properties {
            set(name.trim(), value);
        }
        for (name, secret) in secrets.iter() {
            properties.insert(name.to_owned(), secret.to_owned());
        }
        properties.into_iter().collect()
    }

    /// From properties as a file holds them. Secrets are handed over apart; what no field is for stays a property.
    pub fn from_properties(name: &str, properties: &[(String, String)]) -> (Self, Secrets) {
        let mut profile = Self { name: name.to_owned(), ..Self::default() };
        let mut secrets = Secrets::default();
        for (property, value) in properties {
            let value = value.clone();
            match property.as_str() {
                "bootstrap.servers" | "metadata.broker.list" => profile.brokers = value,
                "security.protocol" => profile.security.tls = value.to_ascii_lowercase().contains("ssl"),
                "sasl.mechanism" | "sasl.mechanisms" => profile.security.login = login(&value),
                "sasl.username" => profile.username = value,
                "ssl.ca.location" => profile.ca_file = value,
                "ssl.certificate.location" => profile.certificate_file = value,
                "ssl.key.location" => profile.key_file = value,
                "sasl.oauthbearer.token.endpoint.url" => profile.token_url = value,
                "sasl.oauthbearer.client.id" => profile.client_id = value,
                "sasl.oauthbearer.scope" => profile.scope = value,
                "sasl.oauthbearer.method" => {}
                "isolation.level" if value == Isolation::ReadUncommitted.name() => {
                    profile.isolation = Isolation::ReadUncommitted;
                }
                "isolation.level" => profile.isolation = Isolation::ReadCommitted,
                secret if is_secret(secret) => *secrets.entry(secret) = value,
                other => profile.properties.push((other.to_owned(), value)),
            }
        }
        let sasl = properties
            .iter()
            .any(|(name, value)| name == "security.protocol" && value.to_ascii_lowercase().starts_with("sasl"));
        if !sasl {
            let certificate = !profile.certificate_file.is_empty() || !profile.key_file.is_empty();
            profile.security.login = if certificate { Login::Certificate } else { Login::None };
        }
        (profile, secrets)
    }

    /// What it is called: its name, or else its brokers.
    pub fn title(&self) -> &str {
        if self.name.trim().is_empty() { self.brokers.trim() } else { self.name.trim() }
    }

    /// Names of the secrets that a connection needs and that are not yet there.
    pub fn missing_secrets(&self, secrets: &Secrets) -> Vec<(&'static str, &'static str)> {
        let needed = self.security.login.secret().filter(|_| self.security.login.mechanism().is_some());
        needed.into_iter().filter(|(name, _)| secrets.get(name).is_none_or(str::is_empty)).collect()
    }

    fn is_encrypted(&self) -> bool {
        self.security.tls || self.security.login == Login::Certificate
    }

    fn protocol(&self) -> &'static str {
        match (self.is_encrypted(), self.security.login.mechanism().is_some()) {
            (false, false) => "PLAINTEXT",
            (true, false) => "SSL",
            (false, true) => "SASL_PLAINTEXT",
            (true, true) => "SASL_SSL",
        }
    }
}

fn login(mechanism: &str) -> Login {
    let named = Login::ALL
        .into_iter()
        .find(|login| login.mechanism().is_some_and(|name| name.eq_ignore_ascii_case(mechanism.trim())));
    named.unwrap_or(Login::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        text.lines().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    #[test]
    fn a_file_s_properties_come_back_as_they_were() {
        let file = "bootstrap.servers=b1:9092,b2:9092\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n\
                    sasl.username=reader\nsasl.password=hunter2\nssl.ca.location=/etc/ca.pem\n\
                    isolation.level=read_committed\nsocket.keepalive.enable=true";
        let mut expected = pairs(file);
        expected.sort();
        let (profile, secrets) = Profile::from_properties("shop", &expected);
        assert_eq!(profile.properties(&secrets), expected);
    }

    #[test]
    fn a_secret_is_in_no_profile_and_no_debug_text() {
        let (profile, secrets) = Profile::from_properties(
            "shop",
            &pairs("sasl.password=hunter2\nssl.key.pem=hunter2\nsasl.oauthbearer.client.secret=hunter2"),
        );
        let saved = serde_json::to_string(&profile).expect("plain data");
        assert!(!saved.contains("hunter2"), "{saved}");
        assert!(!format!("{profile:?} {secrets:?}").contains("hunter2"));
        assert_eq!(secrets.iter().count(), 3);
    }

    #[test]
    fn a_secret_that_was_only_shown_changes_nothing() {
        let mut secrets = Secrets::default();
        secrets.entry("sasl.password");
        assert_eq!(secrets, Secrets::default());
        secrets.entry("sasl.password").push('x');
        assert_ne!(secrets, Secrets::default());
    }

    #[test]
    fn every_login_gives_its_protocol() {
        let protocol = |tls, login| Profile { security: Security { tls, login }, ..Profile::default() }.protocol();
        assert_eq!(protocol(false, Login::None), "PLAINTEXT");
        assert_eq!(protocol(true, Login::None), "SSL");
        assert_eq!(protocol(false, Login::Certificate), "SSL");
        assert_eq!(protocol(false, Login::Plain), "SASL_PLAINTEXT");
        assert_eq!(protocol(true, Login::OauthBearer), "SASL_SSL");
    }
}
