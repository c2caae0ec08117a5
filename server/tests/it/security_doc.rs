//! Holds `docs/security.md` against the sources: each requirement has a row, and each row names tests that exist.

use std::{collections::BTreeMap, fs, path::Path};

use server::{Settings, settings::Build};
use session::{SessionConfig, SigningKeys};

const DOCUMENT: &str = include_str!("../../../docs/security.md");

/// Where tests are, from the root of the project.
const FOLDERS: [&str; 6] =
    ["app/src", "server/src", "server/tests", "session/src", "session/tests", "end2end"];

/// The requirements: OWASP ASVS 5.0 by number; those of the OWASP Session Management Cheat Sheet beyond them, and our own, by name.
const REQUIRED: &[&str] = &[
    "7.1.1",
    "7.1.2",
    "7.2.1",
    "7.2.2",
    "7.2.3",
    "7.2.4",
    "7.3.1",
    "7.3.2",
    "7.4.1",
    "7.4.2",
    "7.4.3",
    "7.4.4",
    "7.4.5",
    "7.5.1",
    "7.5.2",
    "3.2.2",
    "3.3.1",
    "3.3.2",
    "3.3.3",
    "3.3.4",
    "3.3.5",
    "3.4.1",
    "3.4.3",
    "3.4.4",
    "3.4.5",
    "3.4.6",
    "3.4.7",
    "3.4.8",
    "3.5.1",
    "3.5.2",
    "3.5.3",
    "3.7.2",
    "6.1.2",
    "6.2.1",
    "6.2.3",
    "6.2.4",
    "6.2.5",
    "6.2.7",
    "6.2.8",
    "6.2.9",
    "6.2.11",
    "6.3.1",
    "6.3.2",
    "6.3.8",
    "8.3.1",
    "11.4.2",
    "13.3.1",
    "13.3.4",
    "14.2.1",
    "14.3.1",
    "14.3.2",
    "15.2.2",
    "15.3.4",
    "15.4.1",
    "15.4.2",
    "2.3.3",
    "2.4.1",
    "16.2.5",
    "16.3.1",
    "16.3.2",
    "16.3.3",
    "16.5.1",
    "16.5.3",
    "never adopted",
    "hashed at rest",
    "tampered cookies",
    "copied old cookies",
    "power cuts",
    "a warning before the end",
    "what was typed survives",
];

/// How many tests have a name: `` `function` `` and `` `file::function` `` in Rust, `"title"` and `"group › title"` in the browser.
#[derive(Debug, Default)]
struct Tests(BTreeMap<String, usize>);

impl Tests {
    fn add(&mut self, name: String) {
        *self.0.entry(name).or_default() += 1;
    }

    /// Reads a source in Rust. A test that is ignored is none.
    fn read_rust(&mut self, file: &str, source: &str) {
        let (mut test, mut ignored) = (false, false);
        for line in source.lines().map(str::trim) {
            test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            ignored |= line.starts_with("#[ignore");
            let function =
                line.trim_start_matches("pub(crate) ").trim_start_matches("async ").strip_prefix("fn ");
            let Some(name) = function.and_then(|function| function.split(['(', '<']).next()) else {
                continue;
            };
            if test && !ignored {
                self.add(format!("`{name}`"));
                self.add(format!("`{file}::{name}`"));
            }
            (test, ignored) = (false, false);
        }
    }

    /// Reads a source of browser tests. What belongs to a group is indented in it.
    fn read_browser(&mut self, source: &str) {
        let mut groups: Vec<(usize, &str)> = Vec::new();
        for line in source.lines() {
            let code = line.trim_start();
            let indent = line.len() - code.len();
            let call = |name| code.strip_prefix(name).and_then(quoted);
            let (group, test) = (call("test.describe("), call("test("));
            if group.is_some() || test.is_some() {
                groups.retain(|(outer, _)| *outer < indent);
            }
            if let Some(title) = test {
                self.add(format!("\"{title}\""));
                if !groups.is_empty() {
                    let path: Vec<_> = groups.iter().map(|(_, title)| *title).chain([title]).collect();
                    self.add(format!("\"{}\"", path.join(" › ")));
                }
            }
            groups.extend(group.map(|title| (indent, title)));
        }
    }

    fn read_folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "node_modules" {
                self.read_folder(&path);
            } else if let Some(file) = name.strip_suffix(".rs") {
                self.read_rust(file, &fs::read_to_string(&path).unwrap());
            } else if name.ends_with(".spec.ts") {
                self.read_browser(&fs::read_to_string(&path).unwrap());
            }
        }
    }
}

/// The text in quotes at the beginning.
fn quoted(code: &str) -> Option<&str> {
    let quote = code.chars().next().filter(|char| ['"', '`', '\''].contains(char))?;
    code[1..].split(quote).next()
}

/// The names in a cell, with their quotes.
fn names(cell: &str) -> Result<Vec<&str>, String> {
    let (mut rest, mut names) = (cell, Vec::new());
    while !rest.is_empty() {
        let text = quoted(rest).ok_or(format!("\"{rest}\" is no list of tests"))?;
        let name = rest.get(..text.len() + 2).ok_or(format!("{rest} has no end"))?;
        names.push(name);
        rest = rest[name.len()..].trim_start_matches([',', ' ']);
    }
    Ok(names)
}

