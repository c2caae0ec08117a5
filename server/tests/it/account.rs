//! The own account: devices, name, password, removal; and who may not.

use axum::http::StatusCode;
use serde_json::json;
use time::Duration;

use crate::client::{PASSWORD, TestApp};

const NEW: &str = "four-words-are-better";

/// What a page says beside the field with this id.
fn beside<'a>(id: &str, page: &'a str) -> &'a str {
    let error = page.split(&format!("id=\"{id}-error\"")).nth(1).unwrap();
    &error[..error.find("</p>").unwrap()]
}

/// Whether the account page asks for the password before it shows the forms for what matters most.
fn asks_to_confirm(page: &str) -> bool {
    let asks = page.contains("action=\"/api/auth/confirm\"");
    let hides = page.contains("<div hidden><section aria-labelledby=\"password-heading\">");
    assert_eq!(asks, hides, "one or the other: {page}");
    asks
}

/// The devices that have a "Sign out" on the account page.
fn other_devices(page: &str) -> Vec<String> {
    let fields = page.split("name=\"device\" value=\"").skip(1);
    fields.map(|field| field.split('"').next().unwrap().to_owned()).collect()
}

/// Security: 8.3.1
#[tokio::test]
async fn a_guest_is_sent_to_sign_in_and_comes_back() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let answer = visitor.open("/account?from=menu").await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/login?next=%2Faccount%3Ffrom%3Dmenu")
    );
    assert_eq!(
        (answer.body.as_str(), answer.sets_cookie()),
        ("", false),
        "nothing of the page, and no session"
    );
    let page = visitor.open(answer.location()).await.body;
    assert!(page.contains("Please sign in to continue."), "{page}");
    let form = "email=demo@example.com&password=keep-it-in-the-satchel&next=/account?from=menu";
    assert_eq!(visitor.submit("/login", "/api/auth/login", form).await.location(), "/account?from=menu");
    assert_eq!(visitor.open("/account").await.status, StatusCode::OK);
}

/// Security: what was typed survives
#[tokio::test]
async fn what_a_plain_form_held_is_there_again_after_signing_in() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    app.clock.advance(Duration::hours(1));
    let answer =
        visitor.submit("/account", "/api/auth/name", "name=Countess+Ada&whose=demo@example.com").await;
    assert_eq!(answer.location(), "/login?next=%2Faccount");
    let page = visitor.open(answer.location()).await.body;
    assert!(page.contains("Your session has ended.") && !page.contains("Countess Ada"), "{page}");
    let form = "email=demo@example.com&password=keep-it-in-the-satchel&next=/account";
    let page = visitor.submit_and_follow(answer.location(), "/api/auth/login", form).await.body;
    assert!(page.contains("value=\"Countess Ada\"") && page.contains("You are signed in now."), "{page}");
    let page = visitor.open("/account").await.body;
    assert!(!page.contains("Countess Ada"), "once: {page}");
}

/// Security: what was typed survives
#[tokio::test]
async fn what_one_user_has_typed_is_not_shown_to_the_next() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let page = visitor.open("/account").await.body;
    assert!(page.contains("name=\"whose\" value=\"ada@example.com\""), "{page}");
    app.clock.advance(Duration::hours(1));
    visitor.submit("/account", "/api/auth/name", "name=Countess&whose=ada@example.com").await;
    visitor.sign_in().await;
    let page = visitor.open("/account").await.body;
    assert!(page.contains("demo@example.com") && !page.contains("Countess"), "{page}");
}

