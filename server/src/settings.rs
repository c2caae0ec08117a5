//! The settings, all from the environment. One error message lists every problem with its solution, and contains no secret.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    net::SocketAddr,
    path::Path,
};

use axum_client_ip::ClientIpSource;
use session::SigningKeys;
use time::Duration;
use url::Url;
use web::limits::Rate;

/// The file of the signing key that development generates.
const DEVELOPMENT_KEYS: &str = "data/session-keys";

/// How the server runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address it listens on (`LEPTOS_SITE_ADDR`).
    pub address: SocketAddr,
    /// The public address: scheme, host and port (`SITE_URL`). `None` if it is unknown.
    pub url: Option<String>,
    /// Whether cookies are for HTTPS only and there is no demo account (`LEPTOS_ENV`).
    pub production: bool,
    /// The database (`DATABASE_URL`).
    pub database: String,
    /// Whether other processes write to the database too (`DATABASE_SHARED`). If so, nothing of it is cached.
    pub shared: bool,
    /// The keys that sign session cookies (`SESSION_KEYS`).
    pub keys: SigningKeys,
    /// When an unused session expires (`SESSION_IDLE_MINUTES`).
    pub idle: Duration,
    /// When a session expires in any case (`SESSION_MAX_HOURS`).
    pub lifetime: Duration,
    /// Both timeouts for visitors who chose to be remembered (`SESSION_REMEMBER_DAYS`).
    pub remembered: Duration,
    /// How many sign-ins may be tried (`SIGN_IN_LIMIT`); `None` for no limit.
    pub sign_in_limit: Option<Rate>,
    /// How many sessions one address may create (`SESSION_LIMIT`, ASVS 2.4.1); `None` for no limit.
    pub session_limit: Option<Rate>,
    /// How many requests may run at once (`REQUEST_LIMIT`); more are refused.
    pub request_limit: usize,
    /// How many connections may be open at once (`CONNECTION_LIMIT`); more are refused.
    pub connection_limit: usize,
    /// Where the client's address is found (`CLIENT_IP_SOURCE`): the connection, or a header that only the proxy can set
    /// (ASVS 15.3.4). Production has no default.
    pub client_ip: ClientIpSource,
    /// The address of the metrics for Prometheus (`METRICS_ADDR`); `None` for no metrics.
    pub metrics: Option<SocketAddr>,
    /// The format of the log (`LOG_FORMAT`).
    pub log_format: LogFormat,
}

/// How the binary was built. A release build with the settings of development does not serve other machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// With debug assertions, as `cargo leptos watch` builds.
    Debug,
    /// Without debug assertions, as `bin/build` builds.
    Release,
}

impl Build {
    /// How this binary was built.
    pub const fn current() -> Self {
        if cfg!(debug_assertions) { Self::Debug } else { Self::Release }
    }
}

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object in each line.
    Json,
}

