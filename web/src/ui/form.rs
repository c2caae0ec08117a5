//! The state of a form: typed values, errors, and whether it waits for an answer. The same for a plain form and a hydrated one.

use leptos::prelude::*;
use server_fn::ServerFn;

use super::outcome::FormOutcome;
use crate::{error::AppError, flash::FormFailure, visitor::use_visitor};

/// A form that calls the server function `S`. After a plain form was refused, it starts with the error and the typed values.
pub struct FormState<S: ServerFn<Output: 'static> + 'static> {
    /// The action for `<ActionForm>`.
    pub action: ServerAction<S>,
    failure: StoredValue<Option<FormFailure>>,
    stays: bool,
    successes: RwSignal<u32>,
}

impl<S: ServerFn<Output: 'static> + 'static> Clone for FormState<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: ServerFn<Output: 'static> + 'static> Copy for FormState<S> {}

impl<S> FormState<S>
where
    S: ServerFn<Error = AppError, Output: Clone + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    /// The only form on the page that calls `S`.
    #[expect(clippy::new_without_default, reason = "it reads the context of the page")]
    pub fn new() -> Self {
        Self::matching(|_| true)
    }

    /// One of several forms that call `S`: the one whose `field` holds `value`.
    pub fn for_item(field: &str, value: impl ToString) -> Self {
        let value = value.to_string();
        Self::matching(|failure| failure.typed(field) == Some(value.as_str()))
    }

    fn matching(is_own: impl FnOnce(&FormFailure) -> bool) -> Self {
        let failure = use_visitor().failure().filter(|failure| failure.form == S::PATH && is_own(failure));
        let action = ServerAction::new();
        // Leptos reads an error from the page's address, where any link could put one.
        if !is_server() && action.value().with_untracked(Option::is_some) {
            action.clear();
        }
        Self { action, failure: StoredValue::new(failure), stays: false, successes: RwSignal::new(0) }
    }

    /// In the browser, stays on the page even if the form leads to another one.
    pub fn stay_on_page(self) -> Self {
        Self { stays: true, ..self }
    }

    /// In the browser, after success: calls `done`, shows the form's message and navigates as the plain form would be redirected.
    pub fn on_success(self, done: impl Fn(S::Output) + 'static) -> Self {
        // The server has no answers to wait for.
        if is_server() {
            return self;
        }
        let (visitor, outcome) = (use_visitor(), FormOutcome::new(S::PATH, self.stays));
        let take = move |answer| match answer {
            None => {}
            Some(Err(error)) => outcome.refused(&error),
            Some(Ok(answer)) => {
                visitor.was_active();
                done(answer);
                self.successes.update(|count| *count += 1);
                outcome.succeeded();
            }
        };
        Effect::new(move |_| {
            let answer = self.action.value().get();
            // Untracked, so that an answer is handled once.
            untrack(|| take(answer));
        });
        self
    }

    /// In the browser, calls `refused` with the error if the form does not succeed.
    pub fn on_error(self, refused: impl Fn(AppError) + 'static) -> Self {
        Effect::new(move |_| {
            if let Some(Err(error)) = self.action.value().get() {
                untrack(|| refused(error));
            }
        });
        self
    }

    /// In the browser, calls `sent` with each form that is sent.
    pub fn on_submit(self, sent: impl Fn(&S) + 'static) -> Self {
        Effect::new(move |_| {
            if let Some(form) = self.action.input().get() {
                untrack(|| sent(&form));
            }
        });
        self
    }

    /// The error of the last attempt to send the form.
    pub fn error(self) -> Option<AppError> {
        // The server has no answers, and making the signal of an action takes longer than the rest of a field.
        let answer = if is_server() { None } else { self.action.value().get() };
        match answer {
            // Another form asks for the password. After that, this error would be outdated.
            Some(answer) => answer.err().filter(|error| *error != AppError::ConfirmFirst),
            None => self.failure.with_value(|failure| {
                failure.as_ref().map(|failure| failure.error.clone()).filter(AppError::is_shown_in_form)
            }),
        }
    }

    pub fn clear_error(self) {
        self.failure.set_value(None);
        self.action.clear();
    }

    pub fn field_error(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.error()?.field_message(field).map(str::to_owned))
    }

    /// An error that is not about one of these fields.
    pub fn general_error(self, fields: &'static [&'static str]) -> Signal<Option<AppError>> {
        Signal::derive(move || {
            self.error().filter(|error| fields.iter().all(|field| error.field_message(field).is_none()))
        })
    }

    /// The value that was typed into a field before the plain form was refused.
    pub fn typed(self, field: &str) -> Option<String> {
        self.failure.with_value(|failure| failure.as_ref()?.typed(field).map(str::to_owned))
    }

    /// How often the form has succeeded on this page.
    pub fn success_count(self) -> Signal<u32> {
        self.successes.into()
    }

    pub fn pending(self) -> Signal<bool> {
        if is_server() { Signal::stored(false) } else { self.action.pending().into() }
    }
}
