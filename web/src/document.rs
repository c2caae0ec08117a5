//! A rendered page without its nonce: a page that is sent again gets another one each time.

use std::{ops::Range, sync::LazyLock};

use leptos::nonce::Nonce;

/// The nonce that pages are rendered with. Random, and never sent, so that no user can write it into a page.
static PLACEHOLDER: LazyLock<Nonce> = LazyLock::new(Nonce::new);

/// The `rel` of links to the app's code until the page is shown; its script turns them into preloads.
pub const LATER: &str = "later";

/// The HTML of a page, with gaps for the nonce.
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
        // Leptos writes the nonce there, too, where any script can read it. Browsers hide the attribute `nonce` (HTML, 2.5.8).
        let readable = format!("crossorigin=\"{}\"", &**PLACEHOLDER);
        let html = String::from_utf8_lossy(html).replace(&readable, "crossorigin=\"anonymous\"");
        // Leptos would load the code of the page together with the page. Quotes in text of users are escaped.
        let later = format!("rel=\"{LATER}\" type=\"application/wasm\"");
        let html = html.replace("rel=\"preload\" type=\"application/wasm\"", &later);
        let gaps = html.match_indices(&**PLACEHOLDER).map(|(start, _)| start..start + nonce.len()).collect();
        Self { html: html.into_bytes().into_boxed_slice(), gaps }
    }

    /// The page with the nonce of one response.
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

    /// Its size in memory, in bytes.
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
    fn every_gap_is_filled_and_everything_else_stays() {
        let gap = Document::placeholder();
        assert_eq!(
            filled(&format!("<script nonce=\"{gap}\">a</script>{gap}"), "abc"),
            "<script nonce=\"abc\">a</script>abc"
        );
        assert_eq!(filled(&format!("{gap}{gap}"), "x"), "xx");
        let preload = format!("<link crossorigin=\"{gap}\"><script nonce=\"{gap}\">");
        assert_eq!(filled(&preload, "abc"), "<link crossorigin=\"anonymous\"><script nonce=\"abc\">");
        // Text that begins like the placeholder, in the middle and at the end.
        let begun = &gap[..gap.len() - 1];
        for html in ["", "plain", begun, &format!("{begun} {begun}"), &gap[..1]] {
            assert_eq!(filled(html, "abc"), html);
        }
    }

    #[test]
    fn the_code_of_a_page_is_loaded_after_it() {
        let link =
            |rel| format!("<link as=\"fetch\" href=\"/pkg/a.wasm\" rel=\"{rel}\" type=\"application/wasm\">");
        assert_eq!(filled(&link("preload"), "abc"), link("later"));
    }

    /// Security: 3.4.3
    #[test]
    fn the_placeholder_is_never_sent() {
        let gap = Document::placeholder();
        let twice = format!("{}{gap}", &gap[..5]);
        assert!(!filled(&twice, "abc").contains(&*gap));
    }
}
