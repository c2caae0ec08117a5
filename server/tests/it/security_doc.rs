//! Compares `docs/security.md` with the tests: each requirement has a row, and at least one test that carries its id.
//!
//! A test carries ids by a comment above it: `/// Security: 7.2.4, 14.3.1` in Rust, `// Security: 7.2.4` in browser tests.

use std::{collections::BTreeMap, fs, path::Path};

use server::{Settings, settings::Build};
use session::{SessionConfig, SigningKeys};

const DOCUMENT: &str = include_str!("../../../docs/security.md");

/// Where tests are, from the root of the project.
const FOLDERS: [&str; 7] =
    ["app/src", "web/src", "server/src", "server/tests", "session/src", "session/tests", "end2end"];

/// The requirements: OWASP ASVS 5.0 by number; those of the OWASP Session Management Cheat Sheet and of this project by name.
#[rustfmt::skip]
const REQUIRED: &[&str] = &[
    "7.1.1", "7.1.2", "7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.3.1", "7.3.2", "7.4.1", "7.4.2",
    "7.4.3", "7.4.4", "7.4.5", "7.5.1", "7.5.2", "3.2.2", "3.3.1", "3.3.2", "3.3.3", "3.3.4",
    "3.3.5", "3.4.1", "3.4.3", "3.4.4", "3.4.5", "3.4.6", "3.4.7", "3.4.8", "3.5.1", "3.5.2",
    "3.5.3", "3.7.2", "6.1.2", "6.2.1", "6.2.3", "6.2.4", "6.2.5", "6.2.7", "6.2.8", "6.2.9",
    "6.2.11", "6.3.1", "6.3.2", "6.3.8", "8.3.1", "11.4.2", "13.3.1", "13.3.4", "14.2.1", "14.3.1",
    "14.3.2", "15.2.2", "15.3.4", "15.4.1", "15.4.2", "2.3.3", "2.4.1", "16.2.5", "16.3.1",
    "16.3.2", "16.3.3", "16.5.1", "16.5.3", "never adopted", "hashed at rest", "tampered cookies",
    "copied old cookies", "power cuts", "a warning before the end", "what was typed survives",
];

/// The number of tests that carry each id.
type Tests = BTreeMap<String, usize>;

/// Counts the ids above tests. Tests that are ignored or skipped do not count.
fn read_tests(source: &str, tests: &mut Tests) {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    for (index, line) in lines.iter().enumerate() {
        let ids = line.strip_prefix("/// Security: ").or_else(|| line.strip_prefix("// Security: "));
        let Some(ids) = ids.filter(|_| is_above_test(&lines[index + 1..])) else { continue };
        for id in ids.split(", ") {
            *tests.entry(id.to_owned()).or_default() += 1;
        }
    }
}

fn is_above_test(lines: &[&str]) -> bool {
    let attributes: Vec<_> = lines.iter().take_while(|line| line.starts_with("#[")).collect();
    let is_rust_test =
        attributes.iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
    let is_ignored = attributes.iter().any(|line| line.starts_with("#[ignore"));
    is_rust_test && !is_ignored || lines.first().is_some_and(|line| line.starts_with("test("))
}

fn read_folder(folder: &Path, tests: &mut Tests) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "node_modules" {
            read_folder(&path, tests);
        } else if name.ends_with(".rs") || name.ends_with(".ts") {
            read_tests(&fs::read_to_string(&path).unwrap(), tests);
        }
    }
}

/// The header of the tables of met requirements.
const HEADER: [&str; 3] = ["id", "what it asks", "how it is met"];

/// The rows of these tables.
fn rows(document: &str) -> Vec<Vec<&str>> {
    let (mut rows, mut is_inside) = (Vec::new(), false);
    for line in document.lines() {
        let cells = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
        let Some(cells) = cells.map(|cells| cells.split('|').map(str::trim).collect::<Vec<_>>()) else {
            is_inside = false;
            continue;
        };
        if is_inside && !cells[0].starts_with("---") {
            rows.push(cells);
        } else if cells == HEADER {
            is_inside = true;
        }
    }
    rows
}

fn problems(document: &str, required: &[&str], tests: &Tests) -> Vec<String> {
    let (mut problems, mut missing) = (Vec::new(), required.to_vec());
    let mut unknown: Vec<_> = tests.keys().cloned().collect();
    for row in rows(document) {
        let id = row[0].split(" (").next().unwrap();
        missing.retain(|required| *required != id);
        unknown.retain(|carried| carried != id);
        if !required.contains(&id) {
            problems.push(format!("{id} is not a requirement"));
        }
        if row.iter().any(|cell| cell.is_empty()) {
            problems.push(format!("{id} has an empty cell"));
        }
        if !tests.contains_key(id) {
            problems.push(format!("no test carries {id}"));
        }
    }
    problems.extend(missing.iter().map(|id| format!("{id} has no row")));
    problems.extend(unknown.iter().map(|id| format!("a test carries {id}, which has no row")));
    problems
}

#[test]
fn every_requirement_has_a_row_and_a_test() {
    let mut tests = Tests::new();
    for folder in FOLDERS {
        read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder), &mut tests);
    }
    let problems = problems(DOCUMENT, REQUIRED, &tests);
    assert!(problems.is_empty(), "docs/security.md:\n{}", problems.join("\n"));
    assert!(tests.values().sum::<usize>() > 200, "{tests:?}");
}

#[test]
fn every_kind_of_problem_is_found() {
    let mut tests = Tests::new();
    read_tests(
        "/// Security: 1.1, 1.2\n#[test]\nfn a() {}\n/// Security: 1.3\n#[test]\n#[ignore]\nfn b() {}",
        &mut tests,
    );
    read_tests("  // Security: 1.1\n  test(\"a\", f);\n// Security: 1.4\ntest.skip(\"b\", f);", &mut tests);
    assert_eq!(tests, Tests::from([("1.1".to_owned(), 2), ("1.2".to_owned(), 1)]));
    let check = |rows: &str| {
        problems(
            &format!("| {} |\n| --- | --- | --- |\n{rows}\n", HEADER.join(" | ")),
            &["1.1", "1.2"],
            &tests,
        )
    };
    assert_eq!(check("| 1.1 (2) | a | b |\n| 1.2 | a | b |"), [""; 0]);
    for (rows, problem) in [
        ("| 1.1 | a | b |", vec!["1.2 has no row", "a test carries 1.2, which has no row"]),
        ("| 1.1 | a | |\n| 1.2 | a | b |", vec!["1.1 has an empty cell"]),
        (
            "| 1.1 | a | b |\n| 1.2 | a | b |\n| 9 | a | b |",
            vec!["9 is not a requirement", "no test carries 9"],
        ),
    ] {
        assert_eq!(check(rows), problem, "{rows}");
    }
}

#[test]
fn the_durations_in_the_document_are_the_defaults() {
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
