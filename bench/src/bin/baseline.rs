//! The hand-written baseline: the same pages with axum, askama, tower-sessions and its SQLite store, tuned for production, without
//! request logs, compression or accounts.

use std::sync::Arc;

use anyhow::Context;
use askama::Template;
use axum::{
    Form, Json, Router,
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use serde::{Deserialize, Serialize};
use sqlx::{
    QueryBuilder, Row, Sqlite, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use time::{Duration, OffsetDateTime};
use tower_sessions::{Expiry, Session, SessionManagerLayer, cookie::Key};
use tower_sessions_sqlx_store::SqliteStore;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The key of the visitor's data in the session.
const VISITOR: &str = "visitor";
/// The key of the counter in the session.
const VISITS: &str = "visits";

#[derive(Clone)]
struct App {
    pool: SqlitePool,
    sizes: Arc<Sizes>,
    /// The text that fills pages up to their size.
    filler: Arc<str>,
}

/// The sizes of the pages in bytes, which are those of Satchel's pages.
struct Sizes {
    guest_home: usize,
    home: usize,
    cart: usize,
}

struct Product {
    id: i64,
    name: String,
    description: String,
    price_cents: i64,
    stock: i64,
}

impl Product {
    fn price(&self) -> String {
        euros(self.price_cents)
    }
}

fn euros(cents: i64) -> String {
    format!("€{}.{:02}", cents / 100, cents % 100)
}

#[derive(Default, Deserialize, Serialize)]
struct Visitor {
    name: Option<String>,
    /// Products and quantities.
    cart: Vec<(i64, i64)>,
}

impl Visitor {
    fn items(&self) -> i64 {
        self.cart.iter().map(|(_, quantity)| quantity).sum()
    }
}

#[derive(Default, Deserialize, Serialize)]
struct Visits {
    count: u64,
    first_at: i64,
    last_at: i64,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    name: Option<String>,
    items: i64,
    products: Vec<Product>,
}

struct Line {
    product: Product,
    quantity: i64,
}

impl Line {
    fn total(&self) -> String {
        euros(self.product.price_cents * self.quantity)
    }
}

#[derive(Template)]
#[template(path = "cart.html")]
struct CartPage {
    name: Option<String>,
    items: i64,
    lines: Vec<Line>,
    total: String,
}

struct Failure(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

fn main() -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> anyhow::Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(setting("DATABASE")?)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(std::time::Duration::from_secs(5));
    // As in Satchel's pool: testing each connection before its use would cost a second query.
    let pool =
        SqlitePoolOptions::new().max_connections(4).test_before_acquire(false).connect_with(options).await?;
    for tables in [
        include_str!("../../../migrations/0002_products.sql"),
        include_str!("../../../migrations/0004_stock.sql"),
    ] {
        sqlx::raw_sql(tables).execute(&pool).await?;
    }
    let store = SqliteStore::new(pool.clone());
    store.migrate().await?;
    let sessions = SessionManagerLayer::new(store)
        .with_secure(false)
        .with_signed(Key::generate())
        .with_expiry(Expiry::OnInactivity(Duration::minutes(30)));
    let size = |name| anyhow::Ok(setting(name)?.parse()?);
    let sizes =
        Sizes { guest_home: size("GUEST_HOME_BYTES")?, home: size("HOME_BYTES")?, cart: size("CART_BYTES")? };
    let filler = ".".repeat(sizes.home.max(sizes.cart).max(sizes.guest_home)).into();
    let app = Router::new()
        .route("/", get(home))
        .route("/cart", get(cart))
        .route("/cart/add", post(add_to_cart))
        .route("/sign-in", post(sign_in))
        .route("/visits", post(record_visit))
        .with_state(App { pool, sizes: Arc::new(sizes), filler })
        .layer(sessions)
        .route("/constant", get(async || "constant"));
    let listener = tokio::net::TcpListener::bind(setting("ADDRESS")?).await?.tap_io(|stream| {
        // An error only makes the connection slower.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, app).await?)
}

fn setting(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

fn product(row: &SqliteRow) -> Result<Product, sqlx::Error> {
    Ok(Product {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        description: row.try_get(2)?,
        price_cents: row.try_get(3)?,
        stock: row.try_get(4)?,
    })
}

async fn home(State(app): State<App>, session: Session) -> Result<Html<String>, Failure> {
    let visitor: Visitor = session.get(VISITOR).await?.unwrap_or_default();
    let rows = sqlx::query("select id, name, description, price_cents, stock from products order by id")
        .fetch_all(&app.pool)
        .await?;
    let products = rows.iter().map(product).collect::<Result<_, _>>()?;
    let bytes = if visitor.name.is_some() { app.sizes.home } else { app.sizes.guest_home };
    let page = HomePage { items: visitor.items(), name: visitor.name, products };
    Ok(Html(filled(&page, bytes, &app.filler)?))
}

async fn cart(State(app): State<App>, session: Session) -> Result<Html<String>, Failure> {
    let visitor: Visitor = session.get(VISITOR).await?.unwrap_or_default();
    let mut query = QueryBuilder::<Sqlite>::new(
        "select id, name, description, price_cents, stock from products where id in (",
    );
    let mut list = query.separated(", ");
    for (id, _) in &visitor.cart {
        list.push_bind(*id);
    }
    query.push(") order by id");
    let mut lines = Vec::new();
    for row in query.build().fetch_all(&app.pool).await? {
        let product = product(&row)?;
        let chosen = visitor.cart.iter().find(|(id, _)| *id == product.id);
        lines.extend(chosen.map(|(_, quantity)| Line { product, quantity: *quantity }));
    }
    let total = euros(lines.iter().map(|line| line.product.price_cents * line.quantity).sum());
    let page = CartPage { items: visitor.items(), name: visitor.name, lines, total };
    Ok(Html(filled(&page, app.sizes.cart, &app.filler)?))
}

/// Renders the page, with a comment that fills it up to its size.
fn filled(page: &impl Template, bytes: usize, filler: &str) -> Result<String, askama::Error> {
    const COMMENT: (&str, &str) = ("<!--", "-->");
    let mut html = String::with_capacity(bytes);
    page.render_into(&mut html)?;
    let missing = bytes.saturating_sub(html.len() + COMMENT.0.len() + COMMENT.1.len());
    html.push_str(COMMENT.0);
    html.push_str(filler.get(..missing).unwrap_or_default());
    html.push_str(COMMENT.1);
    Ok(html)
}

#[derive(Deserialize)]
struct Chosen {
    product: i64,
}

async fn add_to_cart(session: Session, Form(chosen): Form<Chosen>) -> Result<Json<i64>, Failure> {
    let mut visitor: Visitor = session.get(VISITOR).await?.unwrap_or_default();
    match visitor.cart.iter_mut().find(|(id, _)| *id == chosen.product) {
        Some((_, quantity)) => *quantity += 1,
        None => visitor.cart.push((chosen.product, 1)),
    }
    session.insert(VISITOR, &visitor).await?;
    Ok(Json(visitor.items()))
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
}

async fn sign_in(session: Session, Form(form): Form<SignIn>) -> Result<StatusCode, Failure> {
    let mut visitor: Visitor = session.get(VISITOR).await?.unwrap_or_default();
    visitor.name = Some(form.name);
    session.cycle_id().await?;
    session.insert(VISITOR, &visitor).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn record_visit(session: Session) -> Result<Json<Visits>, Failure> {
    let mut visits: Visits = session.get(VISITS).await?.unwrap_or_default();
    let now = OffsetDateTime::now_utc().unix_timestamp();
    if visits.count == 0 {
        visits.first_at = now;
    }
    visits.count += 1;
    visits.last_at = now;
    session.insert(VISITS, &visits).await?;
    Ok(Json(visits))
}
