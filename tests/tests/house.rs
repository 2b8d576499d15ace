//! The rules of the house that no compiler holds: which way the arrows run, what may be depended on, where things lie.
//!
//! `ARCHITECTURE.md` gives the reason for each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Core's modules: each may use only those before it.
const LAYERS: [&str; 10] =
    ["event", "log", "store", "codec", "schema", "narrative", "expr", "pipeline", "engine", "copies"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_owned()
}

/// Every Rust file below a folder, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is UTF-8");
                found.push((path.strip_prefix(root()).expect("below the root").to_owned(), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// The lines of a source file that are code, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Fails with every place where a rule is broken.
fn assert_none(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

/// Every place in the folders' code where one of the patterns stands, but for the files that are excused.
fn places(folders: &[&str], patterns: &[&str], excused: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, text) in folders.iter().flat_map(|folder| sources(folder)).filter(|(path, _)| !excused(path)) {
        for (line, code) in code(&text) {
            broken.extend(
                patterns
                    .iter()
                    .filter(|pattern| code.contains(**pattern))
                    .map(|pattern| format!("{}:{line}: {pattern}", path.display())),
            );
        }
    }
    broken
}

fn this_file(path: &Path) -> bool {
    path.ends_with("tests/tests/house.rs")
}

#[test]
fn a_module_of_core_imports_only_those_before_it() {
    let mut broken = Vec::new();
    for (path, text) in sources("core/src") {
        let inside: Vec<_> = path.strip_prefix("core/src").expect("in core").iter().collect();
        let module = inside[0].to_string_lossy().trim_end_matches(".rs").to_owned();
        let Some(layer) = LAYERS.iter().position(|name| *name == module) else {
            assert_eq!(module, "lib", "{} is of no layer: give it its place in LAYERS", path.display());
            continue;
        };
        let depth = inside.len() - usize::from(path.ends_with("mod.rs"));
        let whole: String = code(&text).flat_map(|(_, line)| [line, "\n"]).collect();
        for imported in imports(&whole, depth.max(1)) {
            if LAYERS.iter().position(|name| *name == imported).is_some_and(|used| used > layer) {
                broken.push(format!("{}: {module} must not use {imported}", path.display()));
            }
        }
    }
    assert_none("event ← log ← store ← codec ← schema ← narrative ← expr", broken);
}

/// The first names after `crate::`, and after as many `super::` as lead out of the module, groups included.
fn imports(code: &str, depth: usize) -> BTreeSet<String> {
    let out_of_module = "super::".repeat(depth);
    let mut names = BTreeSet::new();
    for prefix in ["crate::", out_of_module.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(group_heads(group)),
                None => names.extend(identifier(rest)),
            }
        }
    }
    names
}

fn identifier(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// `a::b, c::{d, e}}` has the heads a and c.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut head = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(std::mem::take(&mut head)),
            c if depth == 0 => head.push(c),
            _ => {}
        }
    }
    heads.push(head);
    heads.iter().filter_map(|head| identifier(head.trim())).collect()
}

#[test]
fn imports_are_found_however_they_are_written() {
    let code =
        "use crate::{\n    event::{A, B},\n    log::C,\n};\nfn f() { crate::store::g(); super::super::expr::h() }";
    assert_eq!(imports(code, 2), ["event", "expr", "log", "store"].map(str::to_owned).into());
    assert_eq!(imports("use super::sibling;", 2), BTreeSet::new());
}

fn metadata() -> Value {
    let ask = |offline: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--format-version", "1", "--locked", "--all-features"]).args(offline);
        cargo.current_dir(root()).output().expect("cargo can be started")
    };
    let answer = Some(ask(&["--offline"])).filter(|answer| answer.status.success()).unwrap_or_else(|| ask(&[]));
    assert!(answer.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&answer.stderr));
    serde_json::from_slice(&answer.stdout).expect("cargo metadata writes JSON")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

