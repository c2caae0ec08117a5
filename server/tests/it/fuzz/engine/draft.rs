//! Generates requests: valid ones, most of which are then changed in one or several places.

use fastrand::Rng;

use super::{
    frame::{change_cookies, change_headers, frame, line},
    hostile::{bytes, encode, pick},
    interface::Endpoint,
    lists::{BODIES, METHODS, PATH_PARTS, QUERIES, TYPES},
    request::{Ending, Request},
};

const FORM: &str = "application/x-www-form-urlencoded";

/// A request for an endpoint, with these cookies.
pub(crate) fn request(rng: &mut Rng, endpoint: &Endpoint, cookies: &str, stale: &[String]) -> Request {
    let changes = if rng.u8(..100) < 35 { 0 } else { rng.u8(1..4) };
    let mut places: Vec<u8> = (0..changes).map(|_| rng.u8(..100)).collect();
    places.sort_unstable();
    let has = |range: std::ops::Range<u8>| places.iter().any(|place| range.contains(place));

    let mut method = endpoint.method;
    if has(0..8) {
        method = pick(rng, METHODS);
    }
    let mut form = form(rng, endpoint, places.iter().filter(|place| (8..45).contains(*place)).count());
    let mut path = path(rng, &endpoint.path).into_bytes();
    let in_query = (method != "POST") != has(45..48);
    let mut query = None;
    if in_query && !form.is_empty() {
        query = Some(std::mem::take(&mut form));
    }
    if has(48..54) {
        query = Some([&query.unwrap_or_default(), "&".as_bytes(), pick(rng, QUERIES).as_bytes()].concat());
    }
    if has(54..62) {
        change_path(rng, &mut path);
    }
    let target = match query {
        Some(query) => [&path, "?".as_bytes(), &query].concat(),
        None => path,
    };
    let mut request = Request {
        line: Vec::new(),
        headers: vec![b"Host: satchel.test".to_vec(), accept(rng, method)],
        body: form,
        ending: Ending::Whole,
        keeps_alive: true,
        head: method == "HEAD",
        has_valid_cookies: true,
        endpoint: endpoint.path.clone(),
    };
    let mut kind = FORM;
    if has(62..66) {
        kind = pick(rng, TYPES);
        if rng.bool() && !request.body.is_empty() {
            request.body = pick(rng, BODIES).into();
        }
    }
    if method == "POST" || !request.body.is_empty() {
        request.headers.push(format!("Content-Type: {kind}").into_bytes());
    }
    if has(66..76) {
        change_cookies(rng, &mut request, cookies, stale);
    } else if !cookies.is_empty() {
        request.headers.push(format!("Cookie: {cookies}").into_bytes());
    }
    let version = line(rng, &mut request, method, target, has(76..78));
    for _ in places.iter().filter(|place| (78..92).contains(*place)) {
        change_headers(rng, &mut request);
    }
    frame(rng, &mut request, has(92..100));
    request.keeps_alive &= version && method != "CONNECT" && request.ending == Ending::Whole;
    request
}

fn accept(rng: &mut Rng, method: &str) -> Vec<u8> {
    let page = if method == "POST" { rng.u8(..3) == 0 } else { rng.bool() };
    if page {
        b"Accept: text/html,application/xhtml+xml".to_vec()
    } else {
        b"Accept: application/json".to_vec()
    }
}

/// The path, with a value for `{id}`.
fn path(rng: &mut Rng, path: &str) -> String {
    let id = match rng.u8(..4) {
        0 => String::from_utf8_lossy(&encode_any(rng))
            .chars()
            .filter(char::is_ascii_graphic)
            .take(100)
            .collect(),
        1 => uuid(rng),
        _ => rng.u8(..15).to_string(),
    };
    path.replace("{id}", &id)
}

