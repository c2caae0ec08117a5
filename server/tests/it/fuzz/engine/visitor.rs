//! Sends requests, and checks each response.

use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;

use super::{
    draft,
    hostile::{HEADER, SCRIPT},
    interface::Endpoint,
    request::{Ending, Request},
    wire::{Connection, Fault, Response},
};

/// The password of every account of the fuzzer.
const PASSWORD: &str = "three-words-at-least";

/// The number of requests after which a visitor signs in again.
const SIGN_IN_EVERY: usize = 400;

/// A request, and what was wrong with its response.
pub(crate) struct Failure {
    pub(crate) request: Request,
    pub(crate) what: String,
}

/// Counts requests and responses.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Responses by status; 0 is a connection that was closed without a response.
    pub(crate) responses: BTreeMap<u16, usize>,
    /// The session cookies that responses have set.
    pub(crate) ids: HashSet<String>,
    /// Requests without a complete response that may have created a session.
    pub(crate) unread: usize,
    /// Calls that succeeded or whose result is unknown, by the path of their function.
    done: BTreeMap<String, usize>,
    /// The endpoints with a response below 400.
    pub(crate) reached: HashSet<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        for (status, count) in other.responses {
            *self.responses.entry(status).or_default() += count;
        }
        for (path, count) in other.done {
            *self.done.entry(path).or_default() += count;
        }
        self.ids.extend(other.ids);
        self.reached.extend(other.reached);
        self.unread += other.unread;
    }

    /// Counts a request without a complete response.
    fn add_lost(&mut self, request: &Request) {
        *self.responses.entry(0).or_default() += 1;
        if request.is_post() {
            *self.done.entry(request.endpoint.clone()).or_default() += 1;
        }
        if request.is_post() || request.is_visit() {
            self.unread += 1;
        }
    }

    /// The maximum number of successful calls.
    pub(crate) fn done(&self, path: &str) -> usize {
        self.done.get(path).copied().unwrap_or(0)
    }
}

