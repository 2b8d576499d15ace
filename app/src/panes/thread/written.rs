//! A thread in writing, for a report of what happened: Markdown, Mermaid, JSON.

use std::fmt::Write as _;

use fabula_core::event::time::{format_iso_ms, format_span_ns};
use fabula_core::narrative::threads::EdgeKind;

use crate::state::Tale;
use crate::zone::Clock;

const NS: i64 = 1_000_000;

pub(super) fn span(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{}", format_span_ns(ms.saturating_abs().saturating_mul(NS)))
}

/// A text within a table of Markdown.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// A table of the steps, and what was found.
pub(super) fn markdown(tale: &Tale, clock: &Clock) -> String {
    let mut text = format!("## Thread {}\n\n", cell(&tale.name));
    for finding in &tale.findings {
        let sure = finding.sureness * 100.0;
        _ = writeln!(text, "- **{}**: {} ({sure:.0} % sure)", finding.kind.title(), cell(&finding.what));
    }
    if !tale.findings.is_empty() {
        text.push('\n');
    }
    text.push_str("| time | after | step | by | led to by | event |\n|---|---:|---|---|---|---|\n");
    for (place, step) in tale.steps.iter().enumerate() {
        let time = step.time_ms.map_or_else(|| "no time".to_owned(), |ms| clock.full(ms.saturating_mul(NS)));
        let cause = tale.causes[place];
        let after = cause.and_then(|edge| edge.latency_ms).map(span).unwrap_or_default();
        let by = cause.map(|edge| {
            let mark = if edge.kind == EdgeKind::Follows { " (inferred)" } else { "" };
            format!("{}{mark}", cell(&tale.steps[edge.from as usize].step))
        });
        _ = writeln!(
            text,
            "| {time} | {after} | {} | {} | {} | `{}` |",
            cell(&step.step),
            cell(&tale.participants[step.participant]),
            by.unwrap_or_default(),
            cell(&step.at.to_string()),
        );
    }
    for missing in &tale.missing {
        _ = writeln!(text, "|  |  | *{} {}* |  |  |  |", cell(&missing.step), missing.absence.words());
    }
    text
}

/// A text that Mermaid takes for words and nothing else.
fn words(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '#' => "#35;".to_owned(),
            ';' => "#59;".to_owned(),
            ':' => "#58;".to_owned(),
            '<' => "#lt;".to_owned(),
            '>' => "#gt;".to_owned(),
            '"' => "#quot;".to_owned(),
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

/// A sequence diagram of Mermaid: solid where events name their cause, dashed where it is inferred.
pub(super) fn mermaid(tale: &Tale) -> String {
    let mut text = format!("sequenceDiagram\n    %% thread {}\n", words(&tale.name));
    for (at, name) in tale.participants.iter().enumerate() {
        _ = writeln!(text, "    participant P{at} as {}", words(name));
    }
    for (place, step) in tale.steps.iter().enumerate() {
        let to = step.participant;
        match tale.causes[place] {
            None => _ = writeln!(text, "    Note over P{to}: {}", words(&step.step)),
            Some(edge) => {
                let from = tale.steps[edge.from as usize].participant;
                let arrow = if edge.kind.is_exact() { "->>" } else { "-->>" };
                let after = edge.latency_ms.map(|ms| format!(" ({})", span(ms))).unwrap_or_default();
                _ = writeln!(text, "    P{from}{arrow}P{to}: {}{after}", words(&step.step));
            }
        }
        for finding in step.findings.iter().filter_map(|at| tale.findings.get(*at)) {
            _ = writeln!(
                text,
                "    Note over P{to}: {}",
                words(&format!("{}: {}", finding.kind.title(), finding.what))
            );
        }
    }
    for missing in &tale.missing {
        let at = tale.steps.last().map_or(0, |last| last.participant);
        _ = writeln!(text, "    Note over P{at}: {} {}", words(&missing.step), missing.absence.words());
    }
    text
}

/// Everything, for programs.
pub(super) fn json(tale: &Tale) -> String {
    let steps: Vec<_> = tale
        .steps
        .iter()
        .enumerate()
        .map(|(place, step)| {
            let cause = tale.causes[place].map(|edge| {
                serde_json::json!({ "step": edge.from, "kind": edge.kind.name(), "latency_ms": edge.latency_ms })
            });
            serde_json::json!({
                "step": &*step.step,
                "participant": &*tale.participants[step.participant],
                "topic": &*step.at.topic, "partition": step.at.partition, "offset": step.at.offset,
                "timestamp": step.time_ms.map(format_iso_ms),
                "timestamp_ms": step.time_ms,
                "cause": cause,
            })
        })
        .collect();
    let findings: Vec<_> = tale
        .findings
        .iter()
        .map(|finding| {
            let evidence: Vec<String> = finding.evidence.iter().map(ToString::to_string).collect();
            serde_json::json!({
                "kind": finding.kind.name(), "what": finding.what, "sureness": finding.sureness,
                "may_still_come": finding.may_still_come, "evidence": evidence,
            })
        })
        .collect();
    let missing: Vec<_> = tale
        .missing
        .iter()
        .map(|missing| serde_json::json!({ "step": &*missing.step, "absence": missing.absence.name() }))
        .collect();
    let whole = serde_json::json!({
        "thread": tale.name, "outcome": tale.outcome.name(), "steps": steps, "missing": missing, "findings": findings,
    });
    format!("{whole:#}\n")
}
