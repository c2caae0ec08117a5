//! The account of a signed-in user: devices, name, password, and deleting it.

mod api;
mod model;
mod page;
#[cfg(feature = "ssr")]
mod store;
mod view;

use web::feature::{EXPECTED_USER, Feature, Form};

use api::{ChangeName, ChangePassword, Confirm, DeleteAccount, RevokeDevice, RevokeOtherDevices};
pub use model::{Device, DeviceName};
pub use page::AccountPage;

pub const PAGE: &str = "/account";

/// What the app needs to know of this feature.
pub const FEATURE: Feature = Feature {
    forms: &[
        Form::to::<Confirm>().on(PAGE).success(
            "Password confirmed. For ten minutes you can change your password and delete your account.",
        ),
        Form::to::<ChangeName>()
            .on(PAGE)
            .success("Your name has been changed.")
            .refill(&["name", EXPECTED_USER]),
        Form::to::<ChangePassword>()
            .on(PAGE)
            .success("Your password has been changed. You have been signed out everywhere else."),
        Form::to::<RevokeDevice>().on(PAGE).success("The device has been signed out.").refill(&["device"]),
        Form::to::<RevokeOtherDevices>().on(PAGE).success("You have been signed out everywhere else."),
        Form::to::<DeleteAccount>()
            .on(PAGE)
            .go("/")
            .success("Your account has been deleted.")
            .clear_site_data(),
    ],
    ..Feature::EMPTY
};
