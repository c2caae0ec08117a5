//! Writes the request line, headers, cookies and the length of the body, with or without mistakes.

use fastrand::Rng;

use super::{
    draft::encode_any,
    hostile::{bytes, pick},
    lists::{HEADERS, INVALID_HEADERS, VERSIONS},
    request::{Ending, Request},
};

/// Writes the request line. Returns whether another request may follow.
pub(crate) fn line(
    rng: &mut Rng,
    request: &mut Request,
    method: &str,
    mut target: Vec<u8>,
    change: bool,
) -> bool {
    let mut version = "HTTP/1.1";
    if change {
        match rng.u8(..6) {
            0..3 => version = pick(rng, VERSIONS),
            _ => {
                let start = pick(
                    rng,
                    &[
                        "http://satchel.test",
                        "http://evil.example",
                        "https://satchel.test:1",
                        "satchel.test",
                        "ftp://x",
                        "http://a@b:c@d",
                        "http://[::1]",
                    ],
                );
                target = [start.as_bytes(), &target].concat();
            }
        }
    }
    request.line = [method.as_bytes(), b" ", &target, b" ", version.as_bytes()].concat();
    // The server accepts some bytes that RFC 9112 forbids in a target: it may respond or close the connection.
    let strict = target.iter().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(byte))
        && target.starts_with(b"/")
        && method.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !method.is_empty()
        && version == "HTTP/1.1";
    if !strict {
        request.ending = Ending::Broken;
    }
    strict
}

/// Sends old or changed cookies, several, or none.
pub(crate) fn change_cookies(rng: &mut Rng, request: &mut Request, cookies: &str, stale: &[String]) {
    request.has_valid_cookies = false;
    let old = rng.choice(stale).cloned().unwrap_or_default();
    let mut tampered = cookies.replacen("id=", "id=\0", 1).into_bytes();
    if let Some(place) = tampered.iter().position(|byte| *byte == 0) {
        tampered.remove(place);
        let place = place + rng.usize(..60);
        if let Some(byte) = tampered.get_mut(place).filter(|byte| byte.is_ascii_alphanumeric()) {
            *byte = if *byte == b'A' { b'B' } else { b'A' };
        }
    }
    let lines: Vec<Vec<u8>> = match rng.u8(..12) {
        0 => vec![],
        1 => vec![old.into_bytes()],
        2 => vec![tampered],
        3 => vec![format!("{old}; {cookies}").into_bytes()],
        4 => vec![format!("{cookies}; {old}").into_bytes()],
        5 => vec![old.into_bytes(), cookies.into()],
        6 => vec![format!("{cookies}; id=; id; =; ;; id=x").into_bytes()],
        7 => vec![[cookies.as_bytes(), b"; a=\xff\xfe; \xe4=1; b=\"x; c=\t"].concat()],
        8 => vec![[b"id=", bytes(rng).as_slice()].concat()],
        9 => vec![
            (0..*rng.choice(&[30, 300, 3_000]).unwrap())
                .map(|number| format!("c{number}=s:x.y; "))
                .collect::<String>()
                .into_bytes(),
        ],
        10 => vec![cookies.to_lowercase().into_bytes()],
        _ => vec![[cookies.as_bytes(), b"; ", &encode_any(rng), b"=", &encode_any(rng)].concat()],
    };
    for line in lines {
        header(request, &[b"Cookie: ", line.as_slice()].concat());
    }
}

/// Adds a header line.
fn header(request: &mut Request, line: &[u8]) {
    // A server refuses or replaces these bytes (RFC 9110, 5.5).
    if line.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        request.ending = Ending::Broken;
    }
    request.headers.push(line.to_vec());
}

