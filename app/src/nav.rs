//! Where the app's pages are, which paths a visitor may be sent to, and the ways to send one there.

use std::fmt;

use leptos::{prelude::location, wasm_bindgen::JsValue};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// The first page.
pub const HOME: &str = "/";
/// The visit counter.
pub const VISITS: &str = "/visits";
/// The session explorer.
pub const SESSION: &str = "/session";
/// The cookie lab.
pub const COOKIES: &str = "/cookies";
/// The sign-in form.
pub const LOGIN: &str = "/login";
/// The form for a new account.
pub const REGISTER: &str = "/register";
/// The signed-in user's account.
pub const ACCOUNT: &str = "/account";
/// Pages that are the same for everybody who comes from elsewhere: what search engines are told of.
pub const PUBLIC: &[&str] = &[HOME, VISITS, SESSION, COOKIES, LOGIN, REGISTER];
/// Pages for signed-in users only, with all that is below them. A guest is sent to sign in, by the server and in the browser.
pub const PRIVATE: &[&str] = &[ACCOUNT, ORDERS];
/// Where the server functions are; no page is.
pub const API: &str = "/api/";

// <shop>
/// The visitor's cart.
pub const CART: &str = "/cart";
/// The signed-in user's orders.
pub const ORDERS: &str = "/orders";

/// The page of one product.
#[must_use]
pub fn product(id: crate::catalog::ProductId) -> String {
    format!("/products/{id}")
}

/// The page of one order.
#[must_use]
pub fn order(id: &crate::orders::OrderId) -> String {
    format!("{ORDERS}/{id}")
}

/// What a search finds in the catalogue, sorted.
#[must_use]
pub fn search(q: &str, sort: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("q", q)
        .append_pair("sort", sort)
        .finish();
    format!("{HOME}?{query}")
}
// </shop>

/// The explorer, showing the value under a key.
#[must_use]
pub fn session_value(key: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("key", key).finish();
    format!("{SESSION}?{query}")
}

