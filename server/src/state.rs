//! What every request shares.

use std::{ops::Deref, sync::Arc};

use app::{
    Site, SiteUrl,
    auth::{
        Limits, password,
        store::{delete_demo_account, insert_demo_account},
    },
    context::Backend,
    cookies::CookieLab,
    explorer::SessionLog,
    rate_limit::AddressLimit,
    source::FOLDS,
    storage::Storage,
};
use axum::extract::FromRef;
use leptos::config::{Env, LeptosOptions};
use leptos::prelude::provide_context;
use session::{Clock, Database, SessionConfig, Sessions};

use crate::{Settings, assets, csp_reports, database::DatabaseFile, failure::FailurePage, overload::Limiter};

/// What every request shares. Cheap to clone: each layer does so for each request.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Shared>);

/// The settings, the database, and what Leptos wants to know.
#[derive(Debug)]
pub struct Shared {
    /// The settings.
    pub settings: Settings,
    /// What pages and server functions reach.
    pub backend: Backend,
    /// The sessions.
    pub sessions: Sessions,
    /// How many sessions each address has begun; nothing where there is no limit.
    pub new_sessions: Option<Arc<AddressLimit>>,
    /// How many reports about the content security policy are taken.
    pub csp_reports: csp_reports::Limits,
    /// The limits on requests that are under way.
    pub limiter: Limiter,
    /// The database's file.
    pub file: DatabaseFile,
    /// Where the browser's code is.
    pub leptos: LeptosOptions,
    /// The page for when a page cannot be made.
    pub failure: FailurePage,
    /// Where the outside finds the site.
    pub url: Option<SiteUrl>,
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

impl AppState {
    /// Puts the parts together, makes the sessions' tables and, outside production, the demo account.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn new(settings: Settings, db: Database, clock: Clock) -> anyhow::Result<Self> {
        password::prepare().await?;
        let log = SessionLog::new();
        let config = SessionConfig {
            observer: log.observer(clock.clone()),
            ..session_config(&settings, clock.clone())
        };
        let cookies = CookieLab::new(&config);
        let sessions = Sessions::new(db.clone(), config).await?;
        let file = DatabaseFile::of(&db);
        let db = Storage::new(db, cached_bytes(&settings));
        let demo_account = !settings.production;
        if demo_account {
            insert_demo_account(&db, clock.now()).await?;
        } else {
            delete_demo_account(&db, &sessions).await?;
        }
        let leptos = leptos_options(&settings);
        let limits = settings.sign_in_limit.and_then(Limits::new).map(Arc::new);
        let backend = Backend { db, site: Site { demo_account }, limits, log, cookies };
        let new_sessions = settings.session_limit.and_then(|rate| AddressLimit::new(rate, 1)).map(Arc::new);
        let limiter = Limiter::new(settings.request_limit);
        let failure = FailurePage::new(leptos.clone());
        let url = settings.url.as_deref().map(|url| SiteUrl(url.into()));
        let csp_reports = csp_reports::Limits::new()?;
        let shared = Shared {
            settings,
            backend,
            sessions,
            new_sessions,
            csp_reports,
            limiter,
            file,
            leptos,
            failure,
            url,
        };
        Ok(Self(Arc::new(shared)))
    }

    /// Makes everything reachable from a page or a server function.
    pub fn provide(&self) {
        provide_context(self.backend.clone());
        provide_context(self.backend.site);
        provide_context(FOLDS);
        if let Some(url) = &self.url {
            provide_context(url.clone());
        }
    }
}

/// So many bytes of each kind of row may be kept in memory.
fn cached_bytes(settings: &Settings) -> u64 {
    if settings.shared { 0 } else { 4 * 1024 * 1024 }
}

/// How sessions are kept, as the settings say.
#[must_use]
pub fn session_config(settings: &Settings, clock: Clock) -> SessionConfig {
    SessionConfig {
        // The prefix makes browsers refuse the cookie from other hosts and over plain HTTP (ASVS 3.3.1).
        cookie_name: if settings.production { "__Host-id" } else { "id" },
        secure: settings.production,
        idle: settings.idle,
        lifetime: settings.lifetime,
        remembered: settings.remembered,
        cached_bytes: cached_bytes(settings),
        clock,
        ..SessionConfig::new(settings.keys.clone())
    }
}

/// cargo-leptos tells where it put the browser's code by environment variables; the defaults are those of `Cargo.toml`, so
/// that a server started by hand from the workspace finds it too.
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
