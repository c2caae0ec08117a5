//! The description of a feature. An app lists its features once; navigation, access, forms and more follow from that list.

use leptos::prelude::*;
use server_fn::ServerFn;

use crate::path::LocalPath;
#[cfg(feature = "ssr")]
pub use crate::server_feature::{NO_SERVER, ServerHooks};

/// Features have no hooks in the browser.
#[cfg(not(feature = "ssr"))]
pub type ServerHooks = ();

#[cfg(not(feature = "ssr"))]
pub const NO_SERVER: ServerHooks = ();

/// The path prefix of all server functions.
pub const API: &str = "/api/";

/// The hidden field with the e-mail address of the user for whom a form was rendered: another one may have signed in since.
pub const EXPECTED_USER: &str = "whose";

#[derive(Clone, Copy, Debug)]
pub struct Feature {
    pub nav: &'static [NavLink],
    /// Pages and server functions that guests may use. All others are for signed-in users.
    pub public: &'static [&'static str],
    /// Pages for search engines.
    pub sitemap: &'static [&'static str],
    /// One form for each server function that changes something.
    pub forms: &'static [Form],
    pub session_keys: &'static [&'static str],
    /// Provides contexts to all components. Called in the root component.
    pub provide: Option<fn()>,
    pub below_page: Option<fn() -> AnyView>,
    pub server: ServerHooks,
}

impl Feature {
    pub const EMPTY: Self = Self {
        nav: &[],
        public: &[],
        sitemap: &[],
        forms: &[],
        session_keys: &[],
        provide: None,
        below_page: None,
        server: NO_SERVER,
    };
}

/// A link in the header.
#[derive(Clone, Copy, Debug)]
pub struct NavLink {
    pub label: &'static str,
    pub path: &'static str,
    pub badge: Option<fn() -> AnyView>,
    pub signed_in_only: bool,
}

impl NavLink {
    pub const fn new(label: &'static str, path: &'static str) -> Self {
        Self { label, path, badge: None, signed_in_only: false }
    }

    /// Shows something behind the label.
    pub const fn badge(self, badge: fn() -> AnyView) -> Self {
        Self { badge: Some(badge), ..self }
    }

    /// Hides the link from guests.
    pub const fn for_users(self) -> Self {
        Self { signed_in_only: true, ..self }
    }
}

/// Where a form leads after success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSuccess {
    /// Back to the page that shows the form.
    Stay,
    Go(&'static str),
    /// To the path in the form's `next` field, else to this page.
    Next(&'static str),
}

impl OnSuccess {
    /// The page to open after success; `None` to stay. `next` reads the field of that name.
    pub(crate) fn target(self, next: impl FnOnce() -> Option<String>) -> Option<LocalPath> {
        match self {
            Self::Stay => None,
            Self::Go(page) => LocalPath::parse(page),
            Self::Next(page) => {
                next().and_then(|path| LocalPath::parse(&path)).or_else(|| LocalPath::parse(page))
            }
        }
    }
}

/// How the form of a server function behaves, with and without JavaScript.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub path: &'static str,
    /// The page that shows the form. Used for requests without a `Referer`.
    pub page: &'static str,
    pub on_success: OnSuccess,
    pub success: Option<&'static str>,
    /// The fields that are filled in again after an error. Never a password.
    pub refill: &'static [&'static str],
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// Whether the browser deletes its copies of pages and data after success (`Clear-Site-Data`, ASVS 14.3.1).
    pub clear_site_data: bool,
}

impl Form {
    pub const BODY_LIMIT: usize = 64 * 1024;

    /// The form that calls the server function `S`. It stays on its page and shows no message, unless the methods below change that.
    pub const fn to<S: ServerFn>() -> Self {
        Self {
            path: S::PATH,
            page: "/",
            on_success: OnSuccess::Stay,
            success: None,
            refill: &[],
            body_limit: Self::BODY_LIMIT,
            clear_site_data: false,
        }
    }

    pub const fn on(self, page: &'static str) -> Self {
        Self { page, ..self }
    }

    pub const fn success(self, message: &'static str) -> Self {
        Self { success: Some(message), ..self }
    }

    pub const fn go(self, page: &'static str) -> Self {
        Self { on_success: OnSuccess::Go(page), ..self }
    }

    /// Leads to the path in the field `next` after success. Without one, leads to `page`.
    pub const fn next_or(self, page: &'static str) -> Self {
        Self { on_success: OnSuccess::Next(page), ..self }
    }

    pub const fn refill(self, fields: &'static [&'static str]) -> Self {
        Self { refill: fields, ..self }
    }

    pub const fn body_limit(self, bytes: usize) -> Self {
        Self { body_limit: bytes, ..self }
    }

    pub const fn clear_site_data(self) -> Self {
        Self { clear_site_data: true, ..self }
    }
}

/// All features of an app.
#[derive(Clone, Copy, Debug)]
pub struct Features(pub &'static [Feature]);

impl Features {
    /// The features of the running app. Panics outside of its root component and of a request.
    pub fn current() -> Self {
        expect_context()
    }

    pub fn form(self, path: &str) -> Option<&'static Form> {
        self.0.iter().flat_map(|feature| feature.forms).find(|form| form.path == path)
    }

    pub fn nav(self) -> impl Iterator<Item = &'static NavLink> {
        self.0.iter().flat_map(|feature| feature.nav)
    }

    /// Whether guests may open the page, or call the server function, at `path`.
    pub fn is_public(self, path: &str) -> bool {
        self.0.iter().flat_map(|feature| feature.public).any(|pattern| matches(pattern, path))
    }

    pub fn uses_session_key(self, key: &str) -> bool {
        self.0.iter().any(|feature| feature.session_keys.contains(&key))
    }
}

/// Whether a path matches a pattern such as `/posts/:id`, as the router compares them: empty segments do not count.
pub fn matches(pattern: &str, path: &str) -> bool {
    let segments = |path| str::split(path, '/').filter(|segment| !segment.is_empty());
    let (expected, actual) = (segments(pattern), segments(path));
    expected.clone().count() == actual.clone().count()
        && expected.zip(actual).all(|(expected, actual)| expected.starts_with(':') || expected == actual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_same_paths_as_the_router() {
        for (pattern, path) in [("/", "/"), ("/", ""), ("/posts", "/posts/"), ("/posts/:id", "/posts/7")] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/", "/posts"),
            ("/posts", "/"),
            ("/posts", "/posts/more"),
            ("/posts", "/Posts"),
            ("/posts/:id", "/posts"),
            ("/posts/:id", "/posts/"),
            ("/posts/:id", "/posts/7/more"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn a_path_that_no_feature_lists_is_not_public() {
        static FEATURES: &[Feature] = &[Feature { public: &["/posts"], ..Feature::EMPTY }];
        let features = Features(FEATURES);
        assert!(features.is_public("/posts") && !features.is_public("/account"));
    }
}
