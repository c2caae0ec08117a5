//! The code that joins Leptos and axum, without any feature of an app: forms with and without JavaScript, flash messages, the visitor,
//! access, pages, limits. An app passes its list of [`feature::Feature`] values once. `ssr` is for the server, `hydrate` for the browser.

#![expect(unreachable_pub, reason = "the macros of Leptos write `pub` items inside functions")]

pub mod error;
pub mod feature;
pub mod flash;
mod page;
pub mod path;
pub mod snapshot;
pub mod ui;
pub mod visitor;

#[cfg(feature = "ssr")]
pub mod access;
#[cfg(feature = "ssr")]
pub mod audit;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
pub mod csp;
#[cfg(feature = "ssr")]
pub mod document;
#[cfg(feature = "ssr")]
pub mod failure;
#[cfg(feature = "ssr")]
pub mod forms;
#[cfg(feature = "ssr")]
pub mod limits;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod response;
#[cfg(feature = "ssr")]
pub mod server_feature;
#[cfg(feature = "ssr")]
pub mod site;
#[cfg(feature = "ssr")]
mod store_error;
