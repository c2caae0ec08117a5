//! The two servers, each with a database and visitors of its own.

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::{Options, Visitors};

/// How many visitors each server has.
pub(crate) const VISITORS: usize = 64;

/// What every visitor has in the cart.
const PRODUCTS: [u8; 3] = [1, 2, 5];

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs until this is dropped.
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(command: &mut Command, address: SocketAddr) -> anyhow::Result<Self> {
        let process = command
            // As bin/serve has it.
            .env("MIMALLOC_PURGE_DELAY", "0")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let mut server = Self { process, address };
        let start = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            if let Some(status) = server.process.try_wait()? {
                bail!("{} has ended with {status}", command.get_program().display());
            }
            ensure!(start.elapsed() < PATIENCE, "{} does not answer", command.get_program().display());
            thread::yield_now();
        }
        Ok(server)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Forgets how much memory it has held: making accounts takes what serving pages does not (proc(5), `clear_refs`).
    pub(crate) fn forget_memory(&self) -> anyhow::Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5")?)
    }

    /// The most memory that it has held since then, in MiB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(most.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    fn get(&self, path: &str, cookie: &str) -> anyhow::Result<String> {
        let request = ureq::get(self.url(path)).header("accept", "text/html").header("cookie", cookie);
        Ok(request.call()?.into_body().read_to_string()?)
    }

    /// Sends a form, and returns the cookie that the visitor has from then on.
    fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> anyhow::Result<String> {
        let request =
            ureq::post(self.url(path)).header("accept", "application/json").header("cookie", cookie);
        let answer = request.send_form(form.iter().copied()).with_context(|| self.url(path))?;
        let given = answer.headers().get("set-cookie").map(|cookie| cookie.to_str()).transpose()?;
        let given = given.and_then(|given| given.split(';').next());
        Ok(given.unwrap_or(cookie).to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that is free now.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// The files of a server: its database, and the cookies of its visitors.
struct Folder(TempDir);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let folder = Self(tempfile::tempdir()?);
        fs::write(folder.path("no-cookies"), "\n")?;
        Ok(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn keep(&self, cookies: &[String]) -> anyhow::Result<()> {
        let mut file = fs::File::create(self.path("cookies"))?;
        cookies.iter().try_for_each(|cookie| writeln!(file, "{cookie}")).map_err(Into::into)
    }
}

/// The release, in production's settings.
pub(crate) struct Satchel {
    pub(crate) server: Server,
    folder: Folder,
    visitor: String,
    no_cookies: PathBuf,
    cookies: PathBuf,
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
                // No secret: it lives for this run.
                .env("SESSION_KEYS", "A".repeat(86) + "==")
                .env("SIGN_IN_LIMIT", "100000/1m")
                .env("RUST_LOG", "warn"),
            address,
        )?;
        let mut cookies = Vec::new();
        for visitor in 0..VISITORS {
            let email = format!("visitor{visitor}@example.com");
            let form = [("name", "Ada Lovelace"), ("email", &email), ("password", "keep-it-in-the-satchel")];
            let mut cookie = server.post("/api/auth/register", "", &form)?;
            for product in PRODUCTS {
                cookie = server.post("/api/cart/add", &cookie, &[("product", &product.to_string())])?;
            }
            cookies.push(cookie);
        }
        folder.keep(&cookies)?;
        let visitor = cookies.pop().context("there are no visitors")?;
        let (no_cookies, cookies) = (folder.path("no-cookies"), folder.path("cookies"));
        let satchel = Self { server, folder, visitor, no_cookies, cookies };
        satchel.add_sleepers(options.sleepers)?;
        Ok(satchel)
    }

    /// Adds unused sessions to the database: copies of one, each with its own id.
    fn add_sleepers(&self, count: u64) -> anyhow::Result<()> {
        let sleepers = "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < $1)
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
            sqlx::query(sleepers).bind(i64::try_from(count)?).execute(&pool).await?;
            sqlx::query("pragma wal_checkpoint(truncate)").execute(&pool).await?;
            anyhow::Ok(())
        })
    }

    pub(crate) fn cookies(&self, visitors: Visitors) -> &Path {
        match visitors {
            Visitors::New => &self.no_cookies,
            Visitors::SignedIn => &self.cookies,
        }
    }

    /// The first page, as a new visitor gets it.
    pub(crate) fn first_page(&self) -> anyhow::Result<String> {
        self.server.get("/", "")
    }

    /// How long the pages are, in bytes, by the names that the other server knows them by.
    pub(crate) fn page_sizes(&self) -> anyhow::Result<[(&'static str, usize); 3]> {
        Ok([
            ("GUEST_HOME_BYTES", self.first_page()?.len()),
            ("HOME_BYTES", self.server.get("/", &self.visitor)?.len()),
            ("CART_BYTES", self.server.get("/cart", &self.visitor)?.len()),
        ])
    }
}

/// The server written by hand.
pub(crate) struct Baseline {
    pub(crate) server: Server,
    no_cookies: PathBuf,
    cookies: PathBuf,
    _folder: Folder,
}

impl Baseline {
    /// Starts it, with pages as long as those it is compared with.
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
        let mut cookies = Vec::new();
        for _ in 0..VISITORS {
            let mut cookie = server.post("/sign-in", "", &[("name", "Ada Lovelace")])?;
            for product in PRODUCTS {
                cookie = server.post("/cart/add", &cookie, &[("product", &product.to_string())])?;
            }
            cookies.push(cookie);
        }
        folder.keep(&cookies)?;
        let (no_cookies, cookies) = (folder.path("no-cookies"), folder.path("cookies"));
        for (path, cookie, (_, bytes)) in [
            ("/", "", sizes[0]),
            ("/", &*cookies_first(&cookies)?, sizes[1]),
            ("/cart", &*cookies_first(&cookies)?, sizes[2]),
        ] {
            let page = server.get(path, cookie)?;
            ensure!(page.len() == bytes, "the baseline's {path} has {} bytes, not {bytes}", page.len());
        }
        Ok(Self { server, no_cookies, cookies, _folder: folder })
    }

    pub(crate) fn cookies(&self, visitors: Visitors) -> &Path {
        match visitors {
            Visitors::New => &self.no_cookies,
            Visitors::SignedIn => &self.cookies,
        }
    }
}

fn cookies_first(file: &Path) -> anyhow::Result<String> {
    Ok(fs::read_to_string(file)?.lines().next().unwrap_or_default().to_owned())
}
