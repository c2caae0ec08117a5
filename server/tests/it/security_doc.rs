//! Checks that each security requirement has a row in `docs/security.md` and at least one test that carries its id.

use std::{collections::BTreeSet, fs, path::Path};

use server::{Settings, settings::Build};
use session::{SessionConfig, SigningKeys};

const DOCUMENT: &str = include_str!("../../../docs/security.md");

/// The first line of the tables that this file checks.
const HEADER: &str = "| id | requirement | how it is met |";

/// Folders that contain tests, from the root of the repository. A missing folder is skipped.
const FOLDERS: [&str; 7] =
    ["app/src", "web/src", "server/src", "server/tests", "session/src", "session/tests", "end2end"];

/// Requirements of OWASP ASVS 5.0 by number, other requirements by name.
#[rustfmt::skip]
const REQUIRED: &[&str] = &[
    "2.3.3", "2.4.1",
    "3.2.2", "3.3.1", "3.3.2", "3.3.3", "3.3.4", "3.3.5", "3.4.1", "3.4.3", "3.4.4", "3.4.5", "3.4.6", "3.4.7", "3.4.8",
    "3.5.1", "3.5.2", "3.5.3", "3.7.2",
    "6.1.2", "6.2.1", "6.2.3", "6.2.4", "6.2.5", "6.2.7", "6.2.8", "6.2.9", "6.2.11", "6.3.1", "6.3.2", "6.3.8",
    "7.1.1", "7.1.2", "7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.3.1", "7.3.2",
    "7.4.1", "7.4.2", "7.4.3", "7.4.4", "7.4.5", "7.5.1", "7.5.2",
    "8.3.1", "11.4.2", "13.3.1", "13.3.4", "14.2.1", "14.3.1", "14.3.2",
    "15.2.2", "15.3.4", "15.4.1", "15.4.2",
    "16.2.5", "16.3.1", "16.3.2", "16.3.3", "16.5.1", "16.5.3",
    "never adopted", "hashed at rest", "tampered cookies", "copied old cookies", "power cuts",
    "a warning before the end", "what was typed survives",
];

#[derive(Default)]
struct Tests {
    /// The ids that tests carry.
    ids: BTreeSet<String>,
    /// The ids above something that does not run as a test.
    problems: Vec<String>,
}

impl Tests {
    fn read_folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if name != "node_modules" {
                    self.read_folder(&path);
                }
            } else if name.ends_with(".rs") || name.ends_with(".spec.ts") {
                self.read(name, &fs::read_to_string(&path).unwrap());
            }
        }
    }

    /// Reads ids from `/// Security: 1.2.3, 1.2.4` in Rust and from `// Security: 1.2.3, 1.2.4` in browser tests.
    fn read(&mut self, file: &str, source: &str) {
        let is_rust = file.ends_with(".rs");
        let marker = if is_rust { "/// Security: " } else { "// Security: " };
        let lines: Vec<_> = source.lines().map(str::trim).collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(ids) = line.strip_prefix(marker) else { continue };
            let next = &lines[index + 1..];
            let is_test = if is_rust { begins_rust_test(next) } else { begins_browser_test(next) };
            if is_test {
                self.ids.extend(ids.split(", ").map(str::to_owned));
            } else {
                self.problems.push(format!("{file}:{}: no test runs below \"{ids}\"", index + 1));
            }
        }
    }
}

fn begins_rust_test(lines: &[&str]) -> bool {
    let attributes: Vec<_> = lines.iter().take_while(|line| line.starts_with("#[")).collect();
    attributes.iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
        && !attributes.iter().any(|line| line.starts_with("#[ignore"))
}

fn begins_browser_test(lines: &[&str]) -> bool {
    lines.iter().find(|line| !line.starts_with("//")).is_some_and(|line| line.starts_with("test("))
}

