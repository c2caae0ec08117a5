//! The explorer on its page: what is kept, how long, by which cookie, and what happened last.

use leptos::{form::ActionForm, prelude::*, task::spawn_local};

use super::{
    CookieFacts, LogEntry, RemoveValue, SessionFacts, SessionView, ValueFacts,
    actions::{Actions, GetValueForm, PineapplesForm, SetValueForm},
    clocks::Clocks,
    model::Size,
    peek_session,
};
use crate::{
    error::Field,
    preferences::Theme,
    ui::{FormError, FormState, SubmitButton, When, move_focus},
    visitor::{Tabs, use_visitor},
};

/// All of the explorer. `asked` is the key of the value that is to be shown alone.
#[component]
pub fn Explorer(view: SessionView, #[prop(into)] asked: Signal<Option<String>>) -> impl IntoView {
    let view = RwSignal::new(view);
    let refresh = refresh_by(view);
    follow(refresh);
    let session = Memo::new(move |_| view.with(|view| view.session.clone()));
    let facts = move || session.get().map(|facts| view! { <Facts facts /> });
    let cookie = Signal::derive(move || session.get().map(|facts| facts.cookie));
    view! {
        <section aria-labelledby="session-heading">
            <h2 id="session-heading" tabindex="-1">
                "Your session"
            </h2>
            {move || {
                facts()
                    .map_or_else(
                        || {
                            view! {
                                <p>
                                    "You have none yet: who only reads is given neither a row in the database nor a cookie. It begins with the first value that is kept."
                                </p>
                            }
                                .into_any()
                        },
                        IntoAny::into_any,
                    )
            }}
            <Show when=move || session.with(Option::is_some)>
                <Clocks session over=refresh />
                <Actions view session />
            </Show>
        </section>
        <section aria-labelledby="values-heading">
            <h2 id="values-heading" tabindex="-1">
                "What it keeps"
            </h2>
            <Values view />
            <div class="columns">
                <SetValueForm view />
                <GetValueForm view asked />
                <PineapplesForm view />
            </div>
        </section>
        <section aria-labelledby="cookie-heading">
            <h2 id="cookie-heading">"Its cookie"</h2>
            <Cookie cookie />
        </section>
        <section aria-labelledby="log-heading">
            <h2 id="log-heading">"What happened last"</h2>
            <Log view />
        </section>
    }
}

/// Asks the server again, without using the session. What a form has been answered meanwhile is the later news.
fn refresh_by(view: RwSignal<SessionView>) -> Callback<()> {
    let news = StoredValue::new(0_u32);
    Effect::new(move || {
        view.track();
        news.update_value(|count| *count = count.wrapping_add(1));
    });
    Callback::new(move |()| {
        news.update_value(|count| *count = count.wrapping_add(1));
        let asked = news.get_value();
        spawn_local(async move {
            // Without an answer all stays as it is.
            if let Ok(answer) = peek_session().await
                && news.try_get_value() == Some(asked)
            {
                view.set(answer);
            }
        });
    })
}

/// Asks again when another tab has changed something, and when the header of this page has.
fn follow(refresh: Callback<()>) {
    let (tabs, visitor) = (expect_context::<Tabs>(), use_visitor());
    Effect::new(move |before: Option<(u32, Option<String>, Theme)>| {
        let now = (tabs.heard(), visitor.user().map(|user| user.email), visitor.theme());
        if before.is_some_and(|before| before != now) {
            refresh.run(());
        }
        now
    });
}

#[component]
fn Facts(facts: SessionFacts) -> impl IntoView {
    let size = Size(facts.bytes).to_string();
    view! {
        <dl class="facts">
            <dt>"Id"</dt>
            <dd>
                <code>{facts.id}</code>
                " (the database knows its hash only)"
            </dd>
            <dt>"Began"</dt>
            <dd>
                <When seconds=Some(facts.began_at) />
            </dd>
            <dt>"Last used"</dt>
            <dd>
                <When seconds=Some(facts.used_at) />
            </dd>
            <dt>"Signed in"</dt>
            <dd>{if facts.signed_in { "yes" } else { "no" }}</dd>
            <dt>"Written"</dt>
            <dd>{facts.writes} {if facts.writes == 1 { " time" } else { " times" }}</dd>
            <dt>"Size"</dt>
            <dd>{size}</dd>
        </dl>
    }
}

