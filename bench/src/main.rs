//! Drives Satchel's release and a server written by hand with the same load, in turns, and prints what came out as Markdown.
//! `bin/bench` builds what it needs and starts it.

mod load;
mod servers;
mod table;

use std::path::PathBuf;

use clap::Parser;

use crate::{
    load::{Load, Outcome},
    servers::{Baseline, Satchel, VISITORS},
};

/// Satchel beside a server written by hand, under the same load.
#[derive(Parser)]
pub(crate) struct Options {
    /// The release that bin/build made.
    #[arg(long, default_value = "target/satchel")]
    release: PathBuf,
    /// How often each measurement is repeated; the middle one counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each takes, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many connections are open at once.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How many sessions are in Satchel's database besides those that are used.
    #[arg(long, default_value_t = 0)]
    sleepers: u64,
    /// Satchel keeps nothing in memory, as where several servers share a database.
    #[arg(long)]
    uncached: bool,
}

/// One thing that both servers do.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    /// The same for the other server.
    baseline: &'static str,
    visitors: Visitors,
    /// Whether each request has an address of its own, so that no page can be shown again.
    fresh: bool,
    aim: Option<f64>,
}

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) enum Visitors {
    /// Without a cookie.
    New,
    /// Signed in, three things in the cart.
    SignedIn,
}

const CASES: [Case; 4] = [
    Case {
        name: "home, new visitor",
        method: "GET",
        path: "/",
        baseline: "/",
        visitors: Visitors::New,
        fresh: false,
        aim: Some(1.25),
    },
    Case {
        name: "home, signed in, 3 items",
        method: "GET",
        path: "/",
        baseline: "/",
        visitors: Visitors::SignedIn,
        fresh: false,
        aim: Some(1.5),
    },
    Case {
        name: "cart, 3 lines",
        method: "GET",
        path: "/cart",
        baseline: "/cart",
        visitors: Visitors::SignedIn,
        fresh: false,
        aim: Some(1.75),
    },
    Case {
        name: "visit (session write)",
        method: "POST",
        path: "/api/visits/record",
        baseline: "/visits",
        visitors: Visitors::SignedIn,
        fresh: false,
        aim: Some(1.2),
    },
];

/// What came out for a case, round by round.
pub(crate) struct Measured {
    case: Case,
    ours: Vec<Outcome>,
    theirs: Vec<Outcome>,
}

/// What rendering alone takes. Measured last: it has no aim, and the memory is that of what has one.
const RENDERED: Case = Case { name: "home, signed in, no page kept", fresh: true, aim: None, ..CASES[1] };

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let satchel = Satchel::start(&options)?;
    let sizes = satchel.page_sizes()?;
    let baseline = Baseline::start(&sizes)?;
    let measured = measure(&options, &satchel, &baseline, &CASES)?;
    let memory = (satchel.server.memory()?, baseline.server.memory()?);
    let rendered = measure(&options, &satchel, &baseline, &[RENDERED])?;
    let rows = measured.iter().chain(&rendered).map(table::row);
    say(&format!(
        "{}{}",
        table::speed(rows, memory, &options, VISITORS),
        table::bytes(&satchel.first_page()?, &options.release)?
    ));
    Ok(())
}

/// Each case for both servers, in all rounds.
fn measure(
    options: &Options,
    satchel: &Satchel,
    baseline: &Baseline,
    cases: &[Case],
) -> anyhow::Result<Vec<Measured>> {
    let mut measured: Vec<_> =
        cases.iter().map(|&case| Measured { case, ours: Vec::new(), theirs: Vec::new() }).collect();
    for round in 0..options.rounds {
        // What the start and the signing in took is no part of the load.
        if round == 1 {
            satchel.server.forget_memory()?;
            baseline.server.forget_memory()?;
        }
        for Measured { case, ours, theirs } in &mut measured {
            let load = Load::new(options, case);
            let our_turn = || load.run(&satchel.server, case.path, satchel.cookies(case.visitors));
            let their_turn = || load.run(&baseline.server, case.baseline, baseline.cookies(case.visitors));
            // The second one runs on a warmer machine, so they take turns.
            if round % 2 == 0 {
                ours.push(our_turn()?);
                theirs.push(their_turn()?);
            } else {
                theirs.push(their_turn()?);
                ours.push(our_turn()?);
            }
        }
    }
    Ok(measured)
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn say(text: &str) {
    println!("{text}");
}
