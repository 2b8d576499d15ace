//! Which log a command reads: the flags that every subcommand shares.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use fabula_core::log::kafka::{KafkaLog, Settings};
use fabula_core::log::sample::{DEFAULT_EVENTS, DEFAULT_SEED, SampleLog};
use fabula_core::log::{Isolation, Log};
use fabula_core::store::{RecordingLog, Store};

use super::{Usage, say};

/// The log to read: the built-in sample, a recording, or a Kafka cluster.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log (one of --sample, --recording, -b)")]
pub struct LogArgs {
    /// The built-in sample, with so many events (such as 5000, 200k or 10M; 200k unless it is said).
    #[arg(
        long,
        value_name = "EVENTS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = SAMPLE_EVENTS.as_str(),
        value_parser = parse_count,
        conflicts_with_all = ["recording", "brokers", "config", "properties"],
    )]
    sample: Option<u64>,

    /// The number that the sample is grown from: the same seed, the same events.
    #[arg(long, value_name = "N", requires = "sample")]
    seed: Option<u64>,

    /// A recording: a folder that `record` or `import` made.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["brokers", "config", "properties"])]
    recording: Option<PathBuf>,

    /// Kafka's bootstrap servers: host:port, several with commas.
    #[arg(short = 'b', long, value_name = "BROKERS")]
    brokers: Option<String>,

    /// Read connection settings from a file: kcat.conf or a Java client.properties.
    #[arg(short = 'F', long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Set a librdkafka property; goes before what the file says.
    #[arg(short = 'X', long = "property", value_name = "KEY=VALUE", value_parser = parse_property)]
    properties: Vec<(String, String)>,

    /// Which records of Kafka's transactions are read (read_committed unless it is said).
    #[arg(long, value_enum, conflicts_with_all = ["sample", "recording"])]
    isolation: Option<IsolationArg>,
}

static SAMPLE_EVENTS: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| DEFAULT_EVENTS.to_string());

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum IsolationArg {
    ReadCommitted,
    ReadUncommitted,
}

impl From<IsolationArg> for Isolation {
    fn from(isolation: IsolationArg) -> Self {
        match isolation {
            IsolationArg::ReadCommitted => Self::ReadCommitted,
            IsolationArg::ReadUncommitted => Self::ReadUncommitted,
        }
    }
}

/// A log as the flags name it.
#[derive(Debug, Clone)]
pub enum Source {
    /// The built-in sample.
    Sample {
        /// How many events it has.
        events: u64,
        /// What it is grown from.
        seed: u64,
    },
    /// A recording in a folder.
    Recording(PathBuf),
    /// A Kafka cluster.
    Kafka(Settings),
}

impl LogArgs {
    /// Whether any log was named.
    pub fn is_empty(&self) -> bool {
        let Self { sample, seed: _, recording, brokers, config, properties, isolation: _ } = self;
        sample.is_none() && recording.is_none() && brokers.is_none() && config.is_none() && properties.is_empty()
    }

    /// The log that the flags name.
    ///
    /// # Errors
    /// [`Usage`] when they name none; a setting of the connection that makes no sense.
    pub fn source(&self) -> anyhow::Result<Source> {
        if self.is_empty() {
            let how = "name the log to read: --sample, --recording DIR, or -b BROKERS; see --help";
            return Err(Usage::new(how).into());
        }
        if let Some(events) = self.sample {
            return Ok(Source::Sample { events, seed: self.seed.unwrap_or(DEFAULT_SEED) });
        }
        if let Some(dir) = &self.recording {
            return Ok(Source::Recording(dir.clone()));
        }
        let mut settings = Settings::gather(self.brokers.as_deref(), self.config.as_deref(), &self.properties)?;
        if let Some(isolation) = self.isolation {
            settings.set_isolation(isolation.into());
        }
        settings.notes().iter().for_each(|note| say(note));
        Ok(Source::Kafka(settings))
    }
}

impl Source {
    /// The log, ready to be asked. A recording's damage is named on the way.
    ///
    /// # Errors
    /// When a recording cannot be opened, or a setting makes no sense.
    pub fn log(self) -> anyhow::Result<Box<dyn Log>> {
        Ok(match self {
            Self::Sample { events, seed } => Box::new(SampleLog::new(events, seed)),
            Self::Recording(dir) => {
                let (store, damages) = Store::open(&dir)?;
                damages.iter().for_each(|damage| say(&damage.to_string()));
                Box::new(RecordingLog::new(store))
            }
            Self::Kafka(settings) => Box::new(KafkaLog::open(with_secrets(settings)?)?),
        })
    }
}

/// Asks for passwords that the settings call for and do not have, where there is somebody to ask.
fn with_secrets(mut settings: Settings) -> anyhow::Result<Settings> {
    let terminal = console::Term::stderr();
    if !terminal.is_term() || !std::io::stdin().is_terminal() {
        return Ok(settings);
    }
    for name in settings.missing_secrets() {
        terminal.write_str(&format!("{name} for {}: ", settings.brokers()))?;
        let secret = terminal.read_secure_line().with_context(|| format!("{name} could not be asked for"))?;
        settings.set(name, &secret)?;
    }
    Ok(settings)
}

/// A count such as `5000`, `5_000`, `200k` or `10M`.
fn parse_count(text: &str) -> Result<u64, String> {
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    let (digits, unit) = match digits.char_indices().last() {
        Some((at, 'k' | 'K')) => (&digits[..at], 1_000),
        Some((at, 'M')) => (&digits[..at], 1_000_000),
        _ => (digits.as_str(), 1),
    };
    let count = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    count.ok_or_else(|| "write a number such as 5000, 200k or 10M".to_owned())
}

fn parse_property(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE, such as security.protocol=SASL_SSL".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_with_units() {
        let cases = [("5000", 5_000), ("5_000", 5_000), ("200k", 200_000), ("10M", 10_000_000)];
        for (text, count) in cases {
            assert_eq!(parse_count(text), Ok(count), "{text}");
        }
        for text in ["", "k", "1.5M", "-3", "99999999999999999999", "1m"] {
            assert!(parse_count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_property_may_hold_equals_signs_in_its_value() {
        let property = parse_property("sasl.jaas.config=a=b");
        assert_eq!(property, Ok(("sasl.jaas.config".to_owned(), "a=b".to_owned())));
        assert!(parse_property("=x").is_err() && parse_property("x").is_err());
    }
}
