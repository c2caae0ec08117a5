//! Random interleavings of everything that can be done to sessions, over several browsers and two servers, against a model
//! that is simple enough to be right.

use proptest::prelude::*;
use session::{Session, SessionError};
use time::Duration;

use crate::harness::{Browser, Count, NOON, TestSessions, increment};

/// Tabs 0 and 1 belong to one browser, tab 2 to another one.
const TABS: usize = 3;
const BROWSER_OF: [usize; TABS] = [0, 0, 1];

/// A step of one browser. `Begin` opens a request that stays open until `Respond`, so that others come in between.
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

/// What the model knows of a session: its counter and its clocks, in minutes.
#[derive(Clone, Debug)]
struct Modelled {
    count: u64,
    used: i64,
    began: i64,
    ends: i64,
    remembered: bool,
    owner: Option<&'static str>,
}

const USUAL: i64 = 12 * 60;
const REMEMBERED: i64 = 31 * 24 * 60;

fn lifetime(remembered: bool) -> i64 {
    if remembered { REMEMBERED } else { USUAL }
}

impl Modelled {
    fn is_over(&self, now: i64) -> bool {
        let idle = if self.remembered { REMEMBERED } else { 30 };
        now >= self.used + idle || now >= self.ends
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
    /// What it had been exchanged for then.
    successor: Option<usize>,
    remember: bool,
}

struct Tab {
    browser: Browser,
    open: Option<Open>,
}

/// Sessions by the order in which their ids were made; `None` once dead. A renewal moves one to a new place.
struct World {
    sessions: Vec<Option<Modelled>>,
    /// What an id was exchanged for, and when.
    successors: Vec<Option<(usize, i64)>>,
    /// What each browser's cookie refers to.
    cookies: [Refers; TABS],
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
        self.successors.push(None);
        Refers::To(self.sessions.len() - 1)
    }

    /// Moves a session to a new id.
    fn exchange(&mut self, old: Refers, session: Modelled) -> Refers {
        let Refers::To(place) = old else { unreachable!("only a session is exchanged") };
        self.sessions[place] = None;
        let new = self.add(session);
        let Refers::To(successor) = new else { unreachable!() };
        self.successors[place] = Some((successor, self.now));
        new
    }

    /// What an id was exchanged for within this minute.
    fn successor(&self, place: usize) -> Option<usize> {
        self.successors[place].filter(|(_, at)| *at == self.now).map(|(successor, _)| successor)
    }

    /// Ends a session, under whichever id it goes on.
    fn end(&mut self, mut place: usize) {
        while self.sessions[place].take().is_none() {
            let Some(successor) = self.successor(place) else { return };
            place = successor;
        }
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
                None => self.lose(world),
            }
        }
    }

    fn lose_unless_dead(&mut self, world: &World) {
        if !self.dead {
            self.lose(world);
        }
    }

    fn lose(&mut self, world: &World) {
        if let Refers::To(place) = self.refers {
            self.dead = true;
            self.successor = world.successor(place);
        }
    }
}

async fn run(steps: &[(usize, Step)], (test, other): (TestSessions, TestSessions)) {
    let mut world = World {
        sessions: Vec::new(),
        successors: Vec::new(),
        cookies: [Refers::Nothing; TABS],
        now: NOON / 60,
    };
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
                let mut modelled = 0;
                for slot in &mut world.sessions {
                    if slot
                        .take_if(|session| session.owner == Some(owner))
                        .is_some_and(|session| !session.is_over(world.now))
                    {
                        modelled += 1;
                    }
                }
                // Those that are over and not swept yet are ended once more.
                assert!(ended >= modelled, "{ended} {modelled}");
            }
            (Step::Begin { server }, open @ None) => {
                let browser = if *server { tab.browser.clone() } else { tab.browser.talking_to(&other) };
                *open = Some(Open {
                    session: browser.request(),
                    refers: world.cookies[jar],
                    looked: false,
                    dead: false,
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
                    world.cookies[jar] = if after.is_some() { open.refers } else { Refers::Nothing };
                }
                // Whatever the browser holds now is the session that the model says, or none.
                let session = tab.browser.request();
                let count = session.read::<Count>().await.unwrap().map_or(0, |count| count.0);
                let alive = session.lifetime().await.unwrap().is_some();
                let seen = alive.then_some((count, session.owner().await.unwrap()));
                let (cookie, now) = (world.cookies[jar], world.now);
                let modelled = world.alive(cookie).map(|session| {
                    session.used = now;
                    (session.count, session.owner.map(str::to_owned))
                });
                assert_eq!(seen, modelled);
            }
            (Step::Begin { .. }, Some(_)) | (_, None) => {}
            (step, Some(open)) => {
                open.look(&mut world);
                act(step, open, &mut world).await;
            }
        }
    }
    let alive = world.sessions.iter().flatten().filter(|session| !session.is_over(world.now)).count();
    test.sessions.sweep().await.unwrap();
    assert_eq!(test.rows().await, i64::try_from(alive).unwrap(), "no session too many, none too few");
}