/// Security: 7.5.2
#[tokio::test]
async fn devices_are_listed_with_this_one_marked_and_ended_one_by_one() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    app.clock.advance(Duration::minutes(5));
    phone.sign_in_as("Ada").await;
    let stolen = phone.session_cookie().unwrap();

    let devices = laptop.ask("/api/auth/devices").await.json();
    let devices = devices.as_array().unwrap();
    assert_eq!(devices.len(), 2);
    assert_eq!(devices.iter().filter(|device| device["current"] == true).count(), 1);
    let other = devices.iter().find(|device| device["current"] == false).unwrap();
    assert_eq!(other["first_at"], other["last_at"]);
    let handle = other["device"].as_str().unwrap();
    assert!(!stolen.contains(handle));

    let answer = laptop.call("/api/auth/revoke", &format!("device={handle}")).await;
    assert_eq!(answer.json().as_array().unwrap().len(), 1);
    assert_eq!((phone.name().await, laptop.name().await.as_deref()), (None, Some("Ada")));
    assert_eq!(
        laptop.call("/api/auth/revoke", &format!("device={handle}")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_plain_form_ends_one_device_and_says_so_when_it_is_gone_already() {
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
    assert!(phone.name().await.is_some() != tablet.name().await.is_some(), "one of the two, not both");
    assert_eq!(laptop.name().await.as_deref(), Some("Ada"));

    let page = laptop.submit_and_follow("/account", "/api/auth/revoke", &form).await.body;
    assert!(page.contains("We could not find that. It may have been removed."), "{page}");
    let page = laptop.submit_and_follow("/account", "/api/auth/revoke_others", "").await.body;
    assert_eq!(other_devices(&page), [""; 0]);
    assert!(!page.contains("Sign out everywhere else"), "{page}");
}

/// Security: 7.5.2, 8.3.1
#[tokio::test]
async fn nobody_ends_a_strangers_session() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    let handle = ada.ask("/api/auth/devices").await.json()[0]["device"].as_str().unwrap().to_owned();
    assert_eq!(eve.call("/api/auth/revoke", &format!("device={handle}")).await.status, StatusCode::NOT_FOUND);
    eve.call("/api/auth/revoke_others", "").await;
    assert_eq!(ada.name().await.as_deref(), Some("Ada"));
}

/// Security: 7.5.2
#[tokio::test]
async fn signing_out_everywhere_else_spares_this_device() {
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
async fn a_revoked_session_ends_at_its_next_request_whatever_it_is() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    laptop.call("/api/auth/revoke_others", "").await;
    let answer = phone.begin_session().await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::UNAUTHORIZED, r#"{"error":"session_ended"}"#)
    );
    let answer = phone.open("/account").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

/// Security: 7.4.3
#[tokio::test]
async fn changing_the_password_ends_all_other_sessions_and_renews_this_one() {
    let app = TestApp::start().await;
    let (laptop, phone, thief) = (app.visitor(), app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    let before = laptop.session_cookie().unwrap();
    let answer = laptop.call("/api/auth/password", &format!("current={PASSWORD}&new={NEW}")).await;
    assert_eq!(
        (answer.status, &answer.json()["user"]["name"]),
        (StatusCode::OK, &json!("Ada")),
        "{}",
        answer.body
    );
    assert_ne!(laptop.session_cookie().unwrap(), before);
    assert_eq!(laptop.ask("/api/auth/devices").await.json().as_array().unwrap().len(), 1);
    thief.steal(&before);
    assert_eq!((thief.name().await, phone.name().await), (None, None), "replay");
    assert_eq!(laptop.name().await.as_deref(), Some("Ada"));
    assert_eq!(app.visitor().sign_in_as("Ada").await.status, StatusCode::UNAUTHORIZED);
    let new = format!("email=ada@example.com&password={NEW}");
    assert_eq!(app.visitor().call("/api/auth/login", &new).await.status, StatusCode::OK);
}

/// Security: 7.4.3
#[tokio::test]
async fn a_session_from_before_a_change_of_the_password_is_worth_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    // As when a sign-in with the old password is under way while it changes.
    app.change("update users set password_version = password_version + 1").await;
    assert_eq!(visitor.name().await, None);
    assert_eq!(visitor.open("/account").await.status, StatusCode::SEE_OTHER);
}

/// Security: 7.3.1
#[tokio::test]
async fn a_page_that_asks_by_itself_keeps_no_session_alive() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    for minutes in [20, 9] {
        app.clock.advance(Duration::minutes(minutes));
        assert_eq!(visitor.ask("/api/visitor/peek").await.json()["user"]["name"], "Demo");
    }
    app.clock.advance(Duration::minutes(1));
    assert_eq!(visitor.ask("/api/visitor/peek").await.json()["user"], json!(null));
}

