//! Starts the server and stops it cleanly, or does what an operator wants.

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

/// Whoever reads the figures needs one connection.
const METRICS_CONNECTIONS: usize = 16;

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
    // The port first: a second server must not touch the database of the first.
    let listener = listen(settings.address, "LEPTOS_SITE_ADDR").await?;
    let metrics_listener = match settings.metrics {
        Some(address) => Some(listen(address, "METRICS_ADDR").await?),
        None => None,
    };
    let connections = room_for(settings.connection_limit);
    let db = database::open(&settings.database).await?;
    let state =
        AppState::new(settings, db.clone(), Clock::system()).await.context("cannot prepare the database")?;
    state.limiter.watch_delay();
    let sweeper = state.sessions.sweep_every(SWEEP_EVERY);
    if let Some(listener) = metrics_listener {
        let figures = metrics::router(metrics::install()?, db.clone());
        tracing::info!("figures are at http://{}/metrics", listener.local_addr()?);
        let connections = Quota::new(METRICS_CONNECTIONS, METRICS_CONNECTIONS);
        tokio::spawn(serve::serve(listener, figures, connections, pending()));
    }
    // From here on it is listened for: whoever is told that the server is ready may stop it.
    let stop_signal = stop_signal()?;
    // Port 0 means one that the system chooses.
    tracing::info!("Satchel is at http://{}", listener.local_addr()?);
    let stop = async {
        stop_signal.await;
        tracing::info!("stopping");
    };
    // A proxy has one address for all its connections.
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

/// How many connections there is room for: each takes a file descriptor, and another one while a file is sent over it. Systems give
/// 1,024 at first, and more to who asks.
fn room_for(wanted: usize) -> usize {
    /// For the database and the log.
    const OTHERS: usize = 100;

    let wanted_files = u64::try_from(2 * wanted + OTHERS).unwrap_or(u64::MAX);
    // Where the system has no such limit there is nothing to raise.
    let files = rlimit::increase_nofile_limit(wanted_files).unwrap_or(wanted_files);
    let room = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(OTHERS) / 2;
    let room = room.clamp(1, wanted);
    if room < wanted {
        tracing::warn!(
            "there are file descriptors for {room} connections, not {wanted}: raise the limit (ulimit -n), or lower CONNECTION_LIMIT"
        );
    }
    room
}

/// Listens for SIGTERM and SIGINT (Ctrl-C): what is returned waits for one.
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
