//! What is told of files that can't be read.

use super::*;

/// Everything that is wrong with a text, a line each.
fn told(text: &str) -> Vec<String> {
    match Document::parse(text) {
        Ok(document) => panic!("read: {:?}", document.pipeline()),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn everything_is_told_at_once_with_its_line() {
    let text = r#"version = 1
nmae = "x"
description = 5

[nodes.orders]
kind = "strem"

[nodes.2nd]
kind = "stream"

[nodes.paid]
kind = "filter"
input = ["orders"]
wher = "true"

[nodes.per_minute]
kind = "aggregate"
input = "paid"
by = ["a", 5]
window = { kind = "tumbling", size = "1 minute", advance = "10s" }
grace = 30
select = { a = "count(*)", b = 5 }
emit = "finally"

[nodes.top]
kind = "top-n"
input = "paid"
order = "a"
n = -1

[nodes.both]
kind = "join"
how = "outer"
left = "orders"
on = ["a = b"]
within = { befor = "1m" }

[nodes.value]
kind = "view"
input = "top"

[layout]
orders = [40]
"#;
    assert_eq!(
        told(text),
        [
            "line 2: a pipeline has no setting “nmae” (did you mean name?)",
            "line 3: `description` takes a text in quotes, and this is a whole number",
            "line 6, orders.kind: “strem” is none of stream, table, filter, project, rekey, flatten, merge, aggregate, \
             join, deduplicate, top-n, view (did you mean stream?)",
            "line 8, 2nd: a node's name begins with a letter or _",
            "line 8, 2nd.topic: a stream needs `topic`",
            "line 11, paid.where: a filter needs `where`",
            "line 13, paid.input: a text in quotes is expected, and this is a list",
            "line 14, paid.wher: a filter has no setting “wher” (did you mean where?)",
            "line 19, per_minute.by[1]: a text in quotes is expected, and this is a whole number",
            "line 20, per_minute.window.advance: a tumbling window has no setting “advance” (it has kind, size)",
            "line 20, per_minute.window.size: “1 minute” is not a length of time (write 500ms, 30s, 10m, 1h30m or 7d)",
            "line 21, per_minute.grace: a length of time such as \"10m\" is expected, and this is a whole number",
            "line 22, per_minute.select.b: a text in quotes is expected, and this is a whole number",
            "line 23, per_minute.emit: “finally” is none of updates, final (did you mean final?)",
            "line 29, top.n: -1 is out of bounds: a number from 1 to 4294967295 is expected",
            "line 31, both.right: a join needs `right`",
            "line 33, both.how: “outer” is none of inner, left, right, full",
            "line 36, both.within.befor: `within` has no setting “befor” (did you mean before?)",
            "line 38, value: no node can be called “value”: in an expression that is a part of an event",
            "line 43: the place of orders is no place (write two numbers: [40, 60])",
        ]
    );
}

#[test]
fn a_version_that_is_none_or_too_new_is_told_alone() {
    assert_eq!(told(""), ["the file doesn't say of which version it is (begin it with `version = 1`)"]);
    let newer = "x = 1\nversion = 2\n";
    let message =
        "line 2: the file is of version 2, and this program knows up to 1 (a newer Fabula wrote it, and can read it)";
    assert_eq!(told(newer), [message]);
    assert_eq!(told("version = 0"), ["line 1: there is no version 0"]);
    assert_eq!(told("version = -1"), ["line 1: there is no version -1"]);
    assert_eq!(told("version = \"1\""), ["line 1: `version` takes a whole number: version = 1"]);
}

#[test]
fn of_mistakes_against_toml_each_line_is_told() {
    let text = "version = 1\nname = \"x\n[nodes.a]\nkind = stream\ntopic = 'a'\n[nodes.a]\n";
    let told = told(text);
    let lines: Vec<&str> = told.iter().filter_map(|told| told.split(": this is not TOML: ").next()).collect();
    assert_eq!(lines, ["line 2", "line 4", "line 6"], "{told:#?}");
}

#[test]
fn what_is_of_the_wrong_form_is_told() {
    let told_of = |rest: &str| told(&format!("version = 1\n{rest}")).join("\n");
    assert!(told_of("nodes = 5").contains("`nodes` takes a table for each node"));
    assert!(told_of("nodes.a = 5").contains("a node is a table, [nodes.a], and this is a whole number"));
    assert!(told_of("[[nodes]]\nkind = 'view'").contains("and this is a list of tables"));
    assert!(told_of("[nodes.a]\ntopic = 'a'").contains("line 2, a.kind: a node needs `kind`"));
    assert!(told_of("[nodes]\nx.kind = 'project'\nx.input = 'a'\nx.select.a.b = 'c'").contains("in quotes"));
    assert!(told_of("[nodes.a.select]\nx = 'y'").contains("a node needs `kind`"));
    assert!(told_of("layout = 5").contains("`layout` takes a table"));
    assert!(told_of("layout.a = [nan, 1]").contains("is no place"));
    assert!(told_of("layout.a = [1e300, 1]").contains("is no place"));
    assert!(told_of("nodes.'a b' = { kind = 'view', input = '' }").contains("can't stand in a node's name"));
    assert!(told_of("[nodes.a]\nkind = 'join'\nleft = ''\nright = ''\non = []\nwithin = {}").contains("neither"));
}

#[test]
fn hostile_files_are_refused_in_good_time() {
    let deep = format!("version = 1\nx = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(told(&deep)[0].contains("recurse"));
    let dotted = format!("version = 1\n{}a = 1", "a.".repeat(100_000));
    assert!(told(&dotted)[0].contains("recursion"));
    assert!(told(&" ".repeat((4 << 20) + 1))[0].contains("at most 4 MB"));
    let keys: String = (0..200_000).map(|key| format!("kay{key} = 1\n")).collect();
    let keys = told(&format!("version = 1\n{keys}"));
    assert_eq!((keys.len(), keys[100].as_str()), (101, "and 199900 problems more"));
    let nodes: String = (0..2_000).map(|node| format!("[nodes.n{node}]\nkind = 'view'\ninput = ''\n")).collect();
    assert!(told(&format!("version = 1\n{nodes}"))[0].contains("at most 1000"));
    let headers: String = (0..100_000).map(|at| format!("[a{at}.b]\n")).collect();
    assert!(told(&format!("version = 1\n{headers}"))[0].contains("at most 8000"));
    let garbage = "=\n".repeat(1 << 20);
    assert!(!told(&garbage).is_empty());
    let entries = "'a',".repeat(500_000);
    let entries = told(&format!("version = 1\nnodes.a = {{ kind = 'merge', inputs = [{entries}] }}"));
    assert!(entries[0].contains("at most 1000"));
    let long = format!("version = 1\n{} = 1", "x".repeat(1 << 20));
    assert!(told(&long)[0].len() < 400);
}
