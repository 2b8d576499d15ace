use super::*;
use crate::event::Coordinates;

fn file(name: &str, content: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    (dir, path)
}

fn load(name: &str, content: &str) -> Settings {
    let (_dir, path) = file(name, content);
    Settings::gather(Some("b:9092"), Some(&path), &[]).unwrap()
}

#[test]
fn single_properties_go_over_the_file_and_brokers_over_all() {
    let (_dir, path) = file("kcat.conf", "bootstrap.servers=file:1\nclient.id=file\nsocket.timeout.ms=5000\n");
    let properties = [("client.id".to_owned(), "given".to_owned()), ("bootstrap.servers".to_owned(), "x:2".to_owned())];
    let settings = Settings::gather(Some("flag:3"), Some(&path), &properties).unwrap();
    assert_eq!(settings.brokers(), "flag:3");
    let open = settings.without_secrets();
    assert_eq!((open["client.id"].as_str(), open["socket.timeout.ms"].as_str()), ("given", "5000"));
}

#[test]
fn a_java_client_file_is_put_into_librdkafkas_terms() {
    let settings = load(
        "client.properties",
        "security.protocol=SASL_SSL\n\
         sasl.mechanism=SCRAM-SHA-512\n\
         sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n\
           username=\"al\" password=\"p=w\";\n\
         ssl.endpoint.identification.algorithm=\n\
         isolation.level=read_uncommitted\n\
         key.deserializer=org.apache.kafka.common.serialization.StringDeserializer\n\
         group.id=mine\n",
    );
    let open = settings.without_secrets();
    let expected = [
        ("bootstrap.servers", "b:9092"),
        ("isolation.level", "read_uncommitted"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "al"),
        ("security.protocol", "sasl_ssl"),
        ("ssl.endpoint.identification.algorithm", "none"),
    ];
    assert_eq!(open, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!(settings.secrets()[0].0, "sasl.password");
    assert_eq!(settings.secrets()[0].1.reveal(), "p=w");
    let notes = settings.notes().join("\n");
    assert!(notes.contains("key.deserializer") && notes.contains("group.id"), "{notes}");
}

#[test]
fn what_would_make_a_reader_more_than_a_reader_is_not_passed_on() {
    let mut settings = Settings::new("b:1");
    for name in ["group.id", "enable.auto.commit", "allow.auto.create.topics", "auto.offset.reset"] {
        settings.set(name, "true").unwrap();
    }
    let config = settings.client_config();
    assert_eq!(config.get("group.id"), None);
    assert_eq!(config.get("enable.auto.commit"), Some("false"));
    assert_eq!(config.get("allow.auto.create.topics"), Some("false"));
    assert_eq!(config.get("auto.offset.reset"), Some("error"));
    assert_eq!(settings.notes().len(), 4);
}

#[test]
fn a_property_that_librdkafka_does_not_know_is_named() {
    let error = Settings::new("b:1").set("no.such.thing", "1").unwrap_err();
    assert!(error.to_string().starts_with("setting no.such.thing: "), "{error}");
    let error = Settings::new("b:1").set("security.protocol", "carrier-pigeon").unwrap_err();
    assert!(error.to_string().starts_with("setting security.protocol: "), "{error}");
}

#[test]
fn secrets_show_nowhere() {
    let mut settings = Settings::new("b:1");
    for name in ["sasl.password", "ssl.key.password", "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config"] {
        settings.set(name, "hunter2").unwrap();
    }
    let event = Coordinates { topic: "o'rders".into(), partition: 3, offset: 42 };
    let shown = format!("{settings:?} {:?} {}", settings.without_secrets(), kcat_command(&settings, &event));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(settings.secrets().len(), 4);
}

#[test]
fn the_kcat_command_names_the_event_and_leaves_secrets_to_the_shell() {
    let mut settings = Settings::new("b:1,c:2");
    settings.set("security.protocol", "sasl_plaintext").unwrap();
    settings.set("sasl.username", "al ice").unwrap();
    settings.set("sasl.password", "hunter2").unwrap();
    let event = Coordinates { topic: "orders".into(), partition: 3, offset: 42 };
    assert_eq!(
        kcat_command(&settings, &event),
        "kcat -C -b b:1,c:2 -X 'sasl.username=al ice' -X security.protocol=sasl_plaintext \
         -X sasl.password=\"$SASL_PASSWORD\" -t orders -p 3 -o 42 -c 1 -e -J"
    );
}

#[test]
fn a_missing_password_is_asked_for() {
    let mut settings = Settings::new("b:1");
    assert!(settings.missing_secrets().is_empty());
    settings.set("security.protocol", "SASL_SSL").unwrap();
    settings.set("sasl.mechanisms", "SCRAM-SHA-256").unwrap();
    assert_eq!(settings.missing_secrets(), ["sasl.password"]);
    settings.set("sasl.password", "x").unwrap();
    assert!(settings.missing_secrets().is_empty());
}

#[test]
fn a_jks_store_is_refused_with_the_command_that_converts_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("trust.jks");
    std::fs::write(&store, [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]).unwrap();
    let (_dir, path) = file("client.properties", &format!("ssl.truststore.location={}\n", store.display()));
    let error = Settings::gather(Some("b:1"), Some(&path), &[]).unwrap_err().to_string();
    let command = format!("keytool -importkeystore -srckeystore {} -destkeystore", store.display());
    assert!(error.contains(&command) && error.contains("trust.p12 -deststoretype PKCS12"), "{error}");
}

#[test]
fn certificates_are_taken_out_of_a_pkcs12_trust_store() {
    use openssl::asn1::Asn1Time;
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::rsa::Rsa;
    use openssl::stack::Stack;
    use openssl::x509::{X509, X509NameBuilder};

    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "fabula test authority").unwrap();
    let name = name.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    let certificate = certificate.build();
    let mut trusted = Stack::new().unwrap();
    trusted.push(certificate.clone()).unwrap();
    let store = openssl::pkcs12::Pkcs12::builder().ca(trusted).build2("change it").unwrap();

    let dir = tempfile::tempdir().unwrap();
    let location = dir.path().join("trust.jks");
    std::fs::write(&location, store.to_der().unwrap()).unwrap();
    let text = |password: &str| {
        format!("ssl.truststore.location={}\nssl.truststore.password={password}\n", location.display())
    };
    let settings = load("client.properties", &text("change it"));
    let pem = String::from_utf8(certificate.to_pem().unwrap()).unwrap();
    assert_eq!(settings.without_secrets()["ssl.ca.pem"].trim(), pem.trim());

    let (_dir, path) = file("client.properties", &text("wrong"));
    let error = Settings::gather(Some("b:1"), Some(&path), &[]).unwrap_err().to_string();
    assert!(error.contains("ssl.truststore.password") && !error.contains("wrong"), "{error}");
}
