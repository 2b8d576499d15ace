//! Everything that can be done, as one enum: menus, palette, shortcuts, buttons and panes all send these.
//!
//! [`Command::info`] gives a command its name, what it does and its place; [`keys::SHORTCUTS`] its keys. What is listed
//! in the palette and on the `?` sheet is [`LISTED`], so a command cannot be in the one and not in the other.

mod info;
pub mod keys;
mod threads;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use fabula_core::event::{Coordinates, TopicName};
use fabula_core::narrative::threads::diagnose::Kind;
use fabula_core::narrative::threads::{FieldUse, StepField};

use crate::chrome::connect::{Profile, Secrets};
use crate::chrome::import::ImportFiles;
use crate::formats::Chosen;
use crate::jobs::JobId;
use crate::panes::PaneKind;
use crate::panes::canvas::{Align, Look};
use crate::source::Depth;
use crate::state::{Column, PointedOut, Selection, TimeRange};

pub use info::{Category, Info, LISTED};

/// A form in which a thread is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A table for a report.
    Markdown,
    /// A sequence diagram in text.
    Mermaid,
    /// For programs.
    Json,
    /// A drawing.
    Svg,
    /// A picture.
    Png,
}

impl Form {
    /// All, in the order they are offered.
    pub const ALL: [Self; 5] = [Self::Markdown, Self::Mermaid, Self::Json, Self::Svg, Self::Png];

    /// Those that are texts, and can be copied as such.
    pub const TEXTS: [Self; 4] = [Self::Markdown, Self::Mermaid, Self::Json, Self::Svg];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Markdown => "Markdown",
            Self::Mermaid => "Mermaid",
            Self::Json => "JSON",
            Self::Svg => "SVG",
            Self::Png => "PNG",
        }
    }

    /// How the names of its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Mermaid => "mmd",
            Self::Json => "json",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

