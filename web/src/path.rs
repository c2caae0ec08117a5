//! Paths of this site that a visitor may be sent to, and the functions that navigate there.

use std::fmt;

use leptos::{prelude::location, wasm_bindgen::JsValue};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// The page with the sign-in form.
pub const SIGN_IN_PAGE: &str = "/login";

/// A path of this site, with its query. Navigation by script takes one, and redirects are made from one (ASVS 3.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    const MAX_BYTES: usize = 2_000;

    /// Parses a path that begins with one slash and is not [ambiguous](is_ambiguous). Refuses characters outside of printable ASCII,
    /// because browsers drop tabs and line breaks, and dot segments, because a browser resolves `/.//a` to `//a`.
    pub fn parse(text: &str) -> Option<Self> {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let is_local = text.starts_with('/')
            && text.len() <= Self::MAX_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && !is_ambiguous(path)
            && !path.split('/').any(is_dot_segment);
        is_local.then(|| Self(text.to_owned()))
    }

    /// The path without its query.
    pub fn page(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether browsers and proxies may disagree about the target of a path. A browser reads two slashes at the beginning as another host
/// (RFC 3986, 4.2) and a backslash as a slash (WHATWG URL, 4.4); some proxies decode encoded ones.
pub fn is_ambiguous(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["//", "\\", "/%2f", "/%5c"].iter().any(|part| path.contains(part))
}

/// Whether a segment means this or the parent folder (RFC 3986, 5.2.4), also when it is encoded (WHATWG URL).
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// A page with one field in its query.
pub fn with_query(page: &str, field: &str, value: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(field, value).finish();
    format!("{page}?{query}")
}

/// A page with the field `next` in its query.
pub fn with_next(page: &str, next: Option<&LocalPath>) -> String {
    next.map_or(page.to_owned(), |next| with_query(page, "next", next.as_str()))
}

/// The sign-in page, which leads to `next` afterwards, unless the path would be too long with it.
pub fn sign_in(next: Option<&LocalPath>) -> LocalPath {
    LocalPath::parse(&with_next(SIGN_IN_PAGE, next)).unwrap_or_else(|| LocalPath(SIGN_IN_PAGE.to_owned()))
}

/// Loads a page as a whole, in the browser only. The only function that sets the address of the window.
pub fn load(page: &LocalPath) -> Result<(), JsValue> {
    location().set_href(page.as_str())
}

/// A function that navigates to another page of the app without loading it as a whole. It does not take plain text, because the router
/// would also open the address of another site.
pub fn use_local_navigate() -> impl Fn(&LocalPath, NavigateOptions) + Clone {
    let navigate = use_navigate();
    move |page: &LocalPath, options| navigate(page.as_str(), options)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_paths_of_this_site() {
        for path in ["/", "/posts", "/posts?from=list", "/login?next=%2Fvisits"] {
            assert_eq!(LocalPath::parse(path).unwrap().as_str(), path);
        }
    }

    /// Security: 3.7.2
    #[test]
    fn refuses_every_other_address() {
        let long = format!("/{}", "a".repeat(LocalPath::MAX_BYTES));
        let others = [
            "",
            "posts",
            "//evil.example",
            "/\\evil.example",
            "/.//evil.example",
            "/a/..//evil.example",
            "/%2E%2e/account",
            "/a//b",
            "/%2fevil.example",
            "/%5Cevil.example",
            "/./account",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: a=b",
            "/caf\u{e9}",
            " /posts",
            &long,
        ];
        for other in others {
            assert_eq!(LocalPath::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_next_page_is_one_field() {
        let next = LocalPath::parse("/account?a=b&c=d").unwrap();
        assert_eq!(sign_in(Some(&next)).as_str(), "/login?next=%2Faccount%3Fa%3Db%26c%3Dd");
        assert_eq!(with_next("/register", None), "/register");
    }

    #[test]
    fn the_sign_in_page_is_a_local_path_even_if_the_next_page_is_too_long() {
        let next = |text: &str| LocalPath::parse(text).unwrap();
        assert_eq!(sign_in(None).as_str(), "/login");
        // Each slash of a query takes three bytes in the field.
        let long = next(&format!("/posts?{}", "/".repeat(1_000)));
        assert_eq!(sign_in(Some(&long)).as_str(), "/login");
    }

    /// Security: 3.7.2
    #[test]
    fn a_path_is_ambiguous_where_a_browser_or_a_proxy_may_see_another_host() {
        for path in ["//", "//evil.example", "/a//b", "/\\evil.example", "/a\\", "/%2F/evil", "/%5cevil"] {
            assert!(is_ambiguous(path), "{path}");
        }
        for path in ["/", "/posts/", "/@evil.example", "/%ff", "/..%2fCargo.toml", "*", ""] {
            assert!(!is_ambiguous(path), "{path}");
        }
    }

    proptest! {
        /// Security: 3.7.2
        #[test]
        fn an_accepted_path_leads_to_this_site(text in "(/|/[a.]|%2[eEfF]|%5[cC]|[/\\\\?#:@. \t]|\\PC){0,12}") {
            if let Some(path) = LocalPath::parse(&text) {
                prop_assert_eq!(path.as_str(), &text);
                prop_assert!(http::HeaderValue::from_str(&text).is_ok());
                let site = url::Url::parse("https://satchel.test/login").unwrap();
                let target = site.join(&text).unwrap();
                prop_assert_eq!(target.origin(), site.origin());
                prop_assert!(!target.path().starts_with("//"), "{}", target);
                // Nothing in it was resolved.
                prop_assert_eq!(target.path().matches('/').count(), path.page().matches('/').count());
            }
        }

        #[test]
        fn the_next_page_is_read_back_as_it_was(text in "/[!-~]{0,40}") {
            prop_assume!(LocalPath::parse(&text).is_some());
            let path = sign_in(LocalPath::parse(&text).as_ref());
            prop_assert_eq!(path.page(), SIGN_IN_PAGE);
            let query = path.as_str().split_once('?').unwrap().1;
            let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            prop_assert_eq!(fields, [("next".to_owned(), text)]);
        }

        #[test]
        fn any_text_in_a_query_is_one_field(value in "(?s).{0,64}") {
            let address = with_query("/session", "key", &value);
            let path = LocalPath::parse(&address).unwrap();
            prop_assert_eq!(path.page(), "/session");
            let query = address.split_once('?').unwrap().1;
            let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            prop_assert_eq!(fields, [("key".to_owned(), value)]);
        }
    }
}
