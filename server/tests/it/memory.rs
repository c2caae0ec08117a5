//! The memory that a request takes: the peak of the real binary's process during the request, minus the memory in use before it.
//! `--nocapture` prints the measurements.

use std::{fmt, fs};

use crate::running::{TestServer, post, status};

/// The memory that a request may take for each of its bytes, in bytes.
const FACTOR: u64 = 10;

/// The memory that any request may take, in bytes: pages that are used for the first time, and the delay of the kernel's counters.
const ALLOWANCE: u64 = 4 * 1024 * 1024;

/// One worker thread and an allocator that returns memory at once, so that memory freed by earlier requests is not reused.
const SETTINGS: [(&str, &str); 4] = [
    ("SIGN_IN_LIMIT", "off"),
    ("SESSION_LIMIT", "off"),
    ("TOKIO_WORKER_THREADS", "1"),
    ("MIMALLOC_PURGE_DELAY", "0"),
];

// <explorer>
const SET: &str = "/api/session/set";
// </explorer>

/// A text of any length: its beginning, a part that is repeated, and its end.
type Pattern = [&'static str; 3];

const OBJECTS: Pattern = ["[", r#"{"":0},"#, "0]"];
const STRING: Pattern = ["\"", "x", "\""];
const FIELDS: Pattern = ["a", "&a", ""];
const BRACKETS: Pattern = ["key", "[a]", "=1"];

const VALUES: [(&str, Pattern); 4] = [
    ("objects", OBJECTS),
    ("lists", ["[", "[],", "0]"]),
    ("nested objects", ["", r#"{"a":"#, ""]),
    ("string", STRING),
];

// <explorer>
/// The length of a stored value, in bytes. All values of a session may have 1,000,000.
const STORED: usize = 999_000;
// </explorer>

/// A request, its size and the memory that it took, in bytes.
struct Measured {
    name: String,
    sent: u64,
    cost: u64,
}

impl Measured {
    fn is_cheap(&self) -> bool {
        self.cost <= FACTOR * self.sent + ALLOWANCE
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} KiB sent, {} KiB taken", self.name, self.sent / 1_024, self.cost / 1_024)
    }
}

/// Returns the memory that the server takes for a request, in bytes, and the response.
fn cost(server: &TestServer, request: &str) -> (u64, String) {
    // Resets the peak (`VmHWM`) to the memory in use (`VmRSS`); see proc(5).
    fs::write(format!("/proc/{}/clear_refs", server.process()), "5").unwrap();
    let before = server.memory("VmRSS").unwrap();
    let response = server.send(request);
    (server.memory("VmHWM").unwrap().saturating_sub(before), response)
}

/// Measures `request`, whose response must have one of the `statuses`. A `small` request of the same kind loads the code first.
fn measure(server: &TestServer, name: String, small: &str, request: &str, statuses: &[u16]) -> Measured {
    server.send(small);
    let (cost, response) = cost(server, request);
    assert!(statuses.contains(&status(&response)), "{name}: {}", status(&response));
    Measured { name, sent: request.len() as u64, cost }
}

/// Measures refused forms of about `length` bytes. Those with a value begin with `field`, which ends with an equals sign.
fn measure_forms(server: &TestServer, path: &str, field: &str, length: usize) -> Vec<Measured> {
    let large = forms(field, length);
    let pairs = forms(field, length / 32).into_iter().zip(large);
    pairs
        .map(|((name, small), (_, large))| {
            let (small, large) = (post(path, "", &small), post(path, "", &large));
            measure(server, format!("{path}, {name}"), &small, &large, &[400, 404, 422])
        })
        .collect()
}

/// Checks that all measurements are within the limit, and returns a line for each.
fn expect_cheap(measured: &[Measured]) -> String {
    let expensive: String =
        measured.iter().filter(|request| !request.is_cheap()).map(ToString::to_string).collect();
    assert!(expensive.is_empty(), "more than {FACTOR} times the request and {ALLOWANCE} bytes:\n{expensive}");
    measured.iter().map(ToString::to_string).collect()
}

/// A text of at most `length` bytes.
fn fill([start, piece, end]: [&str; 3], length: usize) -> String {
    let count = (length - start.len() - end.len()) / piece.len();
    format!("{start}{}{end}", piece.repeat(count))
}

/// Forms of at most `length` bytes with their names: many fields, deep names, and each of [`VALUES`].
fn forms(field: &str, length: usize) -> Vec<(String, String)> {
    let mut forms = vec![
        ("fields".to_owned(), fill(FIELDS, length)),
        ("distinct fields".to_owned(), distinct_fields(length)),
        ("brackets".to_owned(), fill(BRACKETS, length)),
        ("encoded brackets".to_owned(), fill(["key", "%5Ba%5D", "=1"], length)),
    ];
    for (name, [start, piece, end]) in VALUES {
        forms.push((name.to_owned(), fill([&format!("{field}{start}"), piece, end], length)));
        let start = format!("{field}{}", encode(start));
        forms.push((format!("encoded {name}"), fill([&start, &encode(piece), &encode(end)], length)));
    }
    forms
}

fn distinct_fields(length: usize) -> String {
    const MAX_FIELD: usize = "1000000=1&".len();

    let mut fields = (0_u32..).map(|number| format!("{number}=1&"));
    let mut form = String::new();
    while form.len() + MAX_FIELD <= length {
        form.extend(fields.next());
    }
    form
}

fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

// <explorer>
/// Security: 15.2.2
#[test]
fn the_largest_forms_take_ten_times_their_size_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &SETTINGS);
    print!("{}", expect_cheap(&measure_forms(&server, SET, "key=a&value=", 4 * 1024 * 1024)));
}

/// Security: 15.2.2
#[test]
fn storing_a_value_takes_ten_times_its_size_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &SETTINGS);
    let form = |value, length| post(SET, "", &format!("key=a&value={}", fill(value, length)));
    let stored = |(name, value): (&str, Pattern)| {
        measure(&server, name.to_owned(), &form(value, STORED / 10), &form(value, STORED), &[200])
    };
    let measured: Vec<_> = [("objects", OBJECTS), ("string", STRING)].into_iter().map(stored).collect();
    print!("{}", expect_cheap(&measured));
}

