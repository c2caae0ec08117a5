//! Updates the code in Markdown files from the sources.

use std::path::Path;

use crate::quote;

/// The Markdown with the code of the sources below `root`: the code fence below `<!-- from: QUOTATION -->` contains the [`quote`].
/// In a table below `<!-- lines of: FILE -->`, the code in the last cell of each row must occur in the file, whatever its white space.
pub fn update(markdown: &str, root: &Path) -> Result<String, Vec<String>> {
    let (mut text, mut problems) = (String::new(), Vec::new());
    let mut lines = markdown.lines().enumerate().map(|(index, line)| (index + 1, line)).peekable();
    while let Some((number, line)) = lines.next() {
        text += &format!("{line}\n");
        if let Some(path) = comment(line, "lines of:") {
            let source = match quote(path, root) {
                Ok(source) => without_space(&source),
                Err(error) => {
                    problems.push(format!("line {number}: {error}"));
                    continue;
                }
            };
            while let Some((number, row)) =
                lines.next_if(|(_, line)| line.is_empty() || line.starts_with('|'))
            {
                text += &format!("{row}\n");
                for code in last_cell(row).filter(|code| !source.contains(&without_space(code))) {
                    problems.push(format!("line {number}: `{code}` is not in {path}"));
                }
            }
        } else if let Some(quotation) = comment(line, "from:") {
            let indent = &line[..line.len() - line.trim_start().len()];
            let Some((_, fence)) = lines.next_if(|(_, line)| line.trim_start().starts_with("```")) else {
                problems.push(format!("line {number}: there is no code fence below `from:`"));
                continue;
            };
            // Skips the old code.
            lines.by_ref().take_while(|(_, line)| line.trim() != "```").for_each(drop);
            let code = quote(quotation, root).unwrap_or_else(|error| {
                problems.push(format!("line {number}: {error}"));
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

/// The text of a comment after `word`.
fn comment<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let text = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
    Some(text.trim().strip_prefix(word)?.trim())
}

/// The pieces of code in the last cell of a row.
fn last_cell(row: &str) -> impl Iterator<Item = String> {
    let cell = row.trim_end_matches('|').rsplit(" | ").next().unwrap_or_default();
    cell.split('`').skip(1).step_by(2).map(|code| code.replace("\\|", "|"))
}

fn without_space(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(markdown: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.rs"), "fn a() {\n    b( 1 );\n}\nconst C: fn(u8) = |x| ();\n")
            .unwrap();
        update(markdown, folder.path()).map_err(|problems| problems.join("\n"))
    }

    #[test]
    fn updates_the_fence_below_a_comment() {
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
    fn every_problem_names_its_line() {
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
    fn code_in_a_table_must_be_in_the_file() {
        let table = |code: &str| {
            format!("<!-- lines of: a.rs -->\n\n| Other | Ours |\n| --- | --- |\n| `x` | {code} |\n")
        };
        assert!(updated(&table("`b(1)` and `\\|x\\| ()`")).is_ok());
        assert_eq!(updated(&table("`b(2)`")), Err("line 5: `b(2)` is not in a.rs".to_owned()));
    }
}
