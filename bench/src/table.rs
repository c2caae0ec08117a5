//! The results as Markdown tables.

use std::{fmt::Write, fs, path::Path};

use crate::{Measured, Options, load::Outcome};

/// A row of the speed table.
pub(crate) fn row(Measured { case, ours, theirs }: &Measured) -> String {
    let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours.rate / theirs.rate).collect();
    let of_all = |outcomes: &[Outcome], of: fn(&Outcome) -> f64| median(outcomes.iter().map(of).collect());
    format!(
        "| {} | {:.0} | {:.0} | **{:.2}** | {} | {:.2} / {:.2} | {:.2} / {:.2} |",
        case.name,
        of_all(ours, |outcome| outcome.rate),
        of_all(theirs, |outcome| outcome.rate),
        median(ratios),
        case.aim.map_or(String::new(), |aim| format!("{aim:.2}")),
        of_all(ours, |outcome| outcome.p50),
        of_all(theirs, |outcome| outcome.p50),
        of_all(ours, |outcome| outcome.p99),
        of_all(theirs, |outcome| outcome.p99),
    )
}

/// The speed table, and the peak memory of both servers in MiB.
pub(crate) fn speed(
    rows: impl Iterator<Item = String>,
    (ours, theirs): (f64, f64),
    options: &Options,
    visitors: usize,
) -> String {
    let mut text = format!(
        "{} rounds of {} s, {} connections, {visitors} visitors, {} other sessions\n\n\
         | | Satchel, per second | by hand | ratio | aim | p50, ms | p99, ms |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        options.rounds, options.seconds, options.connections, options.idle_sessions
    );
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    // Writing to a `String` never fails.
    let _ = writeln!(text, "\nMemory at most: {ours:.1} MiB, by hand {theirs:.1} MiB\n");
    text
}

/// The sizes of the code that the page loads.
pub(crate) fn bytes(page: &str, release: &Path) -> anyhow::Result<String> {
    let mut text = String::from("| of the first page | bytes | as Brotli |\n| --- | ---: | ---: |\n");
    let mut sum = (0, 0);
    for path in files(page) {
        let file = release.join("site").join(path.trim_start_matches('/'));
        let whole = fs::metadata(&file)?.len();
        let compressed = fs::metadata(file.with_added_extension("br"))?.len();
        sum = (sum.0 + whole, sum.1 + compressed);
        let _ = writeln!(text, "| `{path}` | {whole} | {compressed} |");
    }
    let _ = writeln!(text, "| together | {} | {} |", sum.0, sum.1);
    Ok(text)
}

/// The WebAssembly of the page, and the script that starts it.
fn files(page: &str) -> Vec<String> {
    let code = page.split('"').filter(|text| text.starts_with("/pkg") && text.ends_with(".wasm"));
    code.flat_map(|wasm| [wasm.replace(".wasm", ".js"), wasm.to_owned()]).collect()
}

/// The median of an odd number of values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
