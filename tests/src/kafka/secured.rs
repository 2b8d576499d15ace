//! A broker that asks who is there: TLS, client certificates, SASL, and access control lists.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use fabula_core::log::kafka::Settings;

use super::{Kafka, Listener};
use crate::part;

/// The password of every store made here.
pub const STORE_PASSWORD: &str = "change it";

/// Where the certificates made for a broker lie, and its listeners: `PLAINTEXT` (an administrator's), `SASL` (PLAIN,
/// SCRAM and unsecured OAUTHBEARER), `TLS`, `MTLS` (asks for a client's certificate), `SASLTLS`.
///
/// Users are `alice` and `bob`, each with the password `<name>-secret`.
pub struct Secured {
    /// The broker.
    pub kafka: Kafka,
}

const LISTENERS: [(&str, &str); 5] =
    [("PLAINTEXT", "PLAINTEXT"), ("SASL", "SASL_PLAINTEXT"), ("TLS", "SSL"), ("MTLS", "SSL"), ("SASLTLS", "SASL_SSL")];

const USERS: [&str; 2] = ["alice", "bob"];

impl Secured {
    /// Starts the broker; `None` (and said so) where the parts are missing.
    pub fn start(test: &str) -> Option<Self> {
        if !part::is_installed("openssl") {
            part::skipped(test, "openssl is not installed");
            return None;
        }
        let scram = |user: &str| format!("SCRAM-SHA-512=[name={user},password={user}-secret]");
        let users = USERS.map(scram);
        let options: Vec<&str> = users.iter().flat_map(|user| ["--add-scram", user.as_str()]).collect();
        Some(Self { kafka: Kafka::start_with(test, &LISTENERS, properties, &options)? })
    }

    /// Settings for a listener, trusting the broker's authority where it shows a certificate.
    ///
    /// # Panics
    /// If librdkafka does not take them.
    pub fn settings(&self, listener: &str, properties: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::new(&self.kafka.at(listener));
        let protocol = LISTENERS.iter().find(|(name, _)| *name == listener).expect("a listener").1;
        settings.set("security.protocol", protocol).expect("a protocol");
        if protocol.ends_with("SSL") {
            settings.set("ssl.ca.location", &self.file("authority.pem")).expect("a certificate");
        }
        for (name, value) in properties {
            settings.set(name, value).unwrap_or_else(|error| panic!("{error}"));
        }
        settings
    }

    /// Settings for a user who logs in by SCRAM.
    pub fn login(&self, user: &str, password: &str) -> Settings {
        let login = [("sasl.mechanism", "SCRAM-SHA-512"), ("sasl.username", user), ("sasl.password", password)];
        self.settings("SASL", &login)
    }

    /// The path of a file made for this broker: `authority.pem`, `client.pem`, `client.key`, `trust.p12`, …
    pub fn file(&self, name: &str) -> String {
        path(self.kafka.folder(), name)
    }

    /// Lets a principal do operations on a topic, and nothing else.
    pub fn allow(&self, principal: &str, operations: &[&str], topic: &str) {
        let principal = format!("User:{principal}");
        let mut arguments = vec!["--add", "--allow-principal", &principal, "--topic", topic];
        for operation in operations {
            arguments.extend(["--operation", operation]);
        }
        self.kafka.tool("org.apache.kafka.tools.AclCommand", &arguments);
    }
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn properties(folder: &Path, _: &[Listener]) -> String {
    certificates(folder);
    let mut properties = String::from(
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
         super.users=User:ANONYMOUS\n\
         allow.everyone.if.no.acl.found=false\n\
         sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER\n\
         listener.name.mtls.ssl.client.auth=required\n",
    );
    let users: String = USERS.iter().fold(String::new(), |mut users, user| {
        let _ = write!(users, " user_{user}=\"{user}-secret\"");
        users
    });
    for listener in ["sasl", "sasltls"] {
        let _ = write!(
            properties,
            "listener.name.{listener}.plain.sasl.jaas.config=\
             org.apache.kafka.common.security.plain.PlainLoginModule required{users};\n\
             listener.name.{listener}.scram-sha-512.sasl.jaas.config=\
             org.apache.kafka.common.security.scram.ScramLoginModule required;\n\
             listener.name.{listener}.oauthbearer.sasl.jaas.config=\
             org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\n",
        );
    }
    for listener in ["tls", "mtls", "sasltls"] {
        let _ = write!(
            properties,
            "listener.name.{listener}.ssl.keystore.type=PKCS12\n\
             listener.name.{listener}.ssl.keystore.location={}\n\
             listener.name.{listener}.ssl.keystore.password={STORE_PASSWORD}\n\
             listener.name.{listener}.ssl.key.password={STORE_PASSWORD}\n\
             listener.name.{listener}.ssl.truststore.type=PEM\n\
             listener.name.{listener}.ssl.truststore.location={}\n",
            path(folder, "broker.p12"),
            path(folder, "authority.pem"),
        );
    }
    properties
}

/// An authority, a certificate for the broker and one for a client, another authority that signed neither, and the
/// stores that Java clients keep them in.
fn certificates(folder: &Path) {
    for authority in ["authority", "stranger"] {
        let subject = format!("/CN=fabula test {authority}");
        let (key, pem) = (path(folder, &format!("{authority}.key")), path(folder, &format!("{authority}.pem")));
        openssl(&[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &subject, "-keyout", &key, "-out",
            &pem,
        ]);
    }
    let extensions = folder.join("extensions");
    std::fs::write(&extensions, "subjectAltName=DNS:localhost,IP:127.0.0.1\n").expect("a file");
    for holder in ["broker", "client"] {
        signed(folder, holder, &extensions);
    }
    let password = format!("pass:{STORE_PASSWORD}");
    let trust = ["pkcs12", "-export", "-nokeys", "-passout", &password, "-in"];
    openssl(&[&trust[..], &[&path(folder, "authority.pem"), "-out", &path(folder, "trust.p12")]].concat());
}

fn signed(folder: &Path, holder: &str, extensions: &Path) {
    let at = |ending: &str| path(folder, &format!("{holder}.{ending}"));
    let subject = format!("/CN={holder}");
    let (key, request, pem, store) = (at("key"), at("csr"), at("pem"), at("p12"));
    openssl(&["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", &subject, "-keyout", &key, "-out", &request]);
    let (authority, authority_key) = (path(folder, "authority.pem"), path(folder, "authority.key"));
    let extensions: PathBuf = extensions.to_owned();
    let extensions = extensions.display().to_string();
    openssl(&[
        "x509",
        "-req",
        "-days",
        "2",
        "-in",
        &request,
        "-CA",
        &authority,
        "-CAkey",
        &authority_key,
        "-CAcreateserial",
        "-extfile",
        &extensions,
        "-out",
        &pem,
    ]);
    let password = format!("pass:{STORE_PASSWORD}");
    openssl(&["pkcs12", "-export", "-in", &pem, "-inkey", &key, "-passout", &password, "-out", &store]);
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().expect("openssl can be started");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
