//! The state of one form, alike for a plain form and a hydrated one: what was typed, what was refused, what is under way.

use leptos::prelude::*;
use server_fn::ServerFn;

use super::answer::Answered;
use crate::{
    error::{AppError, Field, Problem},
    flash::Failure,
    visitor::use_visitor,
};

/// A form that calls the server function `S`. After the plain form was refused it starts with the error and with what was typed.
pub struct FormState<S>
where
    S: ServerFn + 'static,
    S::Output: 'static,
{
    /// The action for the form.
    pub action: ServerAction<S>,
    refused: StoredValue<Option<Failure>>,
    stays: bool,
    done: RwSignal<u32>,
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
    pub fn for_item(field: Field, value: impl ToString) -> Self {
        let value = value.to_string();
        Self::matching(|failure| failure.typed(field.name()) == Some(value.as_str()))
    }

    fn matching(mine: impl FnOnce(&Failure) -> bool) -> Self {
        let refused = use_visitor().failure().filter(|failure| failure.form == S::PATH && mine(failure));
        let action = ServerAction::new();
        // Leptos takes an error out of the page's address. None of ours is ever there, so anybody's link could tell one.
        if action.value().with_untracked(Option::is_some) {
            action.clear();
        }
        Self { action, refused: StoredValue::new(refused), stays: false, done: RwSignal::new(0) }
    }

    /// In the browser, stays on the page even where the form would lead on.
    #[must_use]
    pub fn staying(self, stays: bool) -> Self {
        Self { stays, ..self }
    }

    /// In the browser, when the server function has answered: calls `done`, shows the form's message and leads on to where
    /// the plain form would have been redirected.
    #[must_use]
    pub fn on_done(self, done: impl Fn(S::Output) + 'static) -> Self {
        // Answers come in the browser alone; a page has many forms.
        if is_server() {
            return self;
        }
        let (visitor, answered) = (use_visitor(), Answered::from(S::PATH, self.stays));
        let take = move |answer| match answer {
            None => {}
            Some(Err(error)) => answered.refused(&error),
            Some(Ok(answer)) => {
                visitor.was_active();
                done(answer);
                self.done.update(|count| *count += 1);
                answered.lead_on();
            }
        };
        Effect::new(move |_| {
            let answer = self.action.value().get();
            // An answer is taken once: what is read meanwhile may change later, and must not bring it back.
            untrack(|| take(answer));
        });
        self
    }

    /// In the browser, calls `refused` when the server function has refused or could not be reached.
    #[must_use]
    pub fn on_refused(self, refused: impl Fn(AppError) + 'static) -> Self {
        Effect::new(move |_| {
            if let Some(Err(error)) = self.action.value().get() {
                untrack(|| refused(error));
            }
        });
        self
    }

    /// In the browser, calls `sent` with each form that is on its way.
    #[must_use]
    pub fn on_sent(self, sent: impl Fn(&S) + 'static) -> Self {
        Effect::new(move |_| {
            if let Some(form) = self.action.input().get() {
                untrack(|| sent(&form));
            }
        });
        self
    }

    /// Why the form was refused, the latest time that it was sent.
    #[must_use]
    pub fn error(self) -> Option<AppError> {
        match self.action.value().get() {
            // Another form asks for what is missing; once that is done, the reproach would be out of date.
            Some(answer) => answer.err().filter(|error| *error != AppError::ConfirmFirst),
            None => self.refused.with_value(|failure| {
                failure.as_ref().map(|failure| failure.error.clone()).filter(AppError::belongs_to_form)
            }),
        }
    }

    /// Forgets why the form was refused: what it was about has changed.
    pub fn forget(self) {
        self.refused.set_value(None);
        self.action.clear();
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn problem(self, field: Field) -> Signal<Option<Problem>> {
        Signal::derive(move || self.error().and_then(|error| error.about(field)))
    }

    /// An error that is none of `fields`'.
    #[must_use]
    pub fn general_error(self, fields: &'static [Field]) -> Signal<Option<AppError>> {
        Signal::derive(move || {
            self.error().filter(|error| fields.iter().all(|field| error.about(*field).is_none()))
        })
    }

    /// What was typed into a field of the plain form that was refused.
    #[must_use]
    pub fn typed(self, field: &str) -> Option<String> {
        self.refused.with_value(|failure| failure.as_ref()?.typed(field).map(str::to_owned))
    }

    /// Counts how often the form has done its work.
    #[must_use]
    pub fn times_done(self) -> Signal<u32> {
        self.done.into()
    }

    /// Whether an answer is being waited for.
    #[must_use]
    pub fn pending(self) -> Signal<bool> {
        self.action.pending().into()
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
