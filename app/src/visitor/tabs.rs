//! The other tabs of this browser: what happens in one is soon seen in all.

use codee::string::FromToStringCodec;
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_use_broadcast_channel::{UseBroadcastChannelReturn, use_broadcast_channel};

use super::{CurrentVisitor, peek_visitor};

/// Tells the other tabs. Nothing of the visitor travels: each tab asks the server itself.
#[derive(Clone, Copy)]
pub struct Tabs {
    /// There is none on the server.
    tell: StoredValue<Option<Callback<()>>>,
    /// Counts what the other tabs have told.
    heard: RwSignal<u32>,
}

impl Tabs {
    /// Something about the session has changed.
    pub fn tell(self) {
        if let Some(tell) = self.tell.get_value() {
            tell.run(());
        }
    }

    /// Counts what the other tabs have told: whoever shows more than the header follows it.
    #[must_use]
    pub fn heard(self) -> u32 {
        self.heard.get()
    }
}

/// Makes [`Tabs`] reachable from every form, and keeps the visitor up to date with what happens elsewhere.
pub fn provide_tabs(visitor: CurrentVisitor) {
    let tabs = Tabs { tell: StoredValue::new(None), heard: RwSignal::new(0) };
    provide_context(tabs);
    let asked = StoredValue::new(0_u32);
    let refresh = move || {
        asked.update_value(|count| *count += 1);
        let number = asked.get_value();
        spawn_local(async move {
            let answer = peek_visitor().await;
            // An answer that was overtaken by a later question is old news.
            if let Ok(answer) = answer
                && number == asked.get_value()
                && visitor.refresh(answer)
            {
                tabs.heard.update(|count| *count += 1);
            }
        });
    };
    // In an effect, so in the browser only: a channel belongs to one thread, and a server's pages change theirs.
    Effect::new(move || {
        let UseBroadcastChannelReturn { message, post, .. } =
            use_broadcast_channel::<String, FromToStringCodec>("satchel");
        tabs.tell.set_value(Some(Callback::new(move |()| post(&"changed".to_owned()))));
        Effect::new(move || {
            if message.get().is_some() {
                refresh();
            }
        });
    });
    // A page that comes back from the browser's memory may be one of a session that has ended since.
    Effect::new(move || {
        let listener = window_event_listener(ev::pageshow, move |event| {
            if event.persisted() {
                refresh();
            }
        });
        on_cleanup(move || listener.remove());
    });
}
