//! The kcat command that prints an event.

use super::Settings;
use crate::event::Coordinates;
use crate::log::Isolation;

/// The command that prints one event with kcat, for a shell. A secret is left to a variable of the shell's
/// (`sasl.password` to `$SASL_PASSWORD`).
pub fn kcat_command(settings: &Settings, event: &Coordinates) -> String {
    let mut words = vec!["kcat".to_owned(), "-C".to_owned(), "-b".to_owned(), quote(settings.brokers())];
    for (name, value) in settings.without_secrets() {
        let implied = name == "bootstrap.servers" || value == Isolation::ReadCommitted.name();
        if !implied {
            words.extend(["-X".to_owned(), quote(&format!("{name}={value}"))]);
        }
    }
    for (name, _) in settings.secrets() {
        let variable = name.replace('.', "_").to_uppercase();
        words.extend(["-X".to_owned(), format!("{name}=\"${variable}\"")]);
    }
    words.push(format!("-t {} -p {} -o {} -c 1 -e -J", quote(&event.topic), event.partition, event.offset));
    words.join(" ")
}

/// A word for a POSIX shell, quoted only if it must be.
fn quote(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=,@%+".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