/// Security: 6.2.3
#[tokio::test]
async fn a_wrong_current_password_changes_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let answer = visitor.call("/api/auth/password", &format!("current=wrong&new={NEW}")).await;
    assert_eq!(
        (answer.status, answer.json()),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!({ "error": "invalid", "field": "current", "message": "This password is wrong." })
        )
    );
    let answer = visitor.call("/api/auth/password", &format!("current={PASSWORD}&new=password1")).await;
    assert_eq!(answer.json()["field"], "new");
    let page = visitor
        .submit_and_follow("/account", "/api/auth/password", &format!("current=wrong&new={NEW}"))
        .await;
    assert!(beside("current", &page.body).contains("This password is wrong."));
    assert!(!page.body.contains(NEW));
    assert_eq!(app.visitor().sign_in_as("Ada").await.status, StatusCode::OK);
}

/// Security: 6.2.11
#[tokio::test]
async fn a_new_password_made_of_the_site_the_name_or_the_address_is_refused_beside_its_field() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let account = format!("email=countess@example.com&password={PASSWORD}");
    let answer = visitor.call("/api/auth/register", &format!("name=Ada+Lovelace&{account}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    app.clock.advance(Duration::minutes(11));
    let answer = visitor.call("/api/auth/confirm", &format!("password={PASSWORD}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    for password in ["Satchel2026!", "Lovelace1815", "countess!"] {
        let form = format!("current={PASSWORD}&new={password}");
        let answer = visitor.call("/api/auth/password", &form).await;
        assert_eq!(
            (answer.status, answer.json()),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({ "error": "invalid", "field": "new", "message": "This password is too similar to your name, your e-mail or the name of this site. Please choose another one." })
            ),
            "{password}"
        );
        let page = visitor.submit_and_follow("/account", "/api/auth/password", &form).await.body;
        assert!(beside("new", &page).contains("This password is too similar to"), "{password}: {page}");
        assert!(!page.contains(password), "{password}: {page}");
    }
    let answer = app.visitor().call("/api/auth/login", &account).await;
    assert_eq!(answer.status, StatusCode::OK, "nothing changed: {}", answer.body);
}

/// Security: 7.5.1
#[tokio::test]
async fn ten_minutes_after_signing_in_the_password_is_asked_for_again_however_busy() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    for _ in 0..10 {
        assert!(visitor.open("/account").await.body.contains("Change password"));
        app.clock.advance(Duration::minutes(1));
    }
    let before = visitor.session_cookie();
    for (path, body) in [
        ("/api/auth/password", format!("current={PASSWORD}&new={NEW}")),
        ("/api/auth/delete", format!("password={PASSWORD}")),
    ] {
        let answer = visitor.call(path, &body).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::FORBIDDEN, r#"{"error":"confirm_first"}"#),
            "{path}"
        );
        let page = visitor.submit_and_follow("/account", path, &body).await.body;
        assert!(page.contains("Please confirm your password first."), "{path}: {page}");
        assert!(page.contains("action=\"/api/auth/confirm\""), "{path}: {page}");
    }
    let answer = visitor.call("/api/auth/confirm", "password=wrong").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = visitor.call("/api/auth/confirm", &format!("password={PASSWORD}")).await;
    assert_eq!(answer.json()["user"]["confirmed"], true);
    assert_ne!(visitor.session_cookie(), before, "a new id with the new privilege");
    let answer = visitor.call("/api/auth/password", &format!("current={PASSWORD}&new={NEW}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

/// Security: 7.5.1
#[tokio::test]
async fn what_matters_most_is_confirmed_and_changed_by_plain_forms_alone() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    phone.register("Ada").await;
    let form = format!("email=ada@example.com&password={PASSWORD}&next=/account");
    let page = laptop.submit_and_follow("/login?next=%2Faccount", "/api/auth/login", &form).await.body;
    assert!(!asks_to_confirm(&page));
    app.clock.advance(Duration::minutes(11));

    let change = format!("current={PASSWORD}&new={NEW}");
    let answer = laptop.submit("/account", "/api/auth/password", &change).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/account"));
    let page = laptop.open(answer.location()).await.body;
    assert!(asks_to_confirm(&page) && page.contains("Please confirm your password first."), "{page}");
    assert_eq!(phone.name().await.as_deref(), Some("Ada"), "nothing has changed");

    let page = laptop.submit_and_follow("/account", "/api/auth/confirm", "password=wrong").await.body;
    assert!(beside("confirm-password", &page).contains("This password is wrong."), "{page}");
    assert!(!beside("remove-password", &page).contains("This is not"), "{page}");
    assert!(asks_to_confirm(&page));
    let form = format!("password={PASSWORD}");
    let page = laptop.submit_and_follow("/account", "/api/auth/confirm", &form).await.body;
    assert!(
        page.contains(
            "Password confirmed. For ten minutes you can change your password and delete your account."
        ),
        "{page}"
    );
    assert!(!asks_to_confirm(&page));

    let page = laptop.submit_and_follow("/account", "/api/auth/password", &change).await.body;
    assert!(
        page.contains("Your password has been changed. You have been signed out everywhere else."),
        "{page}"
    );
    assert_eq!((laptop.name().await.as_deref(), phone.name().await), (Some("Ada"), None));
    let form = format!("email=ada@example.com&password={NEW}");
    assert_eq!(phone.submit("/login", "/api/auth/login", &form).await.location(), "/");
    assert_eq!(phone.name().await.as_deref(), Some("Ada"));
}

#[tokio::test]
async fn a_changed_name_is_in_the_header_and_a_bad_one_beside_its_field() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    assert_eq!(visitor.call("/api/auth/name", "name=Countess").await.json()["user"]["name"], "Countess");
    let page = visitor.submit_and_follow("/account", "/api/auth/name", "name=+").await.body;
    assert!(page.contains("Please fill in this field.") && page.contains("Countess"), "{page}");
}

