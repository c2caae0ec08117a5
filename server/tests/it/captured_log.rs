//! The log of an app that runs in the test.

use std::{cell::RefCell, io, sync::Once};

/// The log of the current thread. A [`TestApp`](crate::client::TestApp) handles requests on the thread of its test.
pub(crate) struct CapturedLog(());

thread_local! {
    /// The log of this thread since its [`CapturedLog`] started; `None` without one.
    static CAPTURED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct Captured;

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow_mut(|captured| {
            if let Some(captured) = captured {
                captured.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for CapturedLog {
    fn drop(&mut self) {
        CAPTURED.set(None);
    }
}

impl CapturedLog {
    /// All tests share one subscriber: with one for each test, events would get lost while tests start and end.
    pub(crate) fn start() -> Self {
        static SUBSCRIBER: Once = Once::new();

        SUBSCRIBER.call_once(|| {
            tracing_subscriber::fmt().with_ansi(false).with_writer(|| Captured).init();
        });
        CAPTURED.set(Some(Vec::new()));
        Self(())
    }

    /// The events of a target, without their time and span.
    pub(crate) fn of(&self, target: &str) -> Vec<String> {
        let text = CAPTURED.with_borrow(|captured| String::from_utf8(captured.clone().unwrap()).unwrap());
        let target = format!(" {target}: ");
        text.lines().filter_map(|line| Some(line.split_once(&target)?.1.to_owned())).collect()
    }

    /// The only audit event of this name.
    pub(crate) fn audited(&self, name: &str) -> String {
        let all = self.of("audit");
        let named: Vec<_> =
            all.iter().filter(|event| event.starts_with(&format!("event=\"{name}\""))).collect();
        assert_eq!(named.len(), 1, "{name} in {all:#?}");
        named[0].clone()
    }
}
