//! Sessions with their own database and a manual clock, and browsers that store the cookie.

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

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Count(pub(crate) u64);

impl SessionValue for Count {
    const KEY: &'static str = "count";
}

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
    /// One server, with a cache.
    pub(crate) async fn new() -> Self {
        Self::with_cache(1024 * 1024).await
    }

    /// One of several servers, so without a cache.
    pub(crate) async fn without_cache() -> Self {
        Self::with_cache(0).await
    }

    /// Two setups: one server with a cache (twice), and two servers on the same database.
    pub(crate) async fn server_pairs() -> [(Self, Self); 2] {
        let (one, two) = (Self::new().await, Self::without_cache().await);
        let other = two.second_server().await;
        [(one.clone(), one), (two, other)]
    }

    async fn with_cache(cached_bytes: u64) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::open(folder, Clock::manual(NOON), SigningKeys::generate(), cached_bytes).await
    }

    pub(crate) async fn second_server(&self) -> Self {
        Self::open(self.folder.clone(), self.clock.clone(), self.keys.clone(), 0).await
    }

    /// The same sessions with other keys, newest first.
    pub(crate) async fn with_keys(&self, keys: &[&str]) -> Self {
        Self::open(self.folder.clone(), self.clock.clone(), keys.join(","), 0).await
    }

    async fn open(folder: Arc<tempfile::TempDir>, clock: Clock, keys: String, cached_bytes: u64) -> Self {
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

    pub(crate) async fn end_one(&self, owner: &str, handle: &str) -> Option<Option<Count>> {
        let mut transaction = self.sessions.database().begin().await.unwrap();
        let ended = self.sessions.end_one(&mut transaction, owner, handle, OwnedSession::read).await.unwrap();
        transaction.commit().await.unwrap();
        ended
    }

    pub(crate) async fn end_others(&self, owner: &str, handle: &str) {
        let mut transaction = self.sessions.database().begin().await.unwrap();
        self.sessions.end_others(&mut transaction, owner, handle, |_| ()).await.unwrap();
        transaction.commit().await.unwrap();
    }

    pub(crate) async fn end_owned(&self, owner: &str) -> usize {
        let mut transaction = self.sessions.database().begin().await.unwrap();
        let ended = self.sessions.end_owned(&mut transaction, owner, |_| ()).await.unwrap();
        transaction.commit().await.unwrap();
        ended.len()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser { sessions: self.sessions.clone(), cookie: Arc::default() }
    }

    pub(crate) async fn session_count(&self) -> i64 {
        sqlx::query_scalar("select count(*) from sessions").fetch_one(&self.pool).await.unwrap()
    }

    /// The database file and its write-ahead log.
    pub(crate) fn database_bytes(&self) -> Vec<u8> {
        let read = |name: &str| std::fs::read(self.folder.path().join(name)).unwrap_or_default();
        [read("test.db"), read("test.db-wal")].concat()
    }
}

/// Stores the session's cookie like a browser. Clones are tabs of the same browser.
#[derive(Clone)]
pub(crate) struct Browser {
    sessions: Sessions,
    cookie: Arc<Mutex<Option<String>>>,
}

impl Browser {
    pub(crate) fn connected_to(&self, other: &TestSessions) -> Self {
        self.connected_to_sessions(&other.sessions)
    }

    pub(crate) fn connected_to_sessions(&self, sessions: &Sessions) -> Self {
        Self { sessions: sessions.clone(), cookie: self.cookie.clone() }
    }

    pub(crate) fn request(&self) -> Session {
        let mut headers = HeaderMap::new();
        if let Some(cookie) = self.cookie() {
            headers.insert(COOKIE, HeaderValue::from_str(&format!("other=1; id={cookie}")).unwrap());
        }
        self.sessions.open(&headers)
    }

    pub(crate) async fn respond(&self, session: &Session) -> HeaderMap {
        let mut headers = HeaderMap::new();
        self.sessions.close(session, &mut headers).await;
        if let Some(cookie) = headers.get(SET_COOKIE) {
            self.store_cookie(cookie.to_str().unwrap());
        }
        headers
    }

    pub(crate) fn store_cookie(&self, cookie: &str) {
        let value = cookie.strip_prefix("id=").and_then(|rest| rest.split(';').next()).unwrap();
        *self.cookie.lock().unwrap() = (!cookie.contains("Max-Age=0")).then(|| value.to_owned());
    }

    pub(crate) fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    pub(crate) fn present(&self, cookie: &str) {
        *self.cookie.lock().unwrap() = Some(cookie.to_owned());
    }

    /// Sends a request that increments the counter.
    pub(crate) async fn count(&self) -> Result<u64, session::SessionError> {
        let session = self.request();
        let result = session.update(increment).await;
        self.respond(&session).await;
        result
    }

    pub(crate) async fn read_count(&self) -> Option<u64> {
        let session = self.request();
        let count = session.read::<Count>().await.unwrap();
        self.respond(&session).await;
        count.map(|count| count.0)
    }

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
