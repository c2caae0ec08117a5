//! The tables, as Markdown.

use std::{fmt::Write, fs, path::Path};

use crate::{Measured, Options, load::Outcome};

/// One line of the table of speed.
pub(crate) fn row(Measured { case, ours, theirs }: &Measured) -> String {
    let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours.rate / theirs.rate).collect();
    let mid = |outcomes: &[Outcome], of: fn(&Outcome) -> f64| middle(outcomes.iter().map(of).collect());
    format!(
        "| {} | {:.0} | {:.0} | **{:.2}** | {} | {:.2} / {:.2} | {:.2} / {:.2} |",
        case.name,
        mid(ours, |outcome| outcome.rate),
        mid(theirs, |outcome| outcome.rate),
        middle(ratios),
        case.aim.map_or(String::new(), |aim| format!("{aim:.2}")),
        mid(ours, |outcome| outcome.p50),
        mid(theirs, |outcome| outcome.p50),
        mid(ours, |outcome| outcome.p99),
        mid(theirs, |outcome| outcome.p99),
    )
}

/// The table of speed, and the memory that both have held at most, in MiB.
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
        options.rounds, options.seconds, options.connections, options.sleepers
    );
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    // Writing to a text never fails.
    let _ = writeln!(text, "\nMemory at most: {ours:.1} MiB, by hand {theirs:.1} MiB\n");
    text
}

/// What the browser's code weighs that the page asks for by itself.
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

/// The WebAssembly that the page names, and the script of the same name that starts it.
fn files(page: &str) -> Vec<String> {
    let code = page.split('"').filter(|text| text.starts_with("/pkg") && text.ends_with(".wasm"));
    code.flat_map(|wasm| [wasm.replace(".wasm", ".js"), wasm.to_owned()]).collect()
}

/// The middle one of an odd number of values.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