/// Every problem of the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError(Vec<String>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [problem] => f.write_str(problem),
            problems => {
                write!(f, "{} settings are wrong.", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads the environment, and the `.env` file of the current folder unless the environment sets production. Call it before
    /// threads start. Fails with [`SettingsError`] with every problem; with one problem if `.env` cannot be read or sets
    /// `LEPTOS_ENV` to production.
    pub fn from_environment() -> Result<Self, SettingsError> {
        // A value that is not UTF-8 is reported as wrong. Treated as missing, it would silently get the default.
        let get = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        if is_production(&get("LEPTOS_ENV").unwrap_or_default()) == Some(false) {
            load_dot_env(Path::new(".env")).map_err(|problem| SettingsError(vec![problem.to_owned()]))?;
        }
        Self::read(Build::current(), get, || development_keys(Path::new(DEVELOPMENT_KEYS)))
    }

    /// Reads the settings with `get`. `make_keys` returns the keys for development if none are set. Fails with [`SettingsError`]
    /// with every problem.
    pub fn read(
        build: Build,
        get: impl Fn(&str) -> Option<String>,
        make_keys: impl FnOnce() -> io::Result<String>,
    ) -> Result<Self, SettingsError> {
        const ADDRESS: &str = "Give an address and a port, such as 127.0.0.1:3000.";
        const RATE: &str = "Give a number and a time, such as 10/3m; \"off\" is for development.";

        let mut env = Reader { get, problems: Vec::new() };
        let production =
            env.parse("LEPTOS_ENV", "DEV", "Set DEV or PROD, or leave it out for DEV.", is_production);
        let address =
            env.parse("LEPTOS_SITE_ADDR", "127.0.0.1:3000", ADDRESS, |text| text.parse::<SocketAddr>().ok());
        if let (Build::Release, Some(false), Some(address)) = (build, production, address)
            && !address.ip().to_canonical().is_loopback()
        {
            env.problems.push(format!(
                "LEPTOS_SITE_ADDR is {address}, which other machines can reach, and LEPTOS_ENV is DEV: \
                 there is an account with a public password, and cookies travel over plain HTTP. \
                 Set LEPTOS_ENV=PROD with SESSION_KEYS and CLIENT_IP_SOURCE, or listen on 127.0.0.1:{}.",
                address.port()
            ));
        }
        let url = env.parse(
            "SITE_URL",
            "",
            "Give scheme and host, such as https://satchel.example, and no path.",
            optional(origin),
        );
        // In production only the configuration of the proxy knows it.
        let local_url =
            address.filter(|_| production == Some(false)).map(|address| format!("http://{address}"));
        let database = env.text("DATABASE_URL").unwrap_or_else(|| "sqlite://data/satchel.db".to_owned());
        if !database.starts_with("sqlite:")
            || database.contains(":memory:")
            || database.contains("mode=memory")
        {
            // Its value may contain a password.
            env.problems.push(
                "DATABASE_URL does not name a file. Give one, such as sqlite://data/satchel.db.".to_owned(),
            );
        }
        let shared = env.parse("DATABASE_SHARED", "false", "Give true or false.", |text| text.parse().ok());
        let keys = match env.text("SESSION_KEYS") {
            Some(list) => Ok(list),
            None if production == Some(true) => Err("SESSION_KEYS is missing".to_owned()),
            None => make_keys().map_err(|error| {
                format!("SESSION_KEYS is missing and {DEVELOPMENT_KEYS} cannot be used ({error})")
            }),
        };
        let keys = keys.and_then(|list| {
            SigningKeys::parse(&list).map_err(|error| format!("SESSION_KEYS is wrong: {error}"))
        });
        let keys = env.check(keys, "Make a key with: openssl rand -base64 64 | tr -d '\\n'");
        let rate = |text: &str| match text {
            "off" if production != Some(true) => Some(None),
            text => text.parse().ok().map(Some),
        };
        let sign_in_limit = env.parse("SIGN_IN_LIMIT", "10/3m", RATE, rate);
        let session_limit = env.parse("SESSION_LIMIT", "600/10m", RATE, rate);
        let client_ip = match env.text("CLIENT_IP_SOURCE") {
            // Behind a proxy, the address of the connection is that of the proxy: one limit would count all clients.
            None if production == Some(true) => Err("CLIENT_IP_SOURCE is missing".to_owned()),
            None => Ok(ClientIpSource::ConnectInfo),
            Some(text) => text.parse().map_err(|_| format!("CLIENT_IP_SOURCE is \"{text}\"")),
        };
        let client_ip = env.check(
            client_ip,
            "Name the header that the proxy sets and clients cannot, such as RightmostXForwardedFor or XRealIp; \
             or ConnectInfo where browsers connect directly.",
        );
        let metrics = env.parse("METRICS_ADDR", "", ADDRESS, optional(|text| text.parse().ok()));
        let log_format = env.parse("LOG_FORMAT", "text", "Give text or json.", |text| match text {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        });
        let idle = env.number("SESSION_IDLE_MINUTES", 30, 525_600, "minutes").map(Duration::minutes);
        let lifetime = env.number("SESSION_MAX_HOURS", 12, 8_760, "hours").map(Duration::hours);
        // Browsers keep no cookie for longer than 400 days.
        let remembered = env.number("SESSION_REMEMBER_DAYS", 31, 400, "days").map(Duration::days);
        let request_limit = env.number("REQUEST_LIMIT", 256, 1_000_000, "requests");
        let connection_limit = env.number("CONNECTION_LIMIT", 4_096, 1_000_000, "connections");

        let settings = || {
            Some(Self {
                address: address?,
                url: url?.or(local_url),
                production: production?,
                database,
                shared: shared?,
                keys: keys?,
                idle: idle?,
                lifetime: lifetime?,
                remembered: remembered?,
                sign_in_limit: sign_in_limit?,
                session_limit: session_limit?,
                request_limit: usize::try_from(request_limit?).ok()?,
                connection_limit: usize::try_from(connection_limit?).ok()?,
                client_ip: client_ip?,
                metrics: metrics?,
                log_format: log_format?,
            })
        };
        settings().filter(|_| env.problems.is_empty()).ok_or(SettingsError(env.problems))
    }
}

/// Reads settings one by one, and collects the problems.
struct Reader<G> {
    get: G,
    problems: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    /// The text of a setting. An empty one counts as missing: compose files and shells leave a setting out in this way.
    fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The setting or its default, as parsed by `parse`.
    fn parse<T>(
        &mut self,
        name: &str,
        default: &str,
        solution: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name).unwrap_or_else(|| default.to_owned());
        self.check(parse(&text).ok_or_else(|| format!("{name} is \"{text}\"")), solution)
    }

    /// A whole number from 1 to `max`.
    fn number(&mut self, name: &str, default: i64, max: i64, unit: &str) -> Option<i64> {
        let solution = format!("Give a whole number of {unit} from 1 to {max}.");
        self.parse(name, &default.to_string(), &solution, |text| {
            text.parse().ok().filter(|number| (1..=max).contains(number))
        })
    }

    /// The value, or `None` after the problem was added.
    fn check<T>(&mut self, value: Result<T, String>, solution: &str) -> Option<T> {
        value.map_err(|problem| self.problems.push(format!("{problem}. {solution}"))).ok()
    }
}

