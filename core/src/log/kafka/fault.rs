//! librdkafka's errors in Fabula's words.

use rdkafka::error::KafkaError;
use rdkafka::types::{RDKafkaErrorCode as Code, RDKafkaRespErr};

use super::context::{Report, Reports};
use crate::event::TopicPartition;
use crate::log::LogError;

/// What an error of the client as a whole comes to; `None` for what is none (the end of a partition) or belongs to a
/// topic, partition or group.
pub(super) fn report(code: Code, reason: &str, brokers: &str) -> Option<Report> {
    let (brokers, reason) = (brokers.to_owned(), one_line(reason));
    let error = match code {
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::IllegalSASLState => LogError::Authentication { brokers, reason },
        Code::SSL => LogError::Certificate { brokers, reason },
        // A broker that wants the client's certificate hangs up after the handshake has ended (TLS 1.3).
        Code::BrokerTransportFailure if is_tls_alert(&reason) => LogError::Certificate { brokers, reason },
        Code::BrokerTransportFailure
        | Code::AllBrokersDown
        | Code::Resolve
        | Code::NetworkException
        | Code::UnsupportedFeature => LogError::Unreachable { brokers, reason },
        _ => return None,
    };
    Some(Report { error, all_down: code == Code::AllBrokersDown })
}

fn is_tls_alert(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("alert") || reason.contains("certificate")
}

/// What the failure of a question comes to. `what` names the question, e.g. `topic orders`.
pub(super) fn answer(error: &KafkaError, what: &str, reports: &Reports, seconds: u64) -> LogError {
    let Some(code) = error.rdkafka_error_code() else {
        return match error {
            KafkaError::ClientConfig(_, reason, name, _) => {
                LogError::Configuration { name: name.clone(), reason: one_line(reason) }
            }
            other => LogError::Other { what: what.to_owned(), reason: one_line(&other.to_string()) },
        };
    };
    if is_connection(code) {
        return match reports.latest() {
            Some(report) => report.error,
            None => LogError::TimedOut { what: what.to_owned(), seconds },
        };
    }
    by_code(code, what).unwrap_or_else(|| other(what, code))
}

/// What the failure of one partition comes to.
pub(super) fn partition(code: Code, partition: &TopicPartition) -> LogError {
    match code {
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownTopicId | Code::NoEnt => {
            LogError::UnknownTopic { topic: partition.topic.to_string(), suggestion: None }
        }
        Code::UnknownPartition => LogError::UnknownPartition { partition: partition.clone() },
        Code::LeaderNotAvailable => LogError::Other {
            what: partition.to_string(),
            reason: "no broker leads this partition now; wait for its brokers to come back, then try again".into(),
        },
        code => {
            by_code(code, &format!("topic {}", partition.topic)).unwrap_or_else(|| other(&partition.to_string(), code))
        }
    }
}

/// What the failure of one topic in the catalogue comes to.
pub(super) fn topic(error: RDKafkaRespErr, topic: &str) -> LogError {
    partition(error.into(), &TopicPartition::new(topic, 0))
}

fn by_code(code: Code, what: &str) -> Option<LogError> {
    match code {
        Code::TopicAuthorizationFailed | Code::GroupAuthorizationFailed | Code::ClusterAuthorizationFailed => {
            Some(LogError::Unauthorised { what: what.to_owned() })
        }
        Code::UnknownTopic | Code::UnknownTopicOrPartition => {
            let topic = what.strip_prefix("topic ").unwrap_or(what).to_owned();
            Some(LogError::UnknownTopic { topic, suggestion: None })
        }
        _ => None,
    }
}

fn other(what: &str, code: Code) -> LogError {
    LogError::Other { what: what.to_owned(), reason: one_line(&code.to_string()) }
}

/// Whether an error says that nobody answered, rather than what somebody answered.
pub(super) fn is_connection(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::TimedOutQueue
            | Code::MessageTimedOut
            | Code::Resolve
            | Code::Authentication
            | Code::SSL
            | Code::WaitingForCoordinator
            | Code::RequestTimedOut
            | Code::NetworkException
            | Code::DestroyBroker
            | Code::BrokerDestroy
    )
}

/// librdkafka's words without line breaks and without how long its state machine had been in which state.
pub(super) fn one_line(reason: &str) -> String {
    let reason = match reason.rfind(" (after ") {
        Some(at) if reason.ends_with(')') => &reason[..at],
        _ => reason,
    };
    reason.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where librdkafka says a partition's end is: the offset that is read next, and the high watermark.
pub(super) fn end_of_partition(reason: &str) -> Option<(i64, i64)> {
    let (_, rest) = reason.split_once("end of partition at offset ")?;
    let (offset, rest) = rest.split_once(' ')?;
    let high = rest.strip_prefix("(HighwaterMark ")?.strip_suffix(')')?;
    Some((offset.parse().ok()?, high.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_partition_is_read_from_librdkafkas_words() {
        let reason = "Fetch from broker 1 reached end of partition at offset 120 (HighwaterMark 131)";
        assert_eq!(end_of_partition(reason), Some((120, 131)));
        assert_eq!(end_of_partition("Fetch from broker 1 failed"), None);
    }

    #[test]
    fn reasons_fit_on_one_line_and_leave_the_state_machine_out() {
        let reason =
            "127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9\n failed: refused (after 0ms in state CONNECT)";
        assert_eq!(one_line(reason), "127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: refused");
    }

    #[test]
    fn each_kind_of_trouble_has_its_own_error() {
        let error = |code, reason| report(code, reason, "b:1").map(|report| report.error);
        assert!(matches!(error(Code::Authentication, "no"), Some(LogError::Authentication { .. })));
        assert!(matches!(error(Code::SSL, "no"), Some(LogError::Certificate { .. })));
        assert!(matches!(error(Code::BrokerTransportFailure, "refused"), Some(LogError::Unreachable { .. })));
        assert!(matches!(
            error(Code::BrokerTransportFailure, "SSL: tlsv13 alert certificate required"),
            Some(LogError::Certificate { .. })
        ));
        assert!(error(Code::GroupAuthorizationFailed, "no").is_none(), "no group is needed to read");
    }
}
