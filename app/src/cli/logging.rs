//! What the program says of its inner workings, for whoever sets `FABULA_LOG`.

use tracing_subscriber::EnvFilter;

/// Writes traces to stderr as `FABULA_LOG` says, e.g. `FABULA_LOG=fabula_core=debug`; by default nothing, since what a
/// person should know is said where it happened.
pub fn start() {
    let filter = EnvFilter::try_from_env("FABULA_LOG").unwrap_or_else(|_| EnvFilter::new("off"));
    // Only a second start in one process could fail, and then the first one stands.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
