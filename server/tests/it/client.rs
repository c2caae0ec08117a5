//! An app with a database of its own, and visitors with a cookie jar each.

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

/// The password of every account that [`Visitor::register`] makes.
pub(crate) const PASSWORD: &str = "three-words-at-least";

/// The longest wait before a test fails. It does not measure speed.
const NEVER: Duration = Duration::from_secs(300);

pub(crate) struct TestApp {
    router: Router,
    pub(crate) pool: Pool,
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    _folder: tempfile::TempDir,
}

impl TestApp {
    /// The app as in development.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The app with other settings.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_with_features(settings, Features(FEATURES)).await
    }

    /// The app with other settings and features.
    pub(crate) async fn start_with_features(settings: &[(&str, &str)], features: Features) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_795_255_509);
        // Production has no default for it; a test's visitors connect directly.
        let settings = [settings, &[("CLIENT_IP_SOURCE", "ConnectInfo")]].concat();
        let get =
            |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let settings = Settings::read(Build::current(), get, || Ok(SigningKeys::generate())).unwrap();
        let db = database::open(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
        let state = AppState::with_features(settings, db.clone(), clock.clone(), features).await.unwrap();
        let (pool, db) = (db.readers().clone(), state.site.db.clone());
        Self { router: router(state), pool, db, clock, _folder: folder }
    }

    /// A new visitor.
    pub(crate) fn visitor(&self) -> Visitor<'_> {
        Visitor { app: self, cookies: RefCell::default() }
    }

    /// Changes the database as if the app had done it.
    pub(crate) async fn change(&self, statement: &str) {
        let mut transaction = self.db.begin().await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// How many sessions are kept.
    pub(crate) async fn sessions(&self) -> i64 {
        sqlx::query_scalar("select count(*) from sessions").fetch_one(&self.pool).await.unwrap()
    }
}

/// A browser without JavaScript, or a script with a cookie jar.
pub(crate) struct Visitor<'a> {
    app: &'a TestApp,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// What the server answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.body))
    }

    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn sets_cookie(&self) -> bool {
        self.headers.contains_key(SET_COOKIE)
    }
}

impl Visitor<'_> {
    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Answer {
        self.send(Request::get(path).header(ACCEPT, "text/html").body(Body::empty()).unwrap()).await
    }

    /// Asks a function that only reads.
    pub(crate) async fn ask(&self, path: &str) -> Answer {
        self.send(Request::get(path).header(ACCEPT, "application/json").body(Body::empty()).unwrap()).await
    }

    /// Calls a function as a script does.
    pub(crate) async fn call(&self, path: &str, body: &str) -> Answer {
        self.send(post(path, "application/json").body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Submits a plain form that stands on `page`.
    pub(crate) async fn submit(&self, page: &str, path: &str, body: &str) -> Answer {
        let referer = format!("http://satchel.test{page}");
        let request = post(path, "text/html,application/xhtml+xml").header(REFERER, referer);
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Submits a plain form and opens the page that it leads to.
    pub(crate) async fn submit_and_follow(&self, page: &str, path: &str, body: &str) -> Answer {
        let answer = self.submit(page, path, body).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        self.open(answer.location()).await
    }

    /// Sends any request, with the visitor's cookies.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<_> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(COOKIE, HeaderValue::from_str(&cookies.join("; ")).unwrap());
        }
        request.headers_mut().insert(HOST, HeaderValue::from_static("satchel.test"));
        let what = format!("{} {}", request.method(), request.uri());
        let is_head = request.method() == Method::HEAD;
        let answer = timeout(NEVER, self.app.router.clone().oneshot(request)).await;
        let response = answer.unwrap_or_else(|_| panic!("no answer to {what}")).unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        let body = to_bytes(body, usize::MAX).await.unwrap();
        // Over one that is wrong a server breaks off.
        if let Some(length) = parts.headers.get(CONTENT_LENGTH).filter(|_| !is_head) {
            assert_eq!(length.to_str().unwrap(), body.len().to_string(), "{what}");
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            // Without the invisible markers of hydration.
            body: String::from_utf8(body.to_vec()).unwrap().replace("<!>", ""),
        }
    }

    fn keep(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        if attributes.contains("Max-Age=0") {
            self.cookies.borrow_mut().remove(name);
        } else {
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
    }

    /// The session's cookie.
    pub(crate) fn session_cookie(&self) -> Option<String> {
        self.cookies.borrow().get("id").cloned()
    }

    /// Any cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// Puts a cookie into the browser by hand.
    pub(crate) fn put_cookie(&self, name: &str, text: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), text.to_owned());
    }

    /// Takes over a cookie, as a thief does.
    pub(crate) fn steal(&self, cookie: &str) {
        self.cookies.borrow_mut().insert("id".to_owned(), cookie.to_owned());
    }

    /// Stores a value in the session, which begins if there is none.
    pub(crate) async fn begin_session(&self) -> Answer {
        self.call("/api/preferences/theme", "theme=dark").await
    }

    /// Registers an account and is signed in with it.
    pub(crate) async fn register(&self, name: &str) -> Answer {
        let answer = self
            .call("/api/auth/register", &format!("name={name}&email={name}@example.com&password={PASSWORD}"))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer
    }

    /// Signs in with an account that [`register`](Self::register) has made.
    pub(crate) async fn sign_in_as(&self, name: &str) -> Answer {
        self.call("/api/auth/login", &format!("email={name}@example.com&password={PASSWORD}")).await
    }

    /// The name of the signed-in user; `None` for a guest.
    pub(crate) async fn name(&self) -> Option<String> {
        self.ask("/api/visitor/show").await.json()["user"]["name"].as_str().map(str::to_owned)
    }

    /// Signs in with the demo account.
    pub(crate) async fn sign_in(&self) -> Answer {
        self.call("/api/auth/login", "email=demo@example.com&password=keep-it-in-the-satchel").await
    }
}

fn post(path: &str, accept: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(ACCEPT, accept)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
}