/// Security: 15.2.2
#[test]
fn showing_a_full_session_takes_ten_times_its_size_at_most() {
    /// A page contains each of these twice, once as seven characters.
    const TAGS: Pattern = ["\"", "<", "\""];
    const PATHS: [&str; 3] = ["/session", "/api/session/show", "/api/session/peek"];

    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &SETTINGS);
    let session = |values: usize, value: Pattern, length: usize| {
        let mut session = String::new();
        for key in 0..values {
            let form = format!("key={key}&value={}", fill(value, length / values - 200));
            let response = server.post(SET, &session, &form);
            assert_eq!(status(&response), 200, "{values} values");
            session = crate::running::cookie(&response).unwrap_or(session);
        }
        session
    };
    let mut measured = Vec::new();
    for (values, value) in [(1, OBJECTS), (1, TAGS), (100, TAGS)] {
        let (small, large) = (session(values, value, 30_000), session(values, value, STORED));
        for path in PATHS {
            let name = format!("{path}, {values} times {}", value[1]);
            let shown = measure(
                &server,
                name,
                &crate::running::get(path, &small),
                &crate::running::get(path, &large),
                &[200],
            );
            measured.push(Measured { sent: STORED as u64, ..shown });
        }
    }
    print!("{}", expect_cheap(&measured));
}
// </explorer>

