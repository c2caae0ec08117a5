//! `/register`: create an account.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use web::{
    path::{LocalPath, SIGN_IN_PAGE, with_next},
    ui::Head,
};

use super::forms::RegisterForm;

web::page!(RegisterPage, view);

fn view() -> AnyView {
    let query = use_query_map();
    let next = move || query.with(|query| query.get("next")).and_then(|path| LocalPath::parse(&path));
    view! {
        <Head title="Create an account" description="Create an account with a name, an e-mail address and a password." />
        <div class="narrow">
            <h1>"Create an account"</h1>
            {move || view! { <RegisterForm next=next().map(|path| path.to_string()) /> }}
            <p>
                "Already have an account? " <a href=move || with_next(SIGN_IN_PAGE, next().as_ref())>"Sign in"</a>
            </p>
        </div>
    }
    .into_any()
}
