//! Compares random interleavings of all operations, by two browsers on two servers, with a simple model.

use proptest::prelude::*;
use session::{Session, SessionError};
use time::Duration;

use crate::harness::{Browser, Count, NOON, TestSessions, increment};

/// Tabs 0 and 1 belong to the same browser, tab 2 to another one.
const TABS: usize = 3;
const BROWSER_OF: [usize; TABS] = [0, 0, 1];

/// An operation in one tab. `Begin` opens a request and `Respond` closes it, so that requests overlap.
#[derive(Clone, Debug)]
enum Step {
    Begin { server: bool },
    Read,
    Update,
    Renew,
    Restart { owner: &'static str, remember: bool },
    EndOwned { owner: &'static str },
    End,
    StartOver,
    Remember { remember: bool },
    Respond,
    Wait { minutes: i64 },
    Sweep,
}

fn owner() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("ada"), 1 => Just("mallory")]
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let step = prop_oneof![
        4 => any::<bool>().prop_map(|server| Step::Begin { server }),
        4 => Just(Step::Read),
        8 => Just(Step::Update),
        2 => Just(Step::Renew),
        2 => (owner(), any::<bool>()).prop_map(|(owner, remember)| Step::Restart { owner, remember }),
        1 => owner().prop_map(|owner| Step::EndOwned { owner }),
        1 => Just(Step::End),
        1 => Just(Step::StartOver),
        1 => any::<bool>().prop_map(|remember| Step::Remember { remember }),
        5 => Just(Step::Respond),
        2 => (0..40i64).prop_map(|minutes| Step::Wait { minutes }),
        1 => Just(Step::Sweep),
    ];
    (0..TABS, step)
}

/// A session in the model. Times are in minutes.
#[derive(Clone, Debug)]
struct ModelSession {
    count: u64,
    used: i64,
    began: i64,
    ends: i64,
    remembered: bool,
    owner: Option<&'static str>,
}

const ABSOLUTE_TIMEOUT: i64 = 12 * 60;
const REMEMBERED_TIMEOUT: i64 = 31 * 24 * 60;

fn lifetime(remembered: bool) -> i64 {
    if remembered { REMEMBERED_TIMEOUT } else { ABSOLUTE_TIMEOUT }
}

impl ModelSession {
    fn is_expired(&self, now: i64) -> bool {
        let idle = if self.remembered { REMEMBERED_TIMEOUT } else { 30 };
        now >= self.used + idle || now >= self.ends
    }
}

/// What an id refers to: an index in `World::sessions`, or no session.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    None,
    Session(usize),
}

struct OpenRequest {
    session: Session,
    target: Target,
    loaded: bool,
    ended: bool,
    /// The session that replaced it when it was loaded.
    successor: Option<usize>,
    remember: bool,
}

struct Tab {
    browser: Browser,
    open: Option<OpenRequest>,
}

/// Sessions in the order in which their ids were created; `None` once they have ended. A renewal moves a
/// session to a new index.
struct World {
    sessions: Vec<Option<ModelSession>>,
    /// The index that replaced each id, and when.
    successors: Vec<Option<(usize, i64)>>,
    cookies: [Target; TABS],
    now: i64,
}

impl World {
    fn active(&mut self, target: Target) -> Option<&mut ModelSession> {
        let Target::Session(index) = target else { return None };
        let now = self.now;
        let slot = &mut self.sessions[index];
        if slot.as_ref().is_some_and(|session| session.is_expired(now)) {
            *slot = None;
        }
        slot.as_mut()
    }

    fn add(&mut self, session: ModelSession) -> Target {
        self.sessions.push(Some(session));
        self.successors.push(None);
        Target::Session(self.sessions.len() - 1)
    }

    fn replace_id(&mut self, old: Target, session: ModelSession) -> Target {
        let Target::Session(index) = old else { unreachable!("only a session has an id to replace") };
        self.sessions[index] = None;
        let new = self.add(session);
        let Target::Session(successor) = new else { unreachable!() };
        self.successors[index] = Some((successor, self.now));
        new
    }

    /// The index that replaced an id in the same minute.
    fn successor(&self, index: usize) -> Option<usize> {
        self.successors[index].filter(|(_, at)| *at == self.now).map(|(successor, _)| successor)
    }

