//! What the rest of the app has to know of a feature. The app lists its features once; navigation, access, forms and more follow from that list.

use leptos::prelude::*;
use server_fn::ServerFn;

#[cfg(feature = "ssr")]
pub use crate::server_feature::{NO_SERVER, ServerHooks};

/// What a feature does on the server: nothing in the browser.
#[cfg(not(feature = "ssr"))]
pub type ServerHooks = ();

/// The hooks of a feature that has none.
#[cfg(not(feature = "ssr"))]
pub const NO_SERVER: ServerHooks = ();

/// The path under which all server functions are. No page is there.
pub const API: &str = "/api/";

/// The hidden field with the e-mail address of the user for whom a form was rendered. Another user may have signed in since, in another
/// tab.
pub const EXPECTED_USER: &str = "whose";

/// One feature of an app.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// Links in the header.
    pub nav: &'static [NavLink],
    /// Pages and server functions that guests may use. All others are for signed-in users.
    pub public: &'static [&'static str],
    /// Pages for search engines.
    pub sitemap: &'static [&'static str],
    /// The forms, one for each server function that changes something.
    pub forms: &'static [Form],
    /// The keys under which the feature keeps values in the session.
    pub session_keys: &'static [&'static str],
    /// Called in the root component, to provide contexts to all components.
    pub provide: Option<fn()>,
    /// Shown below every page.
    pub below_page: Option<fn() -> AnyView>,
    /// What the feature does on the server.
    pub server: ServerHooks,
}

impl Feature {
    /// A feature with nothing in it.
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
    /// Its text.
    pub label: &'static str,
    /// The page.
    pub path: &'static str,
    /// Shown behind the text.
    pub badge: Option<fn() -> AnyView>,
    /// Whether only signed-in users see it.
    pub signed_in_only: bool,
}

impl NavLink {
    /// A link that every visitor sees.
    #[must_use]
    pub const fn new(label: &'static str, path: &'static str) -> Self {
        Self { label, path, badge: None, signed_in_only: false }
    }

    /// Shows something behind the text.
    #[must_use]
    pub const fn badge(self, badge: fn() -> AnyView) -> Self {
        Self { badge: Some(badge), ..self }
    }

    /// Hides the link from guests.
    #[must_use]
    pub const fn for_users(self) -> Self {
        Self { signed_in_only: true, ..self }
    }
}

/// Where a form leads after success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSuccess {
    /// Back to the page that shows the form.
    Stay,
    /// To this page.
    Go(&'static str),
    /// To the path in the form's `next` field, else to this page.
    Next(&'static str),
}

/// How the form of a server function behaves, with and without JavaScript.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The path of the server function.
    pub path: &'static str,
    /// The page that shows the form, for requests without a `Referer`.
    pub page: &'static str,
    /// Where it leads after success.
    pub on_success: OnSuccess,
    /// The message after success.
    pub success: Option<&'static str>,
    /// The fields that are filled in again after an error. Never a password.
    pub refill: &'static [&'static str],
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// Whether the browser deletes what it has stored of the site (`Clear-Site-Data`, ASVS 14.3.1).
    pub clear_site_data: bool,
}

impl Form {
    /// The largest body of a form without a limit of its own, in bytes.
    pub const BODY_LIMIT: usize = 64 * 1024;

    /// The form that calls the server function `S`. It stays on its page and has no message.
    #[must_use]
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

    /// The page that shows the form.
    #[must_use]
    pub const fn on(self, page: &'static str) -> Self {
        Self { page, ..self }
    }

    /// The message after success.
    #[must_use]
    pub const fn success(self, message: &'static str) -> Self {
        Self { success: Some(message), ..self }
    }

    /// Leads to this page after success.
    #[must_use]
    pub const fn go(self, page: &'static str) -> Self {
        Self { on_success: OnSuccess::Go(page), ..self }
    }

    /// Leads to the path in the form's `next` field after success, else to this page.
    #[must_use]
    pub const fn next_or(self, page: &'static str) -> Self {
        Self { on_success: OnSuccess::Next(page), ..self }
    }

    /// The fields that are filled in again after an error. Never a password.
    #[must_use]
    pub const fn refill(self, fields: &'static [&'static str]) -> Self {
        Self { refill: fields, ..self }
    }

    /// The largest body, in bytes.
    #[must_use]
    pub const fn body_limit(self, bytes: usize) -> Self {
        Self { body_limit: bytes, ..self }
    }

    /// Makes the browser delete what it has stored of the site.
    #[must_use]
    pub const fn clear_site_data(self) -> Self {
        Self { clear_site_data: true, ..self }
    }
}

/// All features of an app.
#[derive(Clone, Copy, Debug)]
pub struct Features(pub &'static [Feature]);

impl Features {
    /// The features of the app that is running.
    ///
    /// # Panics
    ///
    /// Outside of the app's root component and of a request.
    #[must_use]
    pub fn current() -> Self {
        expect_context()
    }

    /// The form of the server function at `path`.
    #[must_use]
    pub fn form(self, path: &str) -> Option<&'static Form> {
        self.0.iter().flat_map(|feature| feature.forms).find(|form| form.path == path)
    }

    /// The links in the header.
    pub fn nav(self) -> impl Iterator<Item = &'static NavLink> {
        self.0.iter().flat_map(|feature| feature.nav)
    }

    /// Whether guests may open the page, or call the server function, at `path`.
    #[must_use]
    pub fn is_public(self, path: &str) -> bool {
        self.0.iter().flat_map(|feature| feature.public).any(|pattern| matches(pattern, path))
    }

    /// Whether a feature keeps a value under this key in the session.
    #[must_use]
    pub fn uses_session_key(self, key: &str) -> bool {
        self.0.iter().any(|feature| feature.session_keys.contains(&key))
    }
}

/// Whether a path matches a pattern such as `/posts/:id`, as the router compares them: empty segments do not count.
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    let segments = |path| str::split(path, '/').filter(|segment| !segment.is_empty());
    let (mut expected, mut actual) = (segments(pattern), segments(path));
    loop {
        match (expected.next(), actual.next()) {
            (None, None) => return true,
            (Some(expected), Some(actual)) if expected.starts_with(':') || expected == actual => {}
            _ => return false,
        }
    }
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
    fn what_no_feature_lists_is_not_public() {
        static FEATURES: &[Feature] = &[Feature { public: &["/posts"], ..Feature::EMPTY }];
        let features = Features(FEATURES);
        assert!(features.is_public("/posts") && !features.is_public("/account"));
    }
}
