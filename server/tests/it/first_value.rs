//! The code and the tests of the tutorial "Your first value in ten minutes" in `docs/from-flask.md`. In an app, the code is a folder in
//! `app/src`.

#![expect(unreachable_pub, reason = "the tutorial shows the code as it is in an app")]

use app::FEATURES;
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::components::Router;
use serde::{Deserialize, Serialize};
use server_fn::{ServerFn, codec::GetUrl};
use session::SessionValue;
use web::{
    context,
    error::{AppError, ForField, Invalid},
    feature::{Feature, Features, Form},
    flash::provide_notices,
    ui::{FormError, FormState, SubmitButton, TextField},
    visitor::{provide_tabs, provide_visitor},
};

use crate::client::TestApp;

/// What a visitor wants to be called.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Nickname {
    pub name: String,
}

impl Nickname {
    /// Parses the text of the form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.trim() {
            "" => Err(Invalid::MISSING),
            name if name.chars().count() > 40 => Err(Invalid::too_long(40)),
            name => Ok(Self { name: name.to_owned() }),
        }
    }
}

impl SessionValue for Nickname {
    const KEY: &'static str = "nickname";
}

/// Saves the nickname.
#[server(endpoint = "nickname/set")]
pub async fn set_nickname(#[server(default)] name: String) -> Result<Nickname, AppError> {
    let nickname = Nickname::parse(&name).for_field("name")?;
    context::session()?.update(|stored: &mut Nickname| stored.clone_from(&nickname)).await?;
    Ok(nickname)
}

/// The nickname, or an empty one.
#[server(endpoint = "nickname/show", input = GetUrl)]
pub async fn show_nickname() -> Result<Nickname, AppError> {
    Ok(context::session()?.read().await?.unwrap_or_default())
}

/// Removes the nickname.
#[server(endpoint = "nickname/forget")]
pub async fn forget_nickname() -> Result<Nickname, AppError> {
    context::session()?.remove::<Nickname>().await?;
    Ok(Nickname::default())
}

/// The nickname, and the forms that save and remove it.
#[component]
pub fn NicknameForm(nickname: Nickname) -> impl IntoView {
    let nickname = RwSignal::new(nickname);
    let set = FormState::<SetNickname>::new().on_success(move |saved| nickname.set(saved));
    let forget = FormState::<ForgetNickname>::new().on_success(move |none| nickname.set(none));
    view! {
        <p>"You are called " <strong>{move || nickname.get().name}</strong></p>
        <ActionForm action=set.action attr:class="stack" attr:novalidate=true>
            <TextField
                label="Name"
                name="name"
                autocomplete="nickname"
                value=set.typed("name")
                error=set.field_error("name")
            />
            <SubmitButton pending=set.pending()>"Save"</SubmitButton>
            <FormError error=set.general_error(&["name"]) />
        </ActionForm>
        <ActionForm action=forget.action>
            <SubmitButton pending=forget.pending()>"Remove"</SubmitButton>
            <FormError error=forget.general_error(&[]) />
        </ActionForm>
    }
}

/// What the app needs to know of this feature.
pub const FEATURE: Feature = Feature {
    public: &[SetNickname::PATH, ShowNickname::PATH, ForgetNickname::PATH],
    forms: &[
        Form::to::<SetNickname>().success("Your nickname has been saved.").refill(&["name"]),
        Form::to::<ForgetNickname>(),
    ],
    session_keys: &["nickname"],
    ..Feature::EMPTY
};

async fn start() -> TestApp {
    let features = [&[FEATURE], FEATURES].concat();
    TestApp::start_with_features(&[], Features(features.leak())).await
}

#[tokio::test]
async fn a_nickname_is_stored_until_it_is_removed() {
    let app = start().await;
    let (ada, bob) = (app.visitor(), app.visitor());
    ada.post("/api/nickname/set", "name=Countess").await;
    assert_eq!(ada.get("/api/nickname/show").await.json()["name"], "Countess");
    assert_eq!(bob.get("/api/nickname/show").await.json()["name"], "");
    ada.post("/api/nickname/forget", "").await;
    assert_eq!(ada.get("/api/nickname/show").await.json()["name"], "");
}

#[tokio::test]
async fn an_invalid_nickname_is_refused_with_a_field_error() {
    let app = start().await;
    let visitor = app.visitor();
    for (name, message) in [
        ("", "Please fill in this field."),
        ("++", "Please fill in this field."),
        (&"a".repeat(41), "Please use at most 40 characters."),
    ] {
        let response = visitor.post("/api/nickname/set", &format!("name={name}")).await;
        assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert_eq!(
            (&response.json()["field"], &response.json()["message"]),
            (&"name".into(), &message.into())
        );
    }
}

#[tokio::test]
async fn a_server_function_that_no_feature_lists_as_public_is_for_signed_in_users() {
    let app = TestApp::start().await;
    let response = app.visitor().post("/api/nickname/set", "name=Countess").await;
    assert_eq!(
        (response.status, response.json()["error"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("sign_in_first"))
    );
}

#[tokio::test]
async fn the_forms_call_the_functions_of_the_feature() {
    let page = || {
        provide_tabs(provide_visitor());
        provide_notices(None);
        view! { <NicknameForm nickname=Nickname { name: "Ada".into() } /> }
    };
    let render =
        leptos_axum::render_app_async_with_context(|| (), move || view! { <Router>{page()}</Router> });
    let response = render(Request::get("/").body(Body::empty()).unwrap()).await;
    let html = String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
    let html = html.replace("<!>", "");
    assert!(html.contains("<strong>Ada</strong>"), "{html}");
    for form in FEATURE.forms {
        assert!(html.contains(&format!("action=\"{}\"", form.path)), "{html}");
        for field in form.refill {
            assert!(html.contains(&format!("name=\"{field}\"")), "{html}");
        }
    }
    assert_eq!(html.matches("method=\"post\"").count(), FEATURE.forms.len(), "{html}");
}