    /// Ends a session, under its new id if it was renewed.
    fn end(&mut self, mut index: usize) {
        while self.sessions[index].take().is_none() {
            let Some(successor) = self.successor(index) else { return };
            index = successor;
        }
    }
}

impl OpenRequest {
    /// Mirrors the first access to the presented session, which counts as use.
    fn load(&mut self, world: &mut World) {
        let now = world.now;
        if !self.loaded {
            self.loaded = true;
            match world.active(self.target) {
                Some(session) => session.used = now,
                None => self.mark_ended(world),
            }
        }
    }

    fn mark_ended_once(&mut self, world: &World) {
        if !self.ended {
            self.mark_ended(world);
        }
    }

    fn mark_ended(&mut self, world: &World) {
        if let Target::Session(index) = self.target {
            self.ended = true;
            self.successor = world.successor(index);
        }
    }
}

async fn run(steps: &[(usize, Step)], (test, other): (TestSessions, TestSessions)) {
    let mut world =
        World { sessions: Vec::new(), successors: Vec::new(), cookies: [Target::None; TABS], now: NOON / 60 };
    let browsers = [test.browser(), test.browser()];
    let mut tabs: Vec<_> =
        BROWSER_OF.iter().map(|browser| Tab { browser: browsers[*browser].clone(), open: None }).collect();
    for (number, step) in steps {
        let (tab, jar) = (&mut tabs[*number], BROWSER_OF[*number]);
        match (step, &mut tab.open) {
            (Step::Wait { minutes }, _) => {
                test.clock.advance(Duration::minutes(*minutes));
                world.now += minutes;
            }
            (Step::Sweep, _) => drop(test.sessions.sweep().await.unwrap()),
            (Step::EndOwned { owner }, _) => {
                let ended = test.end_owned(owner).await;
                let mut expected = 0;
                for slot in &mut world.sessions {
                    if slot
                        .take_if(|session| session.owner == Some(owner))
                        .is_some_and(|session| !session.is_expired(world.now))
                    {
                        expected += 1;
                    }
                }
                // Sessions that have expired but were not swept are ended, too.
                assert!(ended >= expected, "{ended} {expected}");
            }
            (Step::Begin { server }, open @ None) => {
                let browser = if *server { tab.browser.clone() } else { tab.browser.connected_to(&other) };
                *open = Some(OpenRequest {
                    session: browser.request(),
                    target: world.cookies[jar],
                    loaded: false,
                    ended: false,
                    successor: None,
                    remember: false,
                });
            }
            (Step::Respond, Some(_)) => {
                let open = tab.open.take().unwrap();
                let before = tab.browser.cookie();
                tab.browser.respond(&open.session).await;
                let after = tab.browser.cookie();
                if before != after {
                    world.cookies[jar] = if after.is_some() { open.target } else { Target::None };
                }
                // The browser must now have the session that the model expects.
                let session = tab.browser.request();
                let count = session.read::<Count>().await.unwrap().map_or(0, |count| count.0);
                let active = session.lifetime().await.unwrap().is_some();
                let seen = active.then_some((count, session.owner().await.unwrap()));
                let (cookie, now) = (world.cookies[jar], world.now);
                let expected = world.active(cookie).map(|session| {
                    session.used = now;
                    (session.count, session.owner.map(str::to_owned))
                });
                assert_eq!(seen, expected);
            }
            (Step::Begin { .. }, Some(_)) | (_, None) => {}
            (step, Some(open)) => {
                open.load(&mut world);
                act(step, open, &mut world).await;
            }
        }
    }
    let active = world.sessions.iter().flatten().filter(|session| !session.is_expired(world.now)).count();
    test.sessions.sweep().await.unwrap();
    assert_eq!(
        test.session_count().await,
        i64::try_from(active).unwrap(),
        "exactly the active sessions are stored"
    );
}