/// Returns the rows of all tables that begin with [`HEADER`], split into cells.
fn rows(document: &str) -> Vec<Vec<&str>> {
    let tables = document.split("\n\n").filter_map(|block| block.split_once(HEADER));
    // Skips the rest of the header line and the line of dashes.
    let rows = tables.flat_map(|(_, table)| table.lines().skip(2));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn problems(document: &str, required: &[&str], tests: &Tests) -> Vec<String> {
    let mut problems = tests.problems.clone();
    let mut ids = Vec::new();
    for row in rows(document) {
        // Without the level: "7.2.4 (1)" has the id "7.2.4".
        let id = row[0].split(" (").next().unwrap();
        if row.len() != 3 || row.contains(&"") {
            problems.push(format!("{id}: a row has three cells with text"));
        }
        if !tests.ids.contains(id) {
            problems.push(format!("{id}: no test carries this id"));
        }
        if !required.contains(&id) {
            problems.push(format!("{id}: not in REQUIRED"));
        }
        ids.push(id);
    }
    for id in required {
        let count = ids.iter().filter(|other| *other == id).count();
        if count != 1 {
            problems.push(format!("{id}: {count} rows instead of 1"));
        }
    }
    let unknown = tests.ids.iter().filter(|id| !ids.contains(&id.as_str()));
    problems.extend(unknown.map(|id| format!("{id}: a test carries this id, but no row has it")));
    problems
}

#[test]
fn every_requirement_has_one_row_and_at_least_one_test() {
    let mut tests = Tests::default();
    for folder in FOLDERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
        if folder.exists() {
            tests.read_folder(&folder);
        }
    }
    let problems = problems(DOCUMENT, REQUIRED, &tests);
    assert!(problems.is_empty(), "docs/security.md:\n{}", problems.join("\n"));
}

#[test]
fn the_check_reports_each_kind_of_problem() {
    let check = |rows: &str, file: &str, source: &str| {
        let table = format!("{HEADER}\n| --- | --- | --- |\n{rows}");
        let not_met = "| id | requirement | why it is not met |\n| --- | --- | --- |\n| 9 | a | b |";
        let mut tests = Tests::default();
        tests.read(file, source);
        problems(&format!("# Title\n\n{table}\n\n{not_met}\n"), &["1.1"], &tests)
    };
    let row = "| 1.1 (2) | a | b |";
    let rust = "/// Security: 1.1\n#[test]\nfn works() {}";
    let browser = "  // Security: 1.1\n  // A reason.\n  test(`opens ${page}`, f);";
    for (file, source) in [
        ("a.rs", rust),
        ("a.rs", "/// Text.\n  /// Security: 1.1\n  #[cfg(unix)]\n  #[tokio::test(start_paused = true)]"),
        ("a.spec.ts", browser),
    ] {
        assert_eq!(check(row, file, source), [""; 0], "{source}");
    }
    for (rows, file, source, problem) in [
        ("", "a.rs", "", "1.1: 0 rows instead of 1"),
        ("| 1.1 | a | b |\n| 1.1 | c | d |", "a.rs", rust, "1.1: 2 rows instead of 1"),
        ("| 1.1 | a |", "a.rs", rust, "1.1: a row has three cells with text"),
        ("| 1.1 | | b |", "a.rs", rust, "1.1: a row has three cells with text"),
        (row, "a.rs", "#[test]\nfn works() {}", "1.1: no test carries this id"),
        (row, "a.rs", browser, "1.1: no test carries this id"),
        (row, "a.spec.ts", rust, "1.1: no test carries this id"),
        (
            row,
            "a.rs",
            "/// Security: 1.1, 1.2\n#[test]\nfn works() {}",
            "1.2: a test carries this id, but no row has it",
        ),
    ] {
        assert_eq!(check(rows, file, source), [problem], "{rows} {source}");
    }
    for (file, source) in [
        ("a.rs", "/// Security: 1.1\nfn helps() {}"),
        ("a.rs", "/// Security: 1.1\n#[test]\n#[ignore = \"slow\"]\nfn sleeps() {}"),
        ("a.spec.ts", "// Security: 1.1\ntest.skip(\"waits\", f);"),
    ] {
        let line = format!("{file}:1: no test runs below \"1.1\"");
        assert_eq!(check(row, file, source), [line.as_str(), "1.1: no test carries this id"], "{source}");
    }
    let two_rows = format!("{row}\n| 1.2 | a | b |");
    let two_ids = "/// Security: 1.1, 1.2\n#[test]\nfn works() {}";
    assert_eq!(check(&two_rows, "a.rs", two_ids), ["1.2: not in REQUIRED"]);
}

/// Security: 7.1.1, 7.1.2
#[test]
fn the_documented_lifetimes_match_the_settings() {
    let keys = SigningKeys::generate();
    let settings = Settings::read(Build::current(), |_| None, || Ok(keys.clone())).unwrap();
    let most = SessionConfig::new(settings.keys.clone()).most_per_owner;
    for text in [
        format!("{} minutes", settings.idle.whole_minutes()),
        format!("{} hours", settings.lifetime.whole_hours()),
        format!("{} days", settings.remembered.whole_days()),
        format!("{most} sessions"),
    ] {
        assert!(DOCUMENT.contains(&format!("**{text}**")), "{text}");
    }
}
