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
mod when;

pub use field::{FieldError, FormError, TextField};
pub use focus::move_focus;
pub use form::FormState;
pub use kept::{KeptHtml, KeptPage};
pub use layout::{Footer, Header};
pub use password::PasswordField;
pub use private::Private;
pub use status::{Failed, ResponseStatus};
pub use submit::SubmitButton;
pub use when::When;
