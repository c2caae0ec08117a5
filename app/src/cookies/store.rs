//! The cookies of a request, and the headers that change them.

use cookie::{Cookie, SameSite};
use http::{
    HeaderMap, HeaderValue,
    header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY},
};
use session::{DerivedKeys, SessionConfig};
use time::{Duration, OffsetDateTime};
use web::{
    context,
    error::{AppError, ForField, Invalid},
    server_feature::{ServerFeature, ServerHooks, Setup},
};

use super::{
    CookieName, CookieValue, ReceivedCookie,
    model::{MARK, SIGNED},
};

/// The most cookies that can be set here.
const MAX_COOKIES: usize = 20;
/// The most cookies that are read. Chromium stores 180 for a site.
const MAX_READ: usize = 200;

pub(super) const SERVER: ServerHooks = &Hooks;

#[derive(Debug)]
struct Hooks;

impl ServerFeature for Hooks {
    fn start(&self, setup: &mut Setup) {
        let lab = CookieLab::new(&setup.sessions);
        setup.provide(lab);
    }
}

/// The keys and attributes of the cookies.
#[derive(Clone, Debug)]
pub(super) struct CookieLab {
    keys: DerivedKeys,
    secure: bool,
    session_cookie: &'static str,
}

impl CookieLab {
    /// Derives its keys, so that a text that is signed here is never a valid session cookie.
    fn new(config: &SessionConfig) -> Self {
        let keys = config.keys.derive("cookie lab");
        Self { keys, secure: config.secure, session_cookie: config.cookie_name }
    }

    /// The text of a cookie. Signing adds a full stop and the signature.
    fn text(&self, name: &CookieName, value: &CookieValue) -> String {
        let text = &value.text;
        if value.signed {
            format!("{MARK}{SIGNED}{}", self.keys.sign(name.as_str(), text))
        } else {
            format!("{MARK}{text}")
        }
    }

    fn read(&self, name: &str, text: &str) -> ReceivedCookie {
        let is_valid = |signed: &str| self.keys.verify(name, signed).is_some();
        ReceivedCookie::read(name, text, self.session_cookie, is_valid)
    }

    /// For this host and every path. Not `HttpOnly`, so that the visitor can change it.
    fn cookie<'a>(&self, name: &'a CookieName, text: &'a str) -> Cookie<'a> {
        let cookie = Cookie::build((name.as_str(), text)).path("/").same_site(SameSite::Lax);
        cookie.secure(self.secure).build()
    }
}

/// The cookies of one request, in their order.
pub(super) struct CookieJar {
    lab: CookieLab,
    pub(super) cookies: Vec<ReceivedCookie>,
}

