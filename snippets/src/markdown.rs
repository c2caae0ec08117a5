//! Keeps the code in Markdown files as it is in the source.
//!
//! A fence below `<!-- from: QUOTE -->` holds what the [`Quote`] quotes. In a table below `<!-- lines of: FILE -->` the code in the last
//! cell of each row stands in that file, whatever its spaces and line breaks.

use std::path::Path;

use crate::{Quote, QuoteError};

/// What is wrong with a Markdown file, and in which line, counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// What should be quoted is not there.
    #[error("line {line}: {source}")]
    Quote {
        /// Where it should be quoted.
        line: usize,
        /// What is not there.
        source: QuoteError,
    },
    /// The comment that names the source does not stand above code.
    #[error("line {line}: there is no code fence below `from:`")]
    NoFence {
        /// Where the comment is.
        line: usize,
    },
    /// Code in a table is not in the file that the table is about.
    #[error("line {line}: `{code}` is not in {path}")]
    NotThere {
        /// Where the row is.
        line: usize,
        /// The code.
        code: String,
        /// The file.
        path: String,
    },
}

/// The Markdown as it should be, with the sources as they are below `root`.
///
/// # Errors
///
/// Every [`Problem`] that it has.
pub fn update(markdown: &str, root: &Path) -> Result<String, Vec<Problem>> {
    let (mut text, mut problems) = (String::new(), Vec::new());
    let mut lines = markdown.lines().enumerate().map(|(index, line)| (index + 1, line)).peekable();
    while let Some((number, line)) = lines.next() {
        text += line;
        text.push('\n');
        if let Some(path) = comment(line, "lines of:") {
            let source = Quote::parse(path).read(root);
            let source = match source {
                Ok(source) => dense(&source),
                Err(source) => {
                    problems.push(Problem::Quote { line: number, source });
                    continue;
                }
            };
            while let Some((number, row)) =
                lines.next_if(|(_, line)| line.is_empty() || line.starts_with('|'))
            {
                text += row;
                text.push('\n');
                for code in codes(row).filter(|code| !source.contains(&dense(code))) {
                    problems.push(Problem::NotThere { line: number, code, path: path.to_owned() });
                }
            }
        } else if let Some(quote) = comment(line, "from:") {
            let indent = &line[..line.len() - line.trim_start().len()];
            let Some((_, fence)) = lines.next_if(|(_, line)| line.trim_start().starts_with("```")) else {
                problems.push(Problem::NoFence { line: number });
                continue;
            };
            // What stood there before goes.
            lines.by_ref().take_while(|(_, line)| line.trim() != "```").for_each(drop);
            let code = Quote::parse(quote).read(root).unwrap_or_else(|source| {
                problems.push(Problem::Quote { line: number, source });
                String::new()
            });
            text += &format!("{fence}\n");
            for line in code.trim_end().lines() {
                text += format!("{indent}{line}").trim_end();
                text.push('\n');
            }
            text += &format!("{indent}```\n");
        }
    }
    if problems.is_empty() { Ok(text) } else { Err(problems) }
}

/// What a comment says after `word`.
fn comment<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let text = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
    Some(text.trim().strip_prefix(word)?.trim())
}

/// The code in the last cell of a row.
fn codes(row: &str) -> impl Iterator<Item = String> {
    let cell = row.trim_end_matches('|').rsplit(" | ").next().unwrap_or_default();
    cell.split('`').skip(1).step_by(2).map(|code| code.replace("\\|", "|"))
}

fn dense(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(markdown: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.rs"), "fn a() {\n    b( 1 );\n}\nconst C: fn(u8) = |x| ();\n")
            .unwrap();
        update(markdown, folder.path())
            .map_err(|problems| problems.iter().map(|problem| format!("{problem}\n")).collect())
    }

    #[test]
    fn a_fence_holds_what_the_comment_above_it_names() {
        let fence = |code: &str| {
            format!(
                "Text.\n\n<!-- from: a.rs, fn a -->\n```rust\n{code}\n```\n\nMore.\n\n```rust\nfree\n```\n"
            )
        };
        let right = fence("fn a() {\n    b( 1 );\n}");
        assert_eq!(updated(&fence("old\n\nlines")), Ok(right.clone()));
        assert_eq!(updated(&right), Ok(right));
    }

    #[test]
    fn a_fence_in_a_list_keeps_its_indentation() {
        let list = |code: &str| {
            format!("1. One:\n\n   <!-- from: a.rs, fn a -->\n   ```rust\n{code}   ```\n\n2. Two\n")
        };
        assert_eq!(updated(&list("")), Ok(list("   fn a() {\n       b( 1 );\n   }\n")));
    }

    #[test]
    fn every_wrong_quotation_is_told_with_its_line() {
        let wrong =
            "<!-- from: a.rs, fn c -->\n```rust\n```\n<!-- from: a.rs -->\nText.\n<!-- lines of: b.rs -->\n";
        let problem = updated(wrong).unwrap_err();
        assert!(
            problem.starts_with("line 1: a.rs has no `fn c`\nline 4: there is no code fence"),
            "{problem}"
        );
        assert!(problem.contains("line 6: b.rs cannot be read"), "{problem}");
    }

    #[test]
    fn code_in_a_table_stands_in_the_file() {
        let table = |code: &str| {
            format!("<!-- lines of: a.rs -->\n\n| Other | Ours |\n| --- | --- |\n| `x` | {code} |\n")
        };
        assert!(updated(&table("`b(1)` and `\\|x\\| ()`")).is_ok());
        assert_eq!(updated(&table("`b(2)`")), Err("line 5: `b(2)` is not in a.rs\n".to_owned()));
    }
}
