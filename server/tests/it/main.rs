//! Tests of the real router without a network: server functions as plain forms and as scripts, and the HTML of every page. Tests of
//! starting, stopping and failing run the real binary.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod access;
mod account;
mod audit;
mod auth;
mod backup;
mod bad_input;
mod binary;
mod captured_log;
mod client;
mod commands;
mod concurrency;
mod cookies;
mod crawlers;
mod cross_site;
mod csp_reports;
mod database;
mod devices;
#[cfg(target_os = "linux")]
mod durability;
mod explorer;
mod failure_pages;
mod faults;
mod first_value;
mod fuzz;
mod headers;
mod interface;
#[cfg(target_os = "linux")]
mod memory;
mod odd_targets;
mod operations;
mod pages;
mod passwords;
mod register;
mod request_limits;
mod running;
mod security;
mod security_doc;
mod session_limit;
mod sign_in_limits;
mod slow_forms;
mod source;
mod visits;

// <shop>
mod cart;
mod cart_fuzz;
mod catalog;
mod orders;
mod page_cache;
mod saved_cart;
// </shop>
