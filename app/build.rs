//! Generates the folds "How this works" from the files `how_it_works.md` in the folders of features. Such a file has a name, a page and a
//! title, then a text, then lines with a source file and the items to show.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

/// A file `how_it_works.md`.
struct Fold {
    name: String,
    page: String,
    title: String,
    text: String,
    /// Files and their items, separated by semicolons.
    code: Vec<(String, String)>,
}

impl Fold {
    fn parse(file: &Path) -> Result<Self, Box<dyn Error>> {
        let (mut fields, mut text, mut code) = (Vec::new(), String::new(), Vec::new());
        for line in fs::read_to_string(file)?.lines().filter(|line| !line.is_empty()) {
            match line.split_once(": ") {
                Some((path, items)) if path.ends_with(".rs") => {
                    code.push((path.to_owned(), items.to_owned()))
                }
                Some((_, field)) if fields.len() < 3 => fields.push(field.to_owned()),
                _ => text += line,
            }
        }
        let [name, page, title] =
            <[String; 3]>::try_from(fields).map_err(|_| "a name, a page and a title are needed")?;
        Ok(Self { name, page, title, text, code })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    let mut files = Vec::new();
    find(Path::new("src"), &mut files)?;
    files.sort();
    let mut folds = Vec::new();
    for file in files {
        folds.push(Fold::parse(&file).map_err(|error| format!("{}: {error}", file.display()))?);
    }
    let list: String = folds
        .iter()
        .map(|Fold { name, page, title, .. }| {
            format!("Fold {{ name: {name:?}, page: {page:?}, title: {title:?} }},")
        })
        .collect();
    write("folds.rs", &format!("/// All folds.\npub const FOLDS: &[Fold] = &[{list}];\n"))?;
    write_code(&folds)
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

fn write(name: &str, rust: &str) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(PathBuf::from(env::var("OUT_DIR")?).join(name), rust)?)
}

#[cfg(not(feature = "ssr"))]
fn write_code(folds: &[Fold]) -> Result<(), Box<dyn Error>> {
    // The browser's code contains no code of folds.
    let _ = folds.iter().map(|fold| (&fold.text, &fold.code));
    Ok(())
}

#[cfg(feature = "ssr")]
fn write_code(folds: &[Fold]) -> Result<(), Box<dyn Error>> {
    let root = Path::new("..");
    let mut code = Vec::new();
    for fold in folds {
        let mut html = format!("<p>{}</p>", snippets::escape(&fold.text));
        for (path, items) in &fold.code {
            let items: Vec<&str> = items.split("; ").collect();
            html += &figure(path, &snippets::Quote::items(path, &items).read(root)?);
        }
        code.push((&fold.name, html));
    }
    write("code.rs", &format!("const CODE: &[(&str, &str)] = &{code:?};\n"))
}

/// A file's name, and code from it. Focusable, so that long lines can be scrolled by keyboard.
#[cfg(feature = "ssr")]
fn figure(path: &str, code: &str) -> String {
    let code = snippets::highlight(code.trim_end());
    format!(
        "<figure><figcaption><code>{path}</code></figcaption>\
         <pre tabindex=\"0\" role=\"region\" aria-label=\"Code from {path}\"><code>{code}</code></pre></figure>"
    )
}
