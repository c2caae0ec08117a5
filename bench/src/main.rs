//! Compares Satchel's release with a hand-written baseline under the same load, and prints the results as Markdown. Run it with
//! `bin/bench`.

mod load;
mod servers;
mod table;

use std::path::PathBuf;

use clap::Parser;

use crate::{
    load::{Load, Outcome},
    servers::{Baseline, Satchel, VISITORS},
};

/// Compares Satchel with a hand-written baseline under the same load.
#[derive(Parser)]
pub(crate) struct Options {
    /// The release that bin/build creates.
    #[arg(long, default_value = "target/satchel")]
    release: PathBuf,
    /// How often each measurement is repeated; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The duration of each measurement, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The number of open connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// The number of idle sessions in Satchel's database.
    #[arg(long = "sleepers", default_value_t = 0)]
    idle_sessions: u64,
    /// Disables Satchel's caches, as if several servers shared the database.
    #[arg(long)]
    uncached: bool,
}

/// A request that both servers handle.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    /// The path on the baseline.
    baseline: &'static str,
    visitors: Visitors,
    aim: Option<f64>,
}

#[derive(Clone, Copy)]
pub(crate) enum Visitors {
    /// Without a cookie.
    New,
    /// Signed in, with three products in the cart.
    SignedIn,
}

const CASES: [Case; 4] = [
    Case {
        name: "home, new visitor",
        method: "GET",
        path: "/",
        baseline: "/",
        visitors: Visitors::New,
        aim: Some(1.25),
    },
    Case {
        name: "home, signed in, 3 items",
        method: "GET",
        path: "/",
        baseline: "/",
        visitors: Visitors::SignedIn,
        aim: Some(1.5),
    },
    Case {
        name: "cart, 3 lines",
        method: "GET",
        path: "/cart",
        baseline: "/cart",
        visitors: Visitors::SignedIn,
        aim: Some(1.75),
    },
    Case {
        name: "visit (session write)",
        method: "POST",
        path: "/api/visits/record",
        baseline: "/visits",
        visitors: Visitors::SignedIn,
        aim: Some(1.2),
    },
];

/// The results of a case in each round.
pub(crate) struct Measured {
    case: Case,
    ours: Vec<Outcome>,
    theirs: Vec<Outcome>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let satchel = Satchel::start(&options)?;
    let sizes = satchel.page_sizes()?;
    let baseline = Baseline::start(&sizes)?;
    let measured = measure(&options, &satchel, &baseline)?;
    let memory = (satchel.server.peak_memory()?, baseline.server.peak_memory()?);
    let rows = measured.iter().map(table::row);
    say(&format!(
        "{}{}",
        table::speed(rows, memory, &options, VISITORS),
        table::bytes(&satchel.first_page()?, &options.release)?
    ));
    Ok(())
}

/// Measures each case on both servers in all rounds.
fn measure(options: &Options, satchel: &Satchel, baseline: &Baseline) -> anyhow::Result<Vec<Measured>> {
    let mut measured: Vec<_> =
        CASES.iter().map(|&case| Measured { case, ours: Vec::new(), theirs: Vec::new() }).collect();
    for round in 0..options.rounds {
        // Leaves out the memory of the start and of the sign-ins.
        if round == 1 {
            satchel.server.reset_peak_memory()?;
            baseline.server.reset_peak_memory()?;
        }
        for Measured { case, ours, theirs } in &mut measured {
            let load = Load::new(options, case);
            let our_turn = || load.run(&satchel.server, case.path, &satchel.folder.cookies(case.visitors));
            let their_turn =
                || load.run(&baseline.server, case.baseline, &baseline.folder.cookies(case.visitors));
            // Alternates the order, because the second one runs on a warmer machine.
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

#[expect(clippy::print_stdout, reason = "the program prints a table")]
fn say(text: &str) {
    println!("{text}");
}
