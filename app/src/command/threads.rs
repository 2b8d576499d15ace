//! What the commands about threads are called, and what they do.

use super::{Command, Form};

/// A command's name and what it does.
pub(super) fn words(command: &Command) -> (&'static str, &'static str) {
    match command {
        Command::CompareRanges => {
            ("Compare two ranges", "Hold threads of a range against those of another, on the map")
        }
        Command::CompareFrom => {
            ("Compare from the marked range", "Take the marked range as the first of two on the map")
        }
        Command::CompareTo => ("Compare to the marked range", "Take the marked range as the second of two on the map"),
        Command::ThreadOf(_) => ("Open its thread", "Show the whole story of an event across topics"),
        Command::NextOfId => ("Next thread of the id", "Open the next of the threads that the id leads to"),
        Command::ThreadInStory => ("Thread in the story", "Show only the open thread's events in the story"),
        Command::LookForThread => ("Find a thread…", "Type any id and open its thread"),
        Command::FilterThreads => ("Filter threads…", "List the threads for which an expression holds"),
        Command::ToggleFindings => ("Threads or findings", "List every thread, or everything that is unusual"),
        Command::SortThreads => ("Sort threads", "Sort the list by the next of its columns"),
        Command::ThreadsInRange => {
            ("Threads in the marked range", "List only what lies in the range marked on the timeline")
        }
        Command::ShowTyingFields => ("Fields that tie", "Show and change by which fields events are tied"),
        Command::TieBy(_, wanted) if wanted.ties => ("Tie by this field", "Tie events that have the same value there"),
        Command::TieBy(..) => ("Do not tie by this field", "Leave the field's values out of threads"),
        Command::SetStep(..) => ("Take steps from", "Say where the names of a topic's steps stand"),
        Command::KeepOut(..) => ("Takes part in threads", "Tie the topic's events, or leave them out"),
        Command::TieAsSuggested(_) => ("Tie as suggested", "Take back what was changed about the topic's fields"),
        Command::TieThreads => (
            "Tie events into threads",
            "Tie what has been read by the ids that events share, and hold threads against their peers",
        ),
        Command::ThreadOfEvent => ("Open the event's thread", "Show the whole story of the chosen event across topics"),
        Command::FindThread(_) => ("Find a thread", "Open the thread that an id leads to"),
        Command::OpenThread(_) => ("Open the thread", "Show a thread from its first event to its last"),
        Command::ThreadsOfService(_) => ("Threads of the service", "List the threads that it takes part in"),
        Command::ShowFindings(_) => {
            ("Show what is unusual", "List missing steps, slow edges, dead letters and what else stands out")
        }
        Command::ToggleDistances => {
            ("Steps or time", "Draw the thread's steps evenly, or as far apart as they are in time")
        }
        Command::ShowThreadValues => ("Values along the thread", "Show how fields change from step to step"),
        Command::CopyThread(Form::Markdown) => ("Copy thread as Markdown", "Copy the thread as a table for a report"),
        Command::CopyThread(Form::Mermaid) => {
            ("Copy thread as Mermaid", "Copy the thread as a sequence diagram in text")
        }
        Command::CopyThread(Form::Json) => ("Copy thread as JSON", "Copy the thread with causes and findings"),
        Command::CopyThread(Form::Svg) => ("Copy thread as SVG", "Copy the thread as a drawing"),
        Command::CopyThread(Form::Png) => ("Copy thread as PNG", "A picture is saved, not copied"),
        Command::SaveThread(Form::Markdown) => {
            ("Save thread as Markdown…", "Write the thread to a file, as a table for a report")
        }
        Command::SaveThread(Form::Mermaid) => {
            ("Save thread as Mermaid…", "Write the thread to a file, as a sequence diagram in text")
        }
        Command::SaveThread(Form::Json) => {
            ("Save thread as JSON…", "Write the thread to a file, with causes and findings")
        }
        Command::SaveThread(Form::Svg) => ("Save thread as SVG…", "Write the thread to a file, as a drawing"),
        Command::SaveThread(Form::Png) => ("Save thread as PNG…", "Write the thread to a file, as a picture"),
        _ => ("Threads", "Events that belong together, across topics"),
    }
}
