//! The theme switch in the header.

use leptos::{form::ActionForm, prelude::*};

use super::{SetTheme, Theme};
use crate::{
    ui::{FormError, FormState},
    visitor::use_visitor,
};

/// Three buttons, one for each theme.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<SetTheme>::new().on_done(move |answer| visitor.replace(answer));
    let buttons = Theme::ALL.map(|theme| {
        let chosen = move || if visitor.theme() == theme { "true" } else { "false" };
        view! {
            // Its drawing is the style's.
            <button type="submit" name="theme" value=theme.as_str() title=theme.label() aria-pressed=chosen>
                <span>{theme.label()}</span>
            </button>
        }
    });
    view! {
        <ActionForm action=form.action attr:class="theme-switch" attr:aria-label="Theme">
            <FormError error=form.general_error(&[]) />
            {buttons.collect_view()}
        </ActionForm>
    }
}
