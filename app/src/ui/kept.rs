//! What the server may show again as it is: whole pages, and parts that are the same for everybody.

use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use leptos::prelude::*;

/// Whether the page being rendered may be kept for a moment: one that changes nothing, and is made from its address, the visitor, the
/// session and what [`Storage`](crate::storage::Storage) keeps alone. The server provides one for each page; in the browser there is none.
#[derive(Clone, Debug, Default)]
pub struct KeptPage(Arc<AtomicBool>);

impl KeptPage {
    /// Says so of the page being rendered. Not for one that shows the time, counts or sets a cookie.
    pub fn allow() {
        if let Some(page) = use_context::<Self>() {
            page.0.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the page has said so.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Parts of pages that are the same for everybody, each one element made from a `K` alone: it awaits nothing, and reads no signal and no
/// context. The server renders such a part once and keeps its HTML; in the browser it is as alive as any other.
pub struct KeptHtml<K: 'static> {
    #[cfg(feature = "ssr")]
    parts: std::sync::LazyLock<moka::sync::Cache<K, Arc<str>>>,
    #[cfg(not(feature = "ssr"))]
    parts: std::marker::PhantomData<fn(K)>,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> KeptHtml<K> {
    /// Nothing kept yet: for a `static`.
    #[must_use]
    pub const fn empty() -> Self {
        /// So many: some ten kilobytes each.
        #[cfg(feature = "ssr")]
        const PARTS: u64 = 64;

        Self {
            #[cfg(feature = "ssr")]
            parts: std::sync::LazyLock::new(|| moka::sync::Cache::new(PARTS)),
            #[cfg(not(feature = "ssr"))]
            parts: std::marker::PhantomData,
        }
    }

    /// The part that `view` makes from `of`.
    #[cfg(feature = "ssr")]
    pub fn show<V: IntoView>(&self, of: K, view: impl FnOnce(K) -> V) -> AnyView {
        let html = self.parts.get(&of).unwrap_or_else(|| {
            let html: Arc<str> = view(of.clone()).into_view().to_html().into();
            self.parts.insert(of, html.clone());
            html
        });
        leptos::tachys::html::InertElement::new(html.to_string()).into_any()
    }

    /// The part that `view` makes from `of`.
    #[cfg(not(feature = "ssr"))]
    pub fn show<V: IntoView>(&self, of: K, view: impl FnOnce(K) -> V) -> AnyView {
        view(of).into_any()
    }
}
