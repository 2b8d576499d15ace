//! Secrets in the system's keychain. Every call may wait for the system or for a person: never from the window's thread.

use super::profile::{Profile, Secrets};

const SERVICE: &str = "fabula";

/// The secrets that a profile has in the keychain. A keychain that cannot be asked has none: they are then asked for.
pub fn recall(profile: &Profile) -> Secrets {
    let mut secrets = Secrets::default();
    if !profile.keep_secrets {
        return secrets;
    }
    let Ok(entry) = keyring::Entry::new(SERVICE, profile.title()) else { return secrets };
    let Ok(text) = entry.get_password() else { return secrets };
    let kept: Vec<(String, String)> = serde_json::from_str(&text).unwrap_or_default();
    for (property, secret) in kept {
        *secrets.entry(&property) = secret;
    }
    secrets
}

/// Puts a profile's secrets into the keychain, or takes them out where they are not to be kept.
///
/// # Errors
/// When the system's keychain cannot be used; in one line.
pub fn keep(profile: &Profile, secrets: &Secrets) -> Result<(), String> {
    let refused = |error: keyring::Error| {
        format!("the system's keychain keeps no secrets here ({error}); they will be asked for each time")
    };
    if secrets.iter().next().is_none() {
        return Ok(());
    }
    let entry = keyring::Entry::new(SERVICE, profile.title());
    if !profile.keep_secrets {
        // Nothing to take out is as good as taken out.
        let _ = entry.and_then(|entry| entry.delete_credential());
        return Ok(());
    }
    let kept: Vec<(&str, &str)> = secrets.iter().collect();
    let text = serde_json::to_string(&kept).map_err(|error| error.to_string())?;
    entry.and_then(|entry| entry.set_password(&text)).map_err(refused)
}

/// Takes a profile's secrets out of the keychain.
pub fn forget(profile: &Profile) {
    if let Ok(entry) = keyring::Entry::new(SERVICE, profile.title()) {
        // Nothing to take out is as good as taken out.
        let _ = entry.delete_credential();
    }
}
