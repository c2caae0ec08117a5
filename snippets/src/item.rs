//! One item of a Rust file, by its name. The compiler's own grammar finds it (`syn`), and the text is the file's, byte for byte.

use std::ops::Range;

use syn::{Attribute, ImplItem, Item, ItemImpl, TraitItem, spanned::Spanned};

/// Why there is no such item to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// The source is no Rust.
    #[error("cannot be read as Rust: {0}")]
    Syntax(String),
    /// No item is called so.
    #[error("has no `{0}`")]
    Missing(String),
    /// It is not clear which one is meant.
    #[error("has more than one `{0}`")]
    Ambiguous(String),
}

/// The item of `source` that is called `item`, with its attributes, out of its indentation, and with a line break at its end:
/// `fn record_visit`, `struct Visits`, `impl SessionValue for Visits`, `Visits::recorded` for what stands in an `impl` or a trait, and
/// `fn tests::name` for what stands in a module. `docs` says whether its doc comment is kept.
///
/// # Errors
///
/// [`ItemError`] when there is no such item, or more than one.
pub fn extract(source: &str, item: &str, docs: bool) -> Result<String, ItemError> {
    let file = syn::parse_file(source).map_err(|error| ItemError::Syntax(error.to_string()))?;
    let wanted = one_line(item);
    let mut found = Vec::new();
    find(source, &file.items, &wanted, &mut found);
    match found.as_slice() {
        [] => Err(ItemError::Missing(wanted)),
        [(range, attributes)] => Ok(cut(source, range.clone(), if docs { &[] } else { attributes })),
        _ => Err(ItemError::Ambiguous(wanted)),
    }
}

type Found = (Range<usize>, Vec<Attribute>);

fn find(source: &str, items: &[Item], wanted: &str, found: &mut Vec<Found>) {
    for item in items {
        let (called, attributes) = match item {
            Item::Const(it) => (format!("const {}", it.ident), &it.attrs),
            Item::Enum(it) => (format!("enum {}", it.ident), &it.attrs),
            Item::Fn(it) => (format!("fn {}", it.sig.ident), &it.attrs),
            Item::Static(it) => (format!("static {}", it.ident), &it.attrs),
            Item::Struct(it) => (format!("struct {}", it.ident), &it.attrs),
            Item::Type(it) => (format!("type {}", it.ident), &it.attrs),
            Item::Impl(it) => {
                find_in_impl(it, wanted, found);
                let header =
                    it.impl_token.span().byte_range().start..it.brace_token.span.open().byte_range().start;
                (one_line(&source[header]), &it.attrs)
            }
            Item::Trait(it) => {
                for inner in &it.items {
                    if let TraitItem::Fn(inner) = inner
                        && wanted == format!("{}::{}", it.ident, inner.sig.ident)
                    {
                        found.push((inner.span().byte_range(), inner.attrs.clone()));
                    }
                }
                (format!("trait {}", it.ident), &it.attrs)
            }
            Item::Mod(it) => {
                let inside = wanted.split_once(' ').and_then(|(kind, path)| {
                    let rest = path.strip_prefix(&it.ident.to_string())?.strip_prefix("::")?;
                    Some(format!("{kind} {rest}"))
                });
                if let (Some((_, items)), Some(inside)) = (&it.content, inside) {
                    find(source, items, &inside, found);
                }
                (format!("mod {}", it.ident), &it.attrs)
            }
            _ => continue,
        };
        if called == wanted {
            found.push((item.span().byte_range(), attributes.clone()));
        }
    }
}

fn find_in_impl(it: &ItemImpl, wanted: &str, found: &mut Vec<Found>) {
    let syn::Type::Path(path) = it.self_ty.as_ref() else { return };
    let Some(owner) = path.path.segments.last() else { return };
    for inner in &it.items {
        let (name, attributes) = match inner {
            ImplItem::Fn(inner) => (&inner.sig.ident, &inner.attrs),
            ImplItem::Const(inner) => (&inner.ident, &inner.attrs),
            _ => continue,
        };
        if wanted == format!("{}::{name}", owner.ident) {
            found.push((inner.span().byte_range(), attributes.clone()));
        }
    }
}

