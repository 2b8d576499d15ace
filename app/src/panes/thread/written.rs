//! A thread in writing, for a report of what happened: Markdown, Mermaid, JSON, SVG.

use std::fmt::Write as _;

use egui::Color32;
use fabula_core::event::time::{format_iso_ms, format_span_ns};
use fabula_core::narrative::threads::EdgeKind;

use super::sequence::{Distances, Places};
use super::sequence_ui::{edge_words, fault};
use crate::state::Tale;
use crate::theme::Theme;
use crate::zone::Clock;

const NS: i64 = 1_000_000;

fn span(ms: i64) -> String {
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
    for name in &tale.missing {
        _ = writeln!(text, "|  |  | *{}: missing* |  |  |  |", cell(name));
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
    let mut text = "sequenceDiagram\n".to_owned();
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
    if let (Some(last), false) = (tale.steps.last(), tale.missing.is_empty()) {
        let names: Vec<&str> = tale.missing.iter().map(|name| &**name).collect();
        _ = writeln!(text, "    Note over P{}: missing: {}", last.participant, words(&names.join(", ")));
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
    let missing: Vec<&str> = tale.missing.iter().map(|name| &**name).collect();
    let whole = serde_json::json!({
        "thread": tale.name, "outcome": tale.outcome.name(), "steps": steps, "missing": missing, "findings": findings,
    });
    format!("{whole:#}\n")
}

fn escaped(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn hex(color: Color32) -> String {
    let [r, g, b, _] = color.to_srgba_unmultiplied();
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The diagram as it is drawn in steps, in the colours of a theme.
pub(super) fn svg(tale: &Tale, theme: Theme, clock: &Clock) -> String {
    let (tokens, places) = (theme.tokens(), Places::of(tale, Distances::Steps));
    let (times, apart, top) = (110.0, 170.0, 36.0);
    let width = times + apart * tale.participants.len().max(1) as f32;
    let height = top + places.foot + tale.missing.len() as f32 * super::sequence::STEP + 12.0;
    let x = |participant: usize| times + apart * (participant as f32 + 0.5);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"Inter, sans-serif\" font-size=\"11\">\n\
         <title>Thread {}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n",
        escaped(&tale.name),
        hex(tokens.window)
    );
    for (at, name) in tale.participants.iter().enumerate() {
        let (x, line, ink) = (x(at), hex(tokens.hairline), hex(tokens.text));
        _ = writeln!(text, "<line x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{height:.0}\" stroke=\"{line}\"/>");
        _ = writeln!(text, "<text x=\"{x}\" y=\"20\" text-anchor=\"middle\" fill=\"{ink}\">{}</text>", escaped(name));
    }
    for (place, step) in tale.steps.iter().enumerate() {
        let y = top + places.ys[place];
        let to = x(step.participant);
        let found = fault(tale, place);
        let ink = hex(found.map_or(tokens.text, |finding| super::kind_color(tokens, finding)));
        let faint = hex(tokens.text_second);
        let time = step.time_ms.map_or_else(|| "no time".to_owned(), |ms| clock.time_of_day(ms.saturating_mul(NS)));
        _ = writeln!(text, "<text x=\"10\" y=\"{:.0}\" fill=\"{faint}\">{}</text>", y + 4.0, escaped(&time));
        let cause = tale.causes[place];
        let from = cause.map(|edge| x(tale.steps[edge.from as usize].participant)).filter(|from| *from != to);
        let (at, anchor) = match from {
            Some(from) => {
                let dash =
                    if cause.is_some_and(|edge| edge.kind.is_exact()) { "" } else { " stroke-dasharray=\"4 3\"" };
                let back = if to > from { -7.0 } else { 7.0 };
                _ = writeln!(text, "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"{ink}\"{dash}/>");
                _ = writeln!(
                    text,
                    "<path d=\"M{to} {y} l{back} -3.5 l0 7 z\" fill=\"{ink}\"><title>{}</title></path>",
                    escaped(cause.map_or("", |edge| edge_words(edge.kind)))
                );
                (if from < to { to - apart / 2.0 } else { to + apart / 2.0 }, "middle")
            }
            None => {
                _ = writeln!(text, "<circle cx=\"{to}\" cy=\"{y}\" r=\"4\" fill=\"{ink}\"/>");
                (to + 9.0, "start")
            }
        };
        let word = escaped(&step.step);
        _ = writeln!(
            text,
            "<text x=\"{at}\" y=\"{:.0}\" text-anchor=\"{anchor}\" fill=\"{ink}\">{word}</text>",
            y - 4.0
        );
        if let Some(ms) = cause.and_then(|edge| edge.latency_ms) {
            let y = y + 13.0;
            _ = writeln!(
                text,
                "<text x=\"{at}\" y=\"{y:.0}\" text-anchor=\"{anchor}\" fill=\"{faint}\">{}</text>",
                span(ms)
            );
        }
    }
    for (nth, name) in tale.missing.iter().enumerate() {
        let y = top + places.foot + nth as f32 * super::sequence::STEP;
        let (ink, middle) = (hex(tokens.error), times + apart * tale.participants.len() as f32 / 2.0);
        let name = escaped(name);
        _ = writeln!(
            text,
            "<text x=\"{middle}\" y=\"{y:.0}\" text-anchor=\"middle\" fill=\"{ink}\">{name} is missing</text>"
        );
    }
    text.push_str("</svg>\n");
    text
}
