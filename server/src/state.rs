//! The state that all requests share.

use std::{
    ops::Deref,
    sync::{Arc, LazyLock},
};

use app::{
    App, FEATURES, PublicSettings, SiteUrl,
    auth::{
        SignInLimits, password,
        store::{delete_demo_account, insert_demo_account},
    },
    failure_page,
};
use axum::extract::FromRef;
use leptos::config::{Env, LeptosOptions};
use leptos_axum::{AxumRouteListing, generate_route_list};
use session::{Clock, Database, SessionConfig, Sessions};
use web::{
    failure::FailurePage,
    feature::Features,
    limits::{AddressLimit, Limiter},
    server_feature::Setup,
    site::{Site, SiteState},
};

use crate::{Settings, assets, csp_reports, database::DatabaseFile};

/// The memory for results of reads, in bytes.
const READ_CACHE: u64 = 8 * 1024 * 1024;
/// The memory for sessions, in bytes.
const SESSION_CACHE: u64 = 4 * 1024 * 1024;

/// The state that all requests share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Shared>);

/// The parts of the state.
#[derive(Debug)]
pub struct Shared {
    pub settings: Settings,
    /// The parts that pages and server functions use.
    pub site: Site,
    pub sessions: Sessions,
    /// The limit of new sessions for each address; `None` for no limit.
    pub new_sessions: Option<Arc<AddressLimit>>,
    /// The limits of reports about the content security policy.
    pub csp_reports: Arc<csp_reports::Limits>,
    /// The limits of running requests.
    pub limiter: Limiter,
    /// The file of the database.
    pub file: Arc<DatabaseFile>,
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.site.options.clone()
    }
}

impl FromRef<AppState> for Site {
    fn from_ref(state: &AppState) -> Self {
        state.site.clone()
    }
}

impl FromRef<AppState> for Database {
    fn from_ref(state: &AppState) -> Self {
        state.site.db.clone()
    }
}

impl FromRef<AppState> for Arc<DatabaseFile> {
    fn from_ref(state: &AppState) -> Self {
        state.file.clone()
    }
}

impl FromRef<AppState> for Arc<csp_reports::Limits> {
    fn from_ref(state: &AppState) -> Self {
        state.csp_reports.clone()
    }
}

impl FromRef<AppState> for Option<SiteUrl> {
    fn from_ref(state: &AppState) -> Self {
        state.settings.url.as_deref().map(|url| SiteUrl(url.into()))
    }
}

impl AppState {
    /// Starts the app's features, creates the tables of sessions and, outside of production, the demo account.
    pub async fn new(settings: Settings, db: Database, clock: Clock) -> anyhow::Result<Self> {
        Self::with_features(settings, db, clock, Features(FEATURES)).await
    }

    /// Like [`new`](Self::new), with other features.
    pub async fn with_features(
        settings: Settings,
        db: Database,
        clock: Clock,
        features: Features,
    ) -> anyhow::Result<Self> {
        password::prepare().await?;
        let file = Arc::new(DatabaseFile::of(&db));
        let db = if settings.shared { db } else { db.cache_capacity(READ_CACHE) };
        let mut setup = Setup::new(session_config(&settings, clock.clone()));
        let demo_account = !settings.production;
        setup.provide(PublicSettings { demo_account });
        if let Some(url) = settings.url.as_deref() {
            setup.provide(SiteUrl(url.into()));
        }
        if let Some(limits) = settings.sign_in_limit.and_then(SignInLimits::new) {
            setup.provide(limits);
        }
        features.0.iter().for_each(|feature| feature.server.start(&mut setup));
        let (config, services) = setup.finish();
        let sessions = Sessions::new(db.clone(), config).await?;
        if demo_account {
            insert_demo_account(&db, clock.now()).await?;
        } else {
            delete_demo_account(&db, &sessions).await?;
        }
        let options = leptos_options(&settings);
        let site = Site::new(SiteState {
            features,
            db,
            failure: Arc::new(FailurePage::new(failure_page(options.clone()))),
            options,
            services,
            pages: app_pages().iter().map(AxumRouteListing::path).map(pattern).collect(),
        });
        let new_sessions = settings.session_limit.and_then(|rate| AddressLimit::new(rate, 1)).map(Arc::new);
        let limiter = Limiter::new(settings.request_limit);
        let csp_reports = Arc::new(csp_reports::Limits::new()?);
        Ok(Self(Arc::new(Shared { settings, site, sessions, new_sessions, csp_reports, limiter, file })))
    }
}

/// The pages of the app. They are listed once in a process, because listing them blocks the resources of pages that are being rendered for
/// ever (leptos-rs/leptos#4773).
pub fn app_pages() -> Vec<AxumRouteListing> {
    static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));
    PAGES.clone()
}

/// axum's pattern of a page, such as `/posts/{id}`, as the app's router writes it.
fn pattern(path: &str) -> String {
    path.replace('{', ":").replace('}', "")
}

/// The configuration of sessions by the settings.
#[must_use]
pub fn session_config(settings: &Settings, clock: Clock) -> SessionConfig {
    SessionConfig {
        // With the prefix, browsers refuse the cookie from other hosts and over plain HTTP (ASVS 3.3.1).
        cookie_name: if settings.production { "__Host-id" } else { "id" },
        secure: settings.production,
        idle: settings.idle,
        lifetime: settings.lifetime,
        remembered: settings.remembered,
        cached_bytes: if settings.shared { 0 } else { SESSION_CACHE },
        clock,
        ..SessionConfig::new(settings.keys.clone())
    }
}

/// The options of Leptos. cargo-leptos sets environment variables for the location of the browser's code. The defaults are those of
/// `Cargo.toml`, for a server that is started without cargo-leptos.
fn leptos_options(settings: &Settings) -> LeptosOptions {
    let get = |name: &str, default: &str| std::env::var(name).unwrap_or(default.to_owned());
    let site = get("LEPTOS_SITE_ROOT", "target/site");
    LeptosOptions::builder()
        .output_name(get("LEPTOS_OUTPUT_NAME", "satchel"))
        .site_pkg_dir(std::env::var("LEPTOS_SITE_PKG_DIR").unwrap_or_else(|_| assets::package(&site)))
        .site_root(site)
        .site_addr(settings.address)
        .reload_port(get("LEPTOS_RELOAD_PORT", "3001").parse().unwrap_or(3001))
        .env(if settings.production { Env::PROD } else { Env::DEV })
        .build()
}
