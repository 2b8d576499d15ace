//! The program's entry.

fn main() -> anyhow::Result<()> {
    fabula::run_window(fabula::window::Options::default())
}