/// Parses a setting that may be missing.
fn optional<T>(parse: impl Fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Option<T>> {
    move |text| if text.is_empty() { Some(None) } else { parse(text).map(Some) }
}

/// The address of a site, without the slash at its end.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let whole = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    (whole && url.username().is_empty() && url.password().is_none())
        .then(|| url.origin().ascii_serialization())
}

/// Whether a value of `LEPTOS_ENV` means production; `None` for an unknown value.
fn is_production(env: &str) -> Option<bool> {
    match &*env.trim().to_ascii_lowercase() {
        "" | "dev" | "development" => Some(false),
        "prod" | "production" => Some(true),
        _ => None,
    }
}

/// Adds the settings of a `.env` file to the environment, which has precedence. A missing file has none. Call it before threads
/// start. Fails when the file cannot be read or sets `LEPTOS_ENV` to production. The message contains nothing of the file, which
/// may have a key.
fn load_dot_env(path: &Path) -> Result<(), &'static str> {
    const UNREADABLE: &str = ".env cannot be read. Compare it with .env.example: NAME=value, one in a line.";
    const PRODUCTION: &str = ".env sets LEPTOS_ENV to production. Set LEPTOS_ENV in the environment, with all \
                              other settings: .env is for development, and production does not read it.";

    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text.map_err(|_| UNREADABLE)?,
    };
    dotenvy::from_read(text.as_bytes()).map_err(|_| UNREADABLE)?;
    // After loading, so that `$NAME` in a value means the same in both.
    if sets_production(&text) {
        return Err(PRODUCTION);
    }
    Ok(())
}

/// Whether a `.env` file sets `LEPTOS_ENV` to production. A value that the environment overrides counts too: its author expects
/// production.
fn sets_production(dot_env: &str) -> bool {
    // dotenvy skips a byte order mark when it loads a file, and not when it lists the values.
    let text = dot_env.trim_start_matches('\u{feff}');
    dotenvy::from_read_iter(text.as_bytes())
        .flatten()
        .any(|(name, value)| name == "LEPTOS_ENV" && is_production(&value) == Some(true))
}

