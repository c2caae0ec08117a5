//! The real binary as tests drive it: on a port that the system chose, in a folder of its own.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write, pipe},
    net::TcpStream,
    path::Path,
    process::{Child, Command},
    thread::JoinHandle,
};

/// What a server says when it is ready, in a log of any form; its address follows.
const READY: &str = "Satchel is at http://";

/// A server on a port that the system chose.
pub(crate) struct Running {
    child: Child,
    first: Vec<String>,
    log: Option<JoinHandle<Vec<String>>>,
}

impl Running {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    pub(crate) fn start_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::launch(command(folder, settings))
    }

    /// Runs a command that becomes the server.
    pub(crate) fn launch(mut command: Command) -> Self {
        command.env("LEPTOS_SITE_ADDR", "127.0.0.1:0");
        // Both in one: a panic may tell of itself on standard error.
        let (output, input) = pipe().unwrap();
        let child = command.stdout(input.try_clone().unwrap()).stderr(input).spawn().unwrap();
        // It holds the pipe open, which is to end with the server.
        drop(command);
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let mut first = Vec::new();
        let ready = lines.find_map(|line| {
            let ready = line.contains(READY);
            first.push(line);
            ready.then_some(())
        });
        assert!(ready.is_some(), "it did not start: {first:#?}");
        // The rest is read all the time: a full pipe would hold the server up.
        let log = Some(std::thread::spawn(move || lines.collect()));
        Self { child, first, log }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.said(READY).unwrap()
    }

    /// The word that followed these, in what it said until it was ready.
    pub(crate) fn said(&self, words: &str) -> Option<&str> {
        let (_, rest) = self.first.iter().find_map(|line| line.split_once(words))?;
        rest.split(['"', ' ']).next()
    }

    /// Stops the server, and returns what it has logged since it was ready.
    pub(crate) fn log(mut self) -> Vec<String> {
        let log = self.log.take().unwrap();
        assert!(self.stop("-TERM"));
        log.join().unwrap()
    }

    /// Sends a request and returns the whole answer.
    pub(crate) fn send(&self, request: &str) -> String {
        exchange(self.address(), request).unwrap()
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Calls a server function as a script does.
    pub(crate) fn post(&self, path: &str, cookie: &str, body: &str) -> String {
        self.send(&post(path, cookie, body))
    }

    /// Stores a value in the session, which begins if there is none.
    pub(crate) fn begin_session(&self, cookie: &str) -> String {
        self.post("/api/preferences/theme", cookie, "theme=dark")
    }

    /// Stores another value in the session than [`begin_session`](Self::begin_session).
    pub(crate) fn change_session(&self, cookie: &str) -> String {
        self.post("/api/preferences/theme", cookie, "theme=light")
    }

    /// Asks a server function that only reads.
    pub(crate) fn get(&self, path: &str, cookie: &str) -> String {
        self.send(&get(path, cookie))
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, signal: &str) {
        Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
    }

    /// Sends the process a signal, waits for its end, and returns whether it was a good one.
    pub(crate) fn stop(mut self, signal: &str) -> bool {
        self.signal(signal);
        self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already after `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request to a server that may be gone, and returns the whole answer.
pub(crate) fn exchange(address: &str, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A script's call of a server function.
pub(crate) fn post(path: &str, cookie: &str, body: &str) -> String {
    let headers = "Host: satchel.test\r\nAccept: application/json\r\nConnection: close";
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\n{headers}\r\nContent-Length: {length}\r\nCookie: {cookie}\r\n\r\n{body}")
}

/// A script's call of a server function that only reads, or anybody's request for a page.
pub(crate) fn get(path: &str, cookie: &str) -> String {
    let headers = "Host: satchel.test\r\nAccept: application/json\r\nConnection: close";
    format!("GET {path} HTTP/1.1\r\n{headers}\r\nCookie: {cookie}\r\n\r\n")
}

/// The cookie that an answer sets.
pub(crate) fn cookie(answer: &str) -> Option<String> {
    Some(answer.split("set-cookie: ").nth(1)?.split(';').next()?.to_owned())
}

/// The server, in a folder of its own and with these settings alone. It is the binary that was built for the tests, or the one whose
/// absolute path is in `SATCHEL_SERVER`.
pub(crate) fn command(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let server = env::var_os("SATCHEL_SERVER").unwrap_or_else(|| env!("CARGO_BIN_EXE_server").into());
    let mut command = Command::new(server);
    command.current_dir(folder).env_clear().envs(settings.iter().copied());
    command
}
