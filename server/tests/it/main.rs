//! The real router, driven without a network: each server function as a plain form and as a script, every page's HTML. And the
//! real binary, where starting and stopping are the point.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod access;
mod account;
mod audit;
mod auth;
mod backup;
mod bad_input;
mod binary;
mod client;
mod commands;
mod concurrency;
mod cookies;
mod crawlers;
mod cross_site;
mod csp_reports;
mod database;
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
mod register;
mod room;
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
mod kept_pages;
mod orders;
mod saved_cart;
// </shop>
