//! `/login`: sign in, and go on to where one came from.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::Head;
use crate::{
    app::Site,
    auth::LoginForm,
    nav::{self, LocalPath},
    source::HowItWorks,
    visitor::use_visitor,
};

page!(LoginPage, view);

fn view() -> AnyView {
    let query = use_query_map();
    let next = move || query.with(|query| query.get("next")).and_then(|path| LocalPath::parse(&path));
    let visitor = use_visitor();
    let private = move || next().is_some_and(|next| nav::is_private(next.page())) && visitor.user().is_none();
    let demo_account = expect_context::<Site>().demo_account;
    let signed_in = move || {
        visitor.user().map(|user| {
            view! {
                <p>
                    "You are signed in as " <strong>{user.name}</strong> ". "
                    <a href=nav::HOME>"Back to the catalogue"</a>
                </p>
            }
        })
    };
    view! {
        <Head title="Sign in" description="Sign in to your account, and find your cart as you left it." />
        <div class="narrow">
            <h1>"Sign in"</h1>
            {signed_in}
            {move || private().then(|| view! { <p>"Please sign in to go on."</p> })}
            {move || view! { <LoginForm next=next().map(|path| path.to_string()) demo_account /> }}
            <p>
                "You are new here? " <a href=move || nav::with_next(nav::REGISTER, next().as_ref())>"Create an account"</a>
            </p>
        </div>
        <HowItWorks page="login" />
    }
    .into_any()
}
