//! `snippets check FILE…` checks that the code in Markdown files is that of the sources; `snippets write FILE…` updates it. Run it in the
//! root of the repository.

#![expect(clippy::print_stderr, reason = "the program reports problems")]

use std::{env, fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (write, files) = match arguments.split_first() {
        Some((command, files)) if command == "check" => (false, files),
        Some((command, files)) if command == "write" => (true, files),
        _ => {
            eprintln!("Usage: snippets check|write FILE.md…");
            return ExitCode::FAILURE;
        }
    };
    let problems = files.iter().filter_map(|file| update(file, write).err());
    let count = problems.inspect(|problem| eprintln!("{problem}")).count();
    if count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks or writes one file.
fn update(file: &str, write: bool) -> Result<(), String> {
    let markdown = fs::read_to_string(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
    let updated = snippets::update(&markdown, Path::new(".")).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(|problem| format!("{file}, {problem}")).collect();
        problems.join("\n")
    })?;
    if write {
        fs::write(file, updated).map_err(|error| format!("{file} cannot be written: {error}"))
    } else if updated == markdown {
        Ok(())
    } else {
        Err(format!(
            "{file} shows code that has changed. Update it with: cargo run -p snippets -- write {file}"
        ))
    }
}
