//! Pythons of the tests' own, each with what it needs from PyPI.

use std::path::PathBuf;
use std::process::Command;

use crate::part;

/// The interpreter of an environment with these packages, made where it is not here yet.
///
/// # Errors
/// What is missing, for a person.
pub(crate) fn with(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let home = part::target()?.join(name);
    let (python, done) = (home.join("bin").join("python"), home.join("done"));
    if std::fs::read_to_string(&done).is_ok_and(|known| known == packages.join(" ")) {
        return Ok(python);
    }
    let run = |command: &mut Command| {
        let output = command.output().map_err(|error| format!("python3 is not installed: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let why = said.lines().last().unwrap_or("no reason given");
        if output.status.success() {
            Ok(())
        } else {
            Err(format!("Python's {} can't be had: {why}", packages.join(", ")))
        }
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    std::fs::write(&done, packages.join(" ")).map_err(|error| error.to_string())?;
    Ok(python)
}
