//! A thread in writing, for a report of what happened: Markdown, Mermaid, JSON.

use std::fmt::Write as _;

pub(super) use fabula_core::event::time::format_span_ms as span;
use fabula_core::narrative::threads::EdgeKind;

use crate::state::{Tale, Tied};
use crate::zone::Clock;

const NS: i64 = 1_000_000;

/// A text within a table of Markdown, where it is words and nothing else.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => cell.push(' '),
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '&' => cell.push_str("&amp;"),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '~' | '#' => cell.extend(['\\', c]),
            c => cell.push(c),
        }
    }
    cell
}

/// A text as code, which ends where its own marks could.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() || c == '`' { ' ' } else { c }).collect();
    format!("`{}`", text.replace('|', "\\|"))
}

/// A table of the steps, and what was found.
pub(super) fn markdown(tale: &Tale, clock: &Clock) -> String {
    let mut text = format!("## Thread {}\n\n", cell(&tale.name));
    for finding in &tale.findings {
        _ = writeln!(text, "- **{}**: {} ({} sure)", finding.kind.title(), cell(&finding.what), finding.sure());
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
            "| {time} | {after} | {} | {} | {} | {} |",
            cell(&step.step),
            cell(&tale.participants[step.participant]),
            by.unwrap_or_default(),
            code(&step.at.to_string()),
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

/// Everything, for programs: what `fabula threads --id … --json` says, on several lines.
///
/// # Errors
/// When a part of the store that holds the thread is damaged.
pub(super) fn json(tied: &Tied, thread: u32) -> Result<String, String> {
    let story = tied.threads.story(thread, &tied.diagnosed, &tied.snapshot).map_err(|damage| damage.to_string())?;
    serde_json::to_string_pretty(&story).map(|text| text + "\n").map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_markdown_is_words_and_nothing_else() {
        assert_eq!(cell("a|b\n<b> *c* `d` _e_"), "a\\|b &lt;b&gt; \\*c\\* \\`d\\` \\_e\\_");
        assert_eq!(cell("ORD-1001 at 3.5 s"), "ORD-1001 at 3.5 s");
        assert_eq!(code("a`b|c"), "`a b\\|c`");
    }
}