/// Something a person asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Shows the built-in sample.
    OpenSample,
    /// Asks for a cluster to connect to.
    Connect,
    /// Asks for a recording's folder and opens it.
    OpenRecording,
    /// Connects to a cluster.
    ConnectTo(Box<(Profile, Secrets)>),
    /// Forgets a saved connection, by its title.
    ForgetProfile(String),
    /// Opens a file or folder: a recording, a workspace, connection properties.
    OpenPath(PathBuf),
    /// Makes a recording of files.
    ImportFiles(Box<ImportFiles>),
    /// Asks for files to make a recording of.
    Import,
    /// Asks for a folder and keeps what has been read there.
    KeepRecording,
    /// Reads the list of topics again.
    Refresh,
    /// Lets go of the log.
    Disconnect,
    /// Asks for a workspace file and opens it.
    OpenWorkspace,
    /// Saves the workspace where it was last saved.
    SaveWorkspace,
    /// Asks where to save the workspace.
    SaveWorkspaceAs,
    /// Closes the window.
    Quit,

    /// Takes back the last change to lanes, columns or notes.
    Undo,
    /// Makes the change again.
    Redo,
    /// Copies the chosen event as JSON.
    CopyJson,
    /// Copies the chosen event's value.
    CopyValue,
    /// Copies the chosen event's key.
    CopyKey,
    /// Copies the chosen event's headers.
    CopyHeaders,
    /// Copies the kcat command that reads the chosen event.
    CopyKcat,
    /// Copies the chosen event's topic, partition and offset.
    CopyCoordinates,

    /// Puts the cursor into the find field.
    Find,
    /// Searches for a text or an expression.
    Search(String),
    /// Shows every event again.
    ClearSearch,
    /// Shows only what was found, or everything with what was found marked.
    ToggleFilter,
    /// Chooses the next event that was found.
    NextMatch,
    /// Chooses the event before that was found.
    PreviousMatch,
    /// Asks for a time or an offset and goes there.
    GoTo,
    /// Goes to a moment, in nanoseconds since the epoch.
    GoToMoment(i64),
    /// Goes to an event.
    GoToEvent(Coordinates),
    /// Chooses the event before.
    PreviousEvent,
    /// Chooses the event after.
    NextEvent,
    /// Chooses the event before with the same key.
    PreviousOfKey,
    /// Chooses the event after with the same key.
    NextOfKey,
    /// Chooses the first event.
    FirstEvent,
    /// Chooses the last event.
    LastEvent,
    /// Opens what is chosen in the inspector.
    OpenChosen,
    /// Chooses an event for all panes, or none.
    Select(Option<Selection>),

    /// Shows less time in more detail.
    ZoomIn,
    /// Shows more time.
    ZoomOut,
    /// Moves to earlier.
    PanLeft,
    /// Moves to later.
    PanRight,
    /// Shows the chosen event or range with a little around it.
    FitSelection,
    /// Shows all the time there is.
    ResetView,
    /// Shows a range of time.
    View(TimeRange),
    /// Marks a range of time, or none.
    MarkRange(Option<TimeRange>),
    /// Folds idle time away, or shows it.
    ToggleFold,
    /// A lane for each topic, or for each partition.
    ToggleLanes,
    /// Keeps a topic's lanes above the others, or lets them go.
    TogglePin(TopicName),

    /// Turns the story: newest or oldest first.
    ToggleOrder,
    /// Keeps the newest event in sight, or stays.
    ToggleFollow,
    /// Adds a column to the story.
    AddColumn(Column),
    /// Takes a column out of the story.
    RemoveColumn(Column),
    /// Moves a column by so many places; negative is to the left.
    MoveColumn(Column, isize),

    /// Shows or hides a topic's events.
    ToggleTopic(TopicName),
    /// Shows a topic's events and no other's.
    OnlyTopic(TopicName),
    /// Shows every topic's events.
    ShowAllTopics,
    /// Hides every topic's events.
    HideAllTopics,
    /// Lists internal topics too, or not.
    ToggleInternal,
    /// Opens or shuts a topic's details in the catalogue.
    ToggleDetails(TopicName),
    /// Opens or shuts a consumer group's partitions in the catalogue.
    ToggleGroup(Arc<str>),
    /// Shows a consumer group in the catalogue, with its partitions.
    ShowGroup(Arc<str>),
    /// Decodes a topic's keys and values so.
    SetFormats(TopicName, Chosen),
    /// Reads more of a topic's past.
    ReadMore(TopicName),
    /// Reads all of a topic.
    ReadAll(TopicName),

    /// Reads so much of a topic when it is first shown.
    ReadAtFirst(Depth),
    /// Puts a bookmark at the chosen event, or takes it away.
    ToggleBookmark,

    /// Takes the canvas's pipeline away, to begin another.
    NewPipeline,
    /// Asks for a pipeline's file and opens it.
    OpenPipeline,
    /// Saves the pipeline in the file that it came from.
    SavePipeline,
    /// Asks where to save the pipeline.
    SavePipelineAs,
    /// Changes the pipeline on the canvas to this text.
    SetPipeline(Option<String>),
    /// Changes the pipeline to this text, as one of many small changes: those of one stretch are taken back together.
    WritePipeline(String, u64),
    /// Puts another pipeline on the canvas: its text, and the file that it is of.
    PutPipeline(String, Option<PathBuf>),
    /// Adds a topic to the pipeline: as a table, or as a stream.
    AddTopicToPipeline(TopicName, bool),
    /// Adds a topic's stream with a filter behind it to the pipeline.
    AddFilterToPipeline(TopicName, String),
    /// Offers topics and steps to be added to the canvas.
    AddToCanvas,
    /// Offers what fits behind the chosen node, and the nodes that can take its rows.
    ConnectNode,
    /// Puts the cursor into the chosen node's form.
    EditNode,
    /// Gives the keyboard to the canvas's cards.
    FocusCanvas,
    /// Chooses every node and note.
    SelectAllNodes,
    /// Lines up the chosen nodes.
    AlignNodes(Align),
    /// Writes a note on the canvas, around the chosen nodes.
    AddNote,
    /// Copies the chosen nodes as a pipeline's text.
    CopyNodes,
    /// Puts the nodes of a pipeline's text beside those on the canvas.
    PasteNodes(String),
    /// Copies the chosen nodes and puts them beside themselves.
    DuplicateNodes,
    /// Brings the whole pipeline into sight.
    FitCanvas,
    /// Looks elsewhere on the canvas, or nearer.
    LookAt(Look),
    /// Takes a wire away: from the input of a node, by its number.
    CutWire(String, usize),
    /// Offers steps to be put into a wire: the one to the input of a node, by its number.
    AddToWire(String, usize),
    /// Runs the pipeline over history up to the chosen event.
    CutAtEvent,
    /// Puts a text on the clipboard.
    CopyText(String),
    /// Runs the pipeline over history up to a moment, in nanoseconds since the epoch; over all of it without one.
    CutHistory(Option<i64>),
    /// Looks at the view as of a moment, in milliseconds since the epoch; as of now without one.
    LookBack(Option<i64>),
    /// Runs the pipeline over a stretch of history.
    RunOverRange(TimeRange),
    /// Runs the pipeline over the stretch of time that is marked.
    RunOverMarked,
    /// Looks at a node, or at none.
    ChooseNode(Option<String>),
    /// Lists what the chosen node set aside.
    ShowAside,
    /// Takes the chosen node away.
    RemoveNode,
    /// Puts the nodes in order on the canvas.
    ArrangePipeline,
    /// Runs the pipeline over what the log holds by now.
    RunAgain,
    /// Shows the view's rows as a table, or as a chart.
    ToggleChart,
    /// Puts the cursor where a condition for the view's rows is written.
    FilterRows,
    /// Opens what stands beside the view's rows, or shuts it.
    ShowDetails,
    /// Shows a column of the view in figures.
    ShowColumn,
    /// Opens the past of the view, or shuts it.
    ShowPast,
    /// Goes back from a moment of the past to now.
    AsOfNow,
    /// Marks the moment that is looked at: A, then B.
    MarkMoment,
    /// Lists what became of the chosen row.
    RowHistory,
    /// Derives the view again from the log, and compares.
    DeriveAgain,
    /// Explains the chosen row by the events that made it.
    WhyHere,
    /// Explains how far the chosen event gets in the pipeline.
    HowFar,
    /// Points events out in all panes.
    MarkEvents(PointedOut),
    /// Asks where to write the view that is shown, or thinks better of it.
    ExportView,

    /// Ties what has been read into threads, and looks for what is unusual.
    TieThreads,
    /// Opens the thread of the chosen event.
    ThreadOfEvent,
    /// Opens the thread that a value leads to.
    FindThread(String),
    /// Lists the threads in which a service takes part.
    ThreadsOfService(Arc<str>),
    /// Opens the thread of an event, which need not be chosen.
    ThreadOf(Coordinates),
    /// Opens the next of several threads that a value leads to.
    NextOfId,
    /// Opens a thread that has been tied, by one of its events.
    OpenThread(Coordinates),
    /// Shows the events of the thread that is shown, and no others, in the story.
    ThreadInStory,
    /// Puts the cursor where an id is looked for.
    LookForThread,
    /// Puts the cursor where a condition for threads is written.
    FilterThreads,
    /// Lists threads, or findings.
    ToggleFindings,
    /// Sorts the list by the next of its columns.
    SortThreads,
    /// Lists only threads and findings in the marked range, or all.
    ThreadsInRange,
    /// Shows by which fields events are tied, or the list again.
    ShowTyingFields,
    /// Says what a field of a topic is good for.
    TieBy(TopicName, FieldUse),
    /// Says where a topic's steps are named; as suggested without one.
    SetStep(TopicName, Option<Vec<StepField>>),
    /// Keeps a topic's events out of threads, or lets them take part.
    KeepOut(TopicName, bool),
    /// Ties a topic's events as the data suggests.
    TieAsSuggested(TopicName),
    /// Lists what is unusual: one kind, or all.
    ShowFindings(Option<Kind>),
    /// Draws the thread's steps evenly, or as far apart as they are in time.
    ToggleDistances,
    /// Shows how fields change along the thread, or not.
    ShowThreadValues,
    /// Holds the map of threads in a range against those in another, or not.
    CompareRanges,
    /// Takes the marked range as the first of the two that are compared.
    CompareFrom,
    /// Takes the marked range as the second of the two that are compared.
    CompareTo,
    /// Copies the thread that is shown.
    CopyThread(Form),
    /// Asks for a file and writes the thread that is shown to it.
    SaveThread(Form),
    /// Writes the thread that is shown to this file.
    WriteThread(Form, PathBuf),

    /// Dark or light.
    ToggleTheme,
    /// UTC or local time.
    ToggleZone,
    /// Larger or smaller everything, in steps of ten per cent.
    Scale(i8),
    /// Brings a pane to the front.
    ShowPane(PaneKind),
    /// Puts the panes where they were at first.
    ResetLayout,
    /// Lists every command.
    ShowPalette,
    /// Lists every shortcut.
    ShowKeys,
    /// Shows the settings.
    ShowSettings,
    /// Closes what is in front, then clears the search, then the selection.
    Back,
    /// Ends a job.
    CancelJob(JobId),
    /// Says something that matters for a moment.
    Notify(String),
}