/// Security: 15.2.2
#[test]
fn small_forms_and_reports_take_ten_times_their_size_at_most() {
    /// The largest body of most forms, in bytes.
    const FORM: usize = 64 * 1024;
    /// The largest body with reports, in bytes.
    const REPORTS: usize = 16 * 1024;

    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &SETTINGS);
    let mut measured = measure_forms(&server, "/api/auth/login", "password=x&email=", FORM);
    // <shop>
    measured.extend(measure_forms(&server, "/api/cart/add", "product=", FORM));
    // </shop>
    let reports = |length| {
        let request = post("/csp-reports", "", &fill(["[", "{},", "{}]"], length));
        request.replacen("\r\n", "\r\nContent-Type: application/reports+json\r\n", 1)
    };
    let (small, large) = (reports(REPORTS / 32), reports(REPORTS));
    measured.push(measure(&server, "reports".to_owned(), &small, &large, &[204, 400]));
    print!("{}", expect_cheap(&measured));
}

// <cookies>
/// Security: 15.2.2
#[test]
fn queries_and_cookies_take_ten_times_their_size_at_most() {
    /// In bytes. The server accepts a head of at most 32 KiB.
    const LENGTH: usize = 30_000;
    const COOKIES: Pattern = ["a", ";a", ""];
    /// The page has two forms for each of these.
    const LAB_COOKIES: Pattern = ["a=lab:", ";a=lab:", ""];

    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &SETTINGS);
    let mut measured = Vec::new();
    for path in ["/api/cookies/show", "/cookies"] {
        for (name, query, statuses) in
            [("fields", FIELDS, [400].as_slice()), ("brackets", BRACKETS, [200, 400].as_slice())]
        {
            let request = |length| crate::running::get(&format!("{path}?{}", fill(query, length)), "");
            let (small, large) = (request(LENGTH / 32), request(LENGTH));
            measured.push(measure(&server, format!("{path}, {name}"), &small, &large, statuses));
        }
        for cookies in [COOKIES, LAB_COOKIES] {
            let request = |length| crate::running::get(path, &fill(cookies, length));
            let (small, large) = (request(LENGTH / 32), request(LENGTH));
            measured.push(measure(
                &server,
                format!("{path}, cookies {}", cookies[1]),
                &small,
                &large,
                &[200],
            ));
        }
    }
    print!("{}", expect_cheap(&measured));
}
// </cookies>

// <explorer>
/// Security: 15.2.2
#[test]
fn listing_fifty_devices_with_full_sessions_takes_little_memory() {
    /// The maximum for an account.
    const DEVICES: usize = 50;
    /// In bytes. The sessions have 50 MB in the database.
    const MAX_COST: u64 = 20 * 1024 * 1024;

    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &SETTINGS);
    let devices: Vec<_> = (0..DEVICES)
        .map(|_| crate::running::cookie(&server.post("/api/auth/login", "", crate::client::DEMO)).unwrap())
        .collect();
    let lists = [("/api/auth/devices", "\"device\":"), ("/account", "class=\"device\"")];
    // Loads the code while the sessions are small.
    for (path, _) in lists {
        server.get(path, &devices[0]);
    }
    let form = format!("key=a&value={}", fill(OBJECTS, STORED));
    for device in &devices {
        assert_eq!(status(&server.post(SET, device, &form)), 200);
    }
    for (path, entry) in lists {
        let (cost, response) = cost(&server, &crate::running::get(path, &devices[0]));
        println!("{path}: {} KiB taken", cost / 1_024);
        assert_eq!((status(&response), response.matches(entry).count()), (200, DEVICES), "{path}");
        assert!(cost < MAX_COST, "{path}: {cost} bytes");
    }
    let (cost, response) = cost(&server, &post("/api/auth/revoke_others", &devices[0], ""));
    println!("revoke_others: {} KiB taken", cost / 1_024);
    assert_eq!((status(&response), response.matches("\"device\":").count()), (200, 1), "{response}");
    assert!(cost < MAX_COST, "revoke_others: {cost} bytes");
}
// </explorer>