/// The signing key of development. It is generated once, so that sessions survive a restart, and only its owner can read it.
fn development_keys(path: &Path) -> io::Result<String> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            let keys = SigningKeys::generate();
            file.write_all(keys.as_bytes())?;
            Ok(keys)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::read_to_string(path),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        read_by(Build::Debug, settings)
    }

    fn read_by(build: Build, settings: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let get =
            |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Settings::read(build, get, || Ok(SigningKeys::generate()))
    }

    /// Production with the settings that it needs, which `settings` override.
    fn read_production(settings: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let key = SigningKeys::generate();
        let needed = [("LEPTOS_ENV", "PROD"), ("SESSION_KEYS", &*key), ("CLIENT_IP_SOURCE", "XRealIp")];
        read(&[settings, &needed].concat())
    }

    #[test]
    fn development_needs_no_setting() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.address.to_string(), "127.0.0.1:3000");
        assert_eq!(
            (settings.production, settings.idle, settings.remembered),
            (false, Duration::minutes(30), Duration::days(31))
        );
    }

    /// Security: 6.3.2
    #[test]
    fn a_release_build_in_development_listens_on_loopback_addresses_only() {
        for address in ["127.0.0.1:3000", "127.8.8.8:3000", "[::1]:3000", "[::ffff:127.0.0.1]:3000"] {
            for build in [Build::Debug, Build::Release] {
                assert!(read_by(build, &[("LEPTOS_SITE_ADDR", address)]).is_ok(), "{address}, {build:?}");
            }
        }
        assert!(read_by(Build::Release, &[]).is_ok());
        let cures = ["LEPTOS_ENV=PROD", "SESSION_KEYS", "CLIENT_IP_SOURCE", "127.0.0.1:3000"];
        for address in
            ["0.0.0.0:3000", "[::]:3000", "192.168.1.2:3000", "[2001:db8::1]:3000", "[::ffff:10.0.0.1]:3000"]
        {
            for env in ["", "DEV"] {
                let settings = [("LEPTOS_SITE_ADDR", address), ("LEPTOS_ENV", env)];
                assert!(read_by(Build::Debug, &settings).is_ok(), "{address}");
                let SettingsError(problems) = read_by(Build::Release, &settings).unwrap_err();
                assert_eq!(problems.len(), 1, "{problems:?}");
                for part in [address].iter().chain(&cures) {
                    assert!(problems[0].contains(part), "{part} in: {}", problems[0]);
                }
            }
        }
    }

    #[test]
    fn a_release_build_in_production_listens_anywhere() {
        let key = SigningKeys::generate();
        let settings = [
            ("LEPTOS_ENV", "PROD"),
            ("SESSION_KEYS", &*key),
            ("CLIENT_IP_SOURCE", "ConnectInfo"),
            ("LEPTOS_SITE_ADDR", "0.0.0.0:3000"),
        ];
        assert!(read_by(Build::Release, &settings).is_ok());
    }

    #[test]
    fn the_public_address_is_known_in_development_and_optional_in_production() {
        assert_eq!(read(&[]).unwrap().url.unwrap(), "http://127.0.0.1:3000");
        assert_eq!(read_production(&[]).unwrap().url, None);
        for site in ["https://satchel.example", "https://satchel.example/"] {
            for read in [read, read_production] {
                assert_eq!(read(&[("SITE_URL", site)]).unwrap().url.unwrap(), "https://satchel.example");
            }
        }
        for wrong in [
            "satchel.example",
            "ftp://satchel.example",
            "https://satchel.example/below",
            "https://a:b@c.example",
        ] {
            assert!(read(&[("SITE_URL", wrong)]).is_err(), "{wrong}");
        }
    }

    /// Security: 13.3.1
    #[test]
    fn production_needs_keys() {
        let error = read_production(&[("SESSION_KEYS", "")]).unwrap_err().to_string();
        assert!(error.starts_with("SESSION_KEYS is missing"), "{error}");
        assert!(read_production(&[]).unwrap().production);
    }

    /// Security: 15.3.4
    #[test]
    fn production_needs_a_named_source_of_the_clients_address() {
        let error = read_production(&[("CLIENT_IP_SOURCE", "")]).unwrap_err().to_string();
        assert!(error.starts_with("CLIENT_IP_SOURCE is missing"), "{error}");
        for cure in ["RightmostXForwardedFor", "XRealIp", "ConnectInfo"] {
            assert!(error.contains(cure), "{cure} in: {error}");
            let settings = read_production(&[("CLIENT_IP_SOURCE", cure)]).unwrap();
            assert_eq!(settings.client_ip.to_string(), cure);
        }
        assert_eq!(read(&[]).unwrap().client_ip, ClientIpSource::ConnectInfo);
    }

    #[test]
    fn production_has_a_limit_for_signing_in() {
        assert_eq!(read(&[("SIGN_IN_LIMIT", "off")]).unwrap().sign_in_limit, None);
        let production = |limit| read_production(&[("SIGN_IN_LIMIT", limit)]);
        assert!(production("off").unwrap_err().to_string().starts_with("SIGN_IN_LIMIT"));
        assert_eq!(production("").unwrap().sign_in_limit, "10/3m".parse().ok());
    }

    #[test]
    fn a_dot_env_file_that_sets_production_is_recognised() {
        for text in [
            "LEPTOS_ENV=PROD",
            "SESSION_KEYS=x\nexport LEPTOS_ENV = \"production\" # here\n",
            "LEPTOS_ENV=' Prod '",
            "LEPTOS_ENV=DEV\r\nLEPTOS_ENV=prod\r\n",
            "\u{feff}LEPTOS_ENV=PROD",
        ] {
            assert!(sets_production(text), "{text:?}");
        }
        for text in
            ["", "#LEPTOS_ENV=PROD", "LEPTOS_ENV=DEV", "LEPTOS_ENV=", "MY_LEPTOS_ENV=PROD", "X=LEPTOS_ENV"]
        {
            assert!(!sets_production(text), "{text:?}");
        }
    }

    /// Security: 13.3.1
    #[test]
    fn every_problem_is_listed_with_its_solution_and_without_secrets() {
        let wrong = [
            ("LEPTOS_SITE_ADDR", "somewhere"),
            ("SITE_URL", "satchel.example"),
            ("LEPTOS_ENV", "staging"),
            ("DATABASE_URL", "postgres://me:hunter2@host/db"),
            ("SESSION_KEYS", "hunter2"),
            ("SESSION_IDLE_MINUTES", "0"),
            ("SESSION_MAX_HOURS", "-1"),
            ("SESSION_REMEMBER_DAYS", "a month"),
            ("SIGN_IN_LIMIT", "often"),
            ("CLIENT_IP_SOURCE", "X-Forwarded-For"),
            ("SESSION_LIMIT", "many"),
            ("REQUEST_LIMIT", "0"),
            ("CONNECTION_LIMIT", "all"),
            ("METRICS_ADDR", "9090"),
            ("LOG_FORMAT", "xml"),
        ];
        let error = read(&wrong).unwrap_err().to_string();
        assert!(error.starts_with("15 settings are wrong."), "{error}");
        for (name, _) in wrong {
            assert!(error.contains(&format!("\n  - {name} ")), "{name} in: {error}");
        }
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn an_empty_setting_counts_as_missing() {
        assert!(read(&[("SESSION_IDLE_MINUTES", " "), ("LEPTOS_ENV", "")]).is_ok());
    }

    #[test]
    fn the_development_key_is_generated_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/session-keys");
        let first = development_keys(&path).unwrap();
        assert_eq!(development_keys(&path).unwrap(), first);
    }

    proptest! {
        #[test]
        fn any_value_is_accepted_within_its_limits_or_reported(
            name in prop::sample::select(&[
                "LEPTOS_SITE_ADDR", "LEPTOS_ENV", "DATABASE_URL", "DATABASE_SHARED", "SESSION_KEYS", "SESSION_IDLE_MINUTES",
                "SESSION_MAX_HOURS", "SESSION_REMEMBER_DAYS", "SIGN_IN_LIMIT", "CLIENT_IP_SOURCE",
                "SESSION_LIMIT", "REQUEST_LIMIT", "CONNECTION_LIMIT", "METRICS_ADDR", "LOG_FORMAT",
            ][..]),
            text in "[-+]?[0-9]{0,20}|[0-9]{1,3}/[0-9]{1,4}[smhd]|off|true|prod|sqlite:.{0,9}|(?s).{0,20}",
        ) {
            match read(&[(name, &text)]) {
                Ok(settings) => {
                    prop_assert!(settings.idle >= Duration::minutes(1) && settings.idle <= Duration::days(365));
                    prop_assert!(settings.lifetime >= Duration::hours(1) && settings.lifetime <= Duration::days(365));
                    prop_assert!(settings.remembered >= Duration::days(1) && settings.remembered <= Duration::days(400));
                    prop_assert!(settings.sign_in_limit.is_some() || !settings.production);
                    prop_assert!((1..=1_000_000).contains(&settings.request_limit));
                }
                // Only production reports other settings: those that it needs.
                Err(error) => prop_assert!(
                    error.to_string().contains(name) || error.to_string().contains("SESSION_KEYS is missing"),
                    "{}", error
                ),
            }
        }
    }
}
