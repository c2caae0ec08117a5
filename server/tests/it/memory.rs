//! How much memory a request takes: the peak of the real binary's process while it answers, compared with what it had in use before.
//!
//! With `--nocapture` the tests print what they have measured.

use std::{fmt, fs};

use crate::{
    faults::status,
    running::{Running, cookie, get, post},
};

/// What a request may take for each of its bytes, in bytes.
const FACTOR: u64 = 10;

/// What any request may take, in bytes: pages of the program and of the heap that are used for the first time, and what the kernel's
/// counters are behind by, of which each core has its own.
const ALLOWANCE: u64 = 4 * 1024 * 1024;

/// One worker thread, which has answered before, and an allocator that returns memory at once: what earlier requests have freed does
/// not hide what a request takes.
const SETTINGS: [(&str, &str); 4] = [
    ("SIGN_IN_LIMIT", "off"),
    ("SESSION_LIMIT", "off"),
    ("TOKIO_WORKER_THREADS", "1"),
    ("MIMALLOC_PURGE_DELAY", "0"),
];

// <explorer>
const SET: &str = "/api/session/set";
// </explorer>

/// Text of any length: its beginning, what is repeated, and its end.
type Pattern = [&'static str; 3];

const OBJECTS: Pattern = ["[", r#"{"":0},"#, "0]"];
const STRING: Pattern = ["\"", "x", "\""];
const FIELDS: Pattern = ["a", "&a", ""];
const BRACKETS: Pattern = ["key", "[a]", "=1"];

/// Values of one field, in JSON.
const VALUES: [(&str, Pattern); 4] = [
    ("objects", OBJECTS),
    ("lists", ["[", "[],", "0]"]),
    ("nested objects", ["", r#"{"a":"#, ""]),
    ("string", STRING),
];

/// The length of a value that is stored, in bytes: 1,000,000 is the most for all values of a session.
const STORED: usize = 999_000;

impl Running {
    /// The most memory that the process had in use since its start or [`forget_peak`](Self::forget_peak), in KiB: `VmHWM` in proc(5).
    fn peak_memory(&self) -> u64 {
        self.memory_by("VmHWM:")
    }

    /// The memory that the process has in use, in KiB.
    fn memory(&self) -> u64 {
        self.memory_by("VmRSS:")
    }

    /// Sets the peak back to what is in use: `clear_refs` in proc(5), which the user who runs the process may write.
    fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.process()), "5").unwrap();
    }

    fn memory_by(&self, name: &str) -> u64 {
        let process = fs::read_to_string(format!("/proc/{}/status", self.process())).unwrap();
        let line = process.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

/// A request that was answered.
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

/// Returns what the server takes at most while it answers, in bytes, and the answer.
fn cost(server: &Running, request: &str) -> (u64, String) {
    server.forget_peak();
    let before = server.memory();
    let answer = server.send(request);
    (server.peak_memory().saturating_sub(before) * 1_024, answer)
}

/// Measures `request`, which must be answered with one of the `statuses`. A `small` one of the same kind goes first, so that the code is
/// in memory.
fn measure(server: &Running, name: String, small: &str, request: &str, statuses: &[u16]) -> Measured {
    server.send(small);
    let (cost, answer) = cost(server, request);
    assert!(statuses.contains(&status(&answer)), "{name}: {}", status(&answer));
    Measured { name, sent: request.len() as u64, cost }
}

/// Measures forms that are refused, each of about `length` bytes. `field` begins those with a value, up to the equals sign.
fn measure_forms(server: &Running, path: &str, field: &str, length: usize) -> Vec<Measured> {
    let large = forms(field, length);
    let pairs = forms(field, length / 32).into_iter().zip(large);
    pairs
        .map(|((name, small), (_, large))| {
            let (small, large) = (post(path, "", &small), post(path, "", &large));
            measure(server, format!("{path}, {name}"), &small, &large, &[400, 404, 422])
        })
        .collect()
}

/// What was measured, in a line for each. All of it must be cheap.
fn expect_cheap(measured: &[Measured]) -> String {
    let expensive: String =
        measured.iter().filter(|request| !request.is_cheap()).map(ToString::to_string).collect();
    assert!(
        expensive.is_empty(),
        "more than {FACTOR} times what was sent and {ALLOWANCE} bytes:\n{expensive}"
    );
    measured.iter().map(ToString::to_string).collect()
}

/// A text of `length` bytes at most.
fn fill([start, piece, end]: [&str; 3], length: usize) -> String {
    let count = (length - start.len() - end.len()) / piece.len();
    format!("{start}{}{end}", piece.repeat(count))
}

/// Forms of `length` bytes at most, by name: with many fields, with deep names, and with each of [`VALUES`].
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
    /// The longest one, in bytes.
    const MAX_FIELD: usize = "1000000=1&".len();

    let mut fields = (0_u32..).map(|number| format!("{number}=1&"));
    let mut form = String::new();
    while form.len() + MAX_FIELD <= length {
        form.extend(fields.next());
    }
    form
}

/// Every byte as `%XX`.
fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

// <explorer>
/// Security: 15.2.2
#[test]
fn the_largest_forms_take_ten_times_their_size_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &SETTINGS);
    print!("{}", expect_cheap(&measure_forms(&server, SET, "key=a&value=", 4 * 1024 * 1024)));
}
// </explorer>

