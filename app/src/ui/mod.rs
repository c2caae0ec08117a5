//! Building blocks that the pages share: forms and their fields, the frame around every page. They know the visitor, and no
//! domain's rules.

mod answer;
mod field;
mod focus;
mod form;
mod kept;
mod layout;
mod password;
mod private;
mod status;
mod submit;
mod transition;
mod waiting;
mod when;

pub use field::{FieldError, FormError, TextField};
pub use focus::{focus_new_pages, move_focus};
pub use form::FormState;
pub use kept::{KeptHtml, KeptPage};
pub use layout::{Footer, Header, SkipLink};
pub use password::PasswordField;
pub use private::Private;
pub use status::{Failed, PageError};
pub use submit::SubmitButton;
pub use transition::allow_skipped_transitions;
pub use waiting::Waiting;
pub use when::When;
