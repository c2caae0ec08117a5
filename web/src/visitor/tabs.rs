//! Notifies the other tabs of this browser over a broadcast channel.

use codee::string::FromToStringCodec;
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_use_broadcast_channel::{UseBroadcastChannelReturn, use_broadcast_channel};

use super::{CurrentVisitor, peek_visitor};

const CHANNEL: &str = "visitor";

/// The channel to the other tabs. It sends no data: each tab asks the server.
#[derive(Clone, Copy)]
pub struct Tabs {
    /// `None` on the server.
    notify: StoredValue<Option<Callback<()>>>,
    changes: RwSignal<u32>,
}

impl Tabs {
    pub fn notify(self) {
        if let Some(notify) = self.notify.get_value() {
            notify.run(());
        }
    }

    /// Counts the changes in other tabs.
    pub fn changes(self) -> u32 {
        self.changes.get()
    }
}

/// Provides [`Tabs`] to every form, and keeps the visitor up to date with other tabs.
pub fn provide_tabs(visitor: CurrentVisitor) {
    let tabs = Tabs { notify: StoredValue::new(None), changes: RwSignal::new(0) };
    provide_context(tabs);
    let latest = StoredValue::new(0_u32);
    let refresh = move || {
        latest.update_value(|count| *count += 1);
        let number = latest.get_value();
        spawn_local(async move {
            let answer = peek_visitor().await;
            // An answer to an earlier request is outdated.
            if let Ok(answer) = answer
                && number == latest.get_value()
                && visitor.refresh(answer)
            {
                tabs.changes.update(|count| *count += 1);
            }
        });
    };
    // An effect runs in the browser only. On the server, a page may move to another thread, and a channel cannot.
    Effect::new(move || {
        let UseBroadcastChannelReturn { message, post, .. } =
            use_broadcast_channel::<String, FromToStringCodec>(CHANNEL);
        tabs.notify.set_value(Some(Callback::new(move |()| post(&"changed".to_owned()))));
        Effect::new(move || {
            if message.get().is_some() {
                refresh();
            }
        });
        // The session of a page from the back/forward cache may have ended.
        let listener = window_event_listener(ev::pageshow, move |event| {
            if event.persisted() {
                refresh();
            }
        });
        on_cleanup(move || listener.remove());
    });
}
