//! Inside a folder, too, imports go one way: no files of a folder name one another in a circle, a folder below it counting as one
//! file. A `mod.rs` names its children by declaring them, so none of them names it.

#[path = "support/sources.rs"]
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sources::{ROOTS, code, files_below};

/// A module by its place: `["compare", "depth"]` is `compare/depth.rs`, or `compare/depth/mod.rs`.
type Module = Vec<String>;

/// One file names something of another.
#[derive(Clone, Debug)]
struct Import {
    from: Module,
    to: Module,
    /// As it is written, braces expanded.
    path: String,
}

fn module(path: &Path) -> Module {
    let mut parts: Module = path
        .with_extension("")
        .iter()
        .map(|p| p.to_string_lossy().into_owned())
        .collect();
    if parts
        .last()
        .is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str()))
    {
        parts.pop();
    }
    parts
}

/// What a line says behind `pub`, and behind where that is to be seen.
fn declared(line: &str) -> &str {
    let line = line.trim_start();
    match (line.strip_prefix("pub "), line.strip_prefix("pub(")) {
        (Some(rest), _) => rest,
        (_, Some(inner)) => inner.split_once(')').map_or(line, |(_, rest)| rest.trim_start()),
        _ => line,
    }
}

/// The paths of a `use`: `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn expanded(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, inner)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap().trim().to_owned()];
    };
    let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            _ => parts.last_mut().unwrap().push(c),
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| expanded(part))
        .map(|rest| format!("{}{rest}", prefix.trim()))
        .collect()
}

/// A line without what each `pub(in …)` names: who may see a thing, not whom it needs.
fn without_reach(line: &str) -> String {
    let mut parts = line.split("pub(in ");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once(')').map_or(part, |(_, rest)| rest));
    std::iter::once(first).chain(rest).collect()
}

/// The paths in a line of code: words joined by `::`.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    words
        .map(|word| word.trim_matches(':'))
        .filter(|word| word.contains("::"))
}

/// All paths that a file writes, and the modules that it declares as `self::NAME`.
fn written(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut import: Option<String> = None;
    for line in code(text) {
        if import.is_none() {
            let item = declared(line);
            if let Some(name) = item.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
                all.push(format!("self::{name}"));
            } else if item.starts_with("use ") {
                import = Some(String::new());
            } else {
                all.extend(paths(&without_reach(item)).map(str::to_owned));
            }
        }
        if let Some(tree) = &mut import {
            tree.push_str(line);
            tree.push(' ');
            if line.trim_end().ends_with(';') {
                let tree = import.take().unwrap_or_default();
                let tree = declared(&tree).trim_start_matches("use ");
                all.extend(expanded(tree.trim_end().trim_end_matches(';')));
            }
        }
    }
    all
}

/// The module of this crate that a path is in, where it is in one.
fn target(path: &str, own: &Module, known: &BTreeSet<Module>) -> Option<Module> {
    let mut words = path.split("::").map(str::trim).peekable();
    let mut at = match *words.peek()? {
        "crate" => {
            words.next();
            Vec::new()
        }
        "self" => {
            words.next();
            own.clone()
        }
        "super" => {
            let mut at = own.clone();
            while words.next_if_eq(&"super").is_some() {
                at.pop()?;
            }
            at
        }
        _ => own.clone(),
    };
    for word in words {
        at.push(word.to_owned());
        if !known.contains(&at) {
            at.pop();
            break;
        }
    }
    // What the root hands on is of another crate.
    (at != *own && !at.is_empty()).then_some(at)
}

fn imports(files: &BTreeMap<PathBuf, String>) -> Vec<Import> {
    let known: BTreeSet<Module> = files.keys().map(|path| module(path)).collect();
    let mut all = Vec::new();
    for (path, text) in files {
        let from = module(path);
        for path in written(text) {
            if let Some(to) = target(&path, &from, &known) {
                let from = from.clone();
                all.push(Import { from, to, path });
            }
        }
    }
    all
}

/// What a module is to a folder: one of its files, one of the folders in it, or its own `mod.rs`; `None` of what is not in it.
fn unit<'m>(module: &'m Module, folder: &[String]) -> Option<&'m str> {
    let rest = module.strip_prefix(folder)?;
    Some(rest.first().map_or("mod", String::as_str))
}

