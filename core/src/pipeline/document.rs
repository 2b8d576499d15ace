//! A pipeline's file: its text, and the pipeline that it holds.

mod change;
mod comment;
mod edit;
mod ends;
mod fields;
mod fresh;
mod inline;
mod lines;
mod list;
mod node;
mod notes;
mod read;
mod rename;
mod setting;
mod table;
#[cfg(test)]
pub(super) mod tests;
mod version;

use toml_edit::{Document as Toml, DocumentMut};

use self::ends::Ends;
use self::lines::{Lines, locate};
use super::check::check;
use super::name::name_fault;
use super::{NodeKind, Note, Pipeline, Problem, VERSION};

/// The largest file that is read, in bytes.
const LARGEST: usize = 4 << 20;

/// How many tables with a header a file may have; what reads TOML takes the square of it in time.
const MOST_HEADERS: usize = 8_000;

/// Up to this many bytes, every mistake against TOML is looked for rather than the first.
const SMALL: usize = 256 << 10;

/// A pipeline's file: its TOML text, and the pipeline that it holds. The two always agree.
///
/// At the top stand `version`, `name` and `description`; each node is a table, `[nodes.name]`, whose `kind` says which
/// settings it has; `[layout]` has the place of each node on the canvas, `name = [x, y]`;
/// each `[[notes]]` is a box on the canvas with words in it: `text`, `at = [x, y]`, `size = [width, height]`.
///
/// | kind | settings (those in brackets may be left out) |
/// |---|---|
/// | `stream`, `table` | `topic` \[`time`\] |
/// | `filter` | `input` `where` |
/// | `project` | `input` `select` |
/// | `rekey` | `input` `by` |
/// | `flatten` | `input` `field` `as` \[`outer`\] |
/// | `merge` | `inputs` |
/// | `aggregate` | `input` \[`by` `window` `grace` `select` `emit`\] |
/// | `join` | \[`how`\] `left` `right` `on` \[`within` `grace`\] |
/// | `deduplicate` | `input` \[`by` `within` `keep`\] |
/// | `top-n` | `input` \[`by`\] `order` `n` |
/// | `view` | `input` |
///
/// A list (`inputs`, `by`, `on`, `order`) may be one text. `select` is a table, `{ name = "expr" }`, or a list of
/// `"expr AS name"`; an expression without a name is its own. A `window` is `{ kind = "tumbling", size = "1m" }`,
/// `{ kind = "hopping", size = "5m", advance = "1m" }`, `{ kind = "sliding", size = "1m" }` or
/// `{ kind = "session", gap = "30m" }`; `within` is `{ before = "0s", after = "10m" }`, or one span for both; an entry of
/// `order` is `"expr"`, `"expr asc"` or `"expr desc"`.
///
/// ```
/// use fabula_core::pipeline::Document;
///
/// let text = "version = 1 # the first\n\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\" # EU only\n";
/// let mut document = Document::parse(text).unwrap();
/// let mut pipeline = document.pipeline().clone();
/// pipeline.nodes[0].name = "placed".to_owned();
/// document.set_pipeline(&pipeline).unwrap();
/// assert_eq!(document.text(), text.replace("nodes.orders", "nodes.placed"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    text: String,
    pipeline: Pipeline,
}

