//! Limits: how often a client may do something, how much of something all clients may use, how many requests run at once.

mod quota;
mod rate;
mod requests;

pub use quota::{Quota, Share};
pub use rate::{AddressLimit, ParseRateError, Rate, RateLimit, network, widest_network};
pub use requests::{BodyMemory, Limiter, Permit, limit_requests};