fn uuid(rng: &mut Rng) -> String {
    let hex = format!("{:032x}", rng.u128(..));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Any text or bytes, encoded for a form.
pub(crate) fn encode_any(rng: &mut Rng) -> Vec<u8> {
    let text = bytes(rng);
    encode(rng, &text)
}

/// The fields of the endpoint, with this number of changes.
fn form(rng: &mut Rng, endpoint: &Endpoint, changes: usize) -> Vec<u8> {
    let vary = rng.bool();
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = endpoint
        .fields
        .iter()
        .map(|(name, example)| {
            let value = if vary { likely(rng, name, example) } else { example.clone() };
            (
                name.clone().into_bytes(),
                form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().into_bytes(),
            )
        })
        .collect();
    for _ in 0..changes {
        change_fields(rng, &mut pairs);
    }
    pairs.iter().map(|(name, value)| [name.as_slice(), b"=", value].concat()).collect::<Vec<_>>().join(&b'&')
}

/// A value that is probably valid.
fn likely(rng: &mut Rng, name: &str, example: &str) -> String {
    match name {
        "email" => format!("{}@example.com", rng.u16(..300)),
        "key" => {
            pick(rng, &["email", "a", "b", "c", "notes", "theme", "<script>fuzz()</script>", "\u{1f392}"])
                .to_owned()
        }
        "value" => {
            pick(rng, &["1", "007", "text", "{\"a\": [1, 2]}", "[[[]]]", "<script>fuzz()</script>", "null"])
                .to_owned()
        }
        "name" => {
            pick(rng, &["fruit", "Ada", "</title><script>fuzz()</script>", "a", "b", "c", "id"]).to_owned()
        }
        "next" => pick(rng, &["/", "/login?a=b", "/account", "//evil.example", "/nowhere"]).to_owned(),
        "theme" => pick(rng, &["light", "dark", "system"]).to_owned(),
        "pineapples" | "max_age" => rng.i16(..).to_string(),
        "page" => pick(rng, &["login", "theme", "nothing"]).to_owned(),
        // <shop>
        "product" => rng.u8(..15).to_string(),
        "quantity" => rng.u8(..110).to_string(),
        "token" | "order" => uuid(rng),
        "sort" => pick(rng, &["name", "cheapest", "dearest", "", "x"]).to_owned(),
        "q" => {
            pick(rng, &["brass", "a", "%", "BRASS pencil", "nothing", "<script>fuzz()</script>"]).to_owned()
        }
        // </shop>
        _ => example.to_owned(),
    }
}

fn change_fields(rng: &mut Rng, pairs: &mut Vec<(Vec<u8>, Vec<u8>)>) {
    if pairs.is_empty() || rng.u8(..8) == 0 {
        let known =
            pick(rng, &["whose", "next", "remember", "signed", "__err", "__path", "id", "user", "email"]);
        let name = if rng.bool() { known.into() } else { encode_any(rng) };
        pairs.push((name, encode_any(rng)));
        return;
    }
    let place = rng.usize(..pairs.len());
    match rng.u8(..20) {
        0 => drop(pairs.remove(place)),
        1 => {
            let pair = pairs[place].clone();
            pairs.push(pair);
        }
        2 => pairs[place].0.extend(
            pick(rng, &["[]", "[0]", "[a]", "[a][b]", "[", "]", "%5B%5D", ".a", "%00", " ", "%ff"])
                .as_bytes(),
        ),
        3 => pairs[place].0 = encode_any(rng),
        4 => pairs[place].1.clear(),
        5 => pairs[place].0.clear(),
        6 => pairs[place].0.make_ascii_uppercase(),
        7 if rng.u8(..8) == 0 => {
            let count = *rng.choice(&[100, 1_000, 5_000]).unwrap();
            pairs.extend((0..count).map(|number| (format!("f{number}").into_bytes(), b"1".to_vec())));
        }
        8 => pairs[place].1 = pick(rng, &["&", "&&&", "=", "==", ";", "%26", "%3D", "+", "&=&=&"]).into(),
        _ => pairs[place].1 = encode_any(rng),
    }
}

fn change_path(rng: &mut Rng, path: &mut Vec<u8>) {
    match rng.u8(..16) {
        0..7 => path.extend(pick(rng, PATH_PARTS).as_bytes()),
        7..10 => {
            let place = rng.usize(..=path.len());
            path.splice(place..place, pick(rng, PATH_PARTS).bytes());
        }
        10 => path.make_ascii_uppercase(),
        11 => {
            let place = rng.usize(..path.len());
            let byte = path[place];
            path.splice(place..=place, format!("%{byte:02x}").into_bytes());
        }
        12 => drop(path.remove(0)),
        13 => path.extend(vec![b'a'; *rng.choice(&[300, 2_100, 9_000, 66_000]).unwrap()]),
        14 => path.extend("/a".repeat(*rng.choice(&[50, 1_000, 4_000]).unwrap()).into_bytes()),
        _ => {
            *path = pick(
                rng,
                &[
                    "*",
                    "/",
                    "",
                    "//",
                    "http:",
                    "http://",
                    "/api/",
                    "/api//",
                    "/..",
                    "/%2e%2e/%2e%2e/etc/passwd",
                    "/../Cargo.toml",
                ],
            )
            .into()
        }
    }
}
