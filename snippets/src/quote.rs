//! Quotations of source files.

use std::{fs, path::Path};

use crate::item::{dedent, extract};

/// The text of a quotation, from the files below `root`. A quotation is `FILE`, `FILE, ITEM` or `FILE, ITEM; ITEM`, with `, without docs`
/// at its end to leave out doc comments, or `FILE, "FIRST LINE" to "LAST LINE"` for other languages than Rust.
pub fn quote(quotation: &str, root: &Path) -> Result<String, String> {
    let (quotation, docs) = match quotation.trim().strip_suffix(", without docs") {
        Some(quotation) => (quotation, false),
        None => (quotation.trim(), true),
    };
    let (path, part) = quotation.split_once(", ").unwrap_or((quotation, ""));
    let source =
        fs::read_to_string(root.join(path)).map_err(|error| format!("{path} cannot be read: {error}"))?;
    let lines = part.strip_prefix('"').and_then(|part| part.strip_suffix('"')?.split_once("\" to \""));
    let text = match lines {
        _ if part.is_empty() => Ok(source),
        Some((first, last)) => between(&source, first, last),
        None => {
            let items = part.split("; ").map(|item| extract(&source, item, docs));
            items.collect::<Result<Vec<_>, _>>().map(|items| items.join("\n"))
        }
    };
    text.map_err(|error| format!("{path} {error}"))
}

/// The lines from `first` to `last`, each of which occurs once.
fn between(source: &str, first: &str, last: &str) -> Result<String, String> {
    let lines: Vec<_> = source.lines().collect();
    let number = |wanted: &str| {
        let found: Vec<_> =
            (0..lines.len()).filter(|number| lines[*number].trim() == wanted.trim()).collect();
        match found[..] {
            [number] => Ok(number),
            _ => Err(format!("has the line `{wanted}` {} times instead of once", found.len())),
        }
    };
    let (first, last) = (number(first)?, number(last)?);
    Ok(dedent(&lines.get(first..=last).unwrap_or_default().join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(quotation: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rs"), "/// A.\nfn a() {}\nfn b() {}\n").unwrap();
        fs::write(folder.path().join("a.sh"), "# one\n  two\n    three\n# end\n# end\n").unwrap();
        quote(quotation, folder.path()).unwrap_or_else(|error| error)
    }

    #[test]
    fn quotes_a_whole_file_items_and_lines() {
        assert_eq!(read("a.rs, fn b; fn a"), "fn b() {}\n\n/// A.\nfn a() {}\n");
        assert_eq!(read("a.rs, fn a, without docs"), "fn a() {}\n");
        assert_eq!(read("a.sh, \"two\" to \"three\""), "two\n  three\n");
        assert!(read("a.sh").starts_with("# one\n"));
    }

    #[test]
    fn an_error_names_the_file_and_what_is_missing() {
        assert_eq!(read("a.rs, fn a; fn c"), "a.rs has no `fn c`");
        assert!(read("b.rs, fn a").starts_with("b.rs cannot be read: "));
        assert_eq!(read("a.sh, \"two\" to \"# end\""), "a.sh has the line `# end` 2 times instead of once");
        assert_eq!(read("a.sh, \"four\" to \"# one\""), "a.sh has the line `four` 0 times instead of once");
    }
}
