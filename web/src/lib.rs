//! What joins Leptos and axum, and knows no feature of an app: forms that work with and without JavaScript, flash messages, the visitor
//! snapshot, access, rendering pages, failure pages, nonces and local paths.
//!
//! An app describes its features in [`feature::Feature`] values and hands the list over once, at its root component and at its router.
//! The crate feature `ssr` builds the server's half, `hydrate` the browser's.

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
