//! What the server and the browser share: pages, components, server functions and domain rules.
//!
//! One folder is one domain, whole. The feature `ssr` builds the server's half, `hydrate` the browser's.

// The types of whole pages are nested deeper than the compiler looks by default.
#![recursion_limit = "256"]
#![expect(unreachable_pub, reason = "the macros of Leptos write `pub` items inside functions")]

pub mod account;
mod app;
pub mod auth;
pub mod cookies;
pub mod error;
pub mod explorer;
pub mod flash;
pub mod forms;
pub mod language;
pub mod nav;
mod pages;
pub mod preferences;
pub mod source;
pub mod ui;
pub mod visitor;
pub mod visits;

// <shop>
pub mod cart;
pub mod catalog;
pub mod orders;
// </shop>

#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
pub mod document;
#[cfg(feature = "ssr")]
pub mod quota;
#[cfg(feature = "ssr")]
pub mod rate_limit;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
pub mod storage;
#[cfg(feature = "ssr")]
mod store_error;

pub use app::{App, Site, SiteUrl};
#[cfg(feature = "ssr")]
pub use shell::{failure_page, shell};
