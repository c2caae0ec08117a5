//! The app with a database of its own, without a network, and visitors with a cookie jar each.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use app::FEATURES;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        HeaderMap, HeaderValue, Method, Request, StatusCode,
        header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, LOCATION, REFERER, SET_COOKIE},
    },
};
use serde_json::Value;
use server::{AppState, Settings, database, router, settings::Build};
use session::{Clock, Database, Pool, SigningKeys};
use tokio::time::timeout;
use tower::ServiceExt;
use web::feature::Features;

/// The password of every account that [`Visitor::register`] creates.
pub(crate) const PASSWORD: &str = "three-words-at-least";

/// The form that signs in with the demo account.
pub(crate) const DEMO: &str = "email=demo@example.com&password=keep-it-in-the-satchel";

/// A request that takes longer than this hangs.
const TIMEOUT: Duration = Duration::from_secs(300);

pub(crate) struct TestApp {
    router: Router,
    pub(crate) pool: Pool,
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    _folder: tempfile::TempDir,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The app where the header `X-Real-Ip` says where a request comes from.
    pub(crate) async fn start_behind_proxy() -> Self {
        Self::start_with(&[("CLIENT_IP_SOURCE", "XRealIp")]).await
    }

    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_with_features(settings, Features(FEATURES)).await
    }

    pub(crate) async fn start_with_features(settings: &[(&str, &str)], features: Features) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_795_255_509);
        // Production has no default for it.
        let settings = [settings, &[("CLIENT_IP_SOURCE", "ConnectInfo")]].concat();
        let get =
            |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let settings = Settings::read(Build::current(), get, || Ok(SigningKeys::generate())).unwrap();
        let db = database::open(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
        let state = AppState::with_features(settings, db.clone(), clock.clone(), features).await.unwrap();
        let (pool, db) = (db.readers().clone(), state.site.db.clone());
        Self { router: router(state), pool, db, clock, _folder: folder }
    }

    pub(crate) fn visitor(&self) -> Visitor<'_> {
        Visitor { app: self, cookies: RefCell::default() }
    }

    /// Changes the database through the app, which invalidates its caches.
    pub(crate) async fn change(&self, statement: &str) {
        let mut transaction = self.db.begin().await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }

    pub(crate) async fn sessions(&self) -> i64 {
        sqlx::query_scalar("select count(*) from sessions").fetch_one(&self.pool).await.unwrap()
    }
}

/// A browser without JavaScript, or a script with a cookie jar.
pub(crate) struct Visitor<'a> {
    app: &'a TestApp,
    cookies: RefCell<BTreeMap<String, String>>,
}

pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.body))
    }

    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn sets_cookie(&self) -> bool {
        self.headers.contains_key(SET_COOKIE)
    }
}

impl Visitor<'_> {
    pub(crate) async fn open(&self, path: &str) -> Response {
        self.send(Request::get(path).header(ACCEPT, "text/html").body(Body::empty()).unwrap()).await
    }

    /// Calls a function that only reads.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Request::get(path).header(ACCEPT, "application/json").body(Body::empty()).unwrap()).await
    }

    /// Calls a function as a script does.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Response {
        self.send(post(path, "application/json").body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Submits a plain form of `page`.
    pub(crate) async fn submit(&self, page: &str, path: &str, body: &str) -> Response {
        let referer = format!("http://satchel.test{page}");
        let request = post(path, "text/html,application/xhtml+xml").header(REFERER, referer);
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Submits a plain form and opens the page that it redirects to.
    pub(crate) async fn submit_and_follow(&self, page: &str, path: &str, body: &str) -> Response {
        let response = self.submit(page, path, body).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{}", response.body);
        self.open(response.location()).await
    }

    /// Sends any request, with the visitor's cookies.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Response {
        let cookies: Vec<_> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(COOKIE, HeaderValue::from_str(&cookies.join("; ")).unwrap());
        }
        request.headers_mut().insert(HOST, HeaderValue::from_static("satchel.test"));
        let what = format!("{} {}", request.method(), request.uri());
        let is_head = request.method() == Method::HEAD;
        let result = timeout(TIMEOUT, self.app.router.clone().oneshot(request)).await;
        let response = result.unwrap_or_else(|_| panic!("no response to {what}")).unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            self.store_cookie(cookie.to_str().unwrap());
        }
        let body = to_bytes(body, usize::MAX).await.unwrap();
        // A real server closes the connection if the length is wrong.
        if let Some(length) = parts.headers.get(CONTENT_LENGTH).filter(|_| !is_head) {
            assert_eq!(length.to_str().unwrap(), body.len().to_string(), "{what}");
        }
        Response {
            status: parts.status,
            headers: parts.headers,
            // Without the markers for hydration.
            body: String::from_utf8(body.to_vec()).unwrap().replace("<!>", ""),
        }
    }

    fn store_cookie(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        if attributes.contains("Max-Age=0") {
            self.cookies.borrow_mut().remove(name);
        } else {
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
    }

    pub(crate) fn session_cookie(&self) -> Option<String> {
        self.cookie("id")
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub(crate) fn put_cookie(&self, name: &str, text: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), text.to_owned());
    }

    /// Uses the session cookie of another visitor, as a thief does.
    pub(crate) fn steal(&self, cookie: &str) {
        self.put_cookie("id", cookie);
    }

    /// Stores a value in the session, which is created if there is none.
    pub(crate) async fn begin_session(&self) -> Response {
        self.post("/api/preferences/theme", "theme=dark").await
    }

    /// Registers an account, which also signs in.
    pub(crate) async fn register(&self, name: &str) -> Response {
        let response = self
            .post("/api/auth/register", &format!("name={name}&email={name}@example.com&password={PASSWORD}"))
            .await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
        response
    }

    /// Signs in with an account that [`register`](Self::register) created.
    pub(crate) async fn sign_in_as(&self, name: &str) -> Response {
        self.post("/api/auth/login", &format!("email={name}@example.com&password={PASSWORD}")).await
    }

    /// The name of the signed-in user; `None` for a guest.
    pub(crate) async fn name(&self) -> Option<String> {
        self.get("/api/visitor/show").await.json()["user"]["name"].as_str().map(str::to_owned)
    }

    pub(crate) async fn sign_in(&self) -> Response {
        self.post("/api/auth/login", DEMO).await
    }
}

/// The error that a page shows for the field with this id.
pub(crate) fn field_error<'a>(id: &str, page: &'a str) -> &'a str {
    let error = page.split(&format!("id=\"{id}-error\"")).nth(1).unwrap();
    &error[..error.find("</p>").unwrap()]
}

fn post(path: &str, accept: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(ACCEPT, accept)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
}
