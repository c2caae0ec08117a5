//! `/login`: sign in, and go on to the page that asked for it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use web::{
    feature::Features,
    path::{LocalPath, with_next},
    ui::Head,
    visitor::use_visitor,
};

use super::{REGISTER_PAGE, forms::LoginForm};
use crate::PublicSettings;

web::page!(LoginPage, view);

fn view() -> AnyView {
    let (query, visitor, features) = (use_query_map(), use_visitor(), Features::current());
    let next = move || query.with(|query| query.get("next")).and_then(|path| LocalPath::parse(&path));
    let is_required =
        move || visitor.user().is_none() && next().is_some_and(|next| !features.is_public(next.page()));
    let demo_account = expect_context::<PublicSettings>().demo_account;
    let signed_in = move || {
        visitor.user().map(|user| {
            view! {
                <p>
                    "You are signed in as " <strong>{user.name}</strong> ". "
                    <a href="/">"Go to the home page"</a>
                </p>
            }
        })
    };
    view! {
        <Head title="Sign in" description="Sign in to your account." />
        <div class="narrow">
            <h1>"Sign in"</h1>
            {signed_in}
            {move || is_required().then(|| view! { <p>"Please sign in to continue."</p> })}
            {move || view! { <LoginForm next=next().map(|path| path.to_string()) demo_account /> }}
            <p>
                "New here? " <a href=move || with_next(REGISTER_PAGE, next().as_ref())>"Create an account"</a>
            </p>
        </div>
    }
    .into_any()
}
