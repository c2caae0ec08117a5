//! Limits: the rate of a client, an amount that clients share, and the number of requests that run at once.

mod quota;
mod rate;
mod requests;

pub use quota::{Quota, Share};
pub use rate::{AddressLimit, ParseRateError, Rate, RateLimit};
pub use requests::{BodyMemory, Limiter, Permit, limit_requests};
