//! The theme in the session and in the snapshot of a visitor.

use session::{Database, Session, SessionValue};
use web::{
    error::AppError,
    server_feature::{HookFuture, ServerFeature, ServerHooks},
    snapshot::Visitor,
};

use super::Theme;

impl SessionValue for Theme {
    const KEY: &'static str = "theme";
}

pub(super) const SERVER: ServerHooks = &Hooks;

#[derive(Debug)]
struct Hooks;

impl ServerFeature for Hooks {
    fn snapshot<'a>(
        &'a self,
        session: &'a Session,
        _: &'a Database,
        visitor: &'a mut Visitor,
    ) -> HookFuture<'a, Result<(), AppError>> {
        Box::pin(async move {
            visitor.set_value(&session.read::<Theme>().await?.unwrap_or_default());
            Ok(())
        })
    }
}