/// Adds or removes headers.
pub(crate) fn change_headers(rng: &mut Rng, request: &mut Request) {
    match rng.u8(..24) {
        0 => {
            request.ending = Ending::Broken;
            request.headers.push(pick(rng, INVALID_HEADERS).into());
        }
        1 => {
            let many = *rng.choice(&[20, 80, 95, 101, 150, 1_000]).unwrap();
            request.headers.extend((0..many).map(|number| format!("X-{number}: {number}").into_bytes()));
            request.ending = Ending::Broken;
        }
        2 => {
            let long = *rng.choice(&[4_000, 8_200, 70_000, 420_000]).unwrap();
            let name = pick(
                rng,
                &[
                    "X",
                    "Accept",
                    "User-Agent",
                    "Referer",
                    "Cookie",
                    "Accept-Encoding",
                    "Content-Type",
                    "Origin",
                ],
            );
            request.headers.push(format!("{name}: {}", "a".repeat(long)).into_bytes());
            request.ending = Ending::Broken;
        }
        3 => header(request, &[b"X: ", bytes(rng).as_slice()].concat()),
        4 => {
            let name = pick(
                rng,
                &[
                    "Accept",
                    "User-Agent",
                    "Referer",
                    "Origin",
                    "Sec-Fetch-Site",
                    "Range",
                    "If-None-Match",
                    "Accept-Encoding",
                ],
            );
            header(request, &[name.as_bytes(), b": ", &bytes(rng)].concat());
        }
        5 => {
            request.headers.remove(rng.usize(..request.headers.len()));
        }
        _ => {
            let added = pick(rng, HEADERS);
            let name = added.split(':').next().unwrap_or_default();
            // Replaces the existing header, or adds a second one.
            if rng.bool() {
                request.headers.retain(|line| !line.starts_with(name.as_bytes()));
            }
            for line in added.split("\r\n") {
                header(request, line.as_bytes());
            }
            // A server may refuse these.
            if ["Host", "Expect", "Upgrade"].contains(&name) {
                request.ending = Ending::Broken;
            }
        }
    }
}

/// Writes the length of the body, which is wrong if `change` is set.
pub(crate) fn frame(rng: &mut Rng, request: &mut Request, change: bool) {
    let length = request.body.len();
    let mut add = |text: String| request.headers.push(text.into_bytes());
    if !change {
        if length > 0 || request.line.starts_with(b"POST ") {
            if rng.u8(..16) == 0 {
                add("Transfer-Encoding: chunked".to_owned());
                request.body = chunked(rng, &request.body);
            } else {
                add(format!("Content-Length: {length}"));
            }
        }
        return;
    }
    request.ending = Ending::Broken;
    match rng.u8(..12) {
        0 => {
            add(format!("Content-Length: {}", length + rng.usize(1..100_000)));
            request.ending = Ending::Short;
        }
        1 => add(format!("Content-Length: {}", length.saturating_sub(1))),
        2 => add(format!(
            "Content-Length: {}",
            pick(
                rng,
                &[
                    "-1",
                    "",
                    "x",
                    "99999999999999999999999",
                    "18446744073709551615",
                    "+5",
                    "0x5",
                    "5, 5",
                    "1e3"
                ]
            )
        )),
        3 => {
            add(format!("Content-Length: {length}"));
            add(format!("Content-Length: {}", length + 1));
        }
        4 => {
            add(format!("Content-Length: {length}"));
            add("Transfer-Encoding: chunked".to_owned());
            request.body = chunked(rng, &request.body);
        }
        5 => add(format!(
            "Transfer-Encoding: {}",
            pick(
                rng,
                &["gzip", "identity", "chunked, chunked", "chunked, gzip", "xchunked", "", "gzip, chunked"]
            )
        )),
        6 => {
            add("Transfer-Encoding: chunked".to_owned());
            request.body = pick(
                rng,
                &[
                    "zz\r\nabc\r\n0\r\n\r\n",
                    "-1\r\n",
                    "ffffffffffffffff\r\nabc",
                    "ffffffffffffffffff\r\nabc",
                    "3\r\nabcdef\r\n0\r\n\r\n",
                    "3\nabc\n0\n\n",
                    "3;\0\r\nabc\r\n0\r\n\r\n",
                ],
            )
            .into();
        }
        7 => {
            add("Transfer-Encoding: chunked".to_owned());
            request.body = chunked(rng, &request.body);
            let kept = rng.usize(..request.body.len());
            request.body.truncate(kept);
            request.ending = Ending::Short;
        }
        8 => {
            add("Transfer-Encoding: chunked".to_owned());
            request.body = format!(
                "1;{}\r\na\r\n0\r\n{}\r\n",
                "x".repeat(rng.usize(..20_000)),
                "T: x\r\n".repeat(rng.usize(..200))
            )
            .into();
        }
        9 => {
            add(format!("Content-Length: {length}"));
            add("Expect: 100-continue".to_owned());
        }
        10 => {
            request.body = vec![b'a'; *rng.choice(&[65_536, 65_537, 200_000, 4_200_000]).unwrap()];
            add(format!("Content-Length: {}", request.body.len()));
        }
        // Without a length, the body is read as the next request.
        _ => {}
    }
}

/// The body in a few chunks.
fn chunked(rng: &mut Rng, body: &[u8]) -> Vec<u8> {
    let size = rng.usize(1..=body.len().max(1)).max(body.len() / 20);
    let chunks = body
        .chunks(size)
        .flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    chunks.chain(*b"0\r\n\r\n").collect()
}
