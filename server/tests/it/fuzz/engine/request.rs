//! A request as bytes on the wire.

use std::fmt::{self, Write};

/// What the server has to make of the request's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is whole, and one answer is due.
    Whole,
    /// It is no HTTP, or its body ends otherwise than it says: an answer, or the connection is closed.
    Broken,
    /// More was announced than is sent.
    Short,
}

/// A request, in parts that can be left out one by one.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method, target and version.
    pub(crate) line: Vec<u8>,
    /// The header lines.
    pub(crate) headers: Vec<Vec<u8>>,
    /// All that follows.
    pub(crate) body: Vec<u8>,
    pub(crate) ending: Ending,
    /// The connection may go on afterwards.
    pub(crate) goes_on: bool,
    /// The answer has no body, whatever its headers say.
    pub(crate) head: bool,
    /// It carries the visitor's cookies as they are.
    pub(crate) honest: bool,
    /// The path of the endpoint that it was made from.
    pub(crate) endpoint: String,
}

impl Request {
    /// A request that is as it should be.
    pub(crate) fn new(method: &str, target: &str, cookies: &str, form: &str) -> Self {
        let headers = [
            "Host: satchel.test".to_owned(),
            "Accept: application/json".to_owned(),
            "Content-Type: application/x-www-form-urlencoded".to_owned(),
            format!("Content-Length: {}", form.len()),
            format!("Cookie: {cookies}"),
        ];
        Self {
            line: format!("{method} {target} HTTP/1.1").into_bytes(),
            headers: headers.map(String::into_bytes).to_vec(),
            body: form.as_bytes().to_vec(),
            ending: Ending::Whole,
            goes_on: true,
            head: false,
            honest: true,
            endpoint: target.to_owned(),
        }
    }

    /// Whether its method is `POST`.
    pub(crate) fn posts(&self) -> bool {
        self.line.starts_with(b"POST ")
    }

    /// Whether it may open a page whose opening changes the session.
    pub(crate) fn counts(&self) -> bool {
        // <visits>
        if self.endpoint == "/visits" {
            return self.line.starts_with(b"GET ");
        }
        // </visits>
        false
    }

    /// So large that a server may answer and hang up before it has read all.
    pub(crate) fn is_large(&self) -> bool {
        self.body.len() > 60_000
            || self.line.len() + self.headers.iter().map(Vec::len).sum::<usize>() > 60_000
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.line.clone();
        for header in &self.headers {
            bytes.extend(b"\r\n");
            bytes.extend(header);
        }
        bytes.extend(b"\r\n\r\n");
        bytes.extend(&self.body);
        bytes
    }
}

/// Long ones are cut: what matters stands in front, or the length does.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 1_500;
        let line = |f: &mut fmt::Formatter<'_>, bytes: &[u8]| {
            write!(f, "    {}", bytes[..bytes.len().min(SHOWN)].escape_ascii())?;
            if bytes.len() > SHOWN {
                writeln!(f, " \u{2026} ({} bytes)", bytes.len())
            } else {
                f.write_char('\n')
            }
        };
        line(f, &self.line)?;
        self.headers.iter().take(30).try_for_each(|header| line(f, header))?;
        if self.headers.len() > 30 {
            writeln!(f, "    \u{2026} ({} headers)", self.headers.len())?;
        }
        line(f, &[])?;
        line(f, &self.body)
    }
}
