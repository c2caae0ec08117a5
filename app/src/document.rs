//! A page's HTML with gaps for the nonce of its content security policy: a page that is kept is sent with another one each time.

use std::{ops::Range, sync::LazyLock};

use leptos::nonce::Nonce;

/// What stands for the nonce while pages are rendered. It is as hard to guess as one, and never leaves the server: so nobody can
/// write it into a page to have it replaced there.
static PLACEHOLDER: LazyLock<Nonce> = LazyLock::new(Nonce::new);

/// What a link to a part of the app's code says until the page is there; then its script makes it a preload.
pub const LATER: &str = "later";

/// The HTML of a page, whole, but for the nonces.
#[derive(Debug)]
pub struct Document {
    html: Box<[u8]>,
    gaps: Box<[Range<usize>]>,
}

impl Document {
    /// The nonce to render pages with.
    #[must_use]
    pub fn placeholder() -> Nonce {
        PLACEHOLDER.clone()
    }

    /// A page that was rendered with the [placeholder](Self::placeholder).
    #[must_use]
    pub fn new(html: &[u8]) -> Self {
        let nonce = PLACEHOLDER.as_bytes();
        // Leptos writes it there too, where any script can read it; browsers hide what stands in `nonce` (HTML, 2.5.8).
        let told = format!("crossorigin=\"{}\"", &**PLACEHOLDER);
        let html = String::from_utf8_lossy(html).replace(&told, "crossorigin=\"anonymous\"");
        // The names of the page's own code, which Leptos would have fetched beside the page. Whatever a visitor has written has its
        // quotes escaped.
        let later = format!("rel=\"{LATER}\" type=\"application/wasm\"");
        let html = html.replace("rel=\"preload\" type=\"application/wasm\"", &later).into_bytes();
        let mut gaps = Vec::new();
        let mut at = 0;
        while let Some(rest) = html.get(at..).filter(|rest| rest.len() >= nonce.len()) {
            if rest.starts_with(nonce) {
                gaps.push(at..at + nonce.len());
                at += nonce.len();
            } else {
                // To the next byte that the nonce begins with.
                at += 1 + rest[1..].iter().position(|byte| *byte == nonce[0]).unwrap_or(rest.len());
            }
        }
        Self { html: html.into_boxed_slice(), gaps: gaps.into() }
    }

    /// The page with a nonce for one response.
    #[must_use]
    pub fn with_nonce(&self, nonce: &Nonce) -> Vec<u8> {
        let mut page = Vec::with_capacity(self.html.len());
        let mut written = 0;
        for gap in &self.gaps {
            page.extend_from_slice(&self.html[written..gap.start]);
            page.extend_from_slice(nonce.as_bytes());
            written = gap.end;
        }
        page.extend_from_slice(&self.html[written..]);
        page
    }

    /// How much memory it takes, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.html.len() + size_of_val(&*self.gaps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(html: &str, nonce: &str) -> String {
        String::from_utf8(Document::new(html.as_bytes()).with_nonce(&Nonce::from_value(nonce))).unwrap()
    }

    #[test]
    fn every_gap_is_filled_and_all_else_stays() {
        let gap = Document::placeholder();
        assert_eq!(
            filled(&format!("<script nonce=\"{gap}\">a</script>{gap}"), "abc"),
            "<script nonce=\"abc\">a</script>abc"
        );
        assert_eq!(filled(&format!("{gap}{gap}"), "x"), "xx");
        let preload = format!("<link crossorigin=\"{gap}\"><script nonce=\"{gap}\">");
        assert_eq!(filled(&preload, "abc"), "<link crossorigin=\"anonymous\"><script nonce=\"abc\">");
        // What only begins like it, in the middle and at the end.
        let begun = &gap[..gap.len() - 1];
        for html in ["", "plain", begun, &format!("{begun} {begun}"), &gap[..1]] {
            assert_eq!(filled(html, "abc"), html);
        }
    }

    #[test]
    fn the_code_of_a_page_comes_after_it() {
        let link =
            |rel| format!("<link as=\"fetch\" href=\"/pkg/a.wasm\" rel=\"{rel}\" type=\"application/wasm\">");
        assert_eq!(filled(&link("preload"), "abc"), link("later"));
    }

    #[test]
    fn what_stands_for_the_nonce_never_leaves() {
        let gap = Document::placeholder();
        let twice = format!("{}{gap}", &gap[..5]);
        assert!(!filled(&twice, "abc").contains(&*gap));
    }
}
