//! Pages as routes.

/// Makes `$page` the route of a page that the function `$view` shows. A guest is sent to sign in, unless the page is public.
///
/// With the feature `split` of the crate that uses it, which `bin/build` turns on, the code of `$view` is a file of its own that the
/// browser loads when the page is opened. Plain cargo-leptos builds all pages in one file.
#[macro_export]
macro_rules! page {
    ($page:ident, $view:ident) => {
        /// The route of the page.
        pub struct $page;

        #[cfg_attr(feature = "split", leptos_router::lazy_route)]
        impl leptos_router::LazyRoute for $page {
            fn data() -> Self {
                Self
            }

            #[cfg(feature = "split")]
            fn view(_page: Self) -> leptos::prelude::AnyView {
                $crate::visitor::guard_page();
                $view()
            }

            #[cfg(not(feature = "split"))]
            async fn view(_page: Self) -> leptos::prelude::AnyView {
                $crate::visitor::guard_page();
                $view()
            }
        }
    };
}
