//! The real binary, on a port that the system chooses and in a folder of its own.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write, pipe},
    net::TcpStream,
    path::Path,
    process::{Child, Command},
    thread::JoinHandle,
};

/// The line in the log of a server that is ready continues with its address.
const READY: &str = "Satchel is at http://";

pub(crate) struct TestServer {
    child: Child,
    startup: Vec<String>,
    log: Option<JoinHandle<Vec<String>>>,
}

impl TestServer {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    pub(crate) fn start_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::launch(command(folder, settings))
    }

    /// Runs a command that becomes the server.
    pub(crate) fn launch(mut command: Command) -> Self {
        command.env("LEPTOS_SITE_ADDR", "127.0.0.1:0");
        // One pipe for both, because a panic is printed to standard error.
        let (output, input) = pipe().unwrap();
        let child = command.stdout(input.try_clone().unwrap()).stderr(input).spawn().unwrap();
        // Closes this process's end of the pipe, so that it ends with the server.
        drop(command);
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let mut startup = Vec::new();
        let ready = lines.find_map(|line| {
            let ready = line.contains(READY);
            startup.push(line);
            ready.then_some(())
        });
        assert!(ready.is_some(), "the server did not start: {startup:#?}");
        // Reads the rest in the background: a full pipe would block the server.
        let log = Some(std::thread::spawn(move || lines.collect()));
        Self { child, startup, log }
    }

    pub(crate) fn address(&self) -> &str {
        self.word_after(READY).unwrap()
    }

    /// The word that follows `text` in the log of the start.
    pub(crate) fn word_after(&self, text: &str) -> Option<&str> {
        let (_, rest) = self.startup.iter().find_map(|line| line.split_once(text))?;
        rest.split(['"', ' ']).next()
    }

    /// Stops the server, and returns its log since it was ready.
    pub(crate) fn log(mut self) -> Vec<String> {
        let log = self.log.take().unwrap();
        assert!(self.stop("-TERM"));
        log.join().unwrap()
    }

    pub(crate) fn send(&self, request: &str) -> String {
        exchange(self.address(), request).unwrap()
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The value of a line of `/proc/PID/status` in bytes, such as the memory in use (`VmRSS`). `None` if the system is not Linux.
    pub(crate) fn memory(&self, name: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
    }

    /// Calls a server function as a script does.
    pub(crate) fn post(&self, path: &str, cookie: &str, body: &str) -> String {
        self.send(&post(path, cookie, body))
    }

    /// Stores a value in the session, which is created if there is none.
    pub(crate) fn begin_session(&self, cookie: &str) -> String {
        self.post("/api/preferences/theme", cookie, "theme=dark")
    }

    /// Creates a session, and returns its cookie.
    pub(crate) fn new_session(&self) -> String {
        cookie(&self.begin_session("")).unwrap()
    }

    /// Stores another value in the session than [`begin_session`](Self::begin_session).
    pub(crate) fn change_session(&self, cookie: &str) -> String {
        self.post("/api/preferences/theme", cookie, "theme=light")
    }

    pub(crate) fn get(&self, path: &str, cookie: &str) -> String {
        self.send(&get(path, cookie))
    }

    pub(crate) fn signal(&self, signal: &str) {
        Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
    }

    /// Sends the process a signal, and returns whether it ended successfully.
    pub(crate) fn stop(mut self, signal: &str) -> bool {
        self.signal(signal);
        self.child.wait().unwrap().success()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Both fail after `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request to a server that may have stopped, and returns the whole response.
pub(crate) fn exchange(address: &str, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

/// The request with which a script calls a server function.
pub(crate) fn post(path: &str, cookie: &str, body: &str) -> String {
    let headers = "Host: satchel.test\r\nAccept: application/json\r\nConnection: close";
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\n{headers}\r\nContent-Length: {length}\r\nCookie: {cookie}\r\n\r\n{body}")
}

pub(crate) fn get(path: &str, cookie: &str) -> String {
    let headers = "Host: satchel.test\r\nAccept: application/json\r\nConnection: close";
    format!("GET {path} HTTP/1.1\r\n{headers}\r\nCookie: {cookie}\r\n\r\n")
}

pub(crate) fn cookie(response: &str) -> Option<String> {
    Some(response.split("set-cookie: ").nth(1)?.split(';').next()?.to_owned())
}

pub(crate) fn status(response: &str) -> u16 {
    let status = response.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("{response:?}"))
}

/// The server with these settings alone. The binary is the one that was built for the tests, or the one whose absolute path is in
/// `SATCHEL_SERVER`.
pub(crate) fn command(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let server = env::var_os("SATCHEL_SERVER").unwrap_or_else(|| env!("CARGO_BIN_EXE_server").into());
    let mut command = Command::new(server);
    command.current_dir(folder).env_clear().envs(settings.iter().copied());
    command
}
