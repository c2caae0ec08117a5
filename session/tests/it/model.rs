//! Random interleavings of everything that can be done to sessions, over several browsers and two servers, against a model
//! that is simple enough to be right.

use proptest::prelude::*;
use session::{Session, SessionError};
use time::Duration;

use crate::harness::{Browser, Count, NOON, TestSessions, increment};

const BROWSERS: usize = 3;

/// A step of one browser. `Begin` opens a request that stays open until `Respond`, so that others come in between.
#[derive(Clone, Debug)]
enum Step {
    Begin { server: bool },
    Read,
    Update,
    Renew,
    Restart { remember: bool },
    End,
    Respond,
    Wait { minutes: i64 },
    Sweep,
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let step = prop_oneof![
        4 => any::<bool>().prop_map(|server| Step::Begin { server }),
        4 => Just(Step::Read),
        8 => Just(Step::Update),
        2 => Just(Step::Renew),
        1 => any::<bool>().prop_map(|remember| Step::Restart { remember }),
        1 => Just(Step::End),
        5 => Just(Step::Respond),
        2 => (0..40i64).prop_map(|minutes| Step::Wait { minutes }),
        1 => Just(Step::Sweep),
    ];
    (0..BROWSERS, step)
}

/// What the model knows of a session: its counter and its clocks, in minutes.
#[derive(Clone, Debug)]
struct Modelled {
    count: u64,
    used: i64,
    began: i64,
    remembered: bool,
}

impl Modelled {
    fn is_over(&self, now: i64) -> bool {
        let (idle, lifetime) = if self.remembered { (31 * 24 * 60, 31 * 24 * 60) } else { (30, 12 * 60) };
        now >= self.used + idle || now >= self.began + lifetime
    }
}

/// What an open request refers to: a place in the model's list of sessions, or nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Refers {
    Nothing,
    To(usize),
}

struct Open {
    session: Session,
    refers: Refers,
    /// Whether the store was asked for the presented session yet.
    looked: bool,
    /// Whether it was found to be over.
    dead: bool,
    remember: bool,
}

struct Tab {
    browser: Browser,
    open: Option<Open>,
    /// What the browser's cookie refers to.
    cookie: Refers,
}

/// Sessions by the order in which their ids were made; `None` once dead. A renewal moves one to a new place.
struct World {
    sessions: Vec<Option<Modelled>>,
    now: i64,
}

impl World {
    fn alive(&mut self, refers: Refers) -> Option<&mut Modelled> {
        let Refers::To(place) = refers else { return None };
        let now = self.now;
        let slot = &mut self.sessions[place];
        if slot.as_ref().is_some_and(|session| session.is_over(now)) {
            *slot = None;
        }
        slot.as_mut()
    }

    fn add(&mut self, session: Modelled) -> Refers {
        self.sessions.push(Some(session));
        Refers::To(self.sessions.len() - 1)
    }
}

impl Open {
    /// Mirrors the first look at the presented session. Looking is using.
    fn look(&mut self, world: &mut World) {
        let now = world.now;
        if !self.looked {
            self.looked = true;
            match world.alive(self.refers) {
                Some(session) => session.used = now,
                None => self.dead = self.refers != Refers::Nothing,
            }
        }
    }
}

