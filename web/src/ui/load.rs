//! Content that is loaded, with its placeholder and its error.

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::Failed;
use crate::error::AppError;

/// Shows a resource by `show`, a placeholder while it loads, and the error if it fails. Keeps its content while the resource is reloaded.
#[component]
pub fn Load<T>(
    resource: Resource<Result<T, AppError>>,
    show: fn(T) -> AnyView,
    #[prop(default = "Loading…")] placeholder: &'static str,
    /// Whether the page has a heading of its own.
    #[prop(default = true)]
    in_page: bool,
) -> impl IntoView
where
    T: Clone + DeserializeOwned + Send + Serialize + Sync + 'static,
{
    let content = move || {
        Suspend::new(async move {
            match resource.await {
                Ok(loaded) => show(loaded),
                Err(error) => view! { <Failed error in_page /> }.into_any(),
            }
        })
    };
    view! {
        <Transition fallback=move || {
            view! { <Loading text=placeholder /> }
        }>
            // Leptos calls a closure three times to render a page. The browser calls it again when the resource changes.
            {if is_server() { content().into_any() } else { content.into_any() }}
        </Transition>
    }
}

/// A placeholder. It becomes visible only after a moment.
#[component]
pub fn Loading(#[prop(default = "Loading…")] text: &'static str) -> impl IntoView {
    view! { <p class="waiting">{text}</p> }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use leptos_axum::{generate_route_list, render_app_async};

    use super::*;

    static BUILT: AtomicUsize = AtomicUsize::new(0);

    #[component]
    fn App() -> impl IntoView {
        let resource = Resource::new(|| (), |()| async { Ok("loaded".to_owned()) });
        let show = |text: String| {
            BUILT.fetch_add(1, Ordering::Relaxed);
            view! { <p>{text}</p> }.into_any()
        };
        view! { <Load resource show /> }
    }

    #[tokio::test]
    async fn the_server_builds_loaded_content_once_per_page() {
        // Starts the executor of Leptos.
        generate_route_list(|| ());
        let response = render_app_async(App)(Request::new(Body::empty())).await;
        let html = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(String::from_utf8_lossy(&html).contains("<p>loaded</p>"), "{html:?}");
        assert_eq!(BUILT.load(Ordering::Relaxed), 1);
    }
}
