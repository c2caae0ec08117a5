//! Sessions with a database of their own, a clock to turn, and browsers that keep a cookie.

use std::sync::{Arc, Mutex};

use axum::http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};
use serde::{Deserialize, Serialize};
use session::{
    Clock, Database, OwnedSession, Pool, Session, SessionConfig, SessionValue, Sessions, SigningKeys,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// A counter.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Count(pub(crate) u64);

impl SessionValue for Count {
    const KEY: &'static str = "count";
}

/// Another value of the same session.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Name(pub(crate) String);

impl SessionValue for Name {
    const KEY: &'static str = "name";
}

pub(crate) const NOON: i64 = 1_795_262_400;

#[derive(Clone)]
pub(crate) struct TestSessions {
    pub(crate) sessions: Sessions,
    pub(crate) pool: Pool,
    pub(crate) clock: Clock,
    pub(crate) keys: String,
    folder: Arc<tempfile::TempDir>,
}

impl TestSessions {
    /// The sessions of a server that has its database for itself, and keeps in memory what it has read.
    pub(crate) async fn new() -> Self {
        Self::keeping(1024 * 1024).await
    }

    /// The sessions of one of several servers.
    pub(crate) async fn shared() -> Self {
        Self::keeping(0).await
    }

    /// Two servers on one database, and one that is both.
    pub(crate) async fn pairs() -> [(Self, Self); 2] {
        let (one, two) = (Self::new().await, Self::shared().await);
        let other = two.elsewhere().await;
        [(one.clone(), one), (two, other)]
    }

    async fn keeping(cached_bytes: u64) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::at(folder, Clock::manual(NOON), SigningKeys::generate(), cached_bytes).await
    }

    /// What a second server on the same database has.
    pub(crate) async fn elsewhere(&self) -> Self {
        Self::at(self.folder.clone(), self.clock.clone(), self.keys.clone(), 0).await
    }

    /// The same sessions with other keys, newest first.
    pub(crate) async fn with_keys(&self, keys: &[&str]) -> Self {
        Self::at(self.folder.clone(), self.clock.clone(), keys.join(","), 0).await
    }

    async fn at(folder: Arc<tempfile::TempDir>, clock: Clock, keys: String, cached_bytes: u64) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("test.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let connect = async |connections| {
            let pool = SqlitePoolOptions::new().max_connections(connections);
            pool.connect_with(options.clone()).await.unwrap()
        };
        let (pool, writer) = (connect(4).await, connect(1).await);
        let config = SessionConfig {
            cookie_name: "id",
            secure: false,
            cached_bytes,
            clock: clock.clone(),
            ..SessionConfig::new(SigningKeys::parse(&keys).unwrap())
        };
        let sessions = Sessions::new(Database::new(pool.clone(), writer), config).await.unwrap();
        Self { sessions, pool, clock, keys, folder }
    }

    /// Ends one of an owner's sessions, and returns what it has counted.
    pub(crate) async fn end_one(&self, owner: &str, handle: &str) -> Option<Option<Count>> {
        let mut transaction = self.sessions.database().begin().await.unwrap();
        let ended = self.sessions.end_one(&mut transaction, owner, handle, OwnedSession::read).await.unwrap();
        transaction.commit().await.unwrap();
        ended
    }

    /// Ends all of an owner's sessions but one.
    pub(crate) async fn end_others(&self, owner: &str, handle: &str) {
        let mut transaction = self.sessions.database().begin().await.unwrap();
        self.sessions.end_others(&mut transaction, owner, handle, |_| ()).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Ends all of an owner's sessions, and returns how many there were.
    pub(crate) async fn end_owned(&self, owner: &str) -> usize {
        let mut transaction = self.sessions.database().begin().await.unwrap();
        let ended = self.sessions.end_owned(&mut transaction, owner, |_| ()).await.unwrap();
        transaction.commit().await.unwrap();
        ended.len()
    }

    /// Somebody without a cookie.
    pub(crate) fn browser(&self) -> Browser {
        Browser { sessions: self.sessions.clone(), cookie: Arc::default() }
    }

    /// How many sessions are kept.
    pub(crate) async fn rows(&self) -> i64 {
        sqlx::query_scalar("select count(*) from sessions").fetch_one(&self.pool).await.unwrap()
    }

    /// The bytes of the database, its write-ahead log included.
    pub(crate) fn file(&self) -> Vec<u8> {
        let read = |name: &str| std::fs::read(self.folder.path().join(name)).unwrap_or_default();
        [read("test.db"), read("test.db-wal")].concat()
    }
}

/// Keeps the session's cookie as a browser does. Clones are tabs of one browser.
#[derive(Clone)]
pub(crate) struct Browser {
    sessions: Sessions,
    cookie: Arc<Mutex<Option<String>>>,
}

impl Browser {
    /// The same browser, talking to another server.
    pub(crate) fn talking_to(&self, other: &TestSessions) -> Self {
        self.talking_to_sessions(&other.sessions)
    }

    /// The same browser, talking to a server with settings of its own.
    pub(crate) fn talking_to_sessions(&self, sessions: &Sessions) -> Self {
        Self { sessions: sessions.clone(), cookie: self.cookie.clone() }
    }

    /// The session of a new request.
    pub(crate) fn request(&self) -> Session {
        let mut headers = HeaderMap::new();
        if let Some(cookie) = self.cookie() {
            headers.insert(COOKIE, HeaderValue::from_str(&format!("other=1; id={cookie}")).unwrap());
        }
        self.sessions.open(&headers)
    }

    /// Takes the response to a request.
    pub(crate) async fn respond(&self, session: &Session) -> HeaderMap {
        let mut headers = HeaderMap::new();
        self.sessions.close(session, &mut headers).await;
        if let Some(cookie) = headers.get(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        headers
    }

    pub(crate) fn keep(&self, cookie: &str) {
        let value = cookie.strip_prefix("id=").and_then(|rest| rest.split(';').next()).unwrap();
        *self.cookie.lock().unwrap() = (!cookie.contains("Max-Age=0")).then(|| value.to_owned());
    }

    pub(crate) fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    /// Presents whatever value.
    pub(crate) fn present(&self, cookie: &str) {
        *self.cookie.lock().unwrap() = Some(cookie.to_owned());
    }

    /// One request that counts.
    pub(crate) async fn count(&self) -> Result<u64, session::SessionError> {
        let session = self.request();
        let counted = session.update(increment).await;
        self.respond(&session).await;
        counted
    }

    /// One request that reads the counter.
    pub(crate) async fn counted(&self) -> Option<u64> {
        let session = self.request();
        let count = session.read::<Count>().await.unwrap();
        self.respond(&session).await;
        count.map(|count| count.0)
    }

    /// One request that ends the session.
    pub(crate) async fn end(&self) {
        let session = self.request();
        session.end().await.unwrap();
        self.respond(&session).await;
    }
}

pub(crate) fn increment(count: &mut Count) -> u64 {
    count.0 += 1;
    count.0
}
