//! Every way in, and for every way that is barred one line that says why.

use fabula_core::log::kafka::{KafkaLog, Settings};
use fabula_core::log::{Log as _, LogError};
use fabula_tests::kafka::produce::{Pen, Record};
use fabula_tests::kafka::secured::{STORE_PASSWORD, Secured};
use fabula_tests::kafka::{block_on, reading};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The broker of these tests, with a topic `open` of ten events that `alice`, `client` and `oauth` may Describe and
/// Read, and a topic `shut` that they may not.
fn secured(test: &str) -> Option<&'static Secured> {
    static SECURED: OnceLock<Option<Secured>> = OnceLock::new();
    let secured = SECURED.get_or_init(|| {
        let secured = Secured::start(test)?;
        for topic in ["open", "shut"] {
            secured.kafka.create_topic(topic, 1, &[]);
            Pen::new(&secured.kafka.brokers()).write(topic, (0..10).map(|at| Record::new(0, "k", format!("{at}"))));
        }
        for principal in ["alice", "CN=client", "oauth"] {
            secured.allow(principal, &["Describe", "Read"], "open");
        }
        Some(secured)
    });
    secured.as_ref()
}

fn log(settings: Settings) -> KafkaLog {
    KafkaLog::open(settings).expect("settings that make sense")
}

/// Reads `open` whole.
#[track_caller]
fn reads(settings: Settings) {
    let log = log(settings);
    let read = block_on(async { reading::read(&log, reading::whole(&log, "open").await).await });
    assert_eq!(read.events.len(), 10, "{:?}", read.failed);
}

/// The error that keeps one out, long before the time is over that an answer may take.
#[track_caller]
fn refused(mut settings: Settings) -> LogError {
    settings.set_connect_timeout(Duration::from_secs(600));
    let error = block_on(log(settings).topics()).expect_err("nobody should get in here");
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    error
}

#[test]
fn scram_plain_and_oauthbearer_let_in() {
    let Some(secured) = secured("scram_plain_and_oauthbearer_let_in") else { return };
    reads(secured.login("alice", "alice-secret"));
    let plain = [("sasl.mechanism", "PLAIN"), ("sasl.username", "alice"), ("sasl.password", "alice-secret")];
    reads(secured.settings("SASL", &plain));
    reads(secured.settings("SASLTLS", &plain));
    let unsecured = [
        ("sasl.mechanism", "OAUTHBEARER"),
        ("enable.sasl.oauthbearer.unsecure.jwt", "true"),
        ("sasl.oauthbearer.config", "principal=oauth"),
    ];
    reads(secured.settings("SASL", &unsecured));
}

