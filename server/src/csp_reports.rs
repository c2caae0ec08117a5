//! Logs what browsers report about violations of the content security policy (ASVS 3.4.7).
//!
//! Anyone can send a report. So a report is small, reports are limited, and only what helps to find the cause is logged: no query, no
//! sample of a script, no policy with its nonce.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use http_body_util::LengthLimitError;
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use tokio::time::timeout;
use url::Url;
use web::{
    context::ClientAddress,
    limits::{AddressLimit, Permit, RateLimit},
};

/// How often one address may send reports.
const PER_ADDRESS: &str = "60/10m";
/// How often all clients together may send reports: with [`MAX_REPORTS`] it bounds what they can write to the log.
const IN_TOTAL: &str = "120/10m";

/// The longest body, in bytes. Most of it is the policy, which has less than 1 KiB here.
const MAX_BYTES: usize = 16 * 1024;
/// How long a body may take to arrive. Browsers send a report at once.
const MAX_SENDING: Duration = Duration::from_secs(5);
/// How many reports of one list are logged.
const MAX_REPORTS: usize = 5;
/// The most characters of a text in the log.
const MAX_CHARS: usize = 200;

/// Counts the requests with reports.
#[derive(Debug)]
pub struct Limits {
    addresses: AddressLimit,
    total: RateLimit<()>,
}

impl Limits {
    /// Starts to count. Fails when a rate cannot be measured.
    pub fn new() -> anyhow::Result<Self> {
        let addresses = AddressLimit::new(PER_ADDRESS.parse()?, 1);
        let total = RateLimit::new(IN_TOTAL.parse()?, 1);
        let (addresses, total) = addresses.zip(total).context("the rate of reports cannot be measured")?;
        Ok(Self { addresses, total })
    }

    /// An address that is over its own limit takes nothing from the common one.
    fn check(&self, address: Option<IpAddr>) -> Result<(), u32> {
        self.addresses.check(address)?;
        self.total.check(&())
    }
}

/// Takes one report or a list of reports, by `POST`. Answers 204; 415, 413, 408 or 400 for what is not a report, 429 for too many.
pub async fn receive(State(limits): State<Arc<Limits>>, request: Request) -> Response {
    let Some(format) = Format::of(request.headers()) else {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    };
    let address = ClientAddress::of(request.extensions());
    if let Err(seconds) = limits.check(address) {
        return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds)]).into_response();
    }
    if let Some(permit) = request.extensions().get::<Permit>() {
        // For other requests, while this one waits for its body. What follows is quick and in memory.
        permit.release();
    }
    let body = match read(request.into_body()).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let Ok(reports) = format.parse(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    reports.into_iter().filter_map(Entry::new).for_each(|entry| entry.log());
    StatusCode::NO_CONTENT.into_response()
}

async fn read(body: Body) -> Result<Bytes, StatusCode> {
    match timeout(MAX_SENDING, to_bytes(body, MAX_BYTES)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => {
            let too_large = error.into_inner().is::<LengthLimitError>();
            Err(if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST })
        }
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// The two formats of reports, each with a content type of its own.
#[derive(Clone, Copy, Debug)]
enum Format {
    /// One report, to a `report-uri` (CSP Level 3).
    Single,
    /// A list of reports, to an endpoint (W3C Reporting API).
    List,
}

impl Format {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/csp-report" => Some(Self::Single),
            "application/reports+json" => Some(Self::List),
            _ => None,
        }
    }

    fn parse(self, body: &[u8]) -> serde_json::Result<Vec<Violation>> {
        Ok(match self {
            Self::Single => vec![serde_json::from_slice::<Single>(body)?.report],
            Self::List => serde_json::from_slice::<List>(body)?.0,
        })
    }
}

#[derive(Deserialize)]
struct Single {
    #[serde(rename = "csp-report")]
    report: Violation,
}

/// The first violations in a list. The others are read one by one and dropped: a long list takes no more memory than a short one.
struct List(Vec<Violation>);

#[derive(Deserialize)]
struct Report {
    #[serde(rename = "type")]
    kind: Option<String>,
    body: Option<Violation>,
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reports;

