//! HTTP/1.1 on a raw socket. Responses are parsed as strictly as RFC 9112 allows.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use super::request::{Ending, Request};

/// A response that takes longer than this is missing.
const TIMEOUT: Duration = Duration::from_secs(60);

/// After this time, the server waits for more of a broken request.
const BROKEN_TIMEOUT: Duration = Duration::from_secs(3);

/// Why there is no valid response.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The response is not valid HTTP.
    Malformed(String),
    /// The connection ended before the end of the response.
    Cut(String),
    /// The server did not respond in time.
    Silence,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Silence,
            _ => Self::Cut(error.to_string()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The connection ends with this response.
    pub(crate) closes: bool,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The values of all headers with a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    fn finish(&mut self) {
        // Fails if the server has closed the connection.
        let _ = self.0.get_mut().shutdown(Shutdown::Write);
    }

    /// Sends a request and reads the response; `None` if the connection ends instead.
    pub(crate) fn exchange(&mut self, request: &Request) -> Result<Option<Response>, Fault> {
        let written = self.write(&request.bytes());
        if request.ending == Ending::Short {
            self.finish();
        }
        if request.ending == Ending::Broken {
            self.0.get_ref().set_read_timeout(Some(BROKEN_TIMEOUT))?;
        }
        let result = match self.read(request.head) {
            Err(Fault::Silence) if request.ending == Ending::Broken => {
                self.finish();
                self.0.get_ref().set_read_timeout(Some(TIMEOUT))?;
                self.read(request.head)
            }
            result => result,
        };
        // A response counts even if the request could not be sent completely.
        match (written, result) {
            (Err(error), Ok(None)) => Err(error.into()),
            (_, result) => result,
        }
    }

    /// Reads a response; `None` if the connection ends instead.
    pub(crate) fn read(&mut self, head: bool) -> Result<Option<Response>, Fault> {
        loop {
            let Some(line) = self.line()? else { return Ok(None) };
            let (version, status) = status(&line).ok_or_else(|| malformed("status line", &line))?;
            let headers = self.headers()?;
            if (100..200).contains(&status) {
                continue;
            }
            let mut response = Response { status, headers, body: Vec::new(), closes: false };
            let connection = response.header("connection").map(str::to_ascii_lowercase);
            response.closes = match connection.as_deref() {
                Some("close") => true,
                Some("keep-alive") => false,
                _ => version == 0,
            };
            let chunked = response.header("transfer-encoding").map(str::to_owned);
            let length = response.header("content-length").map(str::to_owned);
            if response.all("content-length").count() > 1 || (chunked.is_some() && length.is_some()) {
                return Err(Fault::Malformed(format!("two lengths: {:?}", response.headers)));
            }
            if !(head || status == 204 || status == 304) {
                match (chunked.as_deref(), length) {
                    (Some("chunked"), _) => response.body = self.chunks()?,
                    (Some(other), _) => return Err(malformed("transfer-encoding", other.as_bytes())),
                    (None, Some(length)) => {
                        let length = length.parse().map_err(|_| malformed("length", length.as_bytes()))?;
                        response.body = vec![0; length];
                        self.0.read_exact(&mut response.body)?;
                    }
                    (None, None) => {
                        self.0.read_to_end(&mut response.body)?;
                        response.closes = true;
                    }
                }
            }
            return Ok(Some(response));
        }
    }

    /// A line without its CRLF; `None` at the end of the connection.
    fn line(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\r\n") {
            Some(text) => Ok(Some(text.to_vec())),
            None if line.is_empty() => Ok(None),
            None => Err(malformed("line", &line)),
        }
    }

    fn some_line(&mut self) -> Result<Vec<u8>, Fault> {
        self.line()?.ok_or_else(|| Fault::Cut("in the middle of a response".to_owned()))
    }

    fn headers(&mut self) -> Result<Vec<(String, String)>, Fault> {
        let mut headers = Vec::new();
        loop {
            let line = self.some_line()?;
            if line.is_empty() {
                return Ok(headers);
            }
            let parsed = std::str::from_utf8(&line).ok().and_then(|line| {
                let (name, value) = line.split_once(':')?;
                let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
                let fine = !name.is_empty()
                    && name.bytes().all(token)
                    && !value.chars().any(|char| char.is_control() && char != '\t');
                fine.then(|| (name.to_ascii_lowercase(), value.trim().to_owned()))
            });
            headers.push(parsed.ok_or_else(|| malformed("header", &line))?);
        }
    }

    fn chunks(&mut self) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        loop {
            let line = self.some_line()?;
            let size = std::str::from_utf8(&line).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.ok_or_else(|| malformed("chunk", &line))?;
            if size == 0 {
                // Reads the trailers and the empty line.
                self.headers()?;
                return Ok(body);
            }
            let start = body.len();
            body.resize(start + size, 0);
            self.0.read_exact(&mut body[start..])?;
            if !self.some_line()?.is_empty() {
                return Err(Fault::Malformed("a chunk is longer than it says".to_owned()));
            }
        }
    }
}

fn malformed(what: &str, bytes: &[u8]) -> Fault {
    Fault::Malformed(format!("{what}: {}", bytes.escape_ascii()))
}

/// The minor version and the status.
fn status(line: &[u8]) -> Option<(u8, u16)> {
    let line = std::str::from_utf8(line).ok()?;
    let (version, rest) = line.strip_prefix("HTTP/1.")?.split_once(' ')?;
    let (status, _reason) = rest.split_once(' ')?;
    let status = status.parse().ok().filter(|status: &u16| (100..1_000).contains(status))?;
    Some((version.parse().ok().filter(|minor| *minor < 2)?, status))
}
