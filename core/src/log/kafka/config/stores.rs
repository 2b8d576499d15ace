//! Java's key and trust stores.

use std::path::Path;

use openssl::pkcs12::Pkcs12;

use crate::log::LogError;

/// What a store's content shows it to be; its name and declared type may lie.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pem,
    Pkcs12,
}

/// Where the trusted certificates are.
#[derive(Debug)]
pub(super) enum Trusted {
    /// In the file itself, which is PEM.
    File,
    /// Here, taken out of the store.
    Pem(String),
}

/// Looks into a store. A JKS store is refused with the command that converts it.
pub(super) fn kind(setting: &str, path: &Path) -> Result<Kind, LogError> {
    let content = read(path)?;
    kind_of(&content, setting, path)
}

fn kind_of(content: &[u8], setting: &str, path: &Path) -> Result<Kind, LogError> {
    const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
    const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];
    const DER_SEQUENCE: u8 = 0x30;
    if content.starts_with(&JKS) || content.starts_with(&JCEKS) {
        let (source, target) = (path.display(), path.with_extension("p12"));
        let reason = format!(
            "{source} is a JKS store; convert it with: keytool -importkeystore -srckeystore {source} \
             -destkeystore {} -deststoretype PKCS12, and name that file",
            target.display()
        );
        return Err(LogError::Configuration { name: setting.to_owned(), reason });
    }
    if memchr::memmem::find(content, b"-----BEGIN ").is_some() {
        return Ok(Kind::Pem);
    }
    if content.first() == Some(&DER_SEQUENCE) {
        return Ok(Kind::Pkcs12);
    }
    let reason = format!("{} is neither a PEM nor a PKCS #12 file", path.display());
    Err(LogError::Configuration { name: setting.to_owned(), reason })
}

/// The certificates of a trust store, as librdkafka can take them.
pub(super) fn trusted_certificates(setting: &str, path: &Path, password: &str) -> Result<Trusted, LogError> {
    let content = read(path)?;
    if kind_of(&content, setting, path)? == Kind::Pem {
        return Ok(Trusted::File);
    }
    let refused = |reason: String| LogError::Configuration { name: setting.to_owned(), reason };
    let store = Pkcs12::from_der(&content).and_then(|store| store.parse2(password)).map_err(|error| {
        let reason = error.errors().first().and_then(|error| error.reason()).unwrap_or("it is damaged").to_owned();
        refused(format!("{} cannot be opened: {reason}; check ssl.truststore.password", path.display()))
    })?;
    let mut pem = Vec::new();
    for certificate in store.ca.iter().flatten().map(AsRef::as_ref).chain(store.cert.as_deref()) {
        let certificate: &openssl::x509::X509Ref = certificate;
        pem.extend(certificate.to_pem().map_err(|error| refused(error.to_string()))?);
    }
    match String::from_utf8(pem) {
        Ok(pem) if !pem.is_empty() => Ok(Trusted::Pem(pem)),
        _ => Err(refused(format!("{} holds no certificate", path.display()))),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LogError> {
    std::fs::read(path).map_err(|error| LogError::File { path: path.display().to_string(), reason: error.to_string() })
}