async fn run(steps: Vec<(usize, Step)>) {
    let test = TestSessions::new().await;
    let other = test.elsewhere().await;
    let mut world = World { sessions: Vec::new(), now: NOON / 60 };
    let mut tabs: Vec<_> =
        (0..BROWSERS).map(|_| Tab { browser: test.browser(), open: None, cookie: Refers::Nothing }).collect();
    for (number, step) in steps {
        // All browsers share one cookie jar in pairs: 0 and 1 are tabs of one browser.
        let now = world.now;
        let tab = &mut tabs[number];
        match (&step, &mut tab.open) {
            (Step::Wait { minutes }, _) => {
                test.clock.advance(Duration::minutes(*minutes));
                world.now += minutes;
            }
            (Step::Sweep, _) => drop(test.sessions.sweep().await.unwrap()),
            (Step::Begin { server }, open @ None) => {
                let browser = if *server { tab.browser.clone() } else { tab.browser.talking_to(&other) };
                let session = browser.request();
                *open =
                    Some(Open { session, refers: tab.cookie, looked: false, dead: false, remember: false });
            }
            (Step::Read, Some(open)) => {
                open.look(&mut world);
                let read = open.session.read::<Count>().await.unwrap().map(|count| count.0);
                // Within a request the snapshot may be older than the newest value, never newer, and is nobody else's.
                let newest = world.alive(open.refers).map(|session| session.count);
                if open.dead || open.refers == Refers::Nothing {
                    assert_eq!(read, None);
                } else if let Some(newest) = newest {
                    assert!(read.is_some_and(|read| read <= newest), "{read:?} {newest}");
                }
            }
            (Step::Update, Some(open)) => {
                open.look(&mut world);
                let updated = open.session.update(increment).await;
                if open.refers == Refers::Nothing {
                    assert_eq!(updated.unwrap(), 1);
                    open.refers =
                        world.add(Modelled { count: 1, used: now, began: now, remembered: open.remember });
                } else if let Some(session) = world.alive(open.refers).filter(|_| !open.dead) {
                    session.count += 1;
                    session.used = now;
                    assert_eq!(updated.unwrap(), session.count, "applied to the newest value, once");
                } else {
                    assert!(matches!(updated, Err(SessionError::Ended)), "{updated:?}");
                    open.dead = true;
                }
            }
            (Step::Renew, Some(open)) => {
                open.look(&mut world);
                let renewed = open.session.renew().await;
                if open.refers == Refers::Nothing {
                    renewed.unwrap();
                } else if let Some(session) = world.alive(open.refers).filter(|_| !open.dead).cloned() {
                    renewed.unwrap();
                    let Refers::To(place) = open.refers else { unreachable!() };
                    world.sessions[place] = None;
                    open.refers = world.add(session);
                } else {
                    assert!(matches!(renewed, Err(SessionError::Ended)), "{renewed:?}");
                    open.dead = true;
                }
            }
            (Step::Restart { remember }, Some(open)) => {
                open.look(&mut world);
                let restarted = open.session.restart(*remember).await;
                if open.dead {
                    open.refers = Refers::Nothing;
                    open.dead = false;
                }
                if open.refers == Refers::Nothing {
                    restarted.unwrap();
                    open.remember = *remember;
                } else if let Some(session) = world.alive(open.refers).cloned() {
                    restarted.unwrap();
                    let Refers::To(place) = open.refers else { unreachable!() };
                    world.sessions[place] = None;
                    open.refers =
                        world.add(Modelled { used: now, began: now, remembered: *remember, ..session });
                } else {
                    assert!(matches!(restarted, Err(SessionError::Ended)), "{restarted:?}");
                    open.dead = true;
                }
            }
            (Step::End, Some(open)) => {
                open.look(&mut world);
                open.session.end().await.unwrap();
                if let Refers::To(place) = open.refers {
                    world.sessions[place] = None;
                }
                open.refers = Refers::Nothing;
                open.dead = false;
                open.remember = false;
            }
            (Step::Respond, Some(_)) => {
                let open = tab.open.take().unwrap();
                let before = tab.browser.cookie();
                tab.browser.respond(&open.session).await;
                let after = tab.browser.cookie();
                if before != after {
                    tab.cookie = if after.is_some() { open.refers } else { Refers::Nothing };
                }
                // Whatever the browser holds now, it is never a session that the model has seen end under another's id.
                let seen = tab.browser.request().read::<Count>().await.unwrap().map(|count| count.0);
                let (cookie, now) = (tab.cookie, world.now);
                let modelled = world.alive(cookie).map(|session| {
                    session.used = now;
                    session.count
                });
                assert_eq!(seen, modelled);
            }
            _ => {}
        }
    }
    let alive = world.sessions.iter().flatten().filter(|session| !session.is_over(world.now)).count();
    test.sessions.sweep().await.unwrap();
    assert_eq!(test.rows().await, i64::try_from(alive).unwrap(), "no session too many, none too few");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_agrees_with_the_model(steps in proptest::collection::vec(step(), 1..80)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(steps));
    }
}
