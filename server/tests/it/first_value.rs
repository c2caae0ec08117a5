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
pub struct Nickname {
    pub name: String,
}

impl Nickname {
    /// Reads what was typed.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match text.trim() {
            "" => Err(Problem::Missing),
            name if name.chars().count() > 40 => Err(Problem::TooLong { max: 40 }),
            name => Ok(Self { name: name.to_owned() }),
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

/// The name; an empty one where there is none.
#[server(endpoint = "nickname/show", input = GetUrl)]
pub async fn show_nickname() -> Result<Nickname, AppError> {
    Ok(context::session()?.read().await?.unwrap_or_default())
}

/// Forgets the name.
#[server(endpoint = "nickname/forget")]
pub async fn forget_nickname() -> Result<Nickname, AppError> {
    context::session()?.remove::<Nickname>().await?;
    Ok(Nickname::default())
}

/// The name, and the forms that keep and forget it.
#[component]
pub fn NicknameForm(nickname: Nickname) -> impl IntoView {
    let nickname = RwSignal::new(nickname);
    let keep = FormState::<SetNickname>::new().on_done(move |kept| nickname.set(kept));
    let forget = FormState::<ForgetNickname>::new().on_done(move |none| nickname.set(none));
    view! {
        <p>"You are called " <strong>{move || nickname.get().name}</strong></p>
        <ActionForm action=keep.action attr:class="stack" attr:novalidate=true>
            <TextField
                label="Name"
                field=Field::Name
                autocomplete="nickname"
                value=keep.typed("name")
                problem=keep.problem(Field::Name)
            />
            <SubmitButton pending=keep.pending()>"Keep"</SubmitButton>
            <FormError error=keep.general_error(&[Field::Name]) />
        </ActionForm>
        <ActionForm action=forget.action>
            <SubmitButton pending=forget.pending()>"Forget"</SubmitButton>
            <FormError error=forget.general_error(&[]) />
        </ActionForm>
    }
}

const ROWS: [FormRoute; 2] = [
    FormRoute { path: SetNickname::PATH, page: nav::HOME, then: Then::Stay, done: None, kept: &["name"] },
    FormRoute { path: ForgetNickname::PATH, page: nav::HOME, then: Then::Stay, done: None, kept: &[] },
];

#[tokio::test]
async fn a_nickname_is_kept_until_it_is_forgotten() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.visitor(), app.visitor());
    ada.call("/api/nickname/set", "name=Countess").await;
    assert_eq!(ada.ask("/api/nickname/show").await.json()["name"], "Countess");
    assert_eq!(bob.ask("/api/nickname/show").await.json()["name"], "");
    ada.call("/api/nickname/forget", "").await;
    assert_eq!(ada.ask("/api/nickname/show").await.json()["name"], "");
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
async fn the_form_calls_the_functions_that_its_rows_name() {
    let page = || {
        provide_tabs(provide_visitor());
        app::flash::provide_notices(None);
        view! { <NicknameForm nickname=Nickname { name: "Ada".into() } /> }
    };
    let render = leptos_axum::render_app_async_with_context(
        || provide_context(Visitor::default()),
        move || view! { <Router>{page()}</Router> },
    );
    let response = render(Request::get("/").body(Body::empty()).unwrap()).await;
    let html = String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
    let html = html.replace("<!>", "");
    assert!(html.contains("<strong>Ada</strong>"), "{html}");
    for row in &ROWS {
        assert!(html.contains(&format!("action=\"{}\"", row.path)), "{html}");
        for field in row.kept {
            assert!(html.contains(&format!("name=\"{field}\"")), "{html}");
        }
    }
    assert_eq!(html.matches("method=\"post\"").count(), ROWS.len(), "{html}");
}
