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
    error::{AppError, Invalid},
    server_feature::{ServerFeature, ServerHooks, Setup},
};

use super::{
    CookieName, CookieState, CookieValue, MaxAge, ReceivedCookie,
    model::MARK,
    wire::{pairs, tampered},
};

/// The most cookies that can be set here.
const MAX_COOKIES: usize = 20;
/// The most cookies that are read of one request. Chromium stores 180 for a site.
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
pub struct CookieLab {
    keys: DerivedKeys,
    secure: bool,
    session_cookie: &'static str,
}

impl CookieLab {
    /// Derives keys from those of the sessions, so that what is signed here is never a valid session cookie.
    #[must_use]
    pub fn new(config: &SessionConfig) -> Self {
        let keys = config.keys.derive("cookie lab");
        Self { keys, secure: config.secure, session_cookie: config.cookie_name }
    }

    fn text(&self, name: &CookieName, value: &CookieValue) -> String {
        value.text(|value| self.keys.sign(name.as_str(), value))
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
    texts: Vec<(String, String)>,
}

impl CookieJar {
    /// The cookies of the current request. The response must not be cached, because it depends on them.
    pub(super) fn open() -> Result<Self, AppError> {
        context::add_response_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))?;
        context::add_response_header(VARY, HeaderValue::from_static("Cookie"))?;
        Ok(Self::new(context::expect_service()?, &context::headers()?))
    }

    fn new(lab: CookieLab, headers: &HeaderMap) -> Self {
        let all = headers.get_all(COOKIE).iter().flat_map(|header| pairs(header.as_bytes()));
        Self { lab, texts: all.take(MAX_READ).collect() }
    }

    /// The name of a cookie that may be changed here.
    pub(super) fn name(&self, text: &str) -> Result<CookieName, AppError> {
        CookieName::parse(text, self.lab.session_cookie).map_err(|invalid| invalid.for_field("name"))
    }

    /// How the server reads each cookie.
    pub(super) fn list(&self) -> Vec<ReceivedCookie> {
        self.texts.iter().map(|(name, text)| self.lab.read(name, text)).collect()
    }

    /// Sets a cookie.
    pub(super) fn set(
        &mut self,
        name: &CookieName,
        value: &CookieValue,
        max_age: Option<MaxAge>,
    ) -> Result<(), AppError> {
        if self.own(name).is_none() && self.lab_cookies() >= MAX_COOKIES {
            let text = format!("You can set at most {MAX_COOKIES} cookies. Please delete one first.");
            return Err(Invalid(text.into()).for_field("name"));
        }
        let text = self.lab.text(name, value);
        self.put(name, &text, max_age)
    }

    /// Deletes a cookie that was set here. Does nothing if there is none; does not find other apps' cookies.
    pub(super) fn delete(&mut self, name: &CookieName) -> Result<(), AppError> {
        let has_name = |(other, _): &(String, String)| other == name.as_str();
        if self.own(name).is_none() && self.texts.iter().any(has_name) {
            return Err(AppError::NotFound);
        }
        let mut cookie = self.lab.cookie(name, "");
        cookie.set_max_age(Duration::ZERO);
        cookie.set_expires(OffsetDateTime::UNIX_EPOCH);
        send(&cookie)?;
        if let Some(index) = self.replaced(name) {
            self.texts.remove(index);
        }
        Ok(())
    }

    /// Changes the value of a cookie, but not its signature. Browsers do not send the age of a cookie, so it lasts until the browser closes.
    /// Does not find other apps' cookies, because scripts could read them after that.
    pub(super) fn tamper(&mut self, name: &CookieName) -> Result<(), AppError> {
        let index = self.own(name).ok_or(AppError::NotFound)?;
        let text = tampered(&self.texts[index].1);
        self.put(name, &text, None)
    }

    fn put(&mut self, name: &CookieName, text: &str, max_age: Option<MaxAge>) -> Result<(), AppError> {
        let mut cookie = self.lab.cookie(name, text);
        cookie.set_max_age(max_age.map(|age| Duration::seconds(age.seconds().into())));
        send(&cookie)?;
        match self.replaced(name) {
            Some(index) => text.clone_into(&mut self.texts[index].1),
            None => self.texts.push((name.as_str().to_owned(), text.to_owned())),
        }
        Ok(())
    }

    /// The position of the cookie that was set here with this name. The last one of several, because those for longer paths come first
    /// (RFC 6265, 5.4).
    fn own(&self, name: &CookieName) -> Option<usize> {
        self.texts.iter().rposition(|(other, text)| other == name.as_str() && text.starts_with(MARK))
    }

    /// The position of the cookie that a new one replaces in the browser. Path and host are not sent, so it is the last one if none was set
    /// here.
    fn replaced(&self, name: &CookieName) -> Option<usize> {
        self.own(name).or_else(|| self.texts.iter().rposition(|(other, _)| other == name.as_str()))
    }

    fn lab_cookies(&self) -> usize {
        let state = |(name, text): &(String, String)| self.lab.read(name, text).state;
        self.texts.iter().map(state).filter(|state| CookieState::is_lab(*state)).count()
    }
}