// <explorer>
/// Security: 15.2.2
#[test]
fn a_value_that_is_stored_takes_ten_times_its_size_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &SETTINGS);
    let form = |value, length| post(SET, "", &format!("key=a&value={}", fill(value, length)));
    let stored = |(name, value): (&str, Pattern)| {
        measure(&server, name.to_owned(), &form(value, STORED / 10), &form(value, STORED), &[200])
    };
    let measured: Vec<_> = [("objects", OBJECTS), ("string", STRING)].into_iter().map(stored).collect();
    print!("{}", expect_cheap(&measured));
}
// </explorer>

// <explorer>
/// Security: 15.2.2
#[test]
fn what_shows_a_full_session_takes_ten_times_its_size_at_most() {
    /// In a page each of these is written twice, and once as seven characters.
    const TAGS: Pattern = ["\"", "<", "\""];
    const PATHS: [&str; 3] = ["/session", "/api/session/show", "/api/session/peek"];

    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &SETTINGS);
    let session = |values: usize, value: Pattern, length: usize| {
        let mut session = String::new();
        for key in 0..values {
            let form = format!("key={key}&value={}", fill(value, length / values - 200));
            let answer = server.post(SET, &session, &form);
            assert_eq!(status(&answer), 200, "{values} values");
            session = cookie(&answer).unwrap_or(session);
        }
        session
    };
    let mut measured = Vec::new();
    for (values, value) in [(1, OBJECTS), (1, TAGS), (100, TAGS)] {
        let (small, large) = (session(values, value, 30_000), session(values, value, STORED));
        for path in PATHS {
            let name = format!("{path}, {values} times {}", value[1]);
            let shown = measure(&server, name, &get(path, &small), &get(path, &large), &[200]);
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
    let server = Running::start_with(folder.path(), &SETTINGS);
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
    /// The most that is sent, in bytes: the server reads no head that is longer than 32 KiB.
    const LENGTH: usize = 30_000;
    const COOKIES: Pattern = ["a", ";a", ""];
    /// The page has two forms for each.
    const LAB_COOKIES: Pattern = ["a=lab:", ";a=lab:", ""];

    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &SETTINGS);
    let mut measured = Vec::new();
    for path in ["/api/cookies/show", "/cookies"] {
        for (name, query, statuses) in
            [("fields", FIELDS, [400].as_slice()), ("brackets", BRACKETS, [200, 400].as_slice())]
        {
            let request = |length| get(&format!("{path}?{}", fill(query, length)), "");
            let (small, large) = (request(LENGTH / 32), request(LENGTH));
            measured.push(measure(&server, format!("{path}, {name}"), &small, &large, statuses));
        }
        for cookies in [COOKIES, LAB_COOKIES] {
            let request = |length| get(path, &fill(cookies, length));
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
fn fifty_devices_with_full_sessions_are_listed_in_little_memory() {
    /// As many sessions as an account may have.
    const DEVICES: usize = 50;
    /// The most that a list may take, in bytes. The sessions have 50 MB in the database.
    const LIST: u64 = 20 * 1024 * 1024;

    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &SETTINGS);
    let sign_in = "email=demo@example.com&password=keep-it-in-the-satchel";
    let devices: Vec<_> =
        (0..DEVICES).map(|_| cookie(&server.post("/api/auth/login", "", sign_in)).unwrap()).collect();
    let lists = [("/api/auth/devices", "\"device\":"), ("/account", "class=\"device\"")];
    // While the sessions are small, so that the code is in memory.
    for (path, _) in lists {
        server.get(path, &devices[0]);
    }
    let form = format!("key=a&value={}", fill(OBJECTS, STORED));
    for device in &devices {
        assert_eq!(status(&server.post(SET, device, &form)), 200);
    }
    for (path, entry) in lists {
        let (cost, answer) = cost(&server, &get(path, &devices[0]));
        println!("{path}: {} KiB taken", cost / 1_024);
        assert_eq!((status(&answer), answer.matches(entry).count()), (200, DEVICES), "{path}");
        assert!(cost < LIST, "{path}: {cost} bytes");
    }
    let (cost, answer) = cost(&server, &post("/api/auth/revoke_others", &devices[0], ""));
    println!("revoke_others: {} KiB taken", cost / 1_024);
    assert_eq!((status(&answer), answer.matches("\"device\":").count()), (200, 1), "{answer}");
    assert!(cost < LIST, "revoke_others: {cost} bytes");
}
// </explorer>
