//! Takes the README's pictures: the window on the sample, on a virtual display.
//!
//! `target/release/picture walkthrough` takes those of the walkthroughs, into `assets`;
//! `target/release/picture assets/window-dark.png [KEYS…]` takes one, after pressing the keys, by xdotool's names.

use std::path::Path;

use anyhow::Context as _;
use fabula_tests::walkthrough;
use fabula_tests::window::{Display, Opened};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("name the file to write, such as assets/window-dark.png, or “walkthrough”")?;
    if file == "walkthrough" {
        let folder = arguments.next().unwrap_or_else(|| "assets".to_owned());
        walkthrough::take_pictures(Path::new(&folder), &walkthrough::STEPS)?;
        return walkthrough::take_pictures(Path::new(&folder), &walkthrough::INCIDENT);
    }
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
