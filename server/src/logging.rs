//! The log: which lines there are, and in which form.

use std::io::{IsTerminal, stderr, stdout};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::settings::LogFormat;

/// Logs to standard output, as the server does.
pub fn init(format: LogFormat) {
    begin(format, stdout().is_terminal(), stdout);
}

/// Logs to standard error: what a command says goes to standard output, and is not to be mixed with it.
pub fn init_for_command(format: LogFormat) {
    begin(format, stderr().is_terminal(), stderr);
}

fn begin(format: LogFormat, colours: bool, writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) {
    let filter = filter(std::env::var("RUST_LOG").ok().as_deref());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(writer);
    match format {
        LogFormat::Text => log.init(),
        // One object in a line; the fields of the request's span stand in it.
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
    // With the request's id, and in the log's own form.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a panic")));
}

/// What is logged. The audit log is, unless the filter names it: who wants less noise does not mean that.
fn filter(wanted: Option<&str>) -> EnvFilter {
    let wanted = wanted.map(str::trim).filter(|wanted| !wanted.is_empty()).unwrap_or("info");
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    let is_for_audit = |directive: &str| directive.trim().split(['=', '[']).next() == Some("audit");
    if wanted.split(',').any(is_for_audit) {
        return filter;
    }
    match "audit=info".parse() {
        Ok(audit) => filter.add_directive(audit),
        Err(_) => filter,
    }
}