fn send(cookie: &Cookie<'_>) -> Result<(), AppError> {
    // Received and typed values are both allowed in headers.
    let header = HeaderValue::from_bytes(cookie.to_string().as_bytes()).map_err(|_| AppError::Internal)?;
    context::add_response_header(SET_COOKIE, header)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use session::SigningKeys;

    use super::*;

    fn lab() -> CookieLab {
        CookieLab::new(&SessionConfig::new(SigningKeys::parse(&SigningKeys::generate()).unwrap()))
    }

    proptest! {
        #[test]
        fn every_accepted_cookie_is_read_back(
            name in "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}",
            value in "[!#-+--:<-\\[\\]-~]{0,1000}",
            signed: bool,
            age in prop::option::of(1..=MaxAge::MAX),
        ) {
            let lab = lab();
            let name = CookieName::parse(&name, "__Host-id");
            let value = CookieValue::parse(&value, signed);
            prop_assume!(name.is_ok() && value.is_ok());
            let (name, value) = (name.unwrap(), value.unwrap());
            let text = lab.text(&name, &value);
            let mut cookie = lab.cookie(&name, &text);
            let age = age.map(|age| MaxAge::parse(&age.to_string()).unwrap().unwrap());
            cookie.set_max_age(age.map(|age| Duration::seconds(age.seconds().into())));
            let header = cookie.to_string();
            prop_assert!(header.len() < 4_096 && HeaderValue::from_str(&header).is_ok());

            let parsed = Cookie::parse(header.as_str()).unwrap();
            prop_assert_eq!(&parsed, &cookie);
            prop_assert_eq!((parsed.name(), parsed.value()), (name.as_str(), text.as_str()));

            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(&format!("a=1; {}; b=2", parsed.stripped())).unwrap());
            let received = CookieJar::new(lab, &headers).list();
            let expected = if signed { CookieState::Signed } else { CookieState::Plain };
            prop_assert_eq!(&received[1].name, name.as_str());
            prop_assert_eq!(received[1].state, expected);
            let shown = value.text(|value| value.to_owned());
            let shown = shown.strip_prefix(MARK).and_then(|text| text.strip_prefix(expected.prefix()));
            prop_assert_eq!(Some(received[1].value.as_str()), shown);
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let lab = lab();
            for (name, text) in pairs(&bytes) {
                let cookie = lab.read(&name, &text);
                prop_assert!(cookie.state != CookieState::Signed);
                let back = lab.read(&name, &tampered(&tampered(&text)));
                prop_assert_eq!(back, cookie);
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
        assert_eq!((jar.texts.len(), jar.list().len()), (MAX_READ, MAX_READ));
        assert_eq!(jar.texts[MAX_READ - 1].0, "d49");
    }

    #[test]
    fn finds_the_cookie_that_was_set_here_among_others_of_the_same_name() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("fruit=theirs; fruit=lab:plum; fruit=s:theirs.too"));
        let jar = CookieJar::new(lab(), &headers);
        let name = |text| CookieName::parse(text, "id").unwrap();
        assert_eq!((jar.own(&name("fruit")), jar.own(&name("Fruit"))), (Some(1), None));
        assert_eq!(jar.lab_cookies(), 1);
    }

    #[test]
    fn a_signature_is_valid_for_one_name_and_one_value() {
        let lab = lab();
        let name = CookieName::parse("fruit", "id").unwrap();
        let text = lab.text(&name, &CookieValue::parse("plum", true).unwrap());
        assert_eq!(lab.read("fruit", &text).state, CookieState::Signed);
        assert_eq!(lab.read("other", &text).state, CookieState::Changed);
        assert_eq!(lab.read("fruit", &tampered(&text)).state, CookieState::Changed);
    }
}