impl Document {
    /// Reads a file. A file of an older version is brought to the present one.
    ///
    /// # Errors
    /// Everything that keeps the file from being read as a pipeline, in its order, each with its line. Whether the
    /// pipeline makes sense is for [`Document::check`].
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        Self::parse_with(text, &version::MIGRATIONS)
    }

    fn parse_with(text: &str, migrations: &[version::Migration]) -> Result<Self, Vec<Problem>> {
        if let Some(problem) = too_much(text) {
            return Err(vec![problem]);
        }
        let (ends, plain) = Ends::plain(text);
        let toml = Toml::parse(&*plain).map_err(|error| not_toml(&plain, &error))?;
        let read = version::read_versioned(&toml, migrations)?;
        let text = read.migrated.map_or_else(|| text.to_owned(), |migrated| ends.restore(migrated));
        Ok(Self { text, pipeline: read.pipeline })
    }

    /// Writes a new file.
    ///
    /// # Errors
    /// As [`Document::set_pipeline`].
    pub fn of(pipeline: &Pipeline) -> Result<Self, Vec<Problem>> {
        let empty = format!("version = {VERSION}\nname = \"\"\n");
        let mut document = Self { text: empty, pipeline: Pipeline::default() };
        document.set_pipeline(pipeline)?;
        Ok(document)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pipeline that the text holds.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Everything that is wrong with the pipeline and needs no columns to be seen ([`check`]), each with its line.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = check(&self.pipeline);
        self.locate(&mut problems);
        problems
    }

    /// Gives problems of this pipeline the lines in which they stand: that of the setting, else that of the node.
    pub fn locate(&self, problems: &mut [Problem]) {
        let (_, plain) = Ends::plain(&self.text);
        if let Ok(toml) = Toml::parse(&*plain) {
            locate(&toml, problems);
        }
    }

    /// Gives every node a place on the canvas: one that is called otherwise than in an earlier pipeline the place that it had
    /// there. Places of nodes that are not there are dropped.
    ///
    /// # Errors
    /// What can't be written, as [`Document::set_pipeline`].
    pub fn keep_places(&mut self, before: &Pipeline) -> Result<(), Vec<Problem>> {
        let placed = rename::with_places(before, &self.pipeline);
        self.set_pipeline(&placed)
    }

    /// Makes the file hold another pipeline. Only what differs is written: order, form and comments of everything else
    /// stay, and a node of another name that does the same goes on in its place. White space around the expressions of
    /// `select` and `order` is not kept.
    ///
    /// # Errors
    /// What can't be written: a node's name that is none or is taken, a place on the canvas that is no number. The
    /// file stays as it was.
    pub fn set_pipeline(&mut self, pipeline: &Pipeline) -> Result<(), Vec<Problem>> {
        let pipeline = trimmed(pipeline);
        if pipeline == self.pipeline {
            return Ok(());
        }
        let problems = unwritable(&pipeline);
        if !problems.is_empty() {
            return Err(problems);
        }
        let (ends, plain) = Ends::plain(&self.text);
        let toml: DocumentMut = plain.parse().map_err(|error| not_toml(&plain, &error))?;
        let mut changed = toml;
        edit::edit(&mut changed, &self.pipeline, &pipeline);
        let changed = Self::parse(&ends.restore(changed.to_string()))?;
        if changed.pipeline != pipeline {
            return Err(vec![Problem::of_file("this change can't be written into the file as it stands")]);
        }
        *self = changed;
        Ok(())
    }
}

/// Why a text is not even looked at.
fn too_much(text: &str) -> Option<Problem> {
    if text.len() > LARGEST {
        let megabytes = text.len() / (1 << 20);
        return Some(Problem::of_file(format!("a file of {megabytes} MB is no pipeline's: at most 4 MB are read")));
    }
    let headers = text.lines().filter(|line| line.trim_start().starts_with('[')).count();
    let many = headers > MOST_HEADERS;
    many.then(|| Problem::of_file(format!("{headers} tables are no pipeline's: at most {MOST_HEADERS} are read")))
}

/// What keeps a text from being TOML: of a line the first mistake, since others follow from it.
fn not_toml(text: &str, first: &toml_edit::TomlError) -> Vec<Problem> {
    let lines = Lines::of(text);
    let mut found = vec![(first.span().map_or(0, |span| span.start), first.message().to_owned())];
    if text.len() <= SMALL {
        let (_, mistakes) = toml::de::DeTable::parse_recoverable(text);
        let place = |mistake: &toml::de::Error| mistake.span().map_or(0, |span| span.start);
        found.extend(mistakes.iter().map(|mistake| (place(mistake), mistake.message().to_owned())));
        found.sort();
    }
    let mut problems: Vec<Problem> = Vec::new();
    for (at, message) in found {
        let line = Some(lines.at(at));
        if problems.last().is_none_or(|last| last.line != line) {
            problems.push(Problem { line, ..Problem::of_file(format!("this is not TOML: {message}")) });
        }
    }
    problems.truncate(100);
    problems
}

/// The pipeline without the white space that a list would not keep.
fn trimmed(pipeline: &Pipeline) -> Pipeline {
    let mut pipeline = pipeline.clone();
    for node in &mut pipeline.nodes {
        match &mut node.kind {
            NodeKind::Project { select, .. } | NodeKind::Aggregate { select, .. } => {
                select.iter_mut().for_each(|column| column.expr = column.expr.trim().to_owned());
            }
            NodeKind::TopN { order, .. } => {
                order.iter_mut().for_each(|order| order.expr = order.expr.trim().to_owned());
            }
            _ => {}
        }
    }
    pipeline
}

fn unwritable(pipeline: &Pipeline) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, node) in pipeline.nodes.iter().enumerate() {
        problems.extend(name_fault(&node.name).map(|fault| Problem::of_node(&node.name, fault)));
        if pipeline.nodes[..at].iter().any(|other| other.name == node.name) {
            problems.push(Problem::of_node(&node.name, "another node has this name"));
        }
    }
    for (name, place) in &pipeline.layout {
        if !place.iter().all(|number| number.is_finite()) {
            problems.push(Problem::of_node(name, "its place on the canvas is no number"));
        }
    }
    let numbers = |note: &Note| note.at.iter().chain(&note.size).all(|number| number.is_finite());
    if !pipeline.notes.iter().all(numbers) {
        problems.push(Problem::of_file("the place of a note on the canvas is no number"));
    }
    problems
}
