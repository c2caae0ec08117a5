//! Generates the folds "How this works" from the files `how_it_works.md` in the folders of features. Such a file has a name, a page and a
//! title, then a text, then lines with a source file and the items to show.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    let mut files = Vec::new();
    find(Path::new("src"), &mut files)?;
    files.sort();
    let mut folds = String::new();
    for file in files {
        folds += &fold(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let rust = format!("/// All folds.\npub const FOLDS: &[Fold] = &[{folds}];\n");
    Ok(fs::write(PathBuf::from(env::var("OUT_DIR")?).join("folds.rs"), rust)?)
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.ends_with("how_it_works.md") {
            files.push(path);
        }
    }
    Ok(())
}

/// The Rust expression of a fold.
fn fold(file: &Path) -> Result<String, Box<dyn Error>> {
    let (mut fields, mut text, mut code) = (Vec::new(), String::new(), Vec::new());
    for line in fs::read_to_string(file)?.lines().filter(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some((path, items)) if path.ends_with(".rs") => code.push((path.to_owned(), items.to_owned())),
            Some((_, field)) if fields.len() < 3 => fields.push(field.to_owned()),
            _ => text += line,
        }
    }
    let [name, page, title] =
        <[String; 3]>::try_from(fields).map_err(|_| "a name, a page and a title are needed")?;
    let html = html(&text, &code)?;
    Ok(format!("Fold {{ name: {name:?}, page: {page:?}, title: {title:?}, html: {html:?} }},"))
}

/// The browser's part of the app contains no code of folds.
#[cfg(not(feature = "ssr"))]
fn html(_text: &str, _code: &[(String, String)]) -> Result<String, Box<dyn Error>> {
    Ok(String::new())
}

/// The text, and a figure for each file. Figures are focusable, so that long lines can be scrolled by keyboard.
#[cfg(feature = "ssr")]
fn html(text: &str, code: &[(String, String)]) -> Result<String, Box<dyn Error>> {
    let mut html = format!("<p>{}</p>", snippets::escape(text));
    for (path, items) in code {
        let code = snippets::quote(&format!("{path}, {items}, without docs"), Path::new(".."))?;
        let code = snippets::highlight(code.trim_end());
        html += &format!(
            "<figure><figcaption><code>{path}</code></figcaption>\
             <pre tabindex=\"0\" role=\"region\" aria-label=\"Code from {path}\"><code>{code}</code></pre></figure>"
        );
    }
    Ok(html)
}