/// A person with several browsers.
pub(crate) struct Visitor<'a> {
    rng: Rng,
    address: &'a str,
    endpoints: &'a [Endpoint],
    /// A guest without cookies, a guest, a user, and the demo user.
    jars: [BTreeMap<String, String>; 4],
    stale: Vec<String>,
    connection: Option<Connection>,
    sent: usize,
    signed_in: usize,
    name: usize,
    pub(crate) tally: Tally,
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(address: &'a str, endpoints: &'a [Endpoint], seed: u64, name: usize) -> Self {
        let rng = Rng::with_seed(seed.wrapping_add(u64::try_from(name).unwrap()));
        Self {
            rng,
            address,
            endpoints,
            jars: Default::default(),
            stale: Vec::new(),
            connection: None,
            sent: 0,
            signed_in: 0,
            name,
            tally: Tally::default(),
        }
    }

    /// Sends this number of requests or a few more, without those that sign in.
    pub(crate) fn send(&mut self, requests: usize) -> Result<(), Box<Failure>> {
        let end = self.sent + requests;
        while self.sent < end {
            if self.sent >= self.signed_in * SIGN_IN_EVERY {
                self.signed_in += 1;
                self.sign_in()?;
            }
            let jar = self.rng.usize(..4);
            let first = self.draft(jar);
            if first.keeps_alive && self.rng.u8(..8) == 0 {
                let mut requests = vec![first];
                requests.extend(
                    (0..self.rng.u8(1..8)).map(|_| self.draft(jar)).filter(|request| request.keeps_alive),
                );
                self.pipeline(jar, requests)?;
            } else {
                self.sent += 1;
                self.alone(jar, first)?;
            }
        }
        Ok(())
    }

    fn sign_in(&mut self) -> Result<(), Box<Failure>> {
        let (name, number) = (self.name, self.signed_in);
        let form = format!("name=Fuzz&email=fuzz-{name}-{number}@example.com&password={PASSWORD}");
        self.alone(2, Request::new("POST", "/api/auth/register", "", &form))?;
        let form = "email=demo@example.com&password=keep-it-in-the-satchel&remember=on";
        self.alone(3, Request::new("POST", "/api/auth/login", "", form))
    }

    fn draft(&mut self, jar: usize) -> Request {
        let rng = &mut self.rng;
        let mut endpoint = rng.choice(self.endpoints).unwrap();
        while (endpoint.is_expensive() || endpoint.is_final()) && rng.u8(..6) > 0 {
            endpoint = rng.choice(self.endpoints).unwrap();
        }
        let cookies: Vec<_> = self.jars[jar].iter().map(|(name, value)| format!("{name}={value}")).collect();
        draft::request(rng, endpoint, &cookies.join("; "), &self.stale)
    }

    /// Sends several requests before the first response.
    fn pipeline(&mut self, jar: usize, requests: Vec<Request>) -> Result<(), Box<Failure>> {
        self.sent += requests.len();
        let mut connection = Connection::open(self.address);
        let bytes: Vec<u8> = requests.iter().flat_map(Request::bytes).collect();
        // A server may close the connection after a response (RFC 9112, 9.3.2).
        let mut open = connection.write(&bytes).is_ok();
        for (place, request) in requests.into_iter().enumerate() {
            let result = if open { connection.read(request.head) } else { Ok(None) };
            match result {
                Ok(Some(response)) => {
                    open = !response.closes;
                    self.check(jar, request, &response)?;
                }
                // The server may not have read the request, so it is sent again, as browsers do.
                Ok(None) | Err(Fault::Cut(_)) if place > 0 || request.is_large() => {
                    open = false;
                    self.tally.add_lost(&request);
                    self.connection = None;
                    self.alone(jar, request)?;
                }
                broken => return Err(failure(request, broken)),
            }
        }
        Ok(())
    }

    /// Sends one request, on the open connection if there is one.
    fn alone(&mut self, jar: usize, request: Request) -> Result<(), Box<Failure>> {
        let kept = self.connection.take();
        let reused = kept.is_some();
        let mut connection = kept.unwrap_or_else(|| Connection::open(self.address));
        match connection.exchange(&request) {
            // The server has closed the idle connection.
            Ok(None) | Err(Fault::Cut(_)) if reused => {
                self.tally.add_lost(&request);
                self.alone(jar, request)
            }
            Ok(Some(response)) => {
                if request.keeps_alive && !response.closes {
                    self.connection = Some(connection);
                }
                self.check(jar, request, &response)
            }
            Ok(None) | Err(Fault::Cut(_)) if request.ending != Ending::Whole || request.is_large() => {
                self.tally.add_lost(&request);
                Ok(())
            }
            broken => Err(failure(request, broken)),
        }
    }

    /// Checks a response, and stores its cookies.
    fn check(&mut self, jar: usize, request: Request, response: &Response) -> Result<(), Box<Failure>> {
        *self.tally.responses.entry(response.status).or_default() += 1;
        if let Err(what) = check_response(response) {
            return Err(Box::new(Failure { request, what: format!("{what}\n{}", shown(response)) }));
        }
        let done = request.is_post() && [200, 303].contains(&response.status);
        if done {
            *self.tally.done.entry(request.endpoint.clone()).or_default() += 1;
        }
        if response.status < 400 {
            self.tally.reached.insert(request.endpoint.clone());
        }
        let has_valid_cookies = request.has_valid_cookies;
        let visited = request.is_visit() && response.status == 200;
        // Another visitor with the same account has ended the session before the response.
        let overtaken = response.status == 401 && response.body == br#"{"error":"session_ended"}"#;
        for cookie in response.all("set-cookie") {
            let (name, value) =
                cookie.split(';').next().unwrap_or_default().split_once('=').unwrap_or_default();
            let removed = cookie.contains("Max-Age=0");
            if name == "id" && !removed {
                self.tally.ids.insert(value.to_owned());
                if !done && !visited && !overtaken {
                    let what = format!("a session without a change\n{}", shown(response));
                    return Err(Box::new(Failure { request, what }));
                }
            }
            if has_valid_cookies && jar > 0 {
                self.keep(jar, name, if removed { None } else { Some(value) });
            }
        }
        Ok(())
    }

    fn keep(&mut self, jar: usize, name: &str, value: Option<&str>) {
        const MOST_STALE: usize = 50;
        let jar = &mut self.jars[jar];
        let before = match value {
            Some(value) => jar.insert(name.to_owned(), value.to_owned()),
            None => jar.remove(name),
        };
        if let Some(before) = before.filter(|_| name == "id") {
            if self.stale.len() == MOST_STALE {
                self.stale.swap_remove(self.rng.usize(..MOST_STALE));
            }
            self.stale.push(format!("id={before}"));
        }
    }
}

fn failure(request: Request, broken: Result<Option<Response>, Fault>) -> Box<Failure> {
    let what = match broken {
        Err(Fault::Malformed(what)) => format!("the response is not valid HTTP: {what}"),
        Err(Fault::Cut(what)) => format!("the connection was cut: {what}"),
        Err(Fault::Silence) => "no response at all".to_owned(),
        Ok(_) => "the connection was closed without a response".to_owned(),
    };
    Box::new(Failure { request, what })
}

fn shown(response: &Response) -> String {
    let body = &response.body[..response.body.len().min(1_000)];
    format!("    {} {:?}\n    {}", response.status, response.headers, body.escape_ascii())
}

/// Checks what must be true of every response.
pub(crate) fn check_response(response: &Response) -> Result<(), String> {
    if response.status >= 500 {
        return Err(format!("status {}", response.status));
    }
    if response.headers.iter().any(|(name, _)| name == HEADER) {
        return Err("an injected header".to_owned());
    }
    if let Some(target) = response.header("location") {
        let local = target.starts_with('/')
            && !target.starts_with("//")
            && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !local {
            return Err(format!("a redirect to another site: {target}"));
        }
    }
    if response.header("content-encoding").is_some() || response.body.is_empty() {
        return Ok(());
    }
    match response.header("content-type").unwrap_or_default() {
        "application/json" => {
            serde_json::from_slice::<serde::de::IgnoredAny>(&response.body)
                .map_err(|error| format!("not JSON: {error}"))?;
        }
        kind if kind.starts_with("text/html") => {
            let html = std::str::from_utf8(&response.body).map_err(|error| format!("not UTF-8: {error}"))?;
            if html.contains(SCRIPT) {
                return Err("an injected script".to_owned());
            }
        }
        _ => {}
    }
    Ok(())
}
