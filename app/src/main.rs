//! The program's entry.

fn main() -> std::process::ExitCode {
    fabula::cli::main()
}