        impl<'de> Visitor<'de> for Reports {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of reports")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut reports: A) -> Result<List, A::Error> {
                let mut first = Vec::new();
                while let Some(report) = reports.next_element::<Report>()? {
                    if first.len() < MAX_REPORTS && report.kind.as_deref() == Some("csp-violation") {
                        first.extend(report.body);
                    }
                }
                Ok(List(first))
            }
        }

        deserializer.deserialize_seq(Reports)
    }
}

/// What is read of a report, in either format. All else in it is skipped.
#[derive(Debug, Deserialize)]
struct Violation {
    #[serde(rename = "effectiveDirective", alias = "effective-directive")]
    effective_directive: Option<String>,
    /// What older browsers send instead: the whole directive.
    #[serde(rename = "violatedDirective", alias = "violated-directive")]
    violated_directive: Option<String>,
    disposition: Option<String>,
    #[serde(rename = "blockedURL", alias = "blocked-uri")]
    blocked_url: Option<String>,
    #[serde(rename = "documentURL", alias = "document-uri")]
    document_url: Option<String>,
    #[serde(rename = "sourceFile", alias = "source-file")]
    source_file: Option<String>,
    #[serde(rename = "lineNumber", alias = "line-number")]
    line_number: Option<u64>,
}

/// What is logged of a violation.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    directive: String,
    disposition: Option<String>,
    blocked: Option<String>,
    document: Option<String>,
    source: Option<String>,
    line: Option<u64>,
}

impl Entry {
    /// `None` where the report names no directive.
    fn new(violation: Violation) -> Option<Self> {
        let origin = |url: &Url| url.origin().ascii_serialization();
        let path = |url: &Url| url.path().to_owned();
        let directive = violation.effective_directive.or(violation.violated_directive)?;
        Some(Self {
            // The first word is its name. A whole directive may hold a nonce.
            directive: clean(directive.split_whitespace().next()?),
            disposition: violation.disposition.as_deref().map(clean),
            blocked: violation.blocked_url.and_then(|url| reduce(&url, origin)),
            document: violation.document_url.and_then(|url| reduce(&url, path)),
            source: violation.source_file.and_then(|url| reduce(&url, path)),
            line: violation.line_number,
        })
    }

    fn log(&self) {
        tracing::warn!(
            target: "csp",
            directive = self.directive,
            disposition = self.disposition,
            blocked = self.blocked,
            document = self.document,
            source = self.source,
            line = self.line,
            "a page violated its content security policy"
        );
    }
}

/// One `part` of a URL. Only the scheme is kept of one that does not name a server: a `data:` URL is its own content. In place of a URL
/// browsers also send a keyword, such as `inline`.
fn reduce(url: &str, part: impl Fn(&Url) -> String) -> Option<String> {
    let is_keyword = |text: &str| text.chars().all(|char| char.is_ascii_alphabetic() || char == '-');
    match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "ws" | "wss") => Some(clean(&part(&url))),
        Ok(url) => Some(clean(&format!("{}:", url.scheme()))),
        Err(_) if is_keyword(url) => Some(clean(url)),
        Err(_) => None,
    }
}