impl CookieJar {
    /// The cookies of the current request. The response depends on them, so it must not be cached.
    pub(super) fn open() -> Result<Self, AppError> {
        context::add_response_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))?;
        context::add_response_header(VARY, HeaderValue::from_static("Cookie"))?;
        Ok(Self::new(context::expect_service()?, &context::headers()?))
    }

    fn new(lab: CookieLab, headers: &HeaderMap) -> Self {
        let all = headers.get_all(COOKIE).iter().flat_map(|header| pairs(header.as_bytes()));
        let cookies = all.take(MAX_READ).map(|(name, text)| lab.read(&name, &text)).collect();
        Self { lab, cookies }
    }

    /// The name of a cookie that may be changed here.
    pub(super) fn name(&self, text: &str) -> Result<CookieName, AppError> {
        CookieName::parse(text, self.lab.session_cookie).for_field("name")
    }

    pub(super) fn set(
        &mut self,
        name: &CookieName,
        value: &CookieValue,
        max_age: Option<i64>,
    ) -> Result<(), AppError> {
        let count = self.cookies.iter().filter(|cookie| cookie.is_lab()).count();
        if self.own(name).is_none() && count >= MAX_COOKIES {
            let text = format!("You can set at most {MAX_COOKIES} cookies. Please delete one first.");
            return Err(Invalid(text.into()).for_field("name"));
        }
        self.put(name, &self.lab.text(name, value), max_age)
    }

    /// Deletes a cookie that was set here. Does nothing if there is none; does not find other apps' cookies.
    pub(super) fn delete(&mut self, name: &CookieName) -> Result<(), AppError> {
        let index = self.replaced(name);
        if index.is_some_and(|index| !self.cookies[index].is_lab()) {
            return Err(AppError::NotFound);
        }
        let mut cookie = self.lab.cookie(name, "");
        cookie.set_max_age(Duration::ZERO);
        cookie.set_expires(OffsetDateTime::UNIX_EPOCH);
        send(&cookie)?;
        if let Some(index) = index {
            self.cookies.remove(index);
        }
        Ok(())
    }

    /// Changes the value of a cookie, but not its signature. The cookie lasts until the browser closes, because browsers do not send its age.
    /// Does not find other apps' cookies, because scripts could read them after that.
    pub(super) fn tamper(&mut self, name: &CookieName) -> Result<(), AppError> {
        let index = self.own(name).ok_or(AppError::NotFound)?;
        self.put(name, &self.cookies[index].tampered(), None)
    }

    fn put(&mut self, name: &CookieName, text: &str, max_age: Option<i64>) -> Result<(), AppError> {
        let mut cookie = self.lab.cookie(name, text);
        cookie.set_max_age(max_age.map(Duration::seconds));
        send(&cookie)?;
        let received = self.lab.read(name.as_str(), text);
        match self.replaced(name) {
            Some(index) => self.cookies[index] = received,
            None => self.cookies.push(received),
        }
        Ok(())
    }

    /// The cookie that was set here. The last one of several, because those for longer paths come first (RFC 6265, 5.4).
    fn own(&self, name: &CookieName) -> Option<usize> {
        self.cookies.iter().rposition(|cookie| cookie.name == name.as_str() && cookie.is_lab())
    }

    /// The cookie that a new one replaces in the browser. Path and host are not sent, so it is the last one if none was set here.
    fn replaced(&self, name: &CookieName) -> Option<usize> {
        self.own(name).or_else(|| self.cookies.iter().rposition(|cookie| cookie.name == name.as_str()))
    }
}

fn send(cookie: &Cookie<'_>) -> Result<(), AppError> {
    // Received and typed values are both allowed in headers.
    let header = HeaderValue::from_bytes(cookie.to_string().as_bytes()).map_err(|_| AppError::Internal)?;
    context::add_response_header(SET_COOKIE, header)
}

/// The name and the text of each cookie in a `Cookie` header (RFC 6265, 5.4).
fn pairs(header: &[u8]) -> Vec<(String, String)> {
    // Bytes that are not UTF-8 become U+FFFD, which no name here contains.
    let header = String::from_utf8_lossy(header);
    let pieces = header.split(';').map(trimmed).filter(|piece| !piece.is_empty());
    let pairs = pieces.map(|piece| {
        // Browsers send a cookie without a name as its text only.
        let (name, text) = piece.split_once('=').unwrap_or(("", piece));
        (trimmed(name).to_owned(), trimmed(text).to_owned())
    });
    pairs.take(MAX_READ).collect()
}

