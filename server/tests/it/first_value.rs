//! "Your first value in ten minutes", the walk in `docs/from-flask.md`: the code that it quotes, and the tests that show that it works. In an
//! app each part stands in the file that the walk names.

#![expect(unreachable_pub, reason = "the code is shown as it would be in an app")]

use app::{
    context,
    error::{AppError, Field, Problem},
    forms::{FormRoute, Then},
    nav,
    ui::{FormError, FormState, SubmitButton, TextField},
    visitor::{Visitor, provide_tabs, provide_visitor},
};
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::components::Router;
use serde::{Deserialize, Serialize};
use server_fn::{ServerFn, codec::GetUrl};
use session::SessionValue;

use crate::client::TestApp;

/// What a visitor wants to be called.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Nickname(String);

impl Nickname {
    /// Reads what was typed.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match text.trim() {
            "" => Err(Problem::Missing),
            name if name.chars().count() > 40 => Err(Problem::TooLong { max: 40 }),
            name => Ok(Self(name.to_owned())),
        }
    }
}

impl SessionValue for Nickname {
    const KEY: &'static str = "nickname";
}

/// Keeps the name.
#[server(endpoint = "nickname/set")]
pub async fn set_nickname(#[server(default)] name: String) -> Result<Nickname, AppError> {
    let nickname = Nickname::parse(&name).map_err(|problem| AppError::invalid(Field::Name, problem))?;
    context::session()?.update(|kept: &mut Nickname| kept.clone_from(&nickname)).await?;
    Ok(nickname)
}

/// The name, if there is one.
#[server(endpoint = "nickname/show", input = GetUrl)]
pub async fn show_nickname() -> Result<Option<Nickname>, AppError> {
    Ok(context::session()?.read().await?)
}

/// Forgets the name.
#[server(endpoint = "nickname/forget")]
pub async fn forget_nickname() -> Result<(), AppError> {
    context::session()?.remove::<Nickname>().await?;
    Ok(())
}

/// The name, and the form that changes it.
#[component]
pub fn NicknameForm(nickname: Option<Nickname>) -> impl IntoView {
    let nickname = RwSignal::new(nickname.unwrap_or_default());
    let form = FormState::<SetNickname>::new().on_done(move |kept| nickname.set(kept));
    view! {
        <p>"You are called " <strong>{move || nickname.get().0}</strong></p>
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <TextField
                label="Name"
                field=Field::Name
                autocomplete="nickname"
                value=form.typed("name")
                problem=form.problem(Field::Name)
            />
            <SubmitButton pending=form.pending()>"Keep"</SubmitButton>
            <FormError error=form.general_error(&[Field::Name]) />
        </ActionForm>
    }
}

const ROW: FormRoute =
    FormRoute { path: SetNickname::PATH, page: nav::HOME, then: Then::Stay, done: None, kept: &["name"] };

#[tokio::test]
async fn a_nickname_is_kept_until_it_is_forgotten() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    assert!(visitor.ask("/api/nickname/show").await.json().is_null());
    visitor.call("/api/nickname/set", "name=Countess").await;
    assert_eq!(visitor.ask("/api/nickname/show").await.json(), "Countess");
    assert!(
        app.visitor().ask("/api/nickname/show").await.json().is_null(),
        "each visitor has one of their own"
    );
    visitor.call("/api/nickname/forget", "").await;
    assert!(visitor.ask("/api/nickname/show").await.json().is_null());
}

#[tokio::test]
async fn a_nickname_that_is_none_is_refused_beside_its_field() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for (name, problem) in [("", "missing"), ("++", "missing"), (&"a".repeat(41), "too_long")] {
        let answer = visitor.call("/api/nickname/set", &format!("name={name}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert_eq!((&answer.json()["field"], &answer.json()["problem"]), (&"name".into(), &problem.into()));
    }
}

#[tokio::test]
async fn the_form_works_without_javascript() {
    let page = || {
        provide_tabs(provide_visitor());
        app::flash::provide_notices(None);
        view! { <NicknameForm nickname=Nickname::parse("Ada").ok() /> }
    };
    let render = leptos_axum::render_app_async_with_context(
        || provide_context(Visitor::default()),
        move || view! { <Router>{page()}</Router> },
    );
    let response = render(Request::get("/").body(Body::empty()).unwrap()).await;
    let html = String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
    assert!(html.contains("<strong>Ada</strong>"), "{html}");
    assert!(html.contains(&format!("action=\"{}\"", ROW.path)) && html.contains("method=\"post\""), "{html}");
    for field in ROW.kept {
        assert!(html.contains(&format!("name=\"{field}\"")), "{html}");
    }
}
