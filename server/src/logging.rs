//! The log: its filter and its format.

use std::io::{IsTerminal, stderr, stdout};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::settings::LogFormat;

/// Logs to standard output, for the server.
pub fn init(format: LogFormat) {
    begin(format, stdout().is_terminal(), stdout);
}

/// Logs to standard error, for commands: their output is on standard output.
pub fn init_for_command(format: LogFormat) {
    begin(format, stderr().is_terminal(), stderr);
}

fn begin(format: LogFormat, colours: bool, writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) {
    let filter = filter(std::env::var("RUST_LOG").ok().as_deref());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(writer);
    match format {
        LogFormat::Text => log.init(),
        // One object in each line, with the fields of the request's span.
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a panic")));
}

/// The filter of the log. The audit log is always included, unless the filter mentions it.
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
