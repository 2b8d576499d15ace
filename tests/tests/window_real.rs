//! The real window on a virtual display.

use fabula_core::pipeline::{Document, Node};
use fabula_tests::part;
use fabula_tests::program;
use fabula_tests::walkthrough;
use fabula_tests::window::{Display, Opened};

#[test]
fn the_window_opens_on_the_sample_takes_keys_and_closes() -> anyhow::Result<()> {
    if let Some(missing) = Display::missing_part() {
        part::skipped("the_window_opens_on_the_sample_takes_keys_and_closes", missing);
        return Ok(());
    }
    let (display, home) = (Display::start(1280, 800)?, tempfile::tempdir()?);
    let window = Opened::start(&display, home.path(), &[])?;
    assert!(window.title()?.contains("Fabula"), "{}", window.title()?);
    let before = window.picture_at_rest()?;
    assert!(before.colours() > 32, "the window is empty: {} colours", before.colours());
    window.press("question")?;
    window.wait_for_picture("the sheet of shortcuts", |picture| picture.difference(&before) > 0.02)?;
    assert!(window.close()?.success());
    Ok(())
}

/// The pipeline as it is calculated: where its nodes stand is a matter of the pixel that the hand hit.
fn nodes_of(text: Option<&str>) -> Vec<Node> {
    Document::parse(text.expect("a pipeline was built")).expect("it can be read").pipeline().nodes.clone()
}

#[test]
fn the_walkthrough_in_a_real_window_builds_what_it_builds_without_a_screen() -> anyhow::Result<()> {
    if let Some(missing) = Display::missing_part() {
        part::skipped("the_walkthrough_in_a_real_window_builds_what_it_builds_without_a_screen", missing);
        return Ok(());
    }
    let pictures = std::cell::Cell::new(0);
    let walked = walkthrough::walk_for_real(&walkthrough::STEPS, &|picture, file| {
        assert!(picture.colours() > 32, "{file} is empty");
        pictures.set(pictures.get() + 1);
        Ok(())
    })?;
    let (saved, built) = (nodes_of(walked.saved.as_deref()), nodes_of(walked.built.as_deref()));
    assert_eq!(saved, built);
    assert!(saved.iter().any(|node| node.name == "result") && pictures.get() == 6, "{saved:?}");
    eprintln!("walked through in {:.1} s, of which the hand waits for the picture to rest", walked.took.as_secs_f64());
    Ok(())
}

#[test]
fn a_display_that_is_not_there_is_one_clear_line() {
    let mut command = program::command::<&str>([]);
    command.env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET").env("DISPLAY", ":9999");
    let ran: program::Ran = command.output().expect("the program can be started").into();
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("display"), "{}", ran.stderr);
}
