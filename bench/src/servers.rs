//! The two servers, each with its own database and visitors.

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::{Options, Visitors};

/// The number of visitors of each server.
pub(crate) const VISITORS: usize = 64;

/// The products in the cart of each visitor.
const PRODUCTS: [u8; 3] = [1, 2, 5];

/// A server that takes longer to start has failed.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A server that is stopped when this value is dropped.
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(command: &mut Command, address: SocketAddr) -> anyhow::Result<Self> {
        let process = command
            // As in bin/serve.
            .env("MIMALLOC_PURGE_DELAY", "0")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let mut server = Self { process, address };
        let start = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            if let Some(status) = server.process.try_wait()? {
                bail!("{} ended with {status}", command.get_program().display());
            }
            ensure!(start.elapsed() < START_TIMEOUT, "{} does not respond", command.get_program().display());
            thread::yield_now();
        }
        Ok(server)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Resets the peak to the memory in use (`clear_refs` in proc(5)).
    pub(crate) fn reset_peak_memory(&self) -> anyhow::Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5")?)
    }

    /// The peak memory since then, in MiB.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(peak.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    fn get(&self, path: &str, cookie: &str) -> anyhow::Result<String> {
        let request = ureq::get(self.url(path)).header("accept", "text/html").header("cookie", cookie);
        Ok(request.call()?.into_body().read_to_string()?)
    }

    /// Sends a form, and returns the visitor's cookie.
    fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> anyhow::Result<String> {
        let request =
            ureq::post(self.url(path)).header("accept", "application/json").header("cookie", cookie);
        let response = request.send_form(form.iter().copied()).with_context(|| self.url(path))?;
        let cookies = response.headers().get("set-cookie").map(|cookie| cookie.to_str()).transpose()?;
        let new = cookies.and_then(|cookies| cookies.split(';').next());
        Ok(new.unwrap_or(cookie).to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails if the server has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address with a free port.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// The folder of a server, with its database and the cookies of its visitors.
pub(crate) struct Folder(TempDir);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let folder = Self(tempfile::tempdir()?);
        fs::write(folder.path("no-cookies"), "\n")?;
        Ok(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn save_cookies(&self, cookies: &[String]) -> anyhow::Result<()> {
        let mut file = fs::File::create(self.path("cookies"))?;
        cookies.iter().try_for_each(|cookie| writeln!(file, "{cookie}")).map_err(Into::into)
    }

    /// The file with the cookies of these visitors, one on each line.
    pub(crate) fn cookies(&self, visitors: Visitors) -> PathBuf {
        match visitors {
            Visitors::New => self.path("no-cookies"),
            Visitors::SignedIn => self.path("cookies"),
        }
    }
}

/// Signs in all visitors, adds the products to their carts by posts to `add`, and returns their cookies.
fn sign_in_visitors(
    server: &Server,
    add: &str,
    sign_in: impl Fn(usize) -> anyhow::Result<String>,
) -> anyhow::Result<Vec<String>> {
    let mut cookies = Vec::new();
    for visitor in 0..VISITORS {
        let mut cookie = sign_in(visitor)?;
        for product in PRODUCTS {
            cookie = server.post(add, &cookie, &[("product", &product.to_string())])?;
        }
        cookies.push(cookie);
    }
    Ok(cookies)
}

/// The release with the settings of production.
pub(crate) struct Satchel {
    pub(crate) server: Server,
    pub(crate) folder: Folder,
    /// The cookie of one visitor.
    visitor: String,
}

impl Satchel {
    pub(crate) fn start(options: &Options) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let address = free_address()?;
        let server = Server::start(
            Command::new(options.release.join("server"))
                .env("LEPTOS_ENV", "PROD")
                .env("CLIENT_IP_SOURCE", "ConnectInfo")
                .env("LEPTOS_SITE_ROOT", options.release.join("site"))
                .env("LEPTOS_SITE_ADDR", address.to_string())
                .env("DATABASE_URL", format!("sqlite://{}", folder.path("satchel.db").display()))
                .env("DATABASE_SHARED", options.uncached.to_string())
                // Not a secret, because it is used for this run only.
                .env("SESSION_KEYS", "A".repeat(86) + "==")
                .env("SIGN_IN_LIMIT", "100000/1m")
                .env("RUST_LOG", "warn"),
            address,
        )?;
        let cookies = sign_in_visitors(&server, "/api/cart/add", |visitor| {
            let email = format!("visitor{visitor}@example.com");
            let form = [("name", "Ada Lovelace"), ("email", &email), ("password", "keep-it-in-the-satchel")];
            server.post("/api/auth/register", "", &form)
        })?;
        folder.save_cookies(&cookies)?;
        let visitor = cookies[0].clone();
        let satchel = Self { server, folder, visitor };
        satchel.add_idle_sessions(options.idle_sessions)?;
        Ok(satchel)
    }

    /// Adds idle sessions to the database: copies of one session with different ids.
    fn add_idle_sessions(&self, count: u64) -> anyhow::Result<()> {
        let insert = "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < $1)
            insert into sessions (id, data, version, began_at, used_at, ends_at, expires_at, remembered, owner, handle)
            select lower(hex(randomblob(32))), data, version, began_at, used_at, ends_at, expires_at, remembered, null,
                hex(randomblob(11))
            from numbers, (select * from sessions limit 1)";
        if count == 0 {
            return Ok(());
        }
        let url = format!("sqlite://{}", self.folder.path("satchel.db").display());
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let pool = sqlx::SqlitePool::connect(&url).await?;
            sqlx::query(insert).bind(i64::try_from(count)?).execute(&pool).await?;
            sqlx::query("pragma wal_checkpoint(truncate)").execute(&pool).await?;
            anyhow::Ok(())
        })
    }

    /// The home page of a new visitor.
    pub(crate) fn first_page(&self) -> anyhow::Result<String> {
        self.server.get("/", "")
    }

    /// The sizes of the pages in bytes, with the names of the baseline's settings.
    pub(crate) fn page_sizes(&self) -> anyhow::Result<[(&'static str, usize); 3]> {
        Ok([
            ("GUEST_HOME_BYTES", self.first_page()?.len()),
            ("HOME_BYTES", self.server.get("/", &self.visitor)?.len()),
            ("CART_BYTES", self.server.get("/cart", &self.visitor)?.len()),
        ])
    }
}

/// The hand-written baseline.
pub(crate) struct Baseline {
    pub(crate) server: Server,
    pub(crate) folder: Folder,
}

impl Baseline {
    /// Starts the baseline, with pages of these sizes.
    pub(crate) fn start(sizes: &[(&'static str, usize)]) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let address = free_address()?;
        let program = std::env::current_exe()?.with_file_name("baseline");
        let server = Server::start(
            Command::new(program)
                .env("ADDRESS", address.to_string())
                .env("DATABASE", folder.path("baseline.db"))
                .envs(sizes.iter().map(|(name, bytes)| (name, bytes.to_string()))),
            address,
        )?;
        let cookies = sign_in_visitors(&server, "/cart/add", |_| {
            server.post("/sign-in", "", &[("name", "Ada Lovelace")])
        })?;
        folder.save_cookies(&cookies)?;
        for (path, cookie, (_, bytes)) in
            [("/", "", sizes[0]), ("/", &*cookies[0], sizes[1]), ("/cart", &*cookies[0], sizes[2])]
        {
            let page = server.get(path, cookie)?;
            ensure!(page.len() == bytes, "the baseline's {path} has {} bytes, not {bytes}", page.len());
        }
        Ok(Self { server, folder })
    }
}
