//! Runs wrk.

use std::{path::Path, process::Command};

use anyhow::{Context, ensure};

use crate::{Case, Options, servers::Server};

pub(crate) struct Load {
    method: &'static str,
    seconds: u64,
    connections: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Requests per second.
    pub(crate) rate: f64,
    /// The median response time, in milliseconds.
    pub(crate) p50: f64,
    /// The 99th percentile of the response times, in milliseconds.
    pub(crate) p99: f64,
}

impl Load {
    pub(crate) fn new(options: &Options, case: &Case) -> Self {
        Self { method: case.method, seconds: options.seconds, connections: options.connections }
    }

    /// Requests `path` with each of the cookies in the file in turn, after a second of warm-up that is not measured.
    pub(crate) fn run(&self, server: &Server, path: &str, cookies: &Path) -> anyhow::Result<Outcome> {
        self.drive(server, path, cookies, 1)?;
        self.drive(server, path, cookies, self.seconds)
    }

    /// Fails if a status is not 2xx or 3xx: a server that fails fast must not look fast.
    fn drive(&self, server: &Server, path: &str, cookies: &Path, seconds: u64) -> anyhow::Result<Outcome> {
        let output = Command::new("wrk")
            .args(["--threads", "1", "--latency", "--script", "bench/requests.lua"])
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{seconds}s")])
            .arg(server.url(path))
            .env("METHOD", self.method)
            .env("COOKIES", cookies)
            .output()
            .context("wrk cannot be started; bin/bench says how to install it")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let result = printed.lines().find_map(|line| line.strip_prefix("result "));
        let numbers: Vec<f64> = result
            .with_context(|| format!("wrk failed: {printed}{}", String::from_utf8_lossy(&output.stderr)))?
            .split(' ')
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let [requests, microseconds, p50, p99, errors] = numbers[..] else {
            anyhow::bail!("wrk printed {numbers:?}");
        };
        ensure!(errors == 0.0, "{errors} requests for {path} failed");
        Ok(Outcome { rate: requests * 1e6 / microseconds, p50: p50 / 1e3, p99: p99 / 1e3 })
    }
}