#[test]
fn core_reaches_no_screen_toolkit() {
    const SCREEN: [&str; 9] = ["egui", "eframe", "emath", "epaint", "winit", "rfd", "glutin", "glow", "fabula"];
    let metadata = metadata();
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let edges: BTreeMap<&str, &Value> =
        metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|node| (text(node, "id"), &node["deps"])).collect();
    let core = names.iter().find(|(_, name)| **name == "fabula-core").map(|(id, _)| *id).expect("core is there");
    let mut reached = BTreeSet::from([core]);
    let mut queue = VecDeque::from([core]);
    while let Some(package) = queue.pop_front() {
        for dependency in edges[package].as_array().into_iter().flatten() {
            let for_tests_only =
                dependency["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().all(|kind| kind["kind"] == "dev"));
            let id = text(dependency, "pkg");
            if !for_tests_only && reached.insert(id) {
                queue.push_back(id);
            }
        }
    }
    assert!(reached.len() > 50, "the tree was not read: {reached:?}");
    let toolkits = reached.iter().map(|id| names[id]).filter(|name| SCREEN.contains(name) || name.starts_with("egui"));
    assert_none("core depends on no screen toolkit", toolkits.map(str::to_owned).collect());
}

#[test]
fn every_dependency_has_a_permissive_licence_and_comes_from_the_registry() {
    let rules: toml::Table =
        std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().expect("deny.toml is TOML");
    let words = |value: &toml::Value| -> BTreeSet<String> {
        value.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    };
    let allowed = words(&rules["licenses"]["allow"]);
    let exceptions: BTreeMap<&str, BTreeSet<String>> = rules["licenses"]["exceptions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|exception| Some((exception["name"].as_str()?, words(&exception["allow"]))))
        .collect();
    let banned: BTreeSet<&str> = rules["bans"]["deny"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|ban| ban.get("wrappers").is_none())
        .filter_map(|ban| ban["name"].as_str())
        .collect();
    let mut broken = Vec::new();
    for package in metadata()["packages"].as_array().unwrap() {
        let (name, licence, source) = (text(package, "name"), text(package, "license"), text(package, "source"));
        let ours = package["source"].is_null();
        let excepted = exceptions.get(name);
        if !permitted(licence, &|term| allowed.contains(term) || excepted.is_some_and(|more| more.contains(term))) {
            broken.push(format!("{name}: licence “{licence}”"));
        }
        if !ours && !source.starts_with("registry+") {
            broken.push(format!("{name}: comes from {source}"));
        }
        if banned.contains(name) {
            broken.push(format!("{name}: banned"));
        }
    }
    assert_none("deny.toml says what may be depended on", broken);
}

/// Whether an SPDX expression can be met with the licences allowed. Old manifests write `/` for `OR`; an exception that
/// only permits more (`WITH`) is as good as its licence.
fn permitted(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut terms: VecDeque<&str> = spaced.split_whitespace().collect();
    let met = any_of(&mut terms, allowed);
    met && terms.is_empty()
}

fn any_of(terms: &mut VecDeque<&str>, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut met = all_of(terms, allowed);
    while terms.front() == Some(&"OR") {
        terms.pop_front();
        met |= all_of(terms, allowed);
    }
    met
}

fn all_of(terms: &mut VecDeque<&str>, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut met = one_of(terms, allowed);
    while terms.front() == Some(&"AND") {
        terms.pop_front();
        met &= one_of(terms, allowed);
    }
    met
}

fn one_of(terms: &mut VecDeque<&str>, allowed: &dyn Fn(&str) -> bool) -> bool {
    let met = match terms.pop_front() {
        Some("(") => {
            let met = any_of(terms, allowed);
            terms.pop_front() == Some(")") && met
        }
        Some(licence) => allowed(licence),
        None => false,
    };
    if terms.front() == Some(&"WITH") {
        terms.drain(..2.min(terms.len()));
    }
    met
}

#[test]
fn licence_expressions_are_read_as_spdx_has_them() {
    let allowed = |licence: &str| ["MIT", "Apache-2.0", "Unicode-3.0"].contains(&licence);
    for met in
        ["MIT", "GPL-3.0 OR MIT", "GPL/MIT", "(MIT OR GPL-3.0) AND Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(permitted(met, &allowed), "{met}");
    }
    for unmet in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0", "MIT MIT"] {
        assert!(!permitted(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn colours_are_literal_only_in_the_theme() {
    let patterns = [
        "Color32::from_",
        "Color32::WHITE",
        "Color32::BLACK",
        "Color32::GRAY",
        "Color32::RED",
        "Color32::GREEN",
        "Color32::BLUE",
        "Color32::YELLOW",
        "Color32::LIGHT_",
        "Color32::DARK_",
        "Rgba::from_",
        "hex_color!",
    ];
    let in_theme = |path: &Path| path.starts_with("app/src/theme") || path.ends_with("theme.rs");
    assert_none("tokens, not raw colours", places(&["app/src"], &patterns, in_theme));
}

#[test]
fn no_channel_is_unbounded() {
    let patterns = ["unbounded_channel", "unbounded()", "unbounded::<", "mpsc::channel()", "channel::unbounded"];
    assert_none("the reader decides the pace", places(&["core", "app", "tests"], &patterns, this_file));
}

#[test]
fn a_pane_does_no_input_or_output_and_waits_for_nothing() {
    let patterns = ["std::fs", "std::net", "File::open", "block_on", ".recv()", "thread::sleep", ".join()"];
    assert_none("the window's thread never blocks", places(&["app/src/panes"], &patterns, |_| false));
}

#[test]
fn only_the_module_that_maps_memory_is_unsafe() {
    let allowing = places(&["core", "app", "tests"], &["allow(unsafe_code)", "unsafe {"], this_file);
    let files: BTreeSet<&str> = allowing.iter().filter_map(|place| place.split(':').next()).collect();
    assert!(files.len() <= 1, "more than one file is unsafe: {allowing:#?}");
}

#[test]
fn a_file_has_one_subject() {
    const MOST_LINES: usize = 500;
    let long = ["core", "app", "tests"].iter().flat_map(|folder| sources(folder)).filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > MOST_LINES).then(|| format!("{}: {lines} lines; find its two subjects", path.display()))
    });
    assert_none("no file is longer than 500 lines", long.collect());
}

#[test]
fn names_are_the_fields_words_and_nothing_is_put_off() {
    const VAGUE: [&str; 8] = ["util", "utils", "helper", "helpers", "manager", "common", "misc", "stuff"];
    let mut broken = places(&["core", "app", "tests"], &["TODO", "FIXME", "XXX", "HACK"], this_file);
    for (path, _) in ["core", "app", "tests"].iter().flat_map(|folder| sources(folder)) {
        broken.extend(
            path.iter()
                .map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned())
                .filter(|part| VAGUE.contains(&part.as_str()))
                .map(|part| format!("{}: “{part}” says nothing", path.display())),
        );
    }
    assert_none("a name says what it names", broken);
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    const BELONGS: [&str; 12] = [
        "Cargo.toml",
        "Cargo.lock",
        "app",
        "core",
        "tests",
        "assets",
        "README.md",
        "ARCHITECTURE.md",
        "LICENSE",
        "rustfmt.toml",
        "clippy.toml",
        "deny.toml",
    ];
    let listed = Command::new("git").args(["ls-files", "--cached"]).current_dir(root()).output();
    let listed = listed.ok().filter(|listed| listed.status.success()).map(|listed| listed.stdout).unwrap_or_default();
    let mut entries: BTreeSet<String> =
        String::from_utf8_lossy(&listed).lines().filter_map(|path| path.split('/').next().map(str::to_owned)).collect();
    if entries.is_empty() {
        // Not a git checkout: an archive of the sources, say. What is built may lie beside them.
        let found =
            std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        entries = found.filter(|name| name != "target").collect();
    }
    let strange = entries.into_iter().filter(|name| !name.starts_with('.') && !BELONGS.contains(&name.as_str()));
    assert_none("the top level is for finding one's way", strange.collect());
}