async fn act(step: &Step, open: &mut OpenRequest, world: &mut World) {
    let now = world.now;
    let active = world.active(open.target).filter(|_| !open.ended).cloned();
    let no_session = open.target == Target::None;
    match step {
        Step::Read => {
            let read = open.session.read::<Count>().await.unwrap().map_or(0, |count| count.0);
            let owner = open.session.owner().await.unwrap();
            // A request may read an older value than the newest one, but never one of another session.
            if open.ended || no_session {
                assert_eq!((read, owner), (0, None));
            } else if let Some(newest) = active {
                assert!(read <= newest.count, "{read:?} {newest:?}");
                assert_eq!(owner.as_deref(), newest.owner);
            }
        }
        Step::Update => {
            let updated = open.session.update(increment).await;
            if no_session {
                assert_eq!(updated.unwrap(), 1);
                let ends = now + lifetime(open.remember);
                open.target = world.add(ModelSession {
                    count: 1,
                    used: now,
                    began: now,
                    ends,
                    remembered: open.remember,
                    owner: None,
                });
            } else if active.is_some() {
                let session = world.active(open.target).unwrap();
                session.count += 1;
                session.used = now;
                assert_eq!(updated.unwrap(), session.count, "applied once, to the newest value");
            } else {
                assert!(matches!(updated, Err(SessionError::Ended)), "{updated:?}");
                open.mark_ended_once(world);
            }
        }
        Step::Renew => {
            let renewed = open.session.renew().await;
            if no_session {
                renewed.unwrap();
            } else if let Some(session) = active {
                renewed.unwrap();
                open.target = world.replace_id(open.target, session);
            } else {
                assert!(matches!(renewed, Err(SessionError::Ended)), "{renewed:?}");
                open.mark_ended_once(world);
            }
        }
        Step::Restart { owner, remember } => {
            open.session.restart(owner, *remember).await.unwrap();
            open.remember = *remember;
            let ends = now + lifetime(*remember);
            let fresh = ModelSession {
                count: 0,
                used: now,
                began: now,
                ends,
                remembered: *remember,
                owner: Some(*owner),
            };
            let continued = match active {
                Some(session) if session.owner.is_none_or(|before| before == *owner) => {
                    Some((open.target, session.count))
                }
                Some(_) => {
                    let Target::Session(index) = open.target else { unreachable!() };
                    world.sessions[index] = None;
                    None
                }
                None => {
                    open.mark_ended_once(world);
                    let successor = open.successor.map_or(Target::None, Target::Session);
                    let session = world.active(successor).filter(|session| session.owner == Some(*owner));
                    session.map(|session| session.count).map(|count| (successor, count))
                }
            };
            open.target = match continued {
                Some((old, count)) => world.replace_id(old, ModelSession { count, ..fresh }),
                None => world.add(fresh),
            };
            open.ended = false;
            open.successor = None;
        }
        Step::Remember { remember } => {
            let remembered = open.session.remember(*remember).await;
            open.remember = *remember;
            if no_session {
                remembered.unwrap();
            } else if active.is_some() {
                remembered.unwrap();
                let session = world.active(open.target).unwrap();
                session.ends = if *remember {
                    session.began + REMEMBERED_TIMEOUT
                } else {
                    session.ends.min(now + ABSOLUTE_TIMEOUT)
                };
                session.remembered = *remember;
                session.used = now;
            } else {
                assert!(matches!(remembered, Err(SessionError::Ended)), "{remembered:?}");
                open.mark_ended_once(world);
            }
        }
        Step::End => {
            open.session.end().await.unwrap();
            match (open.target, open.ended) {
                (Target::Session(_), true) => {
                    if let Some(successor) = open.successor {
                        world.end(successor);
                    }
                }
                (Target::Session(index), false) => world.end(index),
                (Target::None, _) => {}
            }
            open.target = Target::None;
            open.ended = false;
            open.remember = false;
        }
        Step::StartOver => {
            let started = open.session.start_over().await.unwrap();
            assert_eq!(started, open.ended && open.successor.is_none());
            if started {
                open.target = Target::None;
                open.ended = false;
            }
        }
        Step::Begin { .. } | Step::Respond | Step::Wait { .. } | Step::Sweep | Step::EndOwned { .. } => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Security: 15.4.1
    #[test]
    fn any_interleaving_matches_the_model(steps in proptest::collection::vec(step(), 1..100)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            for servers in TestSessions::server_pairs().await {
                run(&steps, servers).await;
            }
        });
    }
}