#[tokio::test]
async fn a_form_that_another_user_left_open_changes_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.register("Eve").await;
    let answer = visitor.call("/api/auth/name", "name=Countess&whose=ada@example.com").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(visitor.name().await.as_deref(), Some("Eve"));
}

/// Security: 7.4.2
#[tokio::test]
async fn a_removed_account_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let (visitor, phone) = (app.visitor(), app.visitor());
    visitor.register("Ada").await;
    phone.sign_in_as("Ada").await;
    assert_eq!(
        visitor.call("/api/auth/delete", "password=wrong").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let answer = visitor.submit("/account", "/api/auth/delete", &format!("password={PASSWORD}")).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(answer.headers.contains_key("clear-site-data"));
    assert!(visitor.open("/").await.body.contains("Your account has been deleted"));
    assert_eq!((visitor.name().await, phone.name().await), (None, None));
    assert_eq!(app.visitor().sign_in_as("Ada").await.status, StatusCode::UNAUTHORIZED);
    for table in ["users where name = 'Ada'", "sessions where owner is not null"] {
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&app.pool)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

/// Security: 14.3.1, 14.3.2
#[tokio::test]
async fn signing_out_tells_the_browser_to_forget() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    assert_eq!(visitor.open("/account").await.headers["cache-control"], "no-store");
    let answer = visitor.call("/api/auth/logout", "").await;
    assert_eq!(answer.headers["clear-site-data"], r#""cache", "storage""#);
    visitor.sign_in().await;
    let answer = visitor.submit("/account", "/api/auth/logout", "").await;
    assert_eq!(answer.headers["clear-site-data"], r#""cache", "storage""#);
    assert!(!visitor.begin_session().await.headers.contains_key("clear-site-data"));
    visitor.sign_in().await;
    let answer = visitor.submit("/account", "/api/auth/delete", "password=wrong").await;
    assert!(
        !answer.headers.contains_key("clear-site-data"),
        "who stays signed in keeps what the browser has"
    );
}
