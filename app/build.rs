//! Cuts the code that pages show out of the source, for the server's half alone: the browser's carries none of it.

#[cfg(feature = "ssr")]
#[path = "src/source/table.rs"]
#[expect(dead_code, unreachable_pub, reason = "the app and its tests read it too")]
mod table;

#[cfg(not(feature = "ssr"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

/// Writes `FOLDS`, and tells cargo which files it was made from.
#[cfg(feature = "ssr")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::{collections::BTreeSet, env, fs, path::PathBuf};

    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..");
    let mut files = BTreeSet::from(["app/build.rs", "app/src/source/table.rs"]);
    let mut folds = Vec::new();
    for fold in table::TABLE {
        let mut html = format!("<p>{}</p>", snippets::escape(fold.about));
        for (path, items) in fold.code {
            files.insert(path);
            let code = snippets::Quote::items(path, items).read(&root);
            let code = code
                .map_err(|error| format!("the fold \"{}\" in app/src/source/table.rs: {error}", fold.page))?;
            html += &figure(path, &code);
        }
        folds.push((fold.page, html));
    }
    for file in files {
        println!("cargo::rerun-if-changed={}", root.join(file).display());
    }
    let rust = format!("/// The code of all folds.\npub const FOLDS: Folds = Folds(&{folds:?});\n");
    Ok(fs::write(PathBuf::from(env::var("OUT_DIR")?).join("folds.rs"), rust)?)
}

/// A file's name, and code from it. Long lines scroll, also by keyboard: so it takes the focus, and has a name.
#[cfg(feature = "ssr")]
fn figure(path: &str, code: &str) -> String {
    let code = snippets::highlight(code.trim_end());
    format!(
        "<figure><figcaption><code>{path}</code></figcaption>\
         <pre tabindex=\"0\" role=\"region\" aria-label=\"Code from {path}\"><code>{code}</code></pre></figure>"
    )
}
