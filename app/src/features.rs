//! The features of the app. This is the only list: navigation, access, forms, the sitemap and more follow from it.

use web::feature::Feature;

/// All features, in the order of their links in the header.
pub const FEATURES: &[Feature] = &[
    crate::shop::FEATURE,
    crate::visits::FEATURE,
    crate::explorer::FEATURE,
    crate::cookies::FEATURE,
    crate::source::FEATURE,
    crate::preferences::FEATURE,
    crate::auth::FEATURE,
    crate::account::FEATURE,
];
