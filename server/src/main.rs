//! Starts and stops the server, or runs an operator's command.

use std::{future::pending, io::ErrorKind, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::{Context, anyhow};
use axum_client_ip::ClientIpSource;
use clap::Parser;
use server::{
    AppState, Settings,
    commands::{self, Cli, Command},
    database, logging, metrics, router, serve,
};
use session::Clock;
use tokio::{net::TcpListener, signal};
use web::limits::Quota;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The most connections for metrics.
const METRICS_CONNECTIONS: usize = 16;

/// How often expired sessions are deleted. They are invalid before; deleting them only frees space.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let purpose = if command.is_none() { "Satchel cannot start: " } else { "" };
    match start(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the error must be visible whatever the log filter is")]
            {
                eprintln!("{purpose}{error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn start(command: Option<Command>) -> anyhow::Result<()> {
    let settings = Settings::from_environment()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match command {
        None => {
            logging::init(settings.log_format);
            runtime.block_on(serve(settings))
        }
        Some(command) => {
            logging::init_for_command(settings.log_format);
            runtime.block_on(commands::run(command, settings))
        }
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    // The port first: a second server must not use the database of the first.
    let listener = listen(settings.address, "LEPTOS_SITE_ADDR").await?;
    let metrics_listener = match settings.metrics {
        Some(address) => Some(listen(address, "METRICS_ADDR").await?),
        None => None,
    };
    let connections = allowed_connections(settings.connection_limit);
    let db = database::open(&settings.database).await?;
    let state =
        AppState::new(settings, db.clone(), Clock::system()).await.context("cannot prepare the database")?;
    state.limiter.watch_delay();
    let sweeper = state.sessions.sweep_every(SWEEP_EVERY);
    if let Some(listener) = metrics_listener {
        let metrics = metrics::router(metrics::install()?, db.clone());
        tracing::info!("metrics are at http://{}/metrics", listener.local_addr()?);
        let connections = Quota::new(METRICS_CONNECTIONS, METRICS_CONNECTIONS);
        tokio::spawn(serve::serve(listener, metrics, connections, pending()));
    }
    // Before the message that the server is ready: a signal right after it must stop the server cleanly.
    let stop_signal = stop_signal()?;
    // Port 0 lets the system choose one.
    tracing::info!("Satchel is at http://{}", listener.local_addr()?);
    let stop = async {
        stop_signal.await;
        tracing::info!("stopping");
    };
    // All connections of a proxy have one address.
    let per_client = match state.settings.client_ip {
        ClientIpSource::ConnectInfo => connections.div_ceil(2),
        _ => connections,
    };
    let connections = Quota::new(connections, per_client);
    serve::serve(listener, router(state), connections, stop).await;
    sweeper.stop().await;
    db.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!("{address} is in use. Stop the other server, or set {setting}."),
        _ => anyhow!("cannot listen on {address}: {error}. Set {setting}."),
    })
}

/// How many of the wanted connections the limit of file descriptors allows, after raising it as far as possible. Each connection takes a
/// file descriptor, and another one while a file is sent.
fn allowed_connections(wanted: usize) -> usize {
    /// For the database and the log.
    const OTHERS: usize = 100;

    let wanted_files = u64::try_from(2 * wanted + OTHERS).unwrap_or(u64::MAX);
    // A system without such a limit needs no change.
    let files = rlimit::increase_nofile_limit(wanted_files).unwrap_or(wanted_files);
    let allowed = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(OTHERS) / 2;
    let allowed = allowed.clamp(1, wanted);
    if allowed < wanted {
        tracing::warn!(
            "there are file descriptors for {allowed} connections, not {wanted}: raise the limit (ulimit -n), or lower CONNECTION_LIMIT"
        );
    }
    allowed
}

/// Listens for SIGTERM and SIGINT (Ctrl-C). The returned future waits for one of them.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let mut interrupt = signal::unix::signal(signal::unix::SignalKind::interrupt())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if let Err(error) = signal::ctrl_c().await {
            tracing::error!(%error, "cannot listen for Ctrl-C");
            pending::<()>().await;
        }
    })
}
