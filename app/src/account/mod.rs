//! What a signed-in user does with the own account: see and end its sessions, change name and password, remove it.

mod api;
mod model;
#[cfg(feature = "ssr")]
mod store;
mod view;

pub use api::{
    ChangeName, ChangePassword, Confirm, DeleteAccount, ListDevices, RevokeDevice, RevokeOtherDevices,
    change_name, change_password, confirm, delete_account, list_devices, revoke_device, revoke_other_devices,
};
pub use model::{Device, DeviceName};
pub use view::{AccountSettings, DeviceList};
