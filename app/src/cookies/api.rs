//! Server functions of the cookie lab. Each returns the cookies that the browser will send next.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use web::error::AppError;

use super::ReceivedCookie;

/// Sets a cookie for `max_age` seconds, or until the browser closes; a signed one if the box was ticked.
#[server(endpoint = "cookies/set")]
pub async fn set_cookie(
    #[server(default)] name: String,
    #[server(default)] value: String,
    #[server(default)] max_age: Option<String>,
    #[server(default)] signed: Option<String>,
) -> Result<Vec<ReceivedCookie>, AppError> {
    use web::error::ForField;

    use super::{CookieValue, parse_max_age, store::CookieJar};

    let mut jar = CookieJar::open()?;
    let name = jar.name(&name)?;
    let value = CookieValue::parse(&value, signed.is_some()).for_field("value")?;
    let max_age = parse_max_age(max_age.as_deref().unwrap_or_default()).for_field("max_age")?;
    jar.set(&name, &value, max_age)?;
    Ok(jar.cookies)
}

/// Deletes a cookie. Does nothing if there is none.
#[server(endpoint = "cookies/delete")]
pub async fn delete_cookie(#[server(default)] name: String) -> Result<Vec<ReceivedCookie>, AppError> {
    let mut jar = super::store::CookieJar::open()?;
    jar.delete(&jar.name(&name)?)?;
    Ok(jar.cookies)
}

/// Changes the value of a cookie and keeps its signature, as anyone can in the browser. Doing it twice restores the value.
#[server(endpoint = "cookies/tamper")]
pub async fn tamper_cookie(#[server(default)] name: String) -> Result<Vec<ReceivedCookie>, AppError> {
    let mut jar = super::store::CookieJar::open()?;
    jar.tamper(&jar.name(&name)?)?;
    Ok(jar.cookies)
}

/// The cookies of this request, with the values of those that were set here.
#[server(endpoint = "cookies/show", input = GetUrl)]
pub async fn show_cookies() -> Result<Vec<ReceivedCookie>, AppError> {
    Ok(super::store::CookieJar::open()?.cookies)
}
