//! The folds, as the server has them.

/// The code of all folds: the page that asks for it, and HTML. The server provides it for each page; in the browser there is none.
#[derive(Clone, Copy, Debug)]
pub struct Folds(pub &'static [(&'static str, &'static str)]);

impl Folds {
    /// The code that `page` shows.
    #[must_use]
    pub fn html(self, page: &str) -> Option<&'static str> {
        self.0.iter().find(|(name, _)| *name == page).map(|(_, html)| *html)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_is_found_by_its_page() {
        let folds = Folds(&[("visits", "<p>one</p>"), ("login", "<p>two</p>")]);
        assert_eq!(folds.html("login"), Some("<p>two</p>"));
        assert_eq!(folds.html("nothing"), None);
    }
}
