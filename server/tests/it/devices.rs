//! The devices of an account, and signing them out.

use axum::http::StatusCode;
use time::Duration;

use crate::client::TestApp;

/// The devices that the account page can sign out.
fn other_devices(page: &str) -> Vec<String> {
    let fields = page.split("name=\"device\" value=\"").skip(1);
    fields.map(|field| field.split('"').next().unwrap().to_owned()).collect()
}

/// Security: 7.5.2
#[tokio::test]
async fn devices_are_listed_and_can_be_signed_out_one_by_one() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    app.clock.advance(Duration::minutes(5));
    phone.sign_in_as("Ada").await;
    let stolen = phone.session_cookie().unwrap();

    let devices = laptop.get("/api/auth/devices").await.json();
    let devices = devices.as_array().unwrap();
    assert_eq!(devices.len(), 2);
    assert_eq!(devices.iter().filter(|device| device["current"] == true).count(), 1);
    let other = devices.iter().find(|device| device["current"] == false).unwrap();
    assert_eq!(other["first_at"], other["last_at"]);
    let handle = other["device"].as_str().unwrap();
    assert!(!stolen.contains(handle));

    let response = laptop.post("/api/auth/revoke", &format!("device={handle}")).await;
    assert_eq!(response.json().as_array().unwrap().len(), 1);
    assert_eq!((phone.name().await, laptop.name().await.as_deref()), (None, Some("Ada")));
    assert_eq!(
        laptop.post("/api/auth/revoke", &format!("device={handle}")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_plain_form_signs_out_one_device_and_reports_a_device_that_is_already_signed_out() {
    let app = TestApp::start().await;
    let (laptop, phone, tablet) = (app.visitor(), app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    tablet.sign_in_as("Ada").await;
    let others = other_devices(&laptop.open("/account").await.body);
    assert_eq!(others.len(), 2);

    let form = format!("device={}", others[0]);
    let page = laptop.submit_and_follow("/account", "/api/auth/revoke", &form).await.body;
    assert!(page.contains("The device has been signed out."), "{page}");
    assert_eq!(other_devices(&page), others[1..]);
    assert!(phone.name().await.is_some() != tablet.name().await.is_some(), "one of the two");
    assert_eq!(laptop.name().await.as_deref(), Some("Ada"));

    let page = laptop.submit_and_follow("/account", "/api/auth/revoke", &form).await.body;
    assert!(page.contains("We could not find that. It may have been removed."), "{page}");
    let page = laptop.submit_and_follow("/account", "/api/auth/revoke_others", "").await.body;
    assert_eq!(other_devices(&page), [""; 0]);
    assert!(!page.contains("Sign out everywhere else"), "{page}");
}

/// Security: 7.5.2, 8.3.1
#[tokio::test]
async fn a_user_cannot_end_the_session_of_another_user() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    let handle = ada.get("/api/auth/devices").await.json()[0]["device"].as_str().unwrap().to_owned();
    assert_eq!(eve.post("/api/auth/revoke", &format!("device={handle}")).await.status, StatusCode::NOT_FOUND);
    eve.post("/api/auth/revoke_others", "").await;
    assert_eq!(ada.name().await.as_deref(), Some("Ada"));
}

/// Security: 7.5.2
#[tokio::test]
async fn signing_out_everywhere_else_keeps_this_device_signed_in() {
    let app = TestApp::start().await;
    let (laptop, phone, tablet) = (app.visitor(), app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    tablet.sign_in_as("Ada").await;
    let page = laptop.submit_and_follow("/account", "/api/auth/revoke_others", "").await.body;
    assert!(page.contains("You have been signed out everywhere else."), "{page}");
    assert_eq!((phone.name().await, tablet.name().await), (None, None));
    assert_eq!(laptop.name().await.as_deref(), Some("Ada"));
}

/// Security: 7.2.1
#[tokio::test]
async fn a_revoked_session_is_refused_for_forms_and_pages() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    laptop.post("/api/auth/revoke_others", "").await;
    let response = phone.begin_session().await;
    assert_eq!(
        (response.status, response.body.as_str()),
        (StatusCode::UNAUTHORIZED, r#"{"error":"session_ended"}"#)
    );
    let response = phone.open("/account").await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
}
