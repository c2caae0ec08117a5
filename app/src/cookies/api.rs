//! Set, delete, tamper and show; each answer is the list of cookies as the browser will send them next.

use leptos::prelude::*;
use server_fn::codec::GetUrl;

use super::ReceivedCookie;
use crate::error::AppError;

/// Sets a cookie for `max_age` seconds, or until the browser closes; a signed one if the box was ticked.
#[server(endpoint = "cookies/set")]
pub async fn set_cookie(
    #[server(default)] name: String,
    #[server(default)] value: String,
    #[server(default)] max_age: Option<String>,
    #[server(default)] signed: Option<String>,
) -> Result<Vec<ReceivedCookie>, AppError> {
    use super::{CookieValue, MaxAge, store::CookieJar};
    use crate::error::Field;

    let mut jar = CookieJar::open()?;
    let name = jar.name(&name)?;
    let invalid = |field| move |problem| AppError::invalid(field, problem);
    let value = CookieValue::parse(&value, signed.is_some()).map_err(invalid(Field::Value))?;
    let max_age = MaxAge::parse(max_age.as_deref().unwrap_or_default()).map_err(invalid(Field::MaxAge))?;
    jar.set(&name, &value, max_age)?;
    Ok(jar.list())
}

/// Deletes a cookie. One that is not there is gone already.
#[server(endpoint = "cookies/delete")]
pub async fn delete_cookie(#[server(default)] name: String) -> Result<Vec<ReceivedCookie>, AppError> {
    let mut jar = super::store::CookieJar::open()?;
    jar.delete(&jar.name(&name)?)?;
    Ok(jar.list())
}

/// Changes the value of a cookie that was set here and leaves its signature as it is, as anybody can in the browser. Done twice, the
/// first value is back.
#[server(endpoint = "cookies/tamper")]
pub async fn tamper_cookie(#[server(default)] name: String) -> Result<Vec<ReceivedCookie>, AppError> {
    let mut jar = super::store::CookieJar::open()?;
    jar.tamper(&jar.name(&name)?)?;
    Ok(jar.list())
}

/// The cookies of this request, with the values of those that were set here.
#[server(endpoint = "cookies/show", input = GetUrl)]
pub async fn show_cookies() -> Result<Vec<ReceivedCookie>, AppError> {
    Ok(super::store::CookieJar::open()?.list())
}
