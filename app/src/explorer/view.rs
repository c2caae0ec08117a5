//! The components of the explorer: the session, its values, its cookie and its log.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use web::{
    ui::Time,
    visitor::{Tabs, use_visitor},
};

use super::{
    CookieFacts, LogEntry, SessionFacts, SessionView, ValueFacts,
    actions::{Actions, GetValueForm, PineapplesForm, RemoveForm, SetValueForm},
    api::peek_session,
    clocks::Clocks,
    model::size,
};
use crate::preferences::Theme;

/// The whole explorer.
#[component]
pub(super) fn Explorer(view: SessionView) -> impl IntoView {
    let query = use_query_map();
    let key = Signal::derive(move || {
        let key = query.with(|query| query.get("key"))?;
        Some(key.trim().to_owned()).filter(|key| !key.is_empty())
    });
    let view = RwSignal::new(view);
    let refresh = refresh_by(view);
    refresh_on_changes(refresh);
    let session = Memo::new(move |_| view.with(|view| view.session.clone()));
    view! {
        <section aria-labelledby="session-heading">
            <h2 id="session-heading" tabindex="-1">"Details"</h2>
            <Show when=move || session.with(Option::is_some) fallback=NoSession>
                {move || session.get().map(|facts| view! { <Facts facts /> })}
                <Clocks session expired=refresh />
                <Actions view session />
            </Show>
        </section>
        <section aria-labelledby="values-heading">
            <h2 id="values-heading" tabindex="-1">"Values"</h2>
            <Values view />
            <div class="columns">
                <SetValueForm view />
                <GetValueForm view key />
                <PineapplesForm view />
            </div>
        </section>
        <section aria-labelledby="cookie-heading">
            <h2 id="cookie-heading">"Cookie"</h2>
            {move || session.get().map(|facts| view! { <Cookie cookie=facts.cookie /> })}
            <p>"The server sets the cookie only if the session is new, or if its id, its duration or the signing key has changed."</p>
        </section>
        <section aria-labelledby="log-heading">
            <h2 id="log-heading">"Log"</h2>
            <Log view />
        </section>
    }
}

/// Loads the session again, without extending its idle timeout. Keeps the answer to a form that arrives meanwhile.
fn refresh_by(view: RwSignal<SessionView>) -> Callback<()> {
    let changes = StoredValue::new(0_u32);
    Effect::new(move || {
        view.track();
        changes.update_value(|count| *count = count.wrapping_add(1));
    });
    Callback::new(move |()| {
        changes.update_value(|count| *count = count.wrapping_add(1));
        let requested = changes.get_value();
        spawn_local(async move {
            if let Ok(answer) = peek_session().await
                && changes.try_get_value() == Some(requested)
            {
                view.set(answer);
            }
        });
    })
}

/// Loads the session again after changes in other tabs and in the header of this page.
fn refresh_on_changes(refresh: Callback<()>) {
    let (tabs, visitor) = (expect_context::<Tabs>(), use_visitor());
    Effect::new(move |before: Option<(u32, Option<String>, Theme)>| {
        let now = (tabs.changes(), visitor.user().map(|user| user.email), visitor.value());
        if before.is_some_and(|before| before != now) {
            refresh.run(());
        }
        now
    });
}

#[component]
fn NoSession() -> impl IntoView {
    view! {
        <p>
            "You do not have a session yet: as long as nothing is stored, there is no row in the database and no cookie. It starts with the first value."
        </p>
    }
}

#[component]
fn Facts(facts: SessionFacts) -> impl IntoView {
    view! {
        <dl class="facts">
            <dt>"Id"</dt>
            <dd><code>{facts.id}</code> " (the database stores only its hash)"</dd>
            <dt>"Created"</dt>
            <dd><Time seconds=Some(facts.began_at) /></dd>
            <dt>"Last used"</dt>
            <dd><Time seconds=Some(facts.used_at) /></dd>
            <dt>"Signed in"</dt>
            <dd>{if facts.signed_in { "yes" } else { "no" }}</dd>
            <dt>"Writes"</dt>
            <dd>{facts.writes}</dd>
            <dt>"Size"</dt>
            <dd>{size(facts.bytes)}</dd>
        </dl>
    }
}