/// The circles of each folder, in words.
fn circles(imports: &[Import]) -> Vec<String> {
    let modules = imports.iter().flat_map(|import| [&import.from, &import.to]);
    let folders: BTreeSet<&[String]> = modules
        .flat_map(|module| (0..module.len()).map(|n| &module[..n]))
        .collect();
    let mut found = Vec::new();
    for folder in folders {
        let mut edges: BTreeMap<(&str, &str), &Import> = BTreeMap::new();
        for import in imports {
            if let (Some(from), Some(to)) = (unit(&import.from, folder), unit(&import.to, folder))
                && from != to
            {
                edges.entry((from, to)).or_insert(import);
            }
        }
        let units: BTreeSet<&str> = edges.keys().flat_map(|(from, to)| [*from, *to]).collect();
        let mut reached: BTreeSet<(&str, &str)> = edges.keys().copied().collect();
        for by in &units {
            for from in &units {
                for to in &units {
                    if reached.contains(&(*from, *by)) && reached.contains(&(*by, *to)) {
                        reached.insert((*from, *to));
                    }
                }
            }
        }
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for unit in &units {
            let is_back = |other: &&&str| reached.contains(&(*unit, **other)) && reached.contains(&(**other, *unit));
            let circle: Vec<&str> = units.iter().filter(is_back).copied().collect();
            if circle.is_empty() || !told.insert(circle[0]) {
                continue;
            }
            let mut text = format!("{}/: {}", folder.join("/"), circle.join(", "));
            for ((from, to), import) in &edges {
                if circle.contains(from) && circle.contains(to) {
                    let file = import.from.join("/");
                    text.push_str(&format!("\n    {from} -> {to}: {file} has {}", import.path));
                }
            }
            found.push(text);
        }
    }
    found
}

#[test]
fn files_of_a_folder_name_one_another_in_one_direction() {
    let mut wrong = Vec::new();
    for root in ROOTS {
        let imports = imports(&files_below(root));
        assert!(
            imports.len() > 700,
            "{root}: only {} imports seen: does this test still read them?",
            imports.len()
        );
        wrong.extend(circles(&imports).into_iter().map(|circle| format!("{root}/{circle}")));
    }
    assert!(
        wrong.is_empty(),
        "files import one another in a circle; what both need belongs in a file below them:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_module_with_children_is_the_mod_file_of_their_folder() {
    let mut wrong = Vec::new();
    for root in ROOTS {
        for path in files_below(root).keys() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(root)
                .join(path.with_extension(""));
            if fs::metadata(folder).is_ok_and(|found| found.is_dir()) {
                wrong.push(format!("{root}/{}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "these stand beside a folder of their name; move them to its mod.rs:\n{}",
        wrong.join("\n")
    );
}

/// The circles of some files by their paths and texts.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let files = files
        .iter()
        .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
    circles(&imports(&files.collect()))
}

#[test]
fn a_circle_is_told_with_one_import_for_each_step() {
    let told = circles_of(&[
        ("lib.rs", "mod a;\n"),
        ("a/mod.rs", "mod b;\nmod c;\nmod d;\npub use b::B;\n"),
        ("a/b.rs", "use std::fmt;\nuse super::{\n    c::{C, E},\n    d::D,\n};\n"),
        ("a/c.rs", "fn c() -> u8 {\n    super::d::of(1)\n}\n"),
        ("a/d.rs", "use crate::a::b;\n"),
    ]);
    assert_eq!(
        told,
        [
            "a/: b, c, d\n    b -> c: a/b has super::c::C\n    b -> d: a/b has super::d::D\n    c -> d: a/c has super::d::of\n    \
             d -> b: a/d has crate::a::b"
        ]
    );
}

#[test]
fn a_child_that_names_its_mod_file_is_in_a_circle_with_it() {
    let with = |child: &str| circles_of(&[("a/mod.rs", "pub mod b;\npub struct A;\n"), ("a/b.rs", child)]);
    assert_eq!(with("use super::A;\n").len(), 1);
    assert_eq!(with("use super::*;\n").len(), 1);
    assert_eq!(with("pub(in crate::a) struct B(pub(in crate::a) u8);\n"), [""; 0]);
    assert_eq!(with("// super::A\nuse std::fs;\n"), [""; 0]);
    assert_eq!(
        with("struct B;\n\n#[cfg(test)]\nmod tests {\n    use super::super::A;\n}\n"),
        [""; 0]
    );
}

#[test]
fn folders_are_seen_from_outside_as_one_file() {
    let told = circles_of(&[
        ("a/mod.rs", "mod b;\nmod c;\n"),
        ("a/b/mod.rs", "mod x;\n"),
        ("a/b/x.rs", "use crate::a::c::C;\n"),
        ("a/c.rs", "use super::b::B;\n"),
    ]);
    assert_eq!(
        told,
        ["a/: b, c\n    b -> c: a/b/x has crate::a::c::C\n    c -> b: a/c has super::b::B"]
    );
}
