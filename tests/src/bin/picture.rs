//! Takes the README's picture: the window on the sample, on a virtual display.
//!
//! `cargo build --release --workspace --bin picture`, then `target/release/picture assets/window-dark.png [KEYS…]`, presses the keys before, by xdotool's
//! names.

use std::path::Path;

use anyhow::Context as _;
use fabula_tests::window::{Display, Opened};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("name the file to write, such as assets/window-dark.png")?;
    let (display, home) = (Display::start(1600, 1000)?, tempfile::tempdir()?);
    let window = Opened::start(&display, home.path(), &["open", "--sample"])?;
    window.picture_at_rest()?;
    for keys in arguments {
        window.press(&keys)?;
        window.picture_at_rest()?;
    }
    window.picture_at_rest()?.save(Path::new(&file))?;
    window.close()?;
    Ok(())
}
