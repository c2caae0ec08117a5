//! Shows the outcome of a form in the browser: a message, another page, or a request to sign in.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_query_map},
    params::ParamsMap,
};

use super::focus::focus_wrong_field;
use crate::{
    error::AppError,
    feature::{Features, Form},
    flash::Notices,
    path::{self, LocalPath},
    visitor::{CurrentVisitor, Tabs, use_visitor},
};

/// The outcome of one form. Not generic over the server function, so that browsers load its code once.
pub(super) struct FormOutcome {
    form: Option<&'static Form>,
    stays: bool,
    notices: Notices,
    tabs: Tabs,
    visitor: CurrentVisitor,
    here: Memo<String>,
    query: Memo<ParamsMap>,
    navigate: Box<dyn Fn(&LocalPath)>,
}

impl FormOutcome {
    /// The outcome of the form that calls the server function at `path`.
    pub(super) fn new(path: &str, stays: bool) -> Self {
        let navigate = path::use_local_navigate();
        Self {
            form: Features::current().form(path),
            stays,
            notices: expect_context(),
            tabs: expect_context(),
            visitor: use_visitor(),
            here: use_location().pathname,
            query: use_query_map(),
            navigate: Box::new(move |target: &LocalPath| navigate(target, NavigateOptions::default())),
        }
    }

    /// Called when the form was refused. If the session may be the reason, asks the server for the visitor.
    pub(super) fn refused(&self, error: &AppError) {
        self.notices.clear();
        match error {
            AppError::SignInFirst if self.visitor.user().is_none() => {
                (self.navigate)(&path::sign_in(LocalPath::parse(&self.here.get()).as_ref()));
            }
            // The session may also have a new id from another tab.
            AppError::SessionEnded | AppError::SignInFirst => self.visitor.check(),
            AppError::ConfirmFirst => self.visitor.unconfirm(),
            AppError::Invalid { .. } => focus_wrong_field(),
            _ => {}
        }
    }

    /// Called when the form has succeeded: notifies the other tabs, shows the message and navigates.
    pub(super) fn succeeded(&self) {
        self.tabs.notify();
        let next = || self.query.with(|query| query.get("next"));
        let target = self.form.filter(|_| !self.stays).and_then(|form| form.on_success.target(next));
        let page = target.as_ref().map_or_else(|| self.here.get(), |target| target.page().to_owned());
        match self.form.and_then(|form| form.success) {
            Some(message) => self.notices.show(message, &page),
            None => self.notices.clear(),
        }
        if let Some(target) = target {
            (self.navigate)(&target);
        }
    }
}
