//! The requests that `docs/interface.md` lists.

use std::path::Path;

const INTERFACE: &str = include_str!("../../../../../docs/interface.md");

/// The public files.
pub(crate) const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../public");

/// The rows of the table under a heading, each cell without its backticks.
pub(crate) fn table(heading: &str) -> Vec<Vec<String>> {
    let section = INTERFACE.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row[1..row.len() - 1].split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

/// A method, a path and fields with example values.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) method: &'static str,
    /// May contain `{id}`.
    pub(crate) path: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Endpoint {
    fn new(method: &'static str, path: impl Into<String>, fields: &str) -> Self {
        let fields = form_urlencoded::parse(fields.as_bytes()).into_owned().collect();
        Self { method, path: path.into(), fields }
    }

    /// Whether the request hashes a password, which is slow.
    pub(crate) fn is_expensive(&self) -> bool {
        self.fields.iter().any(|(name, _)| ["password", "current"].contains(&name.as_str()))
    }

    /// Whether the request ends its session. Too many of them would leave no session for other requests.
    pub(crate) fn is_final(&self) -> bool {
        ["/logout", "/delete", "/session/clear"].iter().any(|end| self.path.ends_with(end))
            && self.method == "POST"
    }
}

/// The endpoints in the tables, public files, health checks and unknown paths.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let mut all = Vec::new();
    for row in table("Pages") {
        // The description contains an example of a query.
        let queries: Vec<_> = row[1].split([' ', ';']).filter_map(|word| word.strip_prefix('?')).collect();
        for path in row[0].split(", ") {
            all.push(Endpoint::new("GET", path, ""));
            all.extend(queries.iter().map(|query| Endpoint::new("GET", path, query)));
        }
    }
    for (heading, method) in
        [("Server functions that change something", "POST"), ("Server functions that only read", "GET")]
    {
        all.extend(table(heading).iter().map(|row| Endpoint::new(method, &*row[0], &row[1])));
    }
    let nowhere =
        ["/healthz", "/readyz", "/nowhere", "/api/nowhere", "/api", "/pkg/satchel.js", "/pkg/nowhere.wasm"];
    all.extend(nowhere.map(|path| Endpoint::new("GET", path, "")));
    for file in files(Path::new(FILES)) {
        all.push(Endpoint::new("GET", file, ""));
    }
    assert!(all.len() > 30, "the tables cannot be read: {all:?}");
    all
}

/// The path of each public file.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|below| name.clone() + &below));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}