impl Command {
    /// What a key that means this means while the canvas has the keyboard.
    pub fn on_canvas(self) -> Self {
        match self {
            Self::CopyJson => Self::CopyNodes,
            Self::OpenChosen => Self::EditNode,
            Self::FitSelection => Self::FitCanvas,
            Self::ZoomIn => Self::LookAt(Look::Nearer),
            Self::ZoomOut => Self::LookAt(Look::Further),
            Self::PanLeft => Self::LookAt(Look::Left),
            Self::PanRight => Self::LookAt(Look::Right),
            other => other,
        }
    }

    /// Whether its keys mean it only while the canvas has the keyboard.
    pub fn is_of_canvas(&self) -> bool {
        matches!(
            self,
            Self::RemoveNode | Self::DuplicateNodes | Self::SelectAllNodes | Self::FitCanvas | Self::LookAt(_)
        )
    }
}

/// Where panes put the commands they send; the window takes them at the beginning of the next frame.
#[derive(Debug, Default)]
pub struct Commands {
    waiting: RefCell<Vec<Command>>,
}

impl Commands {
    /// Sends a command.
    pub fn send(&self, command: Command) {
        self.waiting.borrow_mut().push(command);
    }

    /// Takes all that was sent, oldest first.
    pub fn take(&self) -> Vec<Command> {
        std::mem::take(&mut self.waiting.borrow_mut())
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }
}
