//! Components that pages share: forms and their fields, loading and error states, times.

mod field;
mod focus;
mod form;
mod head;
mod load;
mod outcome;
mod password;
mod private;
mod status;
mod submit;
mod time;
mod transition;

pub use field::{FieldError, FormError, TextField};
pub use focus::{focus_new_pages, move_focus};
pub use form::FormState;
pub use head::Head;
pub use load::{Load, Loading};
pub use password::PasswordField;
pub use private::Private;
pub use status::{Failed, PageError};
pub use submit::SubmitButton;
pub use time::Time;
pub use transition::ignore_skipped_transitions;