/// Removes spaces and tabs (RFC 6265, 5.2). Without other white space, a name could be that of another cookie.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use session::SigningKeys;

    use super::*;
    use crate::cookies::{CookieState, model::MAX_AGE, parse_max_age};

    fn lab() -> CookieLab {
        CookieLab::new(&SessionConfig::new(SigningKeys::parse(&SigningKeys::generate()).unwrap()))
    }

    proptest! {
        #[test]
        fn every_accepted_cookie_is_read_back(
            name in "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}",
            value in "[!#-+--:<-\\[\\]-~]{0,1000}",
            signed: bool,
            age in prop::option::of(1..=MAX_AGE),
        ) {
            let lab = lab();
            let name = CookieName::parse(&name, "__Host-id");
            let value = CookieValue::parse(&value, signed);
            prop_assume!(name.is_ok() && value.is_ok());
            let (name, value) = (name.unwrap(), value.unwrap());
            let text = lab.text(&name, &value);
            let mut cookie = lab.cookie(&name, &text);
            let age = age.map(|age| parse_max_age(&age.to_string()).unwrap().unwrap());
            cookie.set_max_age(age.map(Duration::seconds));
            let header = cookie.to_string();
            prop_assert!(header.len() < 4_096 && HeaderValue::from_str(&header).is_ok());

            let parsed = Cookie::parse(header.as_str()).unwrap();
            prop_assert_eq!(&parsed, &cookie);
            prop_assert_eq!((parsed.name(), parsed.value()), (name.as_str(), text.as_str()));

            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(&format!("a=1; {}; b=2", parsed.stripped())).unwrap());
            let received = CookieJar::new(lab, &headers).cookies;
            let expected = if signed { CookieState::Signed } else { CookieState::Plain };
            prop_assert_eq!(&received[1].name, name.as_str());
            prop_assert_eq!(received[1].state, expected);
            prop_assert_eq!(&received[1].value, &value.text);
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let lab = lab();
            for (name, text) in pairs(&bytes) {
                let cookie = lab.read(&name, &text);
                prop_assert!(cookie.state != CookieState::Signed);
                if cookie.is_lab() {
                    let changed = lab.read(&name, &cookie.tampered());
                    prop_assert_eq!(changed.tampered(), text);
                }
            }
        }
    }

    #[test]
    fn reads_the_first_two_hundred_cookies() {
        let line = (0..150).map(|number| format!("c{number}=lab:x")).collect::<Vec<_>>().join("; ");
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_str(&line).unwrap());
        headers.append(COOKIE, HeaderValue::from_str(&line.replace('c', "d")).unwrap());
        let jar = CookieJar::new(lab(), &headers);
        assert_eq!(jar.cookies.len(), MAX_READ);
        assert_eq!(jar.cookies[MAX_READ - 1].name, "d49");
    }

    #[test]
    fn finds_the_cookie_that_was_set_here_among_others_of_the_same_name() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("fruit=theirs; fruit=lab:plum; fruit=s:theirs.too"));
        let jar = CookieJar::new(lab(), &headers);
        let name = |text| CookieName::parse(text, "id").unwrap();
        assert_eq!((jar.own(&name("fruit")), jar.own(&name("Fruit"))), (Some(1), None));
        assert_eq!(jar.cookies.iter().filter(|cookie| cookie.is_lab()).count(), 1);
    }

    #[test]
    fn a_signature_is_valid_for_one_name_and_one_value() {
        let lab = lab();
        let name = CookieName::parse("fruit", "id").unwrap();
        let text = lab.text(&name, &CookieValue::parse("plum", true).unwrap());
        assert_eq!(lab.read("fruit", &text).state, CookieState::Signed);
        assert_eq!(lab.read("other", &text).state, CookieState::Changed);
        assert_eq!(lab.read("fruit", &lab.read("fruit", &text).tampered()).state, CookieState::Changed);
    }

    #[test]
    fn a_header_with_any_bytes_is_parsed() {
        let header = b" a=1;b = 2 ; ;c;=d;e==f;\xff=\xfe<b>;; g=\"h i\"";
        let expected = [
            ("a", "1"),
            ("b", "2"),
            ("", "c"),
            ("", "d"),
            ("e", "=f"),
            ("\u{fffd}", "\u{fffd}<b>"),
            ("g", "\"h i\""),
        ];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(pairs(header), expected);
        assert!(pairs(b"").is_empty());
    }

    #[test]
    fn only_spaces_and_tabs_are_trimmed() {
        for space in ["\u{85}", "\u{a0}", "\u{2000}", "\u{3000}", "\u{b}", "\u{c}", "\u{1c}"] {
            let header = format!("\t {space}fruit{space} \t=plum");
            let expected = (format!("{space}fruit{space}"), "plum".to_owned());
            assert_eq!(pairs(header.as_bytes()), [expected]);
        }
        let not_utf8 = pairs(b"\xa0fruit=plum; fru\xffit=plum");
        assert_eq!([&not_utf8[0].0, &not_utf8[1].0], ["\u{fffd}fruit", "fru\u{fffd}it"]);
    }
}
