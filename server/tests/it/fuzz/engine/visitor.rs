//! Sends requests, and judges each answer.

use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;

use super::{
    draft,
    hostile::{HEADER, SCRIPT},
    interface::Endpoint,
    request::{Ending, Request},
    wire::{Answer, Connection, Fault},
};

/// A password that every account of the fuzzer has.
const PASSWORD: &str = "three-words-at-least";

/// After how many requests a visitor who should be signed in signs in again.
const SIGN_IN_EVERY: usize = 400;

/// A request after which something was not as it must be.
pub(crate) struct Failure {
    pub(crate) request: Request,
    pub(crate) what: String,
}

/// What was asked for, and what for it may be kept.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Answers by their status; 0 stands for a connection that was closed instead.
    pub(crate) answers: BTreeMap<u16, usize>,
    /// Session cookies that were given out.
    pub(crate) ids: HashSet<String>,
    /// Requests that may have begun a session but whose answer, if there was one, could not be read to its end.
    pub(crate) unread: usize,
    /// Calls that may have been done, by the path of their function: answered by success or, as plain forms, by a redirect, or not.
    done: BTreeMap<String, usize>,
    /// The endpoints that were answered by success.
    pub(crate) reached: HashSet<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        for (status, count) in other.answers {
            *self.answers.entry(status).or_default() += count;
        }
        for (path, count) in other.done {
            *self.done.entry(path).or_default() += count;
        }
        self.ids.extend(other.ids);
        self.reached.extend(other.reached);
        self.unread += other.unread;
    }

    /// Notes a request whose answer is not known.
    fn lose(&mut self, request: &Request) {
        *self.answers.entry(0).or_default() += 1;
        if request.posts() {
            *self.done.entry(request.endpoint.clone()).or_default() += 1;
        }
        if request.posts() || request.counts() {
            self.unread += 1;
        }
    }

    /// How often a function may have done its work, at most.
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

    /// Sends so many requests, or a few more: those that sign in do not count.
    pub(crate) fn send(&mut self, requests: usize) -> Result<(), Box<Failure>> {
        let end = self.sent + requests;
        while self.sent < end {
            if self.sent >= self.signed_in * SIGN_IN_EVERY {
                self.signed_in += 1;
                self.sign_in()?;
            }
            let jar = self.rng.usize(..4);
            let first = self.draft(jar);
            if first.goes_on && self.rng.u8(..8) == 0 {
                let mut requests = vec![first];
                requests.extend(
                    (0..self.rng.u8(1..8)).map(|_| self.draft(jar)).filter(|request| request.goes_on),
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
        while (endpoint.is_dear() || endpoint.is_final()) && rng.u8(..6) > 0 {
            endpoint = rng.choice(self.endpoints).unwrap();
        }
        let cookies: Vec<_> = self.jars[jar].iter().map(|(name, value)| format!("{name}={value}")).collect();
        draft::request(rng, endpoint, &cookies.join("; "), &self.stale)
    }

    /// Several requests in one piece, before the first is answered.
    fn pipeline(&mut self, jar: usize, requests: Vec<Request>) -> Result<(), Box<Failure>> {
        self.sent += requests.len();
        let mut connection = Connection::open(self.address);
        let bytes: Vec<u8> = requests.iter().flat_map(Request::bytes).collect();
        // A server may hang up behind an answer, above all where it has not read all of the request (RFC 9112, 9.3.2).
        let mut open = connection.write(&bytes).is_ok();
        for (place, request) in requests.into_iter().enumerate() {
            let answered = if open { connection.read(request.head) } else { Ok(None) };
            match answered {
                Ok(Some(answer)) => {
                    open = !answer.closes;
                    self.judge(jar, request, &answer)?;
                }
                // The server may not have read it, so it is sent again, as browsers do.
                Ok(None) | Err(Fault::Cut(_)) if place > 0 || request.is_large() => {
                    open = false;
                    self.tally.lose(&request);
                    self.connection = None;
                    self.alone(jar, request)?;
                }
                broken => return Err(failure(request, broken)),
            }
        }
        Ok(())
    }

    /// One request, on a connection that is kept where that is possible.
    fn alone(&mut self, jar: usize, request: Request) -> Result<(), Box<Failure>> {
        let kept = self.connection.take();
        let reused = kept.is_some();
        let mut connection = kept.unwrap_or_else(|| Connection::open(self.address));
        match connection.ask(&request) {
            // It was closed while it was not in use.
            Ok(None) | Err(Fault::Cut(_)) if reused => {
                self.tally.lose(&request);
                self.alone(jar, request)
            }
            Ok(Some(answer)) => {
                if request.goes_on && !answer.closes {
                    self.connection = Some(connection);
                }
                self.judge(jar, request, &answer)
            }
            Ok(None) | Err(Fault::Cut(_)) if request.ending != Ending::Whole || request.is_large() => {
                self.tally.lose(&request);
                Ok(())
            }
            broken => Err(failure(request, broken)),
        }
    }

    /// Looks at an answer, and does what a browser does with it.
    fn judge(&mut self, jar: usize, request: Request, answer: &Answer) -> Result<(), Box<Failure>> {
        *self.tally.answers.entry(answer.status).or_default() += 1;
        if let Err(what) = is_sound(answer) {
            return Err(Box::new(Failure { request, what: format!("{what}\n{}", shown(answer)) }));
        }
        let done = request.posts() && [200, 303].contains(&answer.status);
        if done {
            *self.tally.done.entry(request.endpoint.clone()).or_default() += 1;
        }
        if answer.status < 400 {
            self.tally.reached.insert(request.endpoint.clone());
        }
        let honest = request.honest;
        let counted = request.counts() && answer.status == 200;
        // Another visitor with the same account has ended it before the response: its row is gone again.
        let overtaken = answer.status == 401 && answer.body == br#"{"error":"session_ended"}"#;
        for cookie in answer.all("set-cookie") {
            let (name, value) =
                cookie.split(';').next().unwrap_or_default().split_once('=').unwrap_or_default();
            let gone = cookie.contains("Max-Age=0");
            if name == "id" && !gone {
                self.tally.ids.insert(value.to_owned());
                if !done && !counted && !overtaken {
                    let what = format!("a session for nothing that was done\n{}", shown(answer));
                    return Err(Box::new(Failure { request, what }));
                }
            }
            if honest && jar > 0 {
                self.keep(jar, name, if gone { None } else { Some(value) });
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

fn failure(request: Request, broken: Result<Option<Answer>, Fault>) -> Box<Failure> {
    let what = match broken {
        Err(Fault::Malformed(what)) => format!("the answer is no HTTP: {what}"),
        Err(Fault::Cut(what)) => format!("the connection was cut: {what}"),
        Err(Fault::Silence) => "no answer at all".to_owned(),
        Ok(_) => "the connection was closed without an answer".to_owned(),
    };
    Box::new(Failure { request, what })
}

fn shown(answer: &Answer) -> String {
    let body = &answer.body[..answer.body.len().min(1_000)];
    format!("    {} {:?}\n    {}", answer.status, answer.headers, body.escape_ascii())
}

/// Whether an answer is one that may be given at all.
pub(crate) fn is_sound(answer: &Answer) -> Result<(), String> {
    if answer.status >= 500 {
        return Err(format!("status {}", answer.status));
    }
    if answer.headers.iter().any(|(name, _)| name == HEADER) {
        return Err("a header that was smuggled in".to_owned());
    }
    if let Some(target) = answer.header("location") {
        let local = target.starts_with('/')
            && !target.starts_with("//")
            && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !local {
            return Err(format!("a redirect to another site: {target}"));
        }
    }
    if answer.header("content-encoding").is_some() || answer.body.is_empty() {
        return Ok(());
    }
    match answer.header("content-type").unwrap_or_default() {
        "application/json" => {
            serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body)
                .map_err(|error| format!("no JSON: {error}"))?;
        }
        kind if kind.starts_with("text/html") => {
            let html = std::str::from_utf8(&answer.body).map_err(|error| format!("no UTF-8: {error}"))?;
            if html.contains(SCRIPT) {
                return Err("a script of the visitor's".to_owned());
            }
        }
        _ => {}
    }
    Ok(())
}
