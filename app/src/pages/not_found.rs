//! Every path that is no page.

use leptos::prelude::*;

use super::Head;
use crate::{error::AppError, ui::Failed};

#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    view! {
        <Head title="Not found" description="There is no such page." />
        <Failed error=AppError::NotFound />
    }
}