/// The text without the doc comments among `dropped`, and without the indentation that all its lines share.
fn cut(source: &str, range: Range<usize>, dropped: &[Attribute]) -> String {
    // From the beginning of its line, so that the first line is indented like the others.
    let mut start = source[..range.start].rfind('\n').map_or(0, |end| end + 1);
    let mut text = String::new();
    for attribute in dropped.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        let doc = attribute.span().byte_range();
        text += source[start..doc.start].trim_end_matches(' ');
        start = source[doc.end..].find('\n').map_or(range.end, |end| doc.end + end + 1);
    }
    text += &source[start..range.end];
    dedent(&text)
}

/// The text without the indentation that all its lines share, with one line break at its end.
pub(crate) fn dedent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let shared = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let lines = text.lines().map(|line| line.get(shared..).unwrap_or_default().trim_end());
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
//! A file, with é in it.

/// How often.
/// In all.
#[derive(Clone)]
pub struct Visits(u64);

impl Visits {
    /// Counts.
    #[must_use]
    pub fn recorded(self) -> Self {
        // A comment stays.
        Self(self.0 + 1)
    }
}

impl SessionValue
    for Visits
{
    const KEY: &'static str = "visits";
}

trait Kept {
    fn kept(&self) {}
}

fn twice() {}

mod tests {
    fn twice() {
        let text = "é
not indented";
    }

    mod deeper {
        const LIMIT: u8 = 3;
    }
}

mod more {
    fn other() {}
}
mod more {
    fn other() {}
}
"#;

    fn item(name: &str) -> String {
        extract(SOURCE, name, true).unwrap()
    }

    #[test]
    fn an_item_comes_with_its_attributes_and_without_its_indentation() {
        assert_eq!(
            item("struct Visits"),
            "/// How often.\n/// In all.\n#[derive(Clone)]\npub struct Visits(u64);\n"
        );
        let recorded = "/// Counts.\n#[must_use]\npub fn recorded(self) -> Self {\n    // A comment stays.\n    Self(self.0 + 1)\n}\n";
        assert_eq!(item("Visits::recorded"), recorded);
        assert!(item("impl Visits").starts_with("impl Visits {\n    /// Counts."));
    }

    #[test]
    fn a_doc_comment_is_left_out_where_nobody_asks_for_it() {
        let without = |name| extract(SOURCE, name, false).unwrap();
        assert_eq!(without("struct Visits"), "#[derive(Clone)]\npub struct Visits(u64);\n");
        assert!(without("Visits::recorded").starts_with("#[must_use]\npub fn recorded"));
    }

    #[test]
    fn an_impl_is_found_by_its_words_however_it_is_broken_into_lines() {
        let found = item("impl  SessionValue for Visits");
        assert_eq!(
            found,
            "impl SessionValue\n    for Visits\n{\n    const KEY: &'static str = \"visits\";\n}\n"
        );
        assert_eq!(item("Visits::KEY"), "const KEY: &'static str = \"visits\";\n");
        assert_eq!(item("Kept::kept"), "fn kept(&self) {}\n");
    }

    #[test]
    fn modules_tell_namesakes_apart() {
        assert_eq!(item("fn twice"), "fn twice() {}\n");
        assert_eq!(item("const tests::deeper::LIMIT"), "const LIMIT: u8 = 3;\n");
        // Text in a string is not ours to move.
        assert_eq!(
            item("fn tests::twice"),
            "    fn twice() {\n        let text = \"é\nnot indented\";\n    }\n"
        );
    }

    #[test]
    fn what_is_not_there_or_there_twice_is_refused_by_name() {
        let refused = |name| extract(SOURCE, name, true).unwrap_err().to_string();
        assert_eq!(refused("fn Visits"), "has no `fn Visits`");
        assert_eq!(refused("recorded"), "has no `recorded`");
        assert_eq!(refused("fn more::other"), "has more than one `fn more::other`");
        assert!(
            extract("fn broken(", "fn broken", true).unwrap_err().to_string().starts_with("cannot be read")
        );
    }
}