/// Whether only a signed-in user may see the page with this path.
#[must_use]
pub fn is_private(path: &str) -> bool {
    PRIVATE
        .iter()
        .any(|page| path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The sign-in form that leads on to `next`.
#[must_use]
pub fn login(next: &LocalPath) -> String {
    with_next(LOGIN, Some(next))
}

/// A page that leads on to `next`.
#[must_use]
pub fn with_next(page: &str, next: Option<&LocalPath>) -> String {
    let Some(next) = next else { return page.to_owned() };
    let next: String = form_urlencoded::byte_serialize(next.as_str().as_bytes()).collect();
    format!("{page}?next={next}")
}

/// The sign-in form as a target of a navigation. It leads on to `next`, unless the address would be too long with it.
#[must_use]
pub fn to_login(next: Option<&LocalPath>) -> LocalPath {
    LocalPath::parse(&with_next(LOGIN, next)).unwrap_or_else(|| LocalPath(LOGIN.to_owned()))
}

/// Loads a page of the app as a whole. In the browser only, and the only place that sets the address of the window.
///
/// # Errors
///
/// The browser's exception, when it refuses the address.
pub fn load(page: &LocalPath) -> Result<(), JsValue> {
    location().set_href(page.as_str())
}

/// Returns a function that goes to another page of the app without loading it as a whole. It takes no text, because the router
/// leaves the site where the text is the address of another one.
pub fn use_local_navigate() -> impl Fn(&LocalPath, NavigateOptions) + Clone {
    let navigate = use_navigate();
    move |page: &LocalPath, options: NavigateOptions| navigate(page.as_str(), options)
}

/// Whether readers of a path may disagree about where it leads. A browser takes two slashes at the beginning for the address of
/// another host (RFC 3986, 4.2) and a backslash for a slash (WHATWG URL, 4.4); some proxies decode encoded ones.
#[must_use]
pub fn is_ambiguous(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["//", "\\", "/%2f", "/%5c"].iter().any(|part| path.contains(part))
}

/// A path, with its query, on this site. Every navigation by a script takes one, and every redirect is made from one (ASVS 3.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

/// Whether a segment of a path is not what it seems: dots lead elsewhere (RFC 3986, 5.2.4), also encoded ones (WHATWG URL).
fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

impl LocalPath {
    /// Longer paths are refused: none of ours comes near, and a header has its limits.
    const MAX_BYTES: usize = 2_000;

    /// Takes a path that begins with a single slash and is not [ambiguous](is_ambiguous). Browsers drop tabs and line breaks, so
    /// everything outside printable ASCII is refused. So are segments of dots: what is left of a path once a browser has resolved
    /// them may begin with two slashes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let local = text.starts_with('/')
            && text.len() <= Self::MAX_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && !is_ambiguous(path)
            && !path.split('/').any(is_dots);
        local.then(|| Self(text.to_owned()))
    }

    /// The path without its query: which page it is.
    #[must_use]
    pub fn page(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }

    /// The path with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_of_this_site_is_taken() {
        for path in ["/", "/visits", "/visits?from=list", "/login?next=%2Fvisits"] {
            assert_eq!(LocalPath::parse(path).unwrap().as_str(), path);
        }
    }

    #[test]
    fn a_private_page_is_private_with_all_below() {
        for path in ["/account", "/account/", "/account/more"] {
            assert!(is_private(path), "{path}");
        }
        for path in ["/", "/login", "/accounts"] {
            assert!(!is_private(path), "{path}");
        }
    }

    #[test]
    fn the_next_page_travels_as_one_field() {
        let next = LocalPath::parse("/account?a=b&c=d").unwrap();
        assert_eq!(login(&next), "/login?next=%2Faccount%3Fa%3Db%26c%3Dd");
        assert_eq!(with_next(REGISTER, None), "/register");
    }

    #[test]
    fn every_other_address_is_refused() {
        let long = format!("/{}", "a".repeat(LocalPath::MAX_BYTES));
        let others = [
            "",
            "visits",
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
            " /visits",
            &long,
        ];
        for other in others {
            assert_eq!(LocalPath::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_way_to_the_sign_in_form_is_a_local_path_however_long_the_next_page_is() {
        let next = |text: &str| LocalPath::parse(text).unwrap();
        assert_eq!(to_login(None).as_str(), LOGIN);
        assert_eq!(to_login(Some(&next("/account"))).as_str(), "/login?next=%2Faccount");
        // Each slash of a query takes three bytes in the field.
        let long = next(&format!("/visits?{}", "/".repeat(1_000)));
        assert_eq!(to_login(Some(&long)).as_str(), LOGIN);
    }

    #[test]
    fn a_path_is_ambiguous_where_a_browser_or_a_proxy_may_see_another_host() {
        for path in ["//", "//evil.example", "/a//b", "/\\evil.example", "/a\\", "/%2F/evil", "/%5cevil"] {
            assert!(is_ambiguous(path), "{path}");
        }
        for path in ["/", "/visits/", "/@evil.example", "/%ff", "/..%2fCargo.toml", "*", ""] {
            assert!(!is_ambiguous(path), "{path}");
        }
    }

    proptest! {
        /// Whoever reads it, as strictly as HTTP or as leniently as browsers: it leads to this site, and to what it says.
        #[test]
        fn a_path_that_is_taken_leads_to_this_site(text in "(/|/[a.]|%2[eEfF]|%5[cC]|[/\\\\?#:@. \t]|\\PC){0,12}") {
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
        fn a_next_page_comes_back_as_it_was(text in "/[!-~]{0,40}") {
            prop_assume!(LocalPath::parse(&text).is_some());
            let page = login(&LocalPath::parse(&text).unwrap());
            let path = LocalPath::parse(&page).unwrap();
            prop_assert_eq!(path.page(), LOGIN);
            let query = page.split_once('?').unwrap().1;
            let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            prop_assert_eq!(fields, [("next".to_owned(), text)]);
        }

        #[test]
        fn any_key_of_a_session_travels_as_one_field(key in "(?s).{0,64}") {
            let address = session_value(&key);
            let path = LocalPath::parse(&address).unwrap();
            prop_assert_eq!(path.page(), SESSION);
            let query = address.split_once('?').unwrap().1;
            let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            prop_assert_eq!(fields, [("key".to_owned(), key)]);
        }
    }
}
