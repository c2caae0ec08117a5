//! Colours Rust: HTML in which each kind of token has a class. `proc-macro2` finds the tokens; comments are between them.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};

/// The keywords that are never used as names.
const KEYWORDS: &[&str] = &[
    "Self", "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "false",
    "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return",
    "self", "static", "struct", "super", "trait", "true", "type", "use", "where", "while",
];

/// The code as HTML: `<span class="…">` with `comment`, `function`, `keyword`, `literal`, `macro` or `type`. Code that is not Rust gets no
/// colours.
///
/// ```
/// assert_eq!(
///     snippets::highlight("let x = \"<\";"),
///     "<span class=\"keyword\">let</span> x = <span class=\"literal\">&quot;&lt;&quot;</span>;",
/// );
/// ```
pub fn highlight(code: &str) -> String {
    let mut tokens = Vec::new();
    if let Ok(stream) = code.parse::<TokenStream>() {
        collect(code, stream, &mut tokens);
    }
    let (mut html, mut at) = (String::new(), 0);
    for (range, class) in tokens {
        html += &between(&code[at..range.start]);
        html += &span(class, &code[range.clone()]);
        at = range.end;
    }
    html + &between(&code[at..])
}

/// Escapes text for HTML, between tags and in attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn span(class: &str, text: &str) -> String {
    format!("<span class=\"{class}\">{}</span>", escape(text))
}

fn collect(code: &str, stream: TokenStream, tokens: &mut Vec<(Range<usize>, &'static str)>) {
    let mut stream = stream.into_iter().peekable();
    while let Some(token) = stream.next() {
        let range = token.span().byte_range();
        match token {
            TokenTree::Group(group) => collect(code, group.stream(), tokens),
            TokenTree::Ident(ident) => {
                if let Some(class) = class_of(&ident.to_string(), &code[range.end..]) {
                    tokens.push((range, class));
                }
            }
            TokenTree::Literal(_) => tokens.push((range, "literal")),
            // A doc comment is an attribute, all of whose tokens have the position of the comment.
            TokenTree::Punct(_) if code[range.clone()].starts_with("//") => {
                stream
                    .next_if(|next| matches!(next, TokenTree::Punct(_)) && next.span().byte_range() == range);
                stream.next_if(|next| matches!(next, TokenTree::Group(_)));
                tokens.push((range, "comment"));
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let Some(name) = stream.next_if(|next| matches!(next, TokenTree::Ident(_))) {
                    tokens.push((range.start..name.span().byte_range().end, "type"));
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
}

fn class_of(ident: &str, after: &str) -> Option<&'static str> {
    if KEYWORDS.contains(&ident) {
        Some("keyword")
    } else if after.starts_with('!') && !after.starts_with("!=") {
        Some("macro")
    } else if after.starts_with('(') || after.starts_with("::<") {
        Some("function")
    } else if ident.starts_with(char::is_uppercase) {
        Some("type")
    } else {
        None
    }
}

/// The text between two coloured tokens: space, comments, and other tokens.
fn between(text: &str) -> String {
    let Some(start) = text.find("//") else { return escape(text) };
    let end = text[start..].find('\n').map_or(text.len(), |end| start + end);
    escape(&text[..start]) + &span("comment", &text[start..end]) + &between(&text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(code: &str) -> Vec<String> {
        let html = highlight(code);
        let spans =
            html.split("<span class=\"").skip(1).map(|span| span.split("</span>").next().unwrap().to_owned());
        spans.map(|span| span.replace("\">", ": ")).collect()
    }

    #[test]
    fn each_kind_of_token_has_its_class() {
        let code =
            "/// Docs.\n#[must_use]\nfn f<'a>(x: &'a Cart) -> u8 {\n    // Why.\n    g(x); vec![1] // End\n}";
        let wanted = [
            "comment: /// Docs.",
            "keyword: fn",
            "type: 'a",
            "type: 'a",
            "type: Cart",
            "comment: // Why.",
            "function: g",
            "macro: vec",
            "literal: 1",
            "comment: // End",
        ];
        assert_eq!(classes(code), wanted);
    }

    #[test]
    fn a_string_may_contain_a_comment() {
        assert_eq!(
            classes("let url = \"http://a//b\";"),
            ["keyword: let", "literal: &quot;http://a//b&quot;"]
        );
    }

    #[test]
    fn the_text_is_complete_and_escaped() {
        let code = "/// <b>\nfn é() -> Vec<&'static str> {\n    if a != b && c { \"</pre>\" } // é <i>\n}\n";
        let html = highlight(code);
        let mut text = String::new();
        for (number, part) in html.split('<').enumerate() {
            let (tag, rest) = if number == 0 { ("", part) } else { part.split_once('>').unwrap() };
            assert!(tag.is_empty() || tag == "/span" || tag.starts_with("span class="), "{tag}");
            text += rest;
        }
        let text =
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        assert_eq!(text, code);
    }

    #[test]
    fn other_code_than_rust_gets_no_colours() {
        assert_eq!(highlight("a ) < b"), "a ) &lt; b");
    }
}