/// One call to an open request's session, and what the model says it must do.
async fn act(step: &Step, open: &mut Open, world: &mut World) {
    let now = world.now;
    let alive = world.alive(open.refers).filter(|_| !open.dead).cloned();
    let nothing = open.refers == Refers::Nothing;
    match step {
        Step::Read => {
            let read = open.session.read::<Count>().await.unwrap().map_or(0, |count| count.0);
            let owner = open.session.owner().await.unwrap();
            // Within a request the snapshot may be older than the newest value, never newer, and is nobody else's.
            if open.dead || nothing {
                assert_eq!((read, owner), (0, None));
            } else if let Some(newest) = alive {
                assert!(read <= newest.count, "{read:?} {newest:?}");
                assert_eq!(owner.as_deref(), newest.owner);
            }
        }
        Step::Update => {
            let updated = open.session.update(increment).await;
            if nothing {
                assert_eq!(updated.unwrap(), 1);
                let ends = now + lifetime(open.remember);
                open.refers = world.add(Modelled {
                    count: 1,
                    used: now,
                    began: now,
                    ends,
                    remembered: open.remember,
                    owner: None,
                });
            } else if alive.is_some() {
                let session = world.alive(open.refers).unwrap();
                session.count += 1;
                session.used = now;
                assert_eq!(updated.unwrap(), session.count, "applied to the newest value, once");
            } else {
                assert!(matches!(updated, Err(SessionError::Ended)), "{updated:?}");
                open.lose_unless_dead(world);
            }
        }
        Step::Renew => {
            let renewed = open.session.renew().await;
            if nothing {
                renewed.unwrap();
            } else if let Some(session) = alive {
                renewed.unwrap();
                open.refers = world.exchange(open.refers, session);
            } else {
                assert!(matches!(renewed, Err(SessionError::Ended)), "{renewed:?}");
                open.lose_unless_dead(world);
            }
        }
        Step::Restart { owner, remember } => {
            open.session.restart(owner, *remember).await.unwrap();
            open.remember = *remember;
            let ends = now + lifetime(*remember);
            let fresh = Modelled {
                count: 0,
                used: now,
                began: now,
                ends,
                remembered: *remember,
                owner: Some(*owner),
            };
            let kept = match alive {
                Some(session) if session.owner.is_none_or(|before| before == *owner) => {
                    Some((open.refers, session.count))
                }
                Some(_) => {
                    let Refers::To(place) = open.refers else { unreachable!() };
                    world.sessions[place] = None;
                    None
                }
                None => {
                    open.lose_unless_dead(world);
                    let successor = open.successor.map_or(Refers::Nothing, Refers::To);
                    let session = world.alive(successor).filter(|session| session.owner == Some(*owner));
                    session.map(|session| session.count).map(|count| (successor, count))
                }
            };
            open.refers = match kept {
                Some((old, count)) => world.exchange(old, Modelled { count, ..fresh }),
                None => world.add(fresh),
            };
            open.dead = false;
            open.successor = None;
        }
        Step::Remember { remember } => {
            let remembered = open.session.remember(*remember).await;
            open.remember = *remember;
            if nothing {
                remembered.unwrap();
            } else if alive.is_some() {
                remembered.unwrap();
                let session = world.alive(open.refers).unwrap();
                session.ends =
                    if *remember { session.began + REMEMBERED } else { session.ends.min(now + USUAL) };
                session.remembered = *remember;
                session.used = now;
            } else {
                assert!(matches!(remembered, Err(SessionError::Ended)), "{remembered:?}");
                open.lose_unless_dead(world);
            }
        }
        Step::End => {
            open.session.end().await.unwrap();
            match (open.refers, open.dead) {
                (Refers::To(_), true) => {
                    if let Some(successor) = open.successor {
                        world.end(successor);
                    }
                }
                (Refers::To(place), false) => world.end(place),
                (Refers::Nothing, _) => {}
            }
            open.refers = Refers::Nothing;
            open.dead = false;
            open.remember = false;
        }
        Step::StartOver => {
            let started = open.session.start_over().await.unwrap();
            assert_eq!(started, open.dead && open.successor.is_none());
            if started {
                open.refers = Refers::Nothing;
                open.dead = false;
            }
        }
        Step::Begin { .. } | Step::Respond | Step::Wait { .. } | Step::Sweep | Step::EndOwned { .. } => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Security: 15.4.1
    #[test]
    fn any_interleaving_agrees_with_the_model(steps in proptest::collection::vec(step(), 1..100)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            for servers in TestSessions::pairs().await {
                run(&steps, servers).await;
            }
        });
    }
}
