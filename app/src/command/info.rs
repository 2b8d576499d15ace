//! What a command is called, what it does and where it stands.

use super::{Command, Form};
use crate::panes::PaneKind;
use crate::panes::canvas::{Align, Look};

/// The headings of the `?` sheet and the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Logs, recordings, workspace.
    Log,
    /// Undo and copies.
    Edit,
    /// From event to event.
    Go,
    /// Time on the screen.
    Timeline,
    /// Rows and columns.
    Story,
    /// Which topics take part.
    Topics,
    /// Stories across topics.
    Threads,
    /// The canvas.
    Pipeline,
    /// Panes, looks and help.
    Window,
}

impl Category {
    /// All, in the order they are shown.
    pub const ALL: [Self; 9] = [
        Self::Log,
        Self::Edit,
        Self::Go,
        Self::Timeline,
        Self::Story,
        Self::Topics,
        Self::Threads,
        Self::Pipeline,
        Self::Window,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "Log",
            Self::Edit => "Edit",
            Self::Go => "Go",
            Self::Timeline => "Timeline",
            Self::Story => "Story",
            Self::Topics => "Topics",
            Self::Threads => "Threads",
            Self::Pipeline => "Pipeline",
            Self::Window => "Window",
        }
    }
}

/// A command as a person meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Its name, in sentence case; `…` when it asks for more.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub tooltip: &'static str,
    /// Where it stands.
    pub category: Category,
}

/// Every command that can be asked for without saying more, in the order it is listed.
pub const LISTED: &[Command] = &[
    Command::Connect,
    Command::OpenRecording,
    Command::Import,
    Command::OpenSample,
    Command::KeepRecording,
    Command::Refresh,
    Command::Disconnect,
    Command::OpenWorkspace,
    Command::SaveWorkspace,
    Command::SaveWorkspaceAs,
    Command::Quit,
    Command::Undo,
    Command::Redo,
    Command::CopyJson,
    Command::CopyValue,
    Command::CopyKey,
    Command::CopyHeaders,
    Command::CopyKcat,
    Command::CopyCoordinates,
    Command::ToggleBookmark,
    Command::Find,
    Command::ClearSearch,
    Command::ToggleFilter,
    Command::NextMatch,
    Command::PreviousMatch,
    Command::GoTo,
    Command::PreviousEvent,
    Command::NextEvent,
    Command::PreviousOfKey,
    Command::NextOfKey,
    Command::FirstEvent,
    Command::LastEvent,
    Command::OpenChosen,
    Command::ZoomIn,
    Command::ZoomOut,
    Command::PanLeft,
    Command::PanRight,
    Command::FitSelection,
    Command::ResetView,
    Command::ToggleFold,
    Command::ToggleLanes,
    Command::ToggleOrder,
    Command::ToggleFollow,
    Command::ShowAllTopics,
    Command::HideAllTopics,
    Command::ToggleInternal,
    Command::NewPipeline,
    Command::OpenPipeline,
    Command::SavePipeline,
    Command::SavePipelineAs,
    Command::AddToCanvas,
    Command::ConnectNode,
    Command::EditNode,
    Command::ShowAside,
    Command::FocusCanvas,
    Command::SelectAllNodes,
    Command::CopyNodes,
    Command::DuplicateNodes,
    Command::RemoveNode,
    Command::AddNote,
    Command::AlignNodes(Align::Left),
    Command::AlignNodes(Align::Top),
    Command::AlignNodes(Align::Across),
    Command::AlignNodes(Align::Down),
    Command::FitCanvas,
    Command::LookAt(Look::Nearer),
    Command::LookAt(Look::Further),
    Command::LookAt(Look::Left),
    Command::LookAt(Look::Right),
    Command::LookAt(Look::Up),
    Command::LookAt(Look::Down),
    Command::CutAtEvent,
    Command::CutHistory(None),
    Command::RunOverMarked,
    Command::ArrangePipeline,
    Command::RunAgain,
    Command::ToggleChart,
    Command::FilterRows,
    Command::ShowDetails,
    Command::ShowColumn,
    Command::ShowPast,
    Command::AsOfNow,
    Command::MarkMoment,
    Command::RowHistory,
    Command::DeriveAgain,
    Command::WhyHere,
    Command::HowFar,
    Command::ExportView,
    Command::TieThreads,
    Command::ThreadOfEvent,
    Command::ShowFindings(None),
    Command::LookForThread,
    Command::NextOfId,
    Command::FilterThreads,
    Command::ToggleFindings,
    Command::SortThreads,
    Command::ThreadsInRange,
    Command::ShowTyingFields,
    Command::ToggleDistances,
    Command::ShowThreadValues,
    Command::ThreadInStory,
    Command::CompareRanges,
    Command::CompareFrom,
    Command::CompareTo,
    Command::CopyThread(Form::Markdown),
    Command::CopyThread(Form::Mermaid),
    Command::CopyThread(Form::Json),
    Command::CopyThread(Form::Svg),
    Command::SaveThread(Form::Markdown),
    Command::SaveThread(Form::Mermaid),
    Command::SaveThread(Form::Json),
    Command::SaveThread(Form::Svg),
    Command::SaveThread(Form::Png),
    Command::ToggleTheme,
    Command::ToggleZone,
    Command::Scale(1),
    Command::Scale(-1),
    Command::Scale(0),
    Command::ShowPane(PaneKind::Catalogue),
    Command::ShowPane(PaneKind::Timeline),
    Command::ShowPane(PaneKind::Story),
    Command::ShowPane(PaneKind::Inspector),
    Command::ShowPane(PaneKind::Canvas),
    Command::ShowPane(PaneKind::View),
    Command::ShowPane(PaneKind::Node),
    Command::ShowPane(PaneKind::Sql),
    Command::ShowPane(PaneKind::Drift),
    Command::ShowPane(PaneKind::Threads),
    Command::ShowPane(PaneKind::Thread),
    Command::ShowPane(PaneKind::Map),
    Command::ShowPane(PaneKind::Topology),
    Command::ResetLayout,
    Command::ShowPalette,
    Command::ShowKeys,
    Command::ShowSettings,
    Command::Back,
];

