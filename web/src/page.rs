//! A macro that makes a page a route.

/// Makes `$page` the route of a page that the function `$view` shows. Guests are redirected to sign in, unless the page is public. With
/// the feature `split`, which `bin/build` turns on, the browser loads the code of the page when it is opened.
#[macro_export]
macro_rules! page {
    ($page:ident, $view:ident) => {
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
