//! What the server's process takes.

use crate::running::Running;

/// The memory that it has in use, in bytes. On Linux; elsewhere nobody knows, and nothing is held against it.
pub(crate) fn memory(server: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1_024
}
