//! The audit log: what stands in it, and what does not.

use crate::{client::PASSWORD, running::Running};

const NEW: &str = "four-words-are-better";

/// A browser that keeps its cookie.
struct Browser<'a> {
    server: &'a Running,
    cookies: Vec<String>,
}

impl Browser<'_> {
    fn post(&mut self, path: &str, body: &str) {
        let cookie = self.cookies.last().cloned().unwrap_or_default();
        let answer = self.server.post(path, &cookie, body);
        if let Some(cookie) = answer.split("set-cookie: ").nth(1) {
            self.cookies.push(cookie.split(';').next().unwrap().to_owned());
        }
    }
}

#[test]
fn what_happens_to_accounts_is_logged_by_hashes_only() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SIGN_IN_LIMIT", "4/1h"), ("RUST_LOG", "trace")];
    let server = Running::start_with(folder.path(), &settings);
    let mut laptop = Browser { server: &server, cookies: Vec::new() };
    let mut phone = Browser { server: &server, cookies: Vec::new() };
    let (old, new) = (
        format!("email=ada@example.com&password={PASSWORD}"),
        format!("email=ada@example.com&password={NEW}"),
    );
    laptop.post("/api/auth/register", &format!("name=Ada&{old}"));
    phone.post("/api/auth/login", &old);
    laptop.post("/api/auth/revoke_others", "");
    laptop.post("/api/auth/confirm", "password=hunter2");
    laptop.post("/api/auth/confirm", &format!("password={PASSWORD}"));
    laptop.post("/api/auth/name", "name=Countess");
    laptop.post("/api/auth/password", &format!("current={PASSWORD}&new={NEW}"));
    laptop.post("/api/auth/logout", "");
    for _ in 0..5 {
        phone.post("/api/auth/login", "email=nobody@example.com&password=hunter2");
    }
    laptop.post("/api/auth/login", &new);
    laptop.post("/api/auth/delete", &format!("password={NEW}"));
    let secrets = [laptop.cookies, phone.cookies].concat();
    let log = server.log();

    let audit: Vec<_> = log.iter().filter(|line| line.contains(" audit: ")).collect();
    for event in [
        "registered",
        "signed_in",
        "revoked",
        "confirmation_failed",
        "confirmed",
        "name_changed",
        "password_changed",
        "signed_out",
        "sign_in_failed",
        "too_many_tries",
        "account_removed",
    ] {
        let found = audit.iter().any(|line| line.contains(&format!("event=\"{event}\"")));
        assert!(found, "{event} in {audit:#?}");
    }
    let users: Vec<_> =
        audit.iter().filter_map(|line| line.split("user=\"").nth(1)?.split('"').next()).collect();
    assert!(users.len() > 5 && users.iter().all(|user| *user == users[0] && user.len() == 12), "{audit:#?}");
    assert!(audit.iter().all(|line| line.contains("address=127.0.0.1")), "{audit:#?}");
    for word in ["nobody@", "ada@", "Countess"] {
        assert!(!audit.iter().any(|line| line.contains(word)), "{word} in {audit:#?}");
    }
    let cookies = secrets.iter().filter_map(|cookie| cookie.split_once('=')).map(|(_, value)| value);
    for secret in cookies.filter(|value| !value.is_empty()).chain(["hunter2", PASSWORD, NEW]) {
        let line = log.iter().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }
}
