//! Tokens for OAUTHBEARER: by client credentials from an OpenID provider, or out of a file that something else renews.
//!
//! librdkafka asks for a token when it needs one; its own HTTP client is not built in. The properties bear librdkafka's
//! names (`sasl.oauthbearer.method=oidc`, `sasl.oauthbearer.token.endpoint.url`, …); a `file:` URL names a file that
//! holds the token, as it does for Java clients.

mod http;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rdkafka::client::OAuthToken;
use serde_json::Value;

use super::config::Secret;
use http::Endpoint;

/// Where tokens come from.
#[derive(Debug)]
pub(super) enum TokenSource {
    /// An OpenID provider that gives tokens for a client's name and secret.
    Provider {
        /// Where to ask.
        endpoint: Endpoint,
        /// Who asks.
        client_id: String,
        /// What proves it.
        client_secret: Secret,
        /// What the token is to be good for.
        scope: Option<String>,
    },
    /// A file with the token in it.
    File(PathBuf),
    /// Nobody: a token that is not signed, for clusters that check none.
    Unsigned {
        /// Who one claims to be.
        principal: String,
    },
}

impl TokenSource {
    /// Reads where tokens come from out of properties; `None` where they say nothing of it.
    pub fn from_properties<'a>(property: impl Fn(&str) -> Option<&'a str>) -> Result<Option<Self>, (String, String)> {
        let wrong = |name: &str, reason: String| (name.to_owned(), reason);
        if property("enable.sasl.oauthbearer.unsecure.jwt") == Some("true") {
            let config = property("sasl.oauthbearer.config").unwrap_or_default();
            let principal = config.split_whitespace().find_map(|pair| pair.strip_prefix("principal="));
            return Ok(principal.map(|principal| Self::Unsigned { principal: principal.to_owned() }));
        }
        if property("sasl.oauthbearer.method") != Some("oidc") {
            return Ok(None);
        }
        const URL: &str = "sasl.oauthbearer.token.endpoint.url";
        let url = property(URL).ok_or_else(|| wrong(URL, "it is needed for sasl.oauthbearer.method=oidc".into()))?;
        if let Some(path) = url.strip_prefix("file://") {
            return Ok(Some(Self::File(path.into())));
        }
        let authorities = property("https.ca.location").or_else(|| property("ssl.ca.location"));
        let endpoint = Endpoint::parse(url, authorities).map_err(|reason| wrong(URL, reason))?;
        let needed = |name: &str| property(name).ok_or_else(|| wrong(name, "it is needed to ask for a token".into()));
        Ok(Some(Self::Provider {
            endpoint,
            client_id: needed("sasl.oauthbearer.client.id")?.to_owned(),
            client_secret: Secret::new(needed("sasl.oauthbearer.client.secret")?),
            scope: property("sasl.oauthbearer.scope").map(str::to_owned),
        }))
    }

    /// Whether a token comes from somebody, and not, unsigned, from librdkafka itself.
    pub fn is_asked(&self) -> bool {
        !matches!(self, Self::Unsigned { .. })
    }

    /// A fresh token, or why there is none. Blocks.
    pub fn token(&self) -> Result<OAuthToken, String> {
        match self {
            Self::Provider { endpoint, client_id, client_secret, scope } => {
                let mut form = "grant_type=client_credentials".to_owned();
                if let Some(scope) = scope {
                    form.push_str(&format!("&scope={}", form_encoded(scope)));
                }
                let login = format!("{}:{}", form_encoded(client_id), form_encoded(client_secret.reveal()));
                let (status, answer) = endpoint.post(&STANDARD.encode(login), &form)?;
                taken_from_answer(status, &answer, endpoint)
            }
            Self::File(path) => {
                let token = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
                described(token.trim().to_owned())
            }
            Self::Unsigned { principal } => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
                let claims = serde_json::json!({ "sub": principal, "iat": now, "exp": now + 3_600 });
                let encoded = |part: &str| URL_SAFE_NO_PAD.encode(part);
                described(format!("{}.{}.", encoded(r#"{"alg":"none"}"#), encoded(&claims.to_string())))
            }
        }
    }
}

fn taken_from_answer(status: u16, answer: &[u8], endpoint: &Endpoint) -> Result<OAuthToken, String> {
    let json: Value = serde_json::from_slice(answer).unwrap_or_default();
    if let (200, Some(token)) = (status, json["access_token"].as_str()) {
        return described(token.to_owned());
    }
    // What the provider says about it, but not its whole page.
    let said = ["error_description", "error"].into_iter().find_map(|name| json[name].as_str());
    Err(format!("{endpoint} gave no token (status {status}): {}", said.unwrap_or("no reason given")))
}

/// The token with what librdkafka wants to know of it: whose it is, and until when it is good.
fn described(token: String) -> Result<OAuthToken, String> {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
    let claims: Value = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default();
    let expires = claims["exp"].as_f64().ok_or("the token does not say when it expires: it is no JWT")?;
    let principal = ["sub", "azp", "client_id"].into_iter().find_map(|name| claims[name].as_str()).unwrap_or("unknown");
    Ok(OAuthToken { principal_name: principal.to_owned(), lifetime_ms: (expires * 1_000.0) as i64, token })
}

fn form_encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(properties: &[(&'static str, &'static str)]) -> Result<Option<TokenSource>, (String, String)> {
        TokenSource::from_properties(|name| {
            properties.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
        })
    }

    #[test]
    fn what_is_missing_is_named() {
        let method = ("sasl.oauthbearer.method", "oidc");
        let url = ("sasl.oauthbearer.token.endpoint.url", "https://id.example/token");
        assert!(source(&[]).unwrap().is_none());
        assert_eq!(source(&[method]).unwrap_err().0, "sasl.oauthbearer.token.endpoint.url");
        assert_eq!(source(&[method, url]).unwrap_err().0, "sasl.oauthbearer.client.id");
    }

    #[test]
    fn a_token_out_of_a_file_says_whose_it_is_and_until_when() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let signed = TokenSource::Unsigned { principal: "al ice".into() }.token().unwrap();
        std::fs::write(&path, format!("{}\n", signed.token)).unwrap();
        let token = TokenSource::File(path).token().unwrap();
        assert_eq!((token.principal_name.as_str(), token.token), ("al ice", signed.token));
        assert!(token.lifetime_ms > 1_700_000_000_000);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "opaque").unwrap();
        assert!(TokenSource::File(path).token().is_err());
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(form_encoded("a b&ü=1"), "a+b%26%C3%BC%3D1");
    }
}
