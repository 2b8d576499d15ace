//! What must not be shown.

use std::fmt;

/// A password or key. Neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the cluster and the keychain, for nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Whether a property holds a secret. A name that looks like one counts: better to hide too much.
pub(super) fn is_secret(name: &str) -> bool {
    const SECRET: [&str; 3] = ["sasl.oauthbearer.config", "ssl.key.pem", "sasl.jaas.config"];
    const LIKE_A_SECRET: [&str; 4] = ["password", "secret", "passphrase", "private.key.pem"];
    SECRET.contains(&name) || LIKE_A_SECRET.iter().any(|part| name.contains(part))
}