#[component]
fn Values(view: RwSignal<SessionView>) -> impl IntoView {
    let rows = move || {
        view.with(|view| {
            let shown =
                view.details.iter().map(|facts| (facts.clone(), view.shown(&facts.key).unwrap_or_default()));
            shown.collect::<Vec<_>>()
        })
    };
    let empty = move || view.with(|view| view.details.is_empty());
    view! {
        <Show when=empty>
            <p>"Nothing yet."</p>
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
    let form = FormState::<RemoveValue>::for_item(Field::Key, &facts.key).on_done(move |answer| {
        view.set(answer);
        // The button is gone with its row.
        move_focus("#values-heading");
    });
    let label = format!("Remove {}", facts.key);
    let key = facts.key.clone();
    let action = if facts.own {
        view! {
            <ActionForm action=form.action>
                <input type="hidden" name="key" value=facts.key />
                <SubmitButton pending=form.pending() class="button-quiet" label>
                    "Remove"
                </SubmitButton>
                <FormError error=form.general_error(&[]) />
            </ActionForm>
        }
        .into_any()
    } else {
        view! { <p class="aside">"The app\u{2019}s own"</p> }.into_any()
    };
    view! {
        <li class="value">
            <h3>
                <code>{key}</code>
            </h3>
            <pre>{value}</pre>
            <p class="aside">{Size(facts.bytes).to_string()}</p>
            {action}
        </li>
    }
}

#[component]
fn Cookie(#[prop(into)] cookie: Signal<Option<CookieFacts>>) -> impl IntoView {
    let table = move || {
        cookie.get().map(|cookie| {
            let age = cookie.max_age.map_or("none".to_owned(), |seconds| seconds.to_string());
            let forgets = if cookie.max_age.is_some() {
                "The browser keeps it for so many seconds: you chose to be remembered."
            } else {
                "Without it the browser forgets the cookie when it closes."
            };
            let secure = if cookie.secure {
                ("Secure", "It travels over HTTPS only.")
            } else {
                ("no Secure", "This is a development server. In production the cookie travels over HTTPS only, and its name begins with __Host-.")
            };
            let size = format!("{} bytes", cookie.bytes);
            view! {
                <dl class="facts">
                    <dt><code>{cookie.name}</code></dt>
                    <dd>
                        "Its value, " {size} " with the name, is the id and a signature. The values stay on the server, so it is as small when they are large."
                    </dd>
                    <dt>"signed"</dt>
                    <dd>"You can read it, but not change it: one that was tampered with is dropped, and a new session begins."</dd>
                    <dt><code>"HttpOnly"</code></dt>
                    <dd>"No script of a page can read it."</dd>
                    <dt><code>"SameSite=Lax"</code></dt>
                    <dd>"Forms of other sites arrive without it; links from there bring it along."</dd>
                    <dt><code>"Path=/"</code></dt>
                    <dd>"It is for all pages of this host, and of no other: it names no domain."</dd>
                    <dt><code>{secure.0}</code></dt>
                    <dd>{secure.1}</dd>
                    <dt><code>"Max-Age"</code> ": " {age}</dt>
                    <dd>{forgets}</dd>
                </dl>
            }
        })
    };
    view! {
        {table}
        <p>
            "It is sent when the session is new, has a new id, is kept for another time, or is signed with a new key. With every other answer it stays where it is: in your browser."
        </p>
    }
}

#[component]
fn Log(view: RwSignal<SessionView>) -> impl IntoView {
    let entries = move || view.with(|view| view.log.clone());
    let row = |entry: LogEntry| {
        let times = (entry.times > 1).then(|| format!(" ({} times)", entry.times));
        view! {
            <li>
                <When seconds=Some(entry.at) exact=true />
                <span>{entry.what.to_string()} {times}</span>
            </li>
        }
    };
    let empty = move || view.with(|view| view.log.is_empty());
    view! {
        <Show
            when=empty
            fallback=move || {
                view! {
                    <ol class="log" role="list">
                        {move || entries().into_iter().map(row).collect_view()}
                    </ol>
                    <p class="aside">"The last twenty things, in the memory of this server."</p>
                }
            }
        >
            <p>"Nothing yet: without a session there is nothing that a cookie could be sent for."</p>
        </Show>
    }
}
