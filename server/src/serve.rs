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

/// A request's head has to be there within so long, and a connection that asks nothing for so long is closed.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// A client that takes nothing of its answer for so long is gone.
const TAKEN_WITHIN: Duration = Duration::from_secs(15);

/// The longest request line and headers together, in bytes: hyper answers by 431 beyond. Twice what browsers and proxies send.
const MAX_HEAD: usize = 32 * 1024;

/// How long requests in flight may go on after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// After the system has refused a connection, such as for want of file descriptors, the next is tried after so long.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// Connections that are being refused at once: each holds a file descriptor for up to a second. Beyond it they are closed unanswered.
const MAX_REFUSALS: usize = 256;

/// The answer to a connection beyond the limit. The request is not read.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves until `stop` is done; then refuses new connections and finishes the requests in flight. Each connection takes one of
/// `connections`; without a free one it gets 503 with `Retry-After`.
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
            // Mostly a client that went away.
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

/// Whether it concerns that one connection alone.
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn io(stream: TcpStream) -> TokioIo<Pin<Box<TimeoutStream<TcpStream>>>> {
    // Pages leave in several small writes; with Nagle's algorithm each would wait for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKEN_WITHIN));
    TokioIo::new(Box::pin(stream))
}

/// Answers the requests of one connection.
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
        // Closed with something unread, the connection would be reset, and the answer lost on its way.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    // Who does not listen is not waited for.
    let _ = timeout(Duration::from_secs(1), said).await;
}
