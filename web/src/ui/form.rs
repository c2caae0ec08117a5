//! The state of one form, the same for a plain form and a hydrated one: what was typed, what was refused, what is pending.

use leptos::prelude::*;
use server_fn::ServerFn;

use super::outcome::FormOutcome;
use crate::{error::AppError, flash::FormFailure, visitor::use_visitor};

/// A form that calls the server function `S`. After a plain form was refused, it starts with the error and with what was typed.
pub struct FormState<S>
where
    S: ServerFn + 'static,
    S::Output: 'static,
{
    /// The action for the form.
    pub action: ServerAction<S>,
    failure: StoredValue<Option<FormFailure>>,
    stays: bool,
    successes: RwSignal<u32>,
}

impl<S> Clone for FormState<S>
where
    S: ServerFn + 'static,
    S::Output: 'static,
{
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for FormState<S>
where
    S: ServerFn + 'static,
    S::Output: 'static,
{
}

impl<S> FormState<S>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    /// The only form on the page that calls `S`.
    #[must_use]
    pub fn new() -> Self {
        Self::matching(|_| true)
    }

    /// One of several forms that call `S`: the one whose `field` holds `value`.
    #[must_use]
    pub fn for_item(field: &str, value: impl ToString) -> Self {
        let value = value.to_string();
        Self::matching(|failure| failure.typed(field) == Some(value.as_str()))
    }

    fn matching(is_own: impl FnOnce(&FormFailure) -> bool) -> Self {
        let failure = use_visitor().failure().filter(|failure| failure.form == S::PATH && is_own(failure));
        let action = ServerAction::new();
        // Leptos takes an error from the page's address, where any link could put one.
        if !is_server() && action.value().with_untracked(Option::is_some) {
            action.clear();
        }
        Self { action, failure: StoredValue::new(failure), stays: false, successes: RwSignal::new(0) }
    }

    /// In the browser, stays on the page even if the form leads to another one.
    #[must_use]
    pub fn stay_on_page(self) -> Self {
        Self { stays: true, ..self }
    }

    /// In the browser, after success: calls `done`, shows the form's message and leads to where the plain form would have been
    /// redirected.
    #[must_use]
    pub fn on_success(self, done: impl Fn(S::Output) + 'static) -> Self {
        // There are no answers on the server, and a page has many forms.
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

    /// In the browser, calls `refused` when the server function has refused or could not be reached.
    #[must_use]
    pub fn on_error(self, refused: impl Fn(AppError) + 'static) -> Self {
        Effect::new(move |_| {
            if let Some(Err(error)) = self.action.value().get() {
                untrack(|| refused(error));
            }
        });
        self
    }

    /// In the browser, calls `sent` with each form that is sent.
    #[must_use]
    pub fn on_submit(self, sent: impl Fn(&S) + 'static) -> Self {
        Effect::new(move |_| {
            if let Some(form) = self.action.input().get() {
                untrack(|| sent(&form));
            }
        });
        self
    }

    /// Why the form was refused, the last time that it was sent.
    #[must_use]
    pub fn error(self) -> Option<AppError> {
        // The server has no answers, and the signal of an action takes longer to make than the rest of a field.
        let answer = if is_server() { None } else { self.action.value().get() };
        match answer {
            // Another form asks for the password; after that this error would be outdated.
            Some(answer) => answer.err().filter(|error| *error != AppError::ConfirmFirst),
            None => self.failure.with_value(|failure| {
                failure.as_ref().map(|failure| failure.error.clone()).filter(AppError::is_shown_in_form)
            }),
        }
    }

    /// Forgets why the form was refused.
    pub fn clear_error(self) {
        self.failure.set_value(None);
        self.action.clear();
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn field_error(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.error()?.field_message(field).map(str::to_owned))
    }

    /// An error that is not about one of these fields.
    #[must_use]
    pub fn general_error(self, fields: &'static [&'static str]) -> Signal<Option<AppError>> {
        Signal::derive(move || {
            self.error().filter(|error| fields.iter().all(|field| error.field_message(field).is_none()))
        })
    }

    /// What was typed into a field of the plain form that was refused.
    #[must_use]
    pub fn typed(self, field: &str) -> Option<String> {
        self.failure.with_value(|failure| failure.as_ref()?.typed(field).map(str::to_owned))
    }

    /// How often the form has succeeded on this page.
    #[must_use]
    pub fn success_count(self) -> Signal<u32> {
        self.successes.into()
    }

    /// Whether the form waits for an answer.
    #[must_use]
    pub fn pending(self) -> Signal<bool> {
        if is_server() { Signal::stored(false) } else { self.action.pending().into() }
    }
}

impl<S> Default for FormState<S>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}