impl Command {
    /// What it is called, what it does and where it stands.
    pub fn info(&self) -> Info {
        use Category as C;
        let (category, name, tooltip) = match self {
            Self::Connect => (C::Log, "Connect to a cluster…", "Read a Kafka cluster, without leaving a trace on it"),
            Self::OpenRecording => (C::Log, "Open a recording…", "Open a folder that was recorded before"),
            Self::Import => (C::Log, "Import a file…", "Make a recording of kcat's lines, JSON lines, CSV or Parquet"),
            Self::ImportFiles(_) => (C::Log, "Import", "Make a recording of files"),
            Self::OpenSample => (C::Log, "Open the sample", "A day in an online shop, with nothing to connect to"),
            Self::ConnectTo(_) => (C::Log, "Connect", "Connect to the cluster and read its topics"),
            Self::ForgetProfile(_) => (C::Log, "Forget the connection", "Forget a connection and its secrets"),
            Self::OpenPath(_) => (C::Log, "Open", "Open a recording, a workspace or connection properties"),
            Self::KeepRecording => (C::Log, "Keep as a recording…", "Keep what has been read in a folder of your own"),
            Self::Refresh => (C::Log, "Refresh", "Read the list of topics, their sizes and groups again"),
            Self::Disconnect => (C::Log, "Close the log", "Stop reading and let go of the log"),
            Self::OpenWorkspace => (C::Log, "Open a workspace…", "Open a saved set of logs, topics and columns"),
            Self::SaveWorkspace => (C::Log, "Save the workspace", "Save logs, topics, columns and layout, no secrets"),
            Self::SaveWorkspaceAs => (C::Log, "Save the workspace as…", "Save the workspace in a file of your choice"),
            Self::Quit => (C::Log, "Quit", "Close the window; what was read stays sound"),
            Self::Undo => (C::Edit, "Undo", "Take back the last change to topics, columns or notes"),
            Self::Redo => (C::Edit, "Redo", "Make the change again that was taken back"),
            Self::CopyJson => (C::Edit, "Copy event as JSON", "Copy the chosen event with its coordinates and headers"),
            Self::CopyValue => (C::Edit, "Copy value", "Copy the chosen event's value"),
            Self::CopyKey => (C::Edit, "Copy key", "Copy the chosen event's key"),
            Self::CopyHeaders => (C::Edit, "Copy headers", "Copy the chosen event's headers, a line each"),
            Self::CopyKcat => {
                (C::Edit, "Copy kcat command", "Copy the command that reads the chosen event, no secrets")
            }
            Self::CopyCoordinates => {
                (C::Edit, "Copy coordinates", "Copy the chosen event's topic, partition and offset")
            }
            Self::Find => (C::Go, "Find…", "Search all chosen topics for a text or an expression"),
            Self::Search(_) => (C::Go, "Search", "Search all chosen topics"),
            Self::ClearSearch => (C::Go, "Clear the search", "Show every event again"),
            Self::ToggleFilter => (C::Go, "Filter or mark", "Show only what was found, or mark it among everything"),
            Self::NextMatch => (C::Go, "Next match", "Choose the next event that was found"),
            Self::PreviousMatch => (C::Go, "Previous match", "Choose the event before that was found"),
            Self::GoTo => {
                (C::Go, "Go to time or offset…", "Go to a time, or to an event by topic, partition and offset")
            }
            Self::GoToMoment(_) => (C::Go, "Go to moment", "Go to a time"),
            Self::GoToEvent(_) => (C::Go, "Go to event", "Go to an event"),
            Self::PreviousEvent => (C::Go, "Previous event", "Choose the event before this one"),
            Self::NextEvent => (C::Go, "Next event", "Choose the event after this one"),
            Self::PreviousOfKey => (C::Go, "Previous event of this key", "Choose the event before with the same key"),
            Self::NextOfKey => (C::Go, "Next event of this key", "Choose the event after with the same key"),
            Self::FirstEvent => (C::Go, "First event", "Choose the first event of the story"),
            Self::LastEvent => (C::Go, "Last event", "Choose the last event of the story"),
            Self::OpenChosen => (C::Go, "Open in the inspector", "Show the chosen event's value, key and headers"),
            Self::Select(_) => (C::Go, "Select", "Choose an event"),
            Self::ZoomIn => (C::Timeline, "Zoom in", "Show less time in more detail"),
            Self::ZoomOut => (C::Timeline, "Zoom out", "Show more time at once"),
            Self::PanLeft => (C::Timeline, "Earlier", "Move the timeline to earlier"),
            Self::PanRight => (C::Timeline, "Later", "Move the timeline to later"),
            Self::FitSelection => (C::Timeline, "Fit the selection", "Show the marked range or the chosen event"),
            Self::ResetView => (C::Timeline, "Show all time", "Show everything from the first to the last event"),
            Self::View(_) => (C::Timeline, "View", "Show a range of time"),
            Self::MarkRange(_) => (C::Timeline, "Mark a range", "Mark a range of time"),
            Self::ToggleFold => {
                (C::Timeline, "Fold idle time", "Fold away long stretches without any event, or show them")
            }
            Self::ToggleLanes => {
                (C::Timeline, "Lanes by topic or partition", "A lane for each topic, or for each partition")
            }
            Self::TogglePin(_) => {
                (C::Timeline, "Pin the lane", "Keep the topic's lanes above the others, or let them go")
            }
            Self::ToggleOrder => (C::Story, "Newest or oldest first", "Turn the story around"),
            Self::ToggleFollow => (C::Story, "Follow", "Keep the newest event in sight"),
            Self::AddColumn(_) => (C::Story, "Add a column", "Show a field as a column of the story"),
            Self::RemoveColumn(_) => (C::Story, "Remove the column", "Take the column out of the story"),
            Self::MoveColumn(..) => (C::Story, "Move the column", "Move the column to the left or to the right"),
            Self::ToggleTopic(_) => (C::Topics, "Show or hide the topic", "Show or hide the topic's events"),
            Self::OnlyTopic(_) => (C::Topics, "Only this topic", "Show this topic's events and no other's"),
            Self::ShowAllTopics => (C::Topics, "Show all topics", "Let every listed topic take part in the story"),
            Self::HideAllTopics => (C::Topics, "Hide all topics", "Start from an empty story"),
            Self::ToggleInternal => (C::Topics, "Internal topics", "List __*, *-changelog and *-repartition too"),
            Self::ToggleDetails(_) => (C::Topics, "Details", "Partitions, sizes, retention and groups of the topic"),
            Self::ToggleGroup(_) => (C::Topics, "Partitions of the group", "How far the group is in each partition"),
            Self::ShowGroup(_) => (C::Topics, "Show the group", "Show a consumer group and how far it is behind"),
            Self::SetFormats(..) => (C::Topics, "Formats", "Decode the topic's keys and values so"),
            Self::ReadMore(_) => (C::Topics, "Read more of the past", "Read further back than what has been read"),
            Self::ReadAll(_) => (C::Topics, "Read all", "Read the topic from its first offset"),
            Self::ReadAtFirst(_) => (C::Log, "Read at first", "How far back a topic is read when it is first shown"),
            Self::ToggleBookmark => (C::Edit, "Bookmark", "Put a bookmark at the chosen event, or take it away"),
            Self::ToggleTheme => (C::Window, "Dark or light", "Switch between the dark and the light look"),
            Self::ToggleZone => (C::Window, "UTC or local time", "Switch the zone of every time in the window"),
            Self::Scale(0) => (C::Window, "Actual size", "Show everything at its own size"),
            Self::Scale(step) if *step > 0 => (C::Window, "Larger", "Show everything larger"),
            Self::Scale(_) => (C::Window, "Smaller", "Show everything smaller"),
            Self::ShowPane(PaneKind::Catalogue) => (C::Window, "Show topics", "Bring the catalogue to the front"),
            Self::ShowPane(PaneKind::Timeline) => (C::Window, "Show timeline", "Bring the timeline to the front"),
            Self::ShowPane(PaneKind::Story) => (C::Window, "Show story", "Bring the story to the front"),
            Self::ShowPane(PaneKind::Inspector) => (C::Window, "Show inspector", "Bring the inspector to the front"),
            Self::ShowPane(PaneKind::Canvas) => (C::Window, "Show canvas", "Bring the canvas to the front"),
            Self::ShowPane(PaneKind::View) => (C::Window, "Show view", "Bring what the pipeline comes to to the front"),
            Self::ShowPane(PaneKind::Node) => (C::Window, "Show node", "Bring the chosen node's settings to the front"),
            Self::ShowPane(PaneKind::Sql) => (C::Window, "Ask in SQL", "Ask the pipeline's views in SQL"),
            Self::ShowPane(PaneKind::Drift) => {
                (C::Window, "Compare with a copy…", "Find what is missing, extra or different in a copy kept elsewhere")
            }
            Self::ExportView => {
                (C::Pipeline, "Export the view…", "Write the view to a file or to a table of a database")
            }
            Self::ShowPane(PaneKind::Threads) => {
                (C::Threads, "Show all threads", "Bring the list of threads to the front")
            }
            Self::ShowPane(PaneKind::Thread) => (C::Threads, "Show the thread", "Bring the open thread to the front"),
            Self::ShowPane(PaneKind::Map) => {
                (C::Threads, "Show the process map", "Bring the map of what follows what to the front")
            }
            Self::ShowPane(PaneKind::Topology) => {
                (C::Threads, "Show the topology", "Show who writes and who reads which topic, as far as that is known")
            }
            Self::CompareRanges
            | Self::CompareFrom
            | Self::CompareTo
            | Self::TieThreads
            | Self::ThreadOfEvent
            | Self::ThreadOf(_)
            | Self::FindThread(_)
            | Self::NextOfId
            | Self::OpenThread(_)
            | Self::ThreadInStory
            | Self::LookForThread
            | Self::FilterThreads
            | Self::ToggleFindings
            | Self::SortThreads
            | Self::ThreadsInRange
            | Self::ShowTyingFields
            | Self::TieBy(..)
            | Self::SetStep(..)
            | Self::KeepOut(..)
            | Self::TieAsSuggested(_)
            | Self::ThreadsOfService(_)
            | Self::ShowFindings(_)
            | Self::ToggleDistances
            | Self::ShowThreadValues
            | Self::CopyThread(_)
            | Self::SaveThread(_)
            | Self::WriteThread(..) => {
                let (name, tooltip) = super::threads::words(self);
                (C::Threads, name, tooltip)
            }
            Self::NewPipeline => (C::Pipeline, "New pipeline", "Clear the canvas; undo brings the pipeline back"),
            Self::OpenPipeline => (C::Pipeline, "Open a pipeline…", "Open a pipeline's file on the canvas"),
            Self::SavePipeline => (C::Pipeline, "Save the pipeline", "Save the pipeline in the file that it came from"),
            Self::SavePipelineAs => {
                (C::Pipeline, "Save the pipeline as…", "Save the pipeline in a file of your choice")
            }
            Self::SetPipeline(_) | Self::WritePipeline(..) => {
                (C::Pipeline, "Change the pipeline", "Change the pipeline on the canvas")
            }
            Self::PutPipeline(..) => (C::Pipeline, "Show a pipeline", "Put another pipeline on the canvas"),
            Self::AddTopicToPipeline(..) => {
                (C::Pipeline, "Add to the canvas", "Begin or go on with a pipeline of this topic")
            }
            Self::AddFilterToPipeline(..) => {
                (C::Pipeline, "Add as a filter", "Begin or go on with a pipeline of the events that have this value")
            }
            Self::AddToCanvas => (C::Pipeline, "Add to the pipeline…", "Offer topics and steps to be added"),
            Self::ConnectNode => {
                (C::Pipeline, "Add or connect behind the node…", "Offer the steps that fit, and a wire to other nodes")
            }
            Self::EditNode => (C::Pipeline, "Change the node", "Put the cursor into the chosen node's form"),
            Self::ShowAside => {
                (C::Pipeline, "Late and set aside", "List the rows that the chosen node set aside, and why")
            }
            Self::FocusCanvas => (C::Pipeline, "Go to the canvas", "Give the keyboard to the canvas's nodes"),
            Self::SelectAllNodes => (C::Pipeline, "Choose every node", "Choose all nodes and notes of the pipeline"),
            Self::CopyNodes => (C::Pipeline, "Copy nodes", "Copy the chosen nodes as a pipeline's text"),
            Self::PasteNodes(_) => (C::Pipeline, "Paste nodes", "Put copied nodes beside those on the canvas"),
            Self::DuplicateNodes => (C::Pipeline, "Duplicate nodes", "Put a copy of the chosen nodes beside them"),
            Self::AddNote => (C::Pipeline, "Add a note", "Write on the canvas, or frame the chosen nodes"),
            Self::AlignNodes(Align::Left) => (C::Pipeline, "Align left", "Line up the chosen nodes' left edges"),
            Self::AlignNodes(Align::Top) => (C::Pipeline, "Align top", "Line up the chosen nodes' upper edges"),
            Self::AlignNodes(Align::Across) => {
                (C::Pipeline, "Distribute across", "Spread the chosen nodes evenly from left to right")
            }
            Self::AlignNodes(Align::Down) => {
                (C::Pipeline, "Distribute down", "Spread the chosen nodes evenly from top to bottom")
            }
            Self::FitCanvas => (C::Pipeline, "Show the whole pipeline", "Bring every node into sight"),
            Self::LookAt(Look::Nearer) => (C::Pipeline, "Look nearer", "Show the canvas larger"),
            Self::LookAt(Look::Further) => (C::Pipeline, "Look from further away", "Show more of the canvas"),
            Self::LookAt(Look::Left) => (C::Pipeline, "Look left", "Move the canvas to what stands at its left"),
            Self::LookAt(Look::Right) => (C::Pipeline, "Look right", "Move the canvas to what stands at its right"),
            Self::LookAt(Look::Up) => (C::Pipeline, "Look up", "Move the canvas to what stands above"),
            Self::LookAt(Look::Down) => (C::Pipeline, "Look down", "Move the canvas to what stands below"),
            Self::CutWire(..) => (C::Pipeline, "Take the wire away", "Let the node's input go free"),
            Self::AddToWire(..) => (
                C::Pipeline,
                "Put a step into the wire…",
                "Offer steps that take the wire's rows and give theirs to the node behind it",
            ),
            Self::CutAtEvent => (
                C::Pipeline,
                "Cut history at the chosen event",
                "Run the pipeline as if the chosen event were the log's last",
            ),
            Self::CopyText(_) => (C::Edit, "Copy", "Put a text on the clipboard"),
            Self::CutHistory(None) => (C::Pipeline, "Run over all history", "Take the cut on the timeline away"),
            Self::CutHistory(Some(_)) => {
                (C::Pipeline, "Cut history here", "Run the pipeline as if this moment were the log's end")
            }
            Self::LookBack(_) => (C::Pipeline, "As of a moment", "Look at the view as it was at a moment"),
            Self::RunOverRange(_) => (C::Pipeline, "Run over a range", "Run the pipeline over a stretch of history"),
            Self::RunOverMarked => (
                C::Pipeline,
                "Run over the marked range",
                "Run the pipeline over the time that is marked on the timeline",
            ),
            Self::ChooseNode(_) => (C::Pipeline, "Choose a node", "Look at a node and its rows"),
            Self::RemoveNode => (C::Pipeline, "Remove", "Take the chosen nodes and notes away and close the gap"),
            Self::ArrangePipeline => (C::Pipeline, "Arrange the canvas", "Put the nodes in order from left to right"),
            Self::ToggleChart => (C::Pipeline, "Table or chart", "Show the view's rows as a table, or draw them"),
            Self::FilterRows => (C::Pipeline, "Filter the view's rows…", "Show the rows for which an expression holds"),
            Self::ShowDetails => {
                (C::Pipeline, "Details of the view", "Show a row, a column or what changed beside the view's rows")
            }
            Self::ShowColumn => (C::Pipeline, "Column in figures", "Count, sum and spread of a column of the view"),
            Self::MarkMoment => (
                C::Pipeline,
                "Mark the moment",
                "Mark the moment that is looked at: what changed from A to B is listed",
            ),
            Self::RowHistory => {
                (C::Pipeline, "History of the row", "List what became of the chosen row, event by event")
            }
            Self::ShowPast => (C::Pipeline, "Past of the view", "Look at the view as of any moment of the log"),
            Self::AsOfNow => (C::Pipeline, "Back to now", "Show the view as it is, no longer as of a moment"),
            Self::DeriveAgain => (C::Pipeline, "Derive again", "Derive the view again from the log, and compare"),
            Self::WhyHere => (C::Pipeline, "Why is this row here?", "List the events that made the chosen row"),
            Self::HowFar => (C::Pipeline, "How far did this event get?", "Say where the chosen event stops, and why"),
            Self::MarkEvents(_) => (C::Pipeline, "Point events out", "Mark events in all panes"),
            Self::RunAgain => (C::Pipeline, "Run again", "Run the pipeline over what the log holds by now"),
            Self::ResetLayout => (C::Window, "Reset the layout", "Put the panes where they were at first"),
            Self::ShowPalette => (C::Window, "Commands and topics…", "Find any command or topic by name"),
            Self::ShowKeys => (C::Window, "Keyboard shortcuts", "List every command with its keys"),
            Self::ShowSettings => (C::Window, "Settings…", "Theme, zone, size and how much is read at first"),
            Self::Back => (C::Window, "Back", "Close what is in front, then clear the search, then the selection"),
            Self::CancelJob(_) => (C::Window, "Cancel", "End this job; what it has done so far stays"),
            Self::Notify(_) => (C::Window, "Notice", "Say something that matters for a moment"),
        };
        Info { name, tooltip, category }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_commands_have_names_of_their_own() {
        let mut names: Vec<&str> = LISTED.iter().map(|command| command.info().name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn words_follow_the_house_style() {
        for command in LISTED {
            let info = command.info();
            assert!(!info.tooltip.ends_with('.'), "no full stop on a single sentence: {}", info.tooltip);
            assert!(info.name.starts_with(char::is_uppercase), "sentence case: {}", info.name);
        }
    }
}
