//! Accepts connections up to a limit, and closes those whose clients are too slow.

use std::{io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;
use web::limits::Quota;

/// How long a client may take to send the head of a request, and how long a connection may be idle.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// How long a client may read nothing of a response before the connection is closed.
const TAKEN_WITHIN: Duration = Duration::from_secs(15);

/// The longest head of a request, in bytes: twice what browsers and proxies send. hyper responds with 431 to a longer one.
const MAX_HEAD: usize = 32 * 1024;

/// How long running requests may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait after the system could not accept a connection, for example without file descriptors left.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// The most connections that are refused with a response at once. Each takes a file descriptor for up to a second. Others are closed.
const MAX_REFUSALS: usize = 256;

/// The response to a connection beyond the limit. The request is not read.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves until `stop` completes, then refuses new connections and finishes the running requests. A connection beyond the quota
/// `connections` gets a 503 with `Retry-After`.
pub async fn serve(listener: TcpListener, app: Router, connections: Quota, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(MAX_HEAD);
    let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let mut share = connections.share(Some(address.ip()));
        if !share.grow_to(1) {
            metrics::counter!("http_connections_refused_total").increment(1);
            if let Ok(permit) = refusals.clone().try_acquire_owned() {
                tokio::spawn(async move {
                    turn_away(stream).await;
                    drop(permit);
                });
            }
            continue;
        }
        let connection = http.serve_connection(io(stream), service_fn(answer(app.clone(), address)));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // Usually the client has gone.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
            drop(share);
        });
    }
    drop(listener);
    if timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off after {} s", GRACE.as_secs());
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot take connections");
                sleep(AFTER_ERROR).await;
            }
        }
    }
}

/// Whether the error concerns this connection only.
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn io(stream: TcpStream) -> TokioIo<Pin<Box<TimeoutStream<TcpStream>>>> {
    // Responses are sent in several small writes. With Nagle's algorithm each would wait for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKEN_WITHIN));
    TokioIo::new(Box::pin(stream))
}

/// Serves the requests of one connection.
fn answer(
    app: Router,
    address: SocketAddr,
) -> impl Fn(hyper::Request<Incoming>) -> tower::util::Oneshot<Router, axum::extract::Request> {
    move |request| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        app.clone().oneshot(request)
    }
}

async fn turn_away(mut stream: TcpStream) {
    let said = async {
        stream.write_all(NO_ROOM).await?;
        stream.shutdown().await?;
        // Closing a connection with unread data resets it, and the client might lose the response.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    // Clients that do not read are not waited for.
    let _ = timeout(Duration::from_secs(1), said).await;
}