#[component]
fn Values(view: RwSignal<SessionView>) -> impl IntoView {
    let rows = move || {
        view.with(|view| {
            let row = |facts: &ValueFacts| (facts.clone(), view.shown(&facts.key).unwrap_or_default());
            view.details.iter().map(row).collect::<Vec<_>>()
        })
    };
    view! {
        <Show when=move || view.with(|view| view.details.is_empty())>
            <p>"No values yet."</p>
        </Show>
        <ul class="values" role="list">
            <For each=rows key=Clone::clone let:row>
                <ValueRow facts=row.0 value=row.1 view />
            </For>
        </ul>
    }
}

#[component]
fn ValueRow(facts: ValueFacts, value: String, view: RwSignal<SessionView>) -> impl IntoView {
    let key = facts.key;
    let action = if facts.own {
        view! { <RemoveForm key=key.clone() view /> }.into_any()
    } else {
        view! { <p class="aside">"Value of the app"</p> }.into_any()
    };
    view! {
        <li class="value">
            <h3><code>{key}</code></h3>
            <pre>{value}</pre>
            <p class="aside">{size(facts.bytes)}</p>
            {action}
        </li>
    }
}

#[component]
fn Cookie(cookie: CookieFacts) -> impl IntoView {
    let (age, storage) = match cookie.max_age {
        Some(seconds) => (
            seconds.to_string(),
            "The browser stores the cookie for this many seconds, because you chose \u{201c}Remember me\u{201d}.",
        ),
        None => ("none".to_owned(), "Without it, the browser deletes the cookie when it closes."),
    };
    let (secure, transport) = if cookie.secure {
        ("Secure", "It is sent over HTTPS only.")
    } else {
        (
            "no Secure",
            "This is a development server. In production the cookie is sent over HTTPS only, and its name begins with __Host-.",
        )
    };
    view! {
        <dl class="facts">
            <dt><code>{cookie.name}</code></dt>
            <dd>
                "Its value is the id with a signature: " {format!("{} bytes", cookie.bytes)} " with the name. The values stay on the server, so its size never changes."
            </dd>
            <dt>"signed"</dt>
            <dd>"A changed cookie is ignored, and a new session starts."</dd>
            <dt><code>"HttpOnly"</code></dt>
            <dd>"Scripts cannot read it."</dd>
            <dt><code>"SameSite=Lax"</code></dt>
            <dd>"It is sent with links from other sites, but not with forms."</dd>
            <dt><code>"Path=/"</code></dt>
            <dd>"It is sent to all pages of this host, and to no other host."</dd>
            <dt><code>{secure}</code></dt>
            <dd>{transport}</dd>
            <dt><code>"Max-Age"</code> ": " {age}</dt>
            <dd>{storage}</dd>
        </dl>
    }
}

#[component]
fn Log(view: RwSignal<SessionView>) -> impl IntoView {
    let row = |entry: &LogEntry| {
        let times = (entry.times > 1).then(|| format!(" ({} times)", entry.times));
        view! {
            <li>
                <Time seconds=Some(entry.at) exact=true />
                <span>{entry.what.to_string()} {times}</span>
            </li>
        }
    };
    let rows = move || view.with(|view| view.log.iter().map(row).collect_view());
    view! {
        <Show
            when=move || view.with(|view| !view.log.is_empty())
            fallback=|| view! { <p>"No events yet."</p> }
        >
            <ol class="log" role="list">{rows}</ol>
            <p class="aside">"The latest twenty events, in the memory of this server."</p>
        </Show>
    }
}
