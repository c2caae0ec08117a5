//! What happens on the page after the answer to a form, in the browser.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_query_map},
    params::ParamsMap,
};

use super::focus::focus_wrong_field;
use crate::{
    error::AppError,
    feature::{Features, Form, OnSuccess},
    flash::Notices,
    path::{self, LocalPath},
    visitor::{CurrentVisitor, Tabs, use_visitor},
};

/// The outcome of one form. Not generic over the server function: its code is compiled, and sent to browsers, once.
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
    /// For the form that calls the server function at `path`.
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

    /// The form was refused. Where the session is the reason, the page asks the server for the visitor.
    pub(super) fn refused(&self, error: &AppError) {
        self.notices.clear();
        match error {
            AppError::SignInFirst if self.visitor.user().is_none() => {
                (self.navigate)(&path::sign_in(LocalPath::parse(&self.here.get()).as_ref()));
            }
            // Another tab may also have got a new session id meanwhile.
            AppError::SessionEnded | AppError::SignInFirst => self.visitor.check(),
            AppError::ConfirmFirst => self.visitor.unconfirm(),
            AppError::Invalid { .. } => focus_wrong_field(),
            _ => {}
        }
    }

    /// The form has succeeded: notifies the other tabs, shows the message and navigates.
    pub(super) fn succeeded(&self) {
        self.tabs.notify();
        let target = self.target();
        match self.form.and_then(|form| form.success) {
            Some(message) => match &target {
                Some(target) => self.notices.show(message, target.page()),
                None => self.notices.show(message, &self.here.get()),
            },
            None => self.notices.clear(),
        }
        if let Some(target) = target {
            (self.navigate)(&target);
        }
    }

    fn target(&self) -> Option<LocalPath> {
        match self.form?.on_success {
            _ if self.stays => None,
            OnSuccess::Stay => None,
            OnSuccess::Go(page) => LocalPath::parse(page),
            OnSuccess::Next(page) => {
                let next = self.query.with(|query| query.get("next"));
                next.and_then(|path| LocalPath::parse(&path)).or_else(|| LocalPath::parse(page))
            }
        }
    }
}
