//! What follows the answer to a form in the browser, alike for all forms.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_query_map},
    params::ParamsMap,
};

use super::focus::focus_wrong_field;
use crate::{
    error::AppError,
    flash::Notices,
    forms::{self, FormRoute, Then},
    nav::{self, LocalPath},
    visitor::{CurrentVisitor, Tabs, use_visitor},
};

/// What an answer does to the page. It knows no server function: what does is compiled, and sent to browsers, once for each.
pub(super) struct Answered {
    form: Option<&'static FormRoute>,
    stays: bool,
    notices: Notices,
    tabs: Tabs,
    visitor: CurrentVisitor,
    here: Memo<String>,
    query: Memo<ParamsMap>,
    navigate: Box<dyn Fn(&LocalPath)>,
}

impl Answered {
    /// For the form that calls the server function at `path`; it leads on unless it `stays`.
    pub(super) fn from(path: &str, stays: bool) -> Self {
        let navigate = nav::use_local_navigate();
        Self {
            form: forms::find(path),
            stays,
            notices: expect_context(),
            tabs: expect_context(),
            visitor: use_visitor(),
            here: use_location().pathname,
            query: use_query_map(),
            navigate: Box::new(move |target: &LocalPath| navigate(target, NavigateOptions::default())),
        }
    }

    /// The form was refused: where the reason is the session, the page finds out how that stands.
    pub(super) fn refused(&self, error: &AppError) {
        self.notices.clear();
        match error {
            AppError::SignInFirst if self.visitor.user().is_none() => {
                let here = LocalPath::parse(&self.here.get());
                (self.navigate)(&nav::to_login(here.as_ref()));
            }
            // It may also have been overtaken by another tab that got a new id.
            AppError::SessionEnded | AppError::SignInFirst => self.visitor.check(),
            AppError::ConfirmFirst => self.visitor.unconfirm(),
            AppError::Invalid { .. } => focus_wrong_field(),
            _ => {}
        }
    }

    /// The form has done its work: tells the other tabs, shows the form's message and leads on to where the plain form would
    /// have been redirected.
    pub(super) fn lead_on(&self) {
        self.tabs.tell();
        let target = self.target();
        match self.form.and_then(|form| form.done) {
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
        match self.form?.then {
            _ if self.stays => None,
            Then::Stay => None,
            Then::Go(page) => LocalPath::parse(page),
            Then::Next(page) => {
                let next = self.query.with(|query| query.get("next"));
                next.and_then(|path| LocalPath::parse(&path)).or_else(|| LocalPath::parse(page))
            }
        }
    }
}
