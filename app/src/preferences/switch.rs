//! The theme switch in the header.

use leptos::{form::ActionForm, prelude::*};

use web::{
    ui::{FormError, FormState},
    visitor::use_visitor,
};

use super::{SetTheme, Theme};

/// Three buttons, one for each theme.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<SetTheme>::new().on_success(move |answer| visitor.replace(answer));
    let buttons = Theme::ALL.map(|theme| {
        let chosen = move || if visitor.value::<Theme>() == theme { "true" } else { "false" };
        view! {
            // The style sheet draws its icon.
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
