//! What a place in the documentation quotes: a file, and what of it.

use std::{fs, path::Path};

use crate::item::{ItemError, dedent, extract};

/// A quotation, as it is written down: `FILE`, `FILE, ITEM`, `FILE, ITEM; ITEM`, each of these with `, without docs` at its end, or
/// `FILE, "FIRST LINE" to "LAST LINE"` for what is no Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The file, from the root of the repository.
    pub path: String,
    part: Part,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Items { names: Vec<String>, docs: bool },
    Lines { first: String, last: String },
}

/// Why something cannot be quoted. Names the file, and what of it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum QuoteError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// Which one.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file has no such item.
    #[error("{path} {source}")]
    Item {
        /// Which file.
        path: String,
        /// Which item, and what is wrong.
        source: ItemError,
    },
    /// A line that the quotation begins or ends with is not there once.
    #[error("{path} has the line `{line}` {count} times, and once is wanted")]
    Line {
        /// Which file.
        path: String,
        /// Which line.
        line: String,
        /// How often it is there.
        count: usize,
    },
}

impl Quote {
    /// Reads a quotation.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (text, docs) = match text.trim().strip_suffix(", without docs") {
            Some(text) => (text, false),
            None => (text.trim(), true),
        };
        let (path, part) = text.split_once(", ").unwrap_or((text, ""));
        let lines = part.strip_prefix('"').and_then(|part| part.strip_suffix('"')?.split_once("\" to \""));
        let part = match lines {
            Some((first, last)) => Part::Lines { first: first.to_owned(), last: last.to_owned() },
            None if part.is_empty() => Part::Whole,
            None => {
                Part::Items { names: part.split("; ").map(|name| name.trim().to_owned()).collect(), docs }
            }
        };
        Self { path: path.to_owned(), part }
    }

    /// Quotes items of a Rust file, without their doc comments.
    #[must_use]
    pub fn items(path: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { path: path.to_owned(), part: Part::Items { names, docs: false } }
    }

    /// The quoted text, from the files below `root`.
    ///
    /// # Errors
    ///
    /// [`QuoteError`] when the file or what is asked for is not there.
    pub fn read(&self, root: &Path) -> Result<String, QuoteError> {
        let path = || self.path.clone();
        let source = fs::read_to_string(root.join(&self.path))
            .map_err(|source| QuoteError::File { path: path(), source })?;
        match &self.part {
            Part::Whole => Ok(source),
            Part::Items { names, docs } => {
                let items = names.iter().map(|name| extract(&source, name, *docs));
                let items = items.collect::<Result<Vec<_>, _>>();
                Ok(items.map_err(|source| QuoteError::Item { path: path(), source })?.join("\n"))
            }
            Part::Lines { first, last } => {
                let lines: Vec<_> = source.lines().collect();
                let number = |wanted: &str| {
                    let mut numbers =
                        (0..lines.len()).filter(|number| lines[*number].trim() == wanted.trim());
                    match (numbers.next(), numbers.count()) {
                        (Some(number), 0) => Ok(number),
                        (found, more) => {
                            let count = usize::from(found.is_some()) + more;
                            Err(QuoteError::Line { path: path(), line: wanted.to_owned(), count })
                        }
                    }
                };
                let (first, last) = (number(first)?, number(last)?);
                Ok(dedent(&lines.get(first..=last).unwrap_or_default().join("\n")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(quote: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rs"), "/// A.\nfn a() {}\nfn b() {}\n").unwrap();
        fs::write(folder.path().join("a.sh"), "# one\n  two\n    three\n# end\n# end\n").unwrap();
        Quote::parse(quote).read(folder.path()).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn files_are_quoted_whole_by_items_and_by_lines() {
        assert_eq!(read("a.rs, fn b; fn a"), "fn b() {}\n\n/// A.\nfn a() {}\n");
        assert_eq!(read("a.rs, fn a, without docs"), "fn a() {}\n");
        assert_eq!(read("a.sh, \"two\" to \"three\""), "two\n  three\n");
        assert!(read("a.sh").starts_with("# one\n"));
    }

    #[test]
    fn what_is_not_there_is_refused_with_the_files_name() {
        assert_eq!(read("a.rs, fn a; fn c"), "a.rs has no `fn c`");
        assert!(read("b.rs, fn a").starts_with("b.rs cannot be read: "));
        assert_eq!(
            read("a.sh, \"two\" to \"# end\""),
            "a.sh has the line `# end` 2 times, and once is wanted"
        );
        assert_eq!(
            read("a.sh, \"four\" to \"# one\""),
            "a.sh has the line `four` 0 times, and once is wanted"
        );
    }
}
