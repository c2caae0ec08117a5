//! The two timeouts of a session, as progress bars.

use std::time::Duration;

use leptos::{leptos_dom::helpers::IntervalHandle, prelude::*};

use super::{SessionFacts, model::duration};

/// Both timeouts. In the browser they count down, and `expired` is called when one has run down.
#[component]
pub(super) fn Clocks(session: Memo<Option<SessionFacts>>, expired: Callback<()>) -> impl IntoView {
    // Seconds since the answer of the server.
    let elapsed = RwSignal::new(0_i64);
    Effect::new(move || {
        session.track();
        elapsed.set(0);
        let answered_at = js_sys::Date::now();
        let tick = move || {
            elapsed.try_set(((js_sys::Date::now() - answered_at) / 1_000.0) as i64);
        };
        let interval = set_interval_with_handle(tick, Duration::from_secs(1)).ok();
        on_cleanup(move || {
            interval.inspect(IntervalHandle::clear);
        });
    });
    // A second later, so that the server agrees.
    let ran_down = Memo::new(move |_| {
        session.with(|facts| facts.as_ref().is_some_and(|facts| elapsed.get() > facts.expires_at - facts.now))
    });
    Effect::new(move || {
        if ran_down.get() {
            expired.run(());
        }
    });
    // The seconds that are left, and all seconds.
    let clock = move |read: fn(SessionFacts) -> (i64, i64)| {
        Signal::derive(move || {
            let (left, whole) = session.get().map_or((0, 1), read);
            ((left - elapsed.get()).clamp(0, whole), whole)
        })
    };
    let idle = clock(|facts| (facts.expires_at - facts.now, facts.idle.max(1)));
    let absolute = clock(|facts| (facts.ends_at - facts.now, (facts.ends_at - facts.began_at).max(1)));
    view! {
        <Bar id="idle" label="Expires if not used (idle timeout) in" clock=idle />
        <Bar id="lifetime" label="Expires in any case (absolute timeout) in" clock=absolute />
    }
}

#[component]
fn Bar(id: &'static str, label: &'static str, clock: Signal<(i64, i64)>) -> impl IntoView {
    view! {
        <div class="clock">
            <label for=id>{label} " " <strong>{move || duration(clock.get().0)}</strong></label>
            <progress id=id value=move || clock.get().0 max=move || clock.get().1></progress>
        </div>
    }
}
