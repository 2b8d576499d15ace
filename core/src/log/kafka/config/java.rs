//! A Java client's properties in librdkafka's terms.

use std::collections::BTreeMap;
use std::path::Path;

use super::jaas::{self, Login};
use super::stores;
use crate::log::LogError;

/// Properties for librdkafka, and what was left out.
#[derive(Debug, Default)]
pub(super) struct Translated {
    pub properties: Vec<(String, String)>,
    pub notes: Vec<String>,
}

/// Java settings that have no counterpart and need none.
const SILENT: [&str; 4] =
    ["ssl.truststore.type", "ssl.truststore.password", "ssl.keystore.type", "sasl.login.callback.handler.class"];

/// Translates what is a Java client's own and passes on the rest.
pub(super) fn translate(properties: Vec<(String, String)>) -> Result<Translated, LogError> {
    let mut given: BTreeMap<String, String> = properties.into_iter().collect();
    let mut translated = Translated::default();
    if let Some(config) = given.remove("sasl.jaas.config") {
        login(&jaas::parse(&config)?, &mut translated)?;
    }
    trust(&mut given, &mut translated)?;
    identity(&mut given, &mut translated)?;
    let suites = given.keys().any(|name| name.ends_with(".deserializer") || name.starts_with("ssl.truststore"));
    for name in ["ssl.cipher.suites", "ssl.enabled.protocols", "ssl.protocol"] {
        if (suites || name != "ssl.cipher.suites") && given.remove(name).is_some() {
            translated.notes.push(format!("{name} is left out: Java and OpenSSL name these differently"));
        }
    }
    for (name, value) in given {
        if SILENT.contains(&name.as_str()) {
            continue;
        }
        let value = match name.as_str() {
            "ssl.endpoint.identification.algorithm" if value.is_empty() => "none".to_owned(),
            "ssl.endpoint.identification.algorithm" | "security.protocol" | "isolation.level" => {
                value.to_ascii_lowercase()
            }
            _ => value,
        };
        translated.properties.push((name, value));
    }
    Ok(translated)
}

fn login(login: &Login, translated: &mut Translated) -> Result<(), LogError> {
    let option = |name: &str| login.options.get(name).cloned();
    for name in login.options.keys().filter(|name| name.starts_with("extension_")) {
        translated.notes.push(format!("{name} in sasl.jaas.config is left out: extensions cannot be sent"));
    }
    let pairs: Vec<(&str, Option<String>)> = match login.module.as_str() {
        "PlainLoginModule" | "ScramLoginModule" => {
            vec![("sasl.username", option("username")), ("sasl.password", option("password"))]
        }
        "OAuthBearerLoginModule" if login.options.contains_key("unsecuredLoginStringClaim_sub") => {
            let principal = option("unsecuredLoginStringClaim_sub").map(|subject| format!("principal={subject}"));
            vec![
                ("enable.sasl.oauthbearer.unsecure.jwt", Some("true".to_owned())),
                ("sasl.oauthbearer.config", principal),
            ]
        }
        "OAuthBearerLoginModule" => vec![
            ("sasl.oauthbearer.method", Some("oidc".to_owned())),
            ("sasl.oauthbearer.client.id", option("clientId")),
            ("sasl.oauthbearer.client.secret", option("clientSecret")),
            ("sasl.oauthbearer.scope", option("scope")),
        ],
        "Krb5LoginModule" => {
            vec![("sasl.kerberos.principal", option("principal")), ("sasl.kerberos.keytab", option("keyTab"))]
        }
        other => {
            let reason = format!("login module {other} is not known; use Plain, Scram, OAuthBearer or Krb5LoginModule");
            return Err(LogError::Configuration { name: "sasl.jaas.config".into(), reason });
        }
    };
    let set = pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    translated.properties.extend(set);
    Ok(())
}

fn trust(given: &mut BTreeMap<String, String>, translated: &mut Translated) -> Result<(), LogError> {
    if let Some(certificates) = given.remove("ssl.truststore.certificates") {
        translated.properties.push(("ssl.ca.pem".to_owned(), certificates));
    }
    if let Some(location) = given.remove("ssl.truststore.location") {
        let password = given.get("ssl.truststore.password").map_or("", String::as_str);
        let trusted = stores::trusted_certificates("ssl.truststore.location", Path::new(&location), password)?;
        let property = match trusted {
            stores::Trusted::File => ("ssl.ca.location".to_owned(), location),
            stores::Trusted::Pem(certificates) => ("ssl.ca.pem".to_owned(), certificates),
        };
        translated.properties.push(property);
    }
    Ok(())
}

fn identity(given: &mut BTreeMap<String, String>, translated: &mut Translated) -> Result<(), LogError> {
    for (java, librdkafka) in
        [("ssl.keystore.certificate.chain", "ssl.certificate.pem"), ("ssl.keystore.key", "ssl.key.pem")]
    {
        if let Some(pem) = given.remove(java) {
            translated.properties.push((librdkafka.to_owned(), pem));
        }
    }
    let Some(location) = given.get("ssl.keystore.location").cloned() else { return Ok(()) };
    match stores::kind("ssl.keystore.location", Path::new(&location))? {
        // librdkafka knows this kind by the same names.
        stores::Kind::Pkcs12 => {}
        stores::Kind::Pem => {
            given.remove("ssl.keystore.location");
            given.remove("ssl.keystore.password");
            translated.properties.push(("ssl.certificate.location".to_owned(), location.clone()));
            translated.properties.push(("ssl.key.location".to_owned(), location));
        }
    }
    Ok(())
}