/// A provider that gives the one who knows the secret an unsigned token, in chunks.
fn provider() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    let answering = move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = Vec::new();
            while !request.ends_with(b"&scope=read+logs") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a request");
                request.push(byte[0]);
            }
            let request = String::from_utf8(request).expect("a request is text");
            // oauth:the secret
            let known = request.contains("Authorization: Basic b2F1dGg6dGhlK3NlY3JldA==\r\n");
            let (status, body) = if known {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
                let claims = format!(r#"{{"sub":"oauth","iat":{now},"exp":{}}}"#, now + 3_600);
                let token = format!("{}.{}.", base64url(r#"{"alg":"none"}"#), base64url(&claims));
                ("200 OK", format!(r#"{{"access_token":"{token}"}}"#))
            } else {
                ("401 Unauthorized", r#"{"error":"invalid_client","error_description":"who is that"}"#.to_owned())
            };
            let head = format!("HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n");
            let answer = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
            stream.write_all(answer.as_bytes()).expect("an answer");
        }
    };
    std::thread::Builder::new().name("provider".into()).spawn(answering).expect("a thread");
    format!("http://{address}/token")
}

fn base64url(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = text.as_bytes().chunks(3).flat_map(|bytes| {
        let bits = bytes.iter().fold(0_usize, |bits, &byte| bits << 8 | usize::from(byte)) << (8 * (3 - bytes.len()));
        (0..=bytes.len()).map(move |at| char::from(DIGITS[bits >> (18 - 6 * at) & 63]))
    });
    digits.collect()
}

#[test]
fn a_token_from_a_provider_lets_in_and_a_wrong_secret_is_told_at_once() {
    let test = "a_token_from_a_provider_lets_in_and_a_wrong_secret_is_told_at_once";
    let Some(secured) = secured(test) else { return };
    let url = provider();
    let settings = |secret: &str| {
        let properties = [
            ("sasl.mechanism", "OAUTHBEARER"),
            ("sasl.oauthbearer.method", "oidc"),
            ("sasl.oauthbearer.client.id", "oauth"),
            ("sasl.oauthbearer.client.secret", secret),
            ("sasl.oauthbearer.scope", "read logs"),
            ("sasl.oauthbearer.token.endpoint.url", &url),
        ];
        secured.settings("SASL", &properties)
    };
    reads(settings("the secret"));
    let error = refused(settings("guessed"));
    assert!(matches!(error, LogError::Authentication { .. }), "{error}");
    assert!(error.to_string().contains("who is that") && !error.to_string().contains("guessed"), "{error}");
}

#[test]
fn a_client_certificate_lets_in_as_pem_and_as_a_store() {
    let Some(secured) = secured("a_client_certificate_lets_in_as_pem_and_as_a_store") else { return };
    let (pem, key, store) = (secured.file("client.pem"), secured.file("client.key"), secured.file("client.p12"));
    reads(secured.settings("MTLS", &[("ssl.certificate.location", &pem), ("ssl.key.location", &key)]));
    reads(secured.settings("MTLS", &[("ssl.keystore.location", &store), ("ssl.keystore.password", STORE_PASSWORD)]));
}

#[test]
fn a_java_clients_file_lets_in() {
    let Some(secured) = secured("a_java_clients_file_lets_in") else { return };
    let file = Path::new(&secured.file("client.properties")).to_owned();
    let content = format!(
        "bootstrap.servers={}\n\
         security.protocol=SASL_SSL\n\
         sasl.mechanism=SCRAM-SHA-512\n\
         sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n\
         \x20 username=\"alice\" password=\"alice-secret\";\n\
         ssl.truststore.type=PKCS12\n\
         ssl.truststore.location={}\n\
         ssl.truststore.password={STORE_PASSWORD}\n\
         key.deserializer=org.apache.kafka.common.serialization.StringDeserializer\n\
         group.id=somebody-elses\n",
        secured.kafka.at("SASLTLS"),
        secured.file("trust.p12"),
    );
    std::fs::write(&file, content).expect("a file");
    reads(Settings::gather(None, Some(&file), &[]).expect("settings that make sense"));
    assert_eq!(secured.kafka.groups(), [""; 0]);
}

#[test]
fn describe_and_read_on_a_topic_are_enough_and_what_is_barred_says_so() {
    let Some(secured) = secured("describe_and_read_on_a_topic_are_enough_and_what_is_barred_says_so") else { return };
    let alice = log(secured.login("alice", "alice-secret"));
    block_on(async {
        let listed: Vec<String> =
            alice.topics().await.expect("the catalogue").iter().map(|topic| topic.name.to_string()).collect();
        assert_eq!(listed, ["open"], "only what may be described is listed");
        let read = reading::read(&alice, reading::whole(&alice, "open").await).await;
        assert_eq!(read.events.len(), 10);
        let shut = alice.topic("shut").await.expect_err("it may not be described");
        assert_eq!(shut.to_string(), "not allowed: topic shut; the principal needs Describe and Read there");
        let config = alice.topic_config("open").await.expect_err("that takes DescribeConfigs");
        assert!(config.to_string().contains("DescribeConfigs"), "{config}");
        let groups = alice.groups().await.expect("groups that may not be seen are no failure");
        assert_eq!(groups.map(|told| told.groups), Some(vec![]));
    });
    assert_eq!(secured.kafka.groups(), [""; 0], "no group is left behind");
}

#[test]
fn describe_alone_shows_a_topic_and_its_reading_fails_with_its_own_error() {
    let Some(secured) = secured("describe_alone_shows_a_topic_and_its_reading_fails_with_its_own_error") else {
        return;
    };
    secured.allow("bob", &["Describe"], "open");
    let bob = log(secured.login("bob", "bob-secret"));
    let read = block_on(async { reading::read(&bob, reading::whole(&bob, "open").await).await });
    let failures: Vec<String> = read.failed.values().map(|(next, error)| format!("{next}: {error}")).collect();
    assert_eq!(failures, ["0: not allowed: topic open; the principal needs Describe and Read there"]);
}

#[test]
fn a_wrong_password_is_told_at_once() {
    let Some(secured) = secured("a_wrong_password_is_told_at_once") else { return };
    let error = refused(secured.login("alice", "guessed"));
    assert!(matches!(error, LogError::Authentication { .. }), "{error}");
    assert!(!error.to_string().contains("guessed"), "{error}");
    let plain = [("sasl.mechanism", "PLAIN"), ("sasl.username", "alice"), ("sasl.password", "guessed")];
    let error = refused(secured.settings("SASL", &plain));
    assert!(matches!(error, LogError::Authentication { .. }), "{error}");
}

#[test]
fn a_broker_with_a_strangers_certificate_is_not_trusted() {
    let Some(secured) = secured("a_broker_with_a_strangers_certificate_is_not_trusted") else { return };
    let error = refused(secured.settings("TLS", &[("ssl.ca.location", &secured.file("stranger.pem"))]));
    assert!(matches!(error, LogError::Certificate { .. }), "{error}");
}

#[test]
fn a_client_without_the_certificate_that_is_asked_for_is_told_so() {
    let Some(secured) = secured("a_client_without_the_certificate_that_is_asked_for_is_told_so") else { return };
    let error = refused(secured.settings("MTLS", &[]));
    assert!(matches!(error, LogError::Certificate { .. }), "{error}");
}