/// The rows of all tables whose last column holds tests, cell by cell.
fn rows(document: &str) -> Vec<Vec<&str>> {
    let (mut rows, mut inside) = (Vec::new(), false);
    for line in document.lines() {
        let cells = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
        let Some(cells) = cells.map(|cells| cells.split('|').map(str::trim).collect::<Vec<_>>()) else {
            inside = false;
            continue;
        };
        if inside && !cells[0].starts_with("---") {
            rows.push(cells);
        } else if cells.last() == Some(&"tests") {
            inside = true;
        }
    }
    rows
}

/// What is wrong with the document.
fn problems(document: &str, required: &[&str], tests: &Tests) -> Vec<String> {
    let mut problems = Vec::new();
    let mut missing = required.to_vec();
    for row in rows(document) {
        let id = row[0].split(" (").next().unwrap();
        missing.retain(|required| *required != id);
        if !required.contains(&id) {
            problems.push(format!("{id} is no requirement"));
        }
        let [_, asked, met, named] = row[..] else {
            problems.push(format!("{id} has {} cells", row.len()));
            continue;
        };
        if asked.is_empty() || met.is_empty() {
            problems.push(format!("{id} does not say how it is met"));
        }
        match names(named) {
            Err(problem) => problems.push(format!("{id}: {problem}")),
            Ok(names) if names.is_empty() => problems.push(format!("{id} names no test")),
            Ok(names) => problems.extend(names.iter().filter_map(|name| match tests.0.get(*name) {
                Some(1) => None,
                Some(count) => Some(format!("{id}: {count} tests are called {name}: say where")),
                None => Some(format!("{id}: there is no test {name}")),
            })),
        }
    }
    problems.extend(missing.iter().map(|id| format!("{id} has no row")));
    problems
}

#[test]
fn every_requirement_has_tests_that_exist() {
    let mut tests = Tests::default();
    for folder in FOLDERS {
        tests.read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder));
    }
    let problems = problems(DOCUMENT, REQUIRED, &tests);
    assert!(problems.is_empty(), "docs/security.md:\n{}", problems.join("\n"));
}

#[test]
fn a_table_that_proves_nothing_is_found_out() {
    let mut tests = Tests::default();
    tests.read_rust(
        "here",
        "#[test]\nfn works() {}\n  #[tokio::test(flavor = \"multi_thread\")]\n  async fn runs() {}",
    );
    tests.read_rust(
        "there",
        "#[test]\nfn works() {}\nfn helps() {}\n#[test]\n#[ignore]\nfn sleeps() {}\n// #[test]\nfn was() {}",
    );
    tests.read_browser("test.describe(\"a form\", () => {\n  test(\"is sent\", f);\n});\ntest(`opens ${page}`, f);\n// test(\"was\", f);");
    tests.read_browser("test(\"is sent\", f);\n  test.skip(\"waits\", f);");
    let table = "| id | asks | met | tests |\n| --- | --- | --- | --- |\n";
    // What is not met has a table of its own, whose rows prove nothing.
    let not_met = "| id | asks | why |\n| --- | --- | --- |\n| 1.1 | a | b |\n| 9 | a | b |";
    let check = |row: &str| problems(&format!("{table}{row}\n\n{not_met}"), &["1.1"], &tests);
    for good in
        ["`runs`", "`here::works`, `runs`", "\"a form › is sent\"", "\"opens ${page}\" `there::works`"]
    {
        assert_eq!(check(&format!("| 1.1 (2) | a | b | {good} |")), [""; 0], "{good}");
    }
    for (row, problem) in [
        ("", "1.1 has no row"),
        ("| 1.1 | a | b | |", "1.1 names no test"),
        ("| 1.1 | a | | `runs` |", "1.1 does not say how it is met"),
        ("| 1.1 | a | `runs` |", "1.1 has 3 cells"),
        ("| 1.1 | a | b | see below |", "1.1: \"see below\" is no list of tests"),
        ("| 1.1 | a | b | `runs |", "1.1: `runs has no end"),
        ("| 1.1 | a | b | `run` |", "1.1: there is no test `run`"),
        ("| 1.1 | a | b | `works` |", "1.1: 2 tests are called `works`: say where"),
        ("| 1.1 | a | b | `helps` |", "1.1: there is no test `helps`"),
        ("| 1.1 | a | b | `sleeps` |", "1.1: there is no test `sleeps`"),
        ("| 1.1 | a | b | `was` |", "1.1: there is no test `was`"),
        ("| 1.1 | a | b | \"was\" |", "1.1: there is no test \"was\""),
        ("| 1.1 | a | b | \"is sent\" |", "1.1: 2 tests are called \"is sent\": say where"),
        ("| 1.1 | a | b | \"waits\" |", "1.1: there is no test \"waits\""),
        ("| 1.1 | a | b | \"runs\" |", "1.1: there is no test \"runs\""),
        ("| 1.1 | a | b | `runs` |\n| 1.2 | a | b | `runs` |", "1.2 is no requirement"),
    ] {
        assert_eq!(check(row), [problem], "{row}");
    }
}

#[test]
fn the_lifetimes_that_are_written_down_are_those_that_hold() {
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
