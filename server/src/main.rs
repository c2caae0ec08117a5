//! Starts the server and stops it cleanly, or does what an operator wants.

use std::{
    io::{ErrorKind, IsTerminal},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, anyhow};
use axum::serve::ListenerExt;
use axum_client_ip::ClientIpSource;
use clap::Parser;
use server::{
    AppState, Settings,
    commands::{self, Cli, Command},
    database, router,
};
use session::Clock;
use tokio::{net::TcpListener, signal};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long requests in flight may go on after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How often sessions that are over are deleted. They are worth nothing before: this only gives their place back.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let purpose = if command.is_none() { "Satchel cannot start: " } else { "" };
    match start(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(
                clippy::print_stderr,
                reason = "whoever starts the server reads this, whatever the log filter is"
            )]
            {
                eprintln!("{purpose}{error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn start(command: Option<Command>) -> anyhow::Result<()> {
    let settings = Settings::from_environment()?;
    let filter = log_filter(std::env::var("RUST_LOG").ok().as_deref());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match command {
        None => {
            let colours = std::io::stdout().is_terminal();
            tracing_subscriber::fmt().with_ansi(colours).with_env_filter(filter).init();
            runtime.block_on(serve(settings))
        }
        Some(command) => {
            // What a command says goes to standard output; the log is not to be mixed with it.
            let colours = std::io::stderr().is_terminal();
            let log = tracing_subscriber::fmt().with_ansi(colours).with_writer(std::io::stderr);
            log.with_env_filter(filter).init();
            runtime.block_on(commands::run(command, settings))
        }
    }
}

/// What is logged. The audit log is, unless the filter names it: who wants less noise does not mean that.
fn log_filter(wanted: Option<&str>) -> EnvFilter {
    let wanted = wanted.map(str::trim).filter(|wanted| !wanted.is_empty()).unwrap_or("info");
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    if wanted.contains("audit") {
        return filter;
    }
    match "audit=info".parse() {
        Ok(audit) => filter.add_directive(audit),
        Err(_) => filter,
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let (address, production, client_ip) =
        (settings.address, settings.production, settings.client_ip.clone());
    // The port first: a second server must not touch the database of the first.
    let listener = TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow!("{address} is in use. Stop the other server, or set LEPTOS_SITE_ADDR.")
        }
        _ => anyhow!("cannot listen on {address}: {error}. Set LEPTOS_SITE_ADDR."),
    })?;
    let db = database::open(&settings.database).await?;
    let state =
        AppState::new(settings, db.clone(), Clock::system()).await.context("cannot prepare the database")?;
    if production && client_ip == ClientIpSource::ConnectInfo {
        tracing::warn!(
            "every client behind one proxy counts as one when it tries to sign in: set CLIENT_IP_SOURCE if there is a proxy"
        );
    }
    let sweeper = state.sessions.sweep_every(SWEEP_EVERY);
    let app = router(state).into_make_service_with_connect_info::<SocketAddr>();

    // Said before the listener is wrapped: port 0 means one that the system chooses.
    tracing::info!("Satchel is at http://{}", listener.local_addr()?);
    // Pages leave in several small writes; with Nagle's algorithm each would wait for an acknowledgement.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::warn!(%error, "a connection keeps Nagle's algorithm");
        }
    });
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        stop_signal().await;
        tracing::info!("stopping");
        // The receiver is gone only when the server has ended already.
        let _ = stopping.send(());
    });
    let out_of_patience = async {
        if stopped.await.is_ok() {
            tokio::time::sleep(GRACE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = async { server.await } => ended?,
        () = out_of_patience => tracing::warn!("requests were cut off after {} s", GRACE.as_secs()),
    }
    sweeper.stop().await;
    db.close().await;
    Ok(())
}

/// Waits for SIGTERM or SIGINT (Ctrl-C).
async fn stop_signal() {
    let interrupt = async {
        if let Err(error) = signal::ctrl_c().await {
            tracing::error!(%error, "cannot listen for SIGINT");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "cannot listen for SIGTERM");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
