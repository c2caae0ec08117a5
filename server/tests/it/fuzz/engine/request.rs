//! A request as bytes on the wire.

use std::fmt::{self, Write};

/// What the server must do with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is complete: the server must respond.
    Whole,
    /// It is not valid HTTP, or has a wrong length: the server must respond or close the connection.
    Broken,
    /// It ends before its announced length.
    Short,
}

/// A request in parts that can be left out.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: Vec<u8>,
    pub(crate) headers: Vec<Vec<u8>>,
    pub(crate) body: Vec<u8>,
    pub(crate) ending: Ending,
    /// Another request may follow on the connection.
    pub(crate) keeps_alive: bool,
    /// The method is `HEAD`, so the response has no body.
    pub(crate) head: bool,
    /// The cookies are unchanged.
    pub(crate) has_valid_cookies: bool,
    /// The path of its endpoint.
    pub(crate) endpoint: String,
}

impl Request {
    /// A valid request.
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
            keeps_alive: true,
            head: false,
            has_valid_cookies: true,
            endpoint: target.to_owned(),
        }
    }

    pub(crate) fn is_post(&self) -> bool {
        self.line.starts_with(b"POST ")
    }

    /// Whether it opens a page that changes the session.
    pub(crate) fn is_visit(&self) -> bool {
        // <visits>
        if self.endpoint == "/visits" {
            return self.line.starts_with(b"GET ");
        }
        // </visits>
        false
    }

    /// Whether it is so large that the server may close the connection before it has read all of it.
    pub(crate) fn is_large(&self) -> bool {
        self.body.len() > 60_000
            || self.line.len() + self.headers.iter().map(Vec::len).sum::<usize>() > 60_000
    }

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

/// Shortens long requests.
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
