//! Records for a test's topics.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

/// How long a broker may take with a request of a test's producer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A record to be written.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The partition it goes to.
    pub partition: i32,
    /// The key; `None` is null.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Milliseconds since the epoch; `None` is now.
    pub timestamp: Option<i64>,
    /// Names and values; names may repeat.
    pub headers: Vec<(&'static str, Option<&'static [u8]>)>,
}

impl Record {
    /// A record with key and value.
    pub fn new(partition: i32, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { partition, key: Some(key.into()), value: Some(value.into()), ..Self::default() }
    }

    /// The same at a time.
    pub fn at(self, timestamp_ms: i64) -> Self {
        Self { timestamp: Some(timestamp_ms), ..self }
    }

    /// The same with headers.
    pub fn with(self, headers: &[(&'static str, Option<&'static [u8]>)]) -> Self {
        Self { headers: headers.to_vec(), ..self }
    }
}

/// Writes records to a broker.
pub struct Pen {
    producer: BaseProducer,
}

impl Pen {
    /// A plain producer that keeps the order of what it is given.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn new(brokers: &str) -> Self {
        Self { producer: config(brokers).create().expect("a producer") }
    }

    /// A producer with a transactional id, ready to [`Pen::begin`].
    ///
    /// # Panics
    /// If the broker does not let it.
    pub fn transactional(brokers: &str, id: &str) -> Self {
        let producer: BaseProducer = config(brokers).set("transactional.id", id).create().expect("a producer");
        producer.init_transactions(PATIENCE).expect("transactions can be begun");
        Self { producer }
    }

    /// Writes records and waits until the broker has them all.
    ///
    /// # Panics
    /// If the broker does not take one.
    pub fn write(&self, topic: &str, records: impl IntoIterator<Item = Record>) {
        for record in records {
            self.queue(topic, &record);
        }
        self.producer.flush(PATIENCE).expect("the broker takes the records");
    }

    fn queue(&self, topic: &str, record: &Record) {
        loop {
            let mut message: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).partition(record.partition);
            if !record.headers.is_empty() {
                let headers = record
                    .headers
                    .iter()
                    .fold(OwnedHeaders::new(), |headers, &(key, value)| headers.insert(Header { key, value }));
                message = message.headers(headers);
            }
            message.key = record.key.as_deref();
            message.payload = record.value.as_deref();
            message.timestamp = record.timestamp;
            match self.producer.send(message) {
                Ok(()) => return,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    self.producer.poll(Duration::from_millis(10));
                }
                Err((error, _)) => panic!("{topic}: {error}"),
            }
        }
    }

    /// Begins a transaction.
    ///
    /// # Panics
    /// If the broker does not let it.
    pub fn begin(&self) {
        self.producer.begin_transaction().expect("a transaction begins");
    }

    /// Commits the transaction.
    ///
    /// # Panics
    /// If the broker does not let it.
    pub fn commit(&self) {
        self.producer.commit_transaction(PATIENCE).expect("the transaction is committed");
    }

    /// Aborts the transaction.
    ///
    /// # Panics
    /// If the broker does not let it.
    pub fn abort(&self) {
        self.producer.abort_transaction(PATIENCE).expect("the transaction is aborted");
    }
}

fn config(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("enable.idempotence", "true").set("linger.ms", "5");
    config.set("compression.type", "lz4").set("queue.buffering.max.messages", "200000");
    config
}