/// The beginning of a text, in one line.
fn clean(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entries(format: Format, body: &str) -> Vec<Entry> {
        format.parse(body.as_bytes()).unwrap().into_iter().filter_map(Entry::new).collect()
    }

    #[test]
    fn both_formats_say_the_same() {
        let single = json!({ "csp-report": {
            "document-uri": "https://satchel.example/posts?name=ada",
            "referrer": "https://satchel.example/?q=ada",
            "violated-directive": "script-src-elem",
            "effective-directive": "script-src-elem",
            "original-policy": "script-src 'nonce-abc'",
            "disposition": "enforce",
            "blocked-uri": "https://evil.example:8443/x.js?token=ada",
            "line-number": 12,
            "column-number": 3,
            "source-file": "https://satchel.example/pkg/satchel.js?v=ada#ada",
            "status-code": 200,
            "script-sample": "ada",
        }});
        let list = json!([{ "age": 5, "type": "csp-violation", "url": "https://satchel.example/", "body": {
            "documentURL": "https://satchel.example/posts?name=ada",
            "referrer": "https://satchel.example/?q=ada",
            "effectiveDirective": "script-src-elem",
            "originalPolicy": "script-src 'nonce-abc'",
            "disposition": "enforce",
            "blockedURL": "https://evil.example:8443/x.js?token=ada",
            "lineNumber": 12,
            "columnNumber": 3,
            "sourceFile": "https://satchel.example/pkg/satchel.js?v=ada#ada",
            "statusCode": 200,
            "sample": "ada",
        }}]);
        let expected = Entry {
            directive: "script-src-elem".to_owned(),
            disposition: Some("enforce".to_owned()),
            blocked: Some("https://evil.example:8443".to_owned()),
            document: Some("/posts".to_owned()),
            source: Some("/pkg/satchel.js".to_owned()),
            line: Some(12),
        };
        assert_eq!(entries(Format::Single, &single.to_string()), [expected]);
        assert_eq!(entries(Format::List, &list.to_string()), entries(Format::Single, &single.to_string()));
    }

    #[test]
    fn a_report_of_an_older_browser_is_logged_without_its_nonce() {
        let body = json!({ "csp-report": { "violated-directive": "script-src 'self' 'nonce-abc'" } });
        let expected = Entry { directive: "script-src".to_owned(), ..Entry::default() };
        assert_eq!(entries(Format::Single, &body.to_string()), [expected]);
    }

    #[test]
    fn only_violations_are_taken_from_a_list_and_at_most_five() {
        let other = json!({ "type": "deprecation", "body": { "id": "x", "sourceFile": null } });
        let violation = json!({ "type": "csp-violation", "body": { "effectiveDirective": "img-src" } });
        let mut list = vec![other, json!({}), json!({ "type": "csp-violation", "body": null })];
        list.push(violation.clone());
        assert_eq!(entries(Format::List, &json!(list).to_string()).len(), 1);
        list.extend(vec![violation; 9]);
        assert_eq!(entries(Format::List, &json!(list).to_string()).len(), 5);
    }

    #[test]
    fn of_a_url_that_names_no_server_only_the_scheme_is_kept() {
        let kept = |text: &str| reduce(text, |url| url.path().to_owned());
        for (text, expected) in [
            ("inline", Some("inline")),
            ("wasm-eval", Some("wasm-eval")),
            ("data", Some("data")),
            ("data:text/html,secret?a=b", Some("data:")),
            ("blob:https://satchel.example/secret", Some("blob:")),
            ("chrome-extension://abc/secret.js", Some("chrome-extension:")),
            ("/posts?name=ada", None),
            ("not a url", None),
        ] {
            assert_eq!(kept(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_text_is_shortened_and_stays_in_one_line() {
        assert_eq!(clean("a\r\nb\u{1b}[31m\0c\u{85}"), "ab[31mc");
        assert_eq!(clean(&"ü".repeat(300)), "ü".repeat(200));
        let url = format!("https://satchel.example/{}", "a".repeat(300));
        assert_eq!(reduce(&url, |url| url.path().to_owned()).unwrap().chars().count(), 200);
    }

    #[test]
    fn what_is_not_a_report_is_refused() {
        for body in ["", "null", "1", "[", "[1]", "{}", r#"{"csp-report":1}"#, "\u{feff}[]"] {
            let refused = |format: Format| format.parse(body.as_bytes()).is_err();
            assert!(refused(Format::Single) && refused(Format::List), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            for format in [Format::Single, Format::List] {
                let _ = format.parse(&body);
            }
        }

        #[test]
        fn no_text_brings_a_query_or_a_second_line_into_the_log(
            text in "(?s).{0,250}|(https?|wss?|data|blob|file|x):(//)?[a-z@:/?#&=.\\[\\]\r\n\\\\]{0,250}",
        ) {
            let body = json!({ "csp-report": {
                "effective-directive": &text, "disposition": &text, "blocked-uri": &text,
                "document-uri": &text, "source-file": &text,
            }});
            for entry in entries(Format::Single, &body.to_string()) {
                for url in [&entry.blocked, &entry.document, &entry.source].into_iter().flatten() {
                    prop_assert!(!url.contains(['?', '#']), "{}", url);
                }
                for text in [Some(&entry.directive), entry.disposition.as_ref(), entry.blocked.as_ref(),
                    entry.document.as_ref(), entry.source.as_ref()].into_iter().flatten()
                {
                    prop_assert!(text.chars().count() <= 200 && !text.contains(char::is_control), "{:?}", text);
                }
            }
        }
    }
}
