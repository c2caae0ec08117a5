//! Finds one item of a Rust file by its name, and cuts out its text, byte for byte.

use std::ops::Range;

use syn::{ImplItem, Item, TraitItem, Type, spanned::Spanned};

/// The item of `source` with the name `item`, with its attributes, without its indentation, and with a line break at its end. Names are
/// `fn record_visit`, `struct Visits`, `impl SessionValue for Visits`, `Visits::recorded` for an item of an `impl` or a trait, and
/// `fn tests::name` for an item of a module. `docs` keeps its doc comment.
pub(crate) fn extract(source: &str, item: &str, docs: bool) -> Result<String, String> {
    let file = syn::parse_file(source).map_err(|error| format!("cannot be parsed: {error}"))?;
    let wanted = one_line(item);
    let mut items = Vec::new();
    collect(source, &file.items, "", &mut items);
    items.retain(|(name, _)| *name == wanted);
    match items.as_slice() {
        [] => Err(format!("has no `{wanted}`")),
        [(_, range)] => Ok(cut(source, range.clone(), docs)),
        _ => Err(format!("has more than one `{wanted}`")),
    }
}

/// Collects the names and positions of all items. `module` is empty or a path that ends with `::`.
fn collect(source: &str, items: &[Item], module: &str, found: &mut Vec<(String, Range<usize>)>) {
    for item in items {
        let name = match item {
            Item::Const(it) => format!("const {module}{}", it.ident),
            Item::Enum(it) => format!("enum {module}{}", it.ident),
            Item::Fn(it) => format!("fn {module}{}", it.sig.ident),
            Item::Static(it) => format!("static {module}{}", it.ident),
            Item::Struct(it) => format!("struct {module}{}", it.ident),
            Item::Type(it) => format!("type {module}{}", it.ident),
            Item::Impl(it) => {
                for inner in &it.items {
                    let name = match inner {
                        ImplItem::Fn(function) => &function.sig.ident,
                        ImplItem::Const(constant) => &constant.ident,
                        _ => continue,
                    };
                    let owner = type_name(&it.self_ty);
                    found.push((format!("{module}{owner}::{name}"), inner.span().byte_range()));
                }
                let start = it.impl_token.span().byte_range().start;
                let end = it.brace_token.span.open().byte_range().start;
                format!("{module}{}", one_line(&source[start..end]))
            }
            Item::Trait(it) => {
                for inner in &it.items {
                    if let TraitItem::Fn(function) = inner {
                        let name = format!("{module}{}::{}", it.ident, function.sig.ident);
                        found.push((name, inner.span().byte_range()));
                    }
                }
                format!("trait {module}{}", it.ident)
            }
            Item::Mod(it) => {
                if let Some((_, items)) = &it.content {
                    collect(source, items, &format!("{module}{}::", it.ident), found);
                }
                format!("mod {module}{}", it.ident)
            }
            _ => continue,
        };
        found.push((name, item.span().byte_range()));
    }
}

/// The last segment of a path; empty for other types.
fn type_name(self_type: &Type) -> String {
    match self_type {
        Type::Path(it) => {
            it.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// The text without indentation, and without the doc comment at its beginning unless `docs`.
fn cut(source: &str, range: Range<usize>, docs: bool) -> String {
    // From the beginning of its line, so that the first line is indented like the others.
    let start = source[..range.start].rfind('\n').map_or(0, |end| end + 1);
    let mut text = &source[start..range.end];
    while !docs && text.trim_start().starts_with("///") {
        text = text.split_once('\n').map_or("", |(_, rest)| rest);
    }
    dedent(text)
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
    fn a_doc_comment_can_be_left_out() {
        let without = |name| extract(SOURCE, name, false).unwrap();
        assert_eq!(without("struct Visits"), "#[derive(Clone)]\npub struct Visits(u64);\n");
        assert!(without("Visits::recorded").starts_with("#[must_use]\npub fn recorded"));
    }

    #[test]
    fn an_impl_is_found_with_any_line_breaks() {
        let found = item("impl  SessionValue for Visits");
        assert_eq!(
            found,
            "impl SessionValue\n    for Visits\n{\n    const KEY: &'static str = \"visits\";\n}\n"
        );
        assert_eq!(item("Visits::KEY"), "const KEY: &'static str = \"visits\";\n");
        assert_eq!(item("Kept::kept"), "fn kept(&self) {}\n");
    }

    #[test]
    fn a_module_distinguishes_items_of_the_same_name() {
        assert_eq!(item("fn twice"), "fn twice() {}\n");
        assert_eq!(item("const tests::deeper::LIMIT"), "const LIMIT: u8 = 3;\n");
        // The text of a string must not change, so nothing is moved.
        assert_eq!(
            item("fn tests::twice"),
            "    fn twice() {\n        let text = \"é\nnot indented\";\n    }\n"
        );
    }

    #[test]
    fn a_missing_or_ambiguous_item_is_an_error() {
        let refused = |name| extract(SOURCE, name, true).unwrap_err();
        assert_eq!(refused("fn Visits"), "has no `fn Visits`");
        assert_eq!(refused("recorded"), "has no `recorded`");
        assert_eq!(refused("fn more::other"), "has more than one `fn more::other`");
        assert!(extract("fn broken(", "fn broken", true).unwrap_err().starts_with("cannot be parsed"));
    }
}
