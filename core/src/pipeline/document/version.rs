//! The version that a file is of, and how one of an older version becomes one of the present.

use toml_edit::{Document as Toml, DocumentMut, Item, Value};

use super::change::replace;
use super::lines::{Lines, locate, span};
use super::read::read;
use crate::pipeline::{Pipeline, Problem, VERSION};

/// Turns a file of one version into one of the next, its comments and its order kept.
pub(super) type Migration = fn(&mut DocumentMut);

/// The migrations: the first makes version 2 of version 1, and so on up to [`VERSION`].
pub(super) const MIGRATIONS: [Migration; VERSION as usize - 1] = [];

/// What was read: the pipeline, and the text if it had to be brought to the present version.
pub(super) struct Read {
    pub(super) pipeline: Pipeline,
    pub(super) migrated: Option<String>,
}

/// Reads a file of the version that the migrations lead to, or of one before. Lines are those of the text given.
pub(super) fn read_versioned(toml: &Toml<&str>, migrations: &[Migration]) -> Result<Read, Vec<Problem>> {
    let version = version(toml, migrations.len() + 1)?;
    let due = &migrations[version - 1..];
    if due.is_empty() {
        return Ok(Read { pipeline: read(toml)?, migrated: None });
    }
    let mut changed = Toml::parse(toml.raw().to_owned()).map_err(|_| Vec::new())?.into_mut();
    for migration in due {
        migration(&mut changed);
    }
    if let Some(Item::Value(version)) = changed.get_mut("version") {
        replace(version, Value::from(migrations.len() as i64 + 1));
    }
    let text = changed.to_string();
    let read_changed = |text: &str| match Toml::parse(text) {
        Ok(changed) => read(&changed),
        Err(error) => Err(vec![Problem::of_file(format!("version {version} can't be read: {}", error.message()))]),
    };
    match read_changed(&text) {
        Ok(pipeline) => Ok(Read { pipeline, migrated: Some(text) }),
        Err(mut problems) => {
            locate(toml, &mut problems);
            Err(problems)
        }
    }
}

fn version(toml: &Toml<&str>, newest: usize) -> Result<usize, Vec<Problem>> {
    let Some((key, item)) = toml.get_key_value("version") else {
        let problem = of_version("the file doesn't say of which version it is".to_owned());
        return Err(vec![problem.hint(format!("begin it with `version = {newest}`"))]);
    };
    let problem = match item.as_integer().map(usize::try_from) {
        Some(Ok(version)) if (1..=newest).contains(&version) => return Ok(version),
        Some(Ok(version)) if version > newest => {
            let message = format!("the file is of version {version}, and this program knows up to {newest}");
            of_version(message).hint("a newer Fabula wrote it, and can read it")
        }
        Some(_) => of_version(format!("there is no version {}", item.as_integer().unwrap_or_default())),
        None => of_version(format!("`version` takes a whole number: version = {newest}")),
    };
    let line = span(key, item).map(|at| Lines::of(toml.raw()).at(at.start));
    Err(vec![Problem { line, ..problem }])
}

fn of_version(message: String) -> Problem {
    Problem { setting: Some("version".to_owned()), ..Problem::of_file(message) }
}
