//! The app, driven without a network.

use std::{path::Path, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        Request, StatusCode,
        header::{ACCEPT, CONTENT_TYPE, COOKIE, HOST, SET_COOKIE},
    },
};
use serde::{Deserialize, Serialize};
use server::{AppState, Settings, database, router, settings::Build};
use session::{Clock, Database};
use tokio::time::timeout;
use tower::ServiceExt;

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "three-words-at-least";

/// A request that takes longer than this hangs.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The app on a database file.
pub(crate) struct App {
    router: Router,
    pub(crate) db: Database,
    pub(crate) clock: Clock,
}

impl App {
    pub(crate) async fn open(file: &Path, keys: &str, now: i64) -> Self {
        let get = |name: &str| match name {
            "CLIENT_IP_SOURCE" => Some("ConnectInfo".to_owned()),
            "SIGN_IN_LIMIT" | "SESSION_LIMIT" => Some("off".to_owned()),
            _ => None,
        };
        let settings = Settings::read(Build::current(), get, || Ok(keys.to_owned())).unwrap();
        let (db, clock) = (database::open(&crate::url(file)).await.unwrap(), Clock::manual(now));
        let state = AppState::new(settings, db.clone(), clock.clone()).await.unwrap();
        Self { router: router(state), db, clock }
    }

    pub(crate) async fn send(&self, call: &Call) -> Response {
        let mut request = Request::post(&call.path)
            .header(HOST, "satchel.test")
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(cookie) = &call.cookie {
            request = request.header(COOKIE, cookie);
        }
        let request = request.body(Body::from(call.body.clone())).unwrap();
        let (parts, body) =
            timeout(TIMEOUT, self.router.clone().oneshot(request)).await.unwrap().unwrap().into_parts();
        let cookies = parts.headers.get_all(SET_COOKIE).iter();
        let mut pairs = cookies.filter_map(|cookie| cookie.to_str().unwrap().split(';').next());
        let cookie = pairs.find(|pair| pair.starts_with("id=")).map(str::to_owned);
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Response { status: parts.status, cookie, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) async fn close(self) {
        self.db.close().await;
    }
}

/// A request to a server function.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Call {
    path: String,
    body: String,
    cookie: Option<String>,
}

pub(crate) struct Response {
    pub(crate) status: StatusCode,
    /// The session cookie, if the response sets it.
    cookie: Option<String>,
    pub(crate) body: String,
}

/// Stores the session cookie.
#[derive(Default)]
pub(crate) struct Browser {
    cookie: Option<String>,
}

impl Browser {
    pub(crate) fn call(&self, path: &str, body: &str) -> Call {
        Call { path: path.to_owned(), body: body.to_owned(), cookie: self.cookie.clone() }
    }

    pub(crate) async fn post(&mut self, app: &App, path: &str, body: &str) {
        let response = app.send(&self.call(path, body)).await;
        assert_eq!(response.status, StatusCode::OK, "{path}: {}", response.body);
        self.cookie = response.cookie.or(self.cookie.take());
    }

    pub(crate) async fn register(&mut self, app: &App, email: &str) {
        self.post(app, "/api/auth/register", &registration(email)).await;
    }

    pub(crate) async fn sign_in(&mut self, app: &App) {
        self.post(app, "/api/auth/login", &credentials(ADA, PASSWORD)).await;
    }

    // <shop>
    pub(crate) async fn fill_cart(&mut self, app: &App) {
        self.post(app, "/api/cart/add", "product=1&quantity=2").await;
    }
    // </shop>
}

pub(crate) fn registration(email: &str) -> String {
    format!("name=Visitor&email={email}&password={PASSWORD}")
}

pub(crate) fn credentials(email: &str, password: &str) -> String {
    format!("email={email}&password={password}")
}
