use proptest::prelude::*;

use super::*;
use crate::pipeline::Document;

/// Everything that is wrong with a pipeline, a line each.
fn told(nodes: &str) -> Vec<String> {
    let text = format!("version = 1\n{nodes}");
    let document = Document::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    document.check().iter().map(ToString::to_string).collect()
}

/// A node that gives each of the two flows.
const SOURCES: &str = "[nodes.s]\nkind = 'stream'\ntopic = 's'\n[nodes.s2]\nkind = 'stream'\ntopic = 's'\n\
                       [nodes.t]\nkind = 'table'\ntopic = 't'\n[nodes.t2]\nkind = 'table'\ntopic = 't'\n";

/// What is wrong with a node `n` beside sources `s`, `s2` (streams) and `t`, `t2` (tables), each as `setting: message`.
fn of_node(settings: &str) -> Vec<String> {
    let problems = told(&format!("{SOURCES}[nodes.n]\n{settings}"));
    let prefix = |told: &str| told.split_once("n.").expect("of the node").1.to_owned();
    problems.iter().map(|told| prefix(told)).collect()
}

/// Asserts that exactly one thing is wrong, with a setting, and that its message holds some words.
fn one_fault(settings: &str, setting: &str, words: &str) {
    let told = of_node(settings);
    let fits = matches!(told.as_slice(), [told] if told.starts_with(&format!("{setting}: ")) && told.contains(words));
    assert!(fits, "{settings}\n{told:#?}");
}

fn no_fault(settings: &str) {
    assert_eq!(of_node(settings), Vec::<String>::new(), "{settings}");
}

#[test]
fn a_pipeline_has_nodes_with_names_of_their_own() {
    assert_eq!(told(""), ["there is no node (begin with a stream: a topic of the log)"]);
    let node = |name: &str| Node {
        name: name.to_owned(),
        kind: crate::pipeline::NodeKind::Stream { topic: "a".to_owned(), time: None },
    };
    let pipeline = Pipeline { nodes: vec![node("a"), node("a"), node("key")], ..Pipeline::default() };
    let told: Vec<String> = check(&pipeline).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "a: another node has this name",
            "key: no node can be called “key”: in an expression that is a part of an event"
        ]
    );
}

#[test]
fn an_input_is_another_node_that_is_there() {
    one_fault("kind = 'view'\ninput = 's3'", "input", "there is no node “s3” (did you mean s2?)");
    one_fault("kind = 'view'\ninput = 'payments'", "input", "there is no node “payments”");
    one_fault("kind = 'view'\ninput = ''", "input", "nothing is connected here");
    one_fault("kind = 'merge'\ninputs = ['s', 'zzz']", "inputs[1]", "there is no node");
    let own = of_node("kind = 'view'\ninput = 'n'");
    assert_eq!(own, ["input: it takes its own rows"]);
}

#[test]
fn a_ring_is_named() {
    let ring = "[nodes.a]\nkind = 'filter'\ninput = 'c'\nwhere = 'true'\n[nodes.b]\nkind = 'view'\ninput = 'a'\n\
                [nodes.c]\nkind = 'view'\ninput = 'b'\n";
    let nothing = "nothing comes out: there is no node whose rows no other takes";
    assert_eq!(told(ring), ["line 2, a: its rows come back to it: a → b → c → a", nothing]);
    let view = format!("{ring}[nodes.d]\nkind = 'view'\ninput = 'a'\n");
    assert_eq!(told(&view), ["line 2, a: its rows come back to it: a → b → c → a"]);
}

#[test]
fn what_a_node_needs_is_said() {
    one_fault("kind = 'stream'\ntopic = ' '", "topic", "which topic");
    one_fault("kind = 'table'\ntopic = 'a'\ntime = ''", "time", "which field");
    one_fault("kind = 'filter'\ninput = 's'\nwhere = ''", "where", "which rows");
    one_fault("kind = 'project'\ninput = 's'\nselect = {}", "select", "no column");
    one_fault("kind = 'project'\ninput = 's'\nselect = { a = '' }", "select.a", "what stands in the column");
    one_fault("kind = 'project'\ninput = 's'\nselect = { '' = 'key' }", "select", "has no name");
    one_fault("kind = 'rekey'\ninput = 's'\nby = []", "by", "what the key is made of");
    one_fault("kind = 'rekey'\ninput = 's'\nby = ['key', '']", "by[1]", "what the key is made of");
    one_fault("kind = 'flatten'\ninput = 's'\nfield = ''\nas = 'x'", "field", "which array");
    one_fault("kind = 'flatten'\ninput = 's'\nfield = 'value'\nas = ''", "as", "called");
    one_fault("kind = 'merge'\ninputs = []", "inputs", "takes no node's rows");
    one_fault("kind = 'top-n'\ninput = 's'\norder = []\nn = 1", "order", "what comes first");
    one_fault("kind = 'top-n'\ninput = 's'\norder = 'desc'\nn = 1", "order[0]", "what comes first");
    one_fault("kind = 'top-n'\ninput = 's'\norder = 'key'\nn = 0", "n", "1 or more");
}

#[test]
fn columns_have_names_of_their_own() {
    one_fault("kind = 'project'\ninput = 's'\nselect = ['key', 'offset AS key']", "select.key", "two columns");
    let aggregate = |rest: &str| format!("kind = 'aggregate'\ninput = 's'\n{rest}");
    let windowed = |rest: &str| aggregate(&format!("window = {{ kind = 'tumbling', size = '1m' }}\n{rest}"));
    one_fault(&aggregate("by = ['key AS k']\nselect = { k = 'count(*)' }"), "select.k", "two columns");
    one_fault(&aggregate("by = ['key', 'key']"), "by[1]", "two columns");
    one_fault(&windowed("select = { window_end = 'count(*)' }"), "select.window_end", "every window has");
    no_fault(&aggregate("select = { window_end = 'count(*)' }"));
    no_fault(&windowed("by = ['key', 'value.a AS a']\nselect = { n = 'count(*)' }"));
}

#[test]
fn windows_are_for_streams_and_hold_time() {
    let of = |input: &str, rest: &str| format!("kind = 'aggregate'\ninput = '{input}'\n{rest}");
    let tumbling = "window = { kind = 'tumbling', size = '1m' }";
    no_fault(&of("s", &format!("{tumbling}\ngrace = '0s'\nemit = 'final'")));
    no_fault(&of("t", "select = { n = 'count(*)' }"));
    one_fault(&of("t", tumbling), "window", "t is a table");
    one_fault(&of("s", "grace = '1m'"), "grace", "there is none");
    one_fault(&of("s", "emit = 'final'"), "emit", "ever final");
    let window = |window: &str| of("s", &format!("window = {{ {window} }}"));
    one_fault(&window("kind = 'tumbling', size = '0s'"), "window.size", "no time");
    one_fault(&window("kind = 'sliding', size = '0s'"), "window.size", "no time");
    one_fault(&window("kind = 'session', gap = '0s'"), "window.gap", "no time");
    one_fault(&window("kind = 'hopping', size = '1m', advance = '0s'"), "window.advance", "never end");
    one_fault(&window("kind = 'hopping', size = '1m', advance = '2m'"), "window.advance", "leaves out time");
    one_fault(&window("kind = 'hopping', size = '1d', advance = '1ms'"), "window.advance", "86400000 windows");
    no_fault(&window("kind = 'hopping', size = '1m', advance = '1m'"));
    no_fault(&window("kind = 'hopping', size = '1m', advance = '7s'"));
}

#[test]
fn streams_and_tables_stand_where_they_are_needed() {
    one_fault("kind = 'rekey'\ninput = 't'\nby = 'key'", "input", "aggregate it by the new key");
    one_fault("kind = 'merge'\ninputs = ['s', 's2', 't']", "inputs[2]", "t is a table, and s is a stream");
    one_fault("kind = 'deduplicate'\ninput = 't'", "input", "t is a table");
    no_fault("kind = 'merge'\ninputs = ['t', 't2']");
    no_fault("kind = 'filter'\ninput = 't'\nwhere = 'true'");
    no_fault("kind = 'top-n'\ninput = 't'\norder = 'key'\nn = 3");
    let final_is_a_stream = "[nodes.w]\nkind = 'aggregate'\ninput = 's'\nwindow = { kind = 'tumbling', size = '1m' }\n\
                             emit = 'final'\n[nodes.r]\nkind = 'rekey'\ninput = 'w'\nby = 'key'\n";
    assert_eq!(told(&format!("{SOURCES}{final_is_a_stream}")), Vec::<String>::new());
    let updates = final_is_a_stream.replace("final", "updates");
    assert_eq!(told(&format!("{SOURCES}{updates}")).len(), 1);
}

#[test]
fn a_join_is_of_two_streams_a_stream_and_a_table_or_two_tables() {
    let join = |left: &str, right: &str, rest: &str| {
        format!("kind = 'join'\nleft = '{left}'\nright = '{right}'\non = '{left}.key = {right}.key'\n{rest}")
    };
    no_fault(&join("s", "s2", "within = '5m'\ngrace = '1m'\nhow = 'full'"));
    no_fault(&join("s", "s2", "within = { before = '0s', after = '0s' }"));
    one_fault(&join("s", "s2", ""), "within", "how far apart");
    no_fault(&join("s", "t", "how = 'left'\ngrace = '1m'"));
    one_fault(&join("s", "t", "how = 'right'"), "how", "a right join keeps rows of t");
    one_fault(&join("s", "t", "how = 'full'"), "how", "a full join keeps rows of t");
    one_fault(&join("s", "t", "within = '5m'"), "within", "t is a table");
    one_fault(&join("t", "s", ""), "left", "write left = \"s\" and right = \"t\"");
    no_fault(&join("t", "t2", "how = 'full'"));
    one_fault(&join("t", "t2", "within = '5m'"), "within", "is a table");
    one_fault(&join("t", "t2", "grace = '5m'"), "grace", "two tables");
    one_fault(&join("t", "t", ""), "right", "both sides are t");
}

#[test]
fn what_is_joined_on_are_equalities() {
    let on = |on: &str| format!("kind = 'join'\nleft = 't'\nright = 't2'\non = {on}");
    one_fault(&on("[]"), "on", "which rows belong together");
    one_fault(&on("['t.key = t2.key', '']"), "on[1]", "which rows belong together");
    one_fault(&on("'t.key'"), "on[0]", "“t.key” is no equality");
    one_fault(&on("'t.key = t2.key AND t.value = t2.value'"), "on[0]", "each is an entry of its own");
    no_fault(&on("['t.key = t2.key', 't.value.a = t2.value.a']"));
}

#[test]
fn what_is_kept_and_for_how_long_fit() {
    let of = |rest: &str| format!("kind = 'deduplicate'\ninput = 's'\n{rest}");
    no_fault(&of("within = '1h'\nby = 'value.id'"));
    no_fault(&of("keep = 'last'"));
    one_fault(&of("within = '1h'\nkeep = 'last'"), "within", "nothing to forget");
    one_fault(&of("within = '0s'"), "within", "no time");
    one_fault(&of("by = ['']"), "by[0]", "what tells rows apart");
}

#[test]
fn what_is_odd_is_noted_and_not_refused() {
    let text = "version = 1\n[nodes.a]\nkind = 'stream'\ntopic = 'a'\n[nodes.b]\nkind = 'merge'\ninputs = ['a', 'a']\n\
                [layout]\na = [1, 2]\nc = [3, 4]\n";
    let document = Document::parse(text).unwrap();
    assert_eq!(document.check(), []);
    let mut notes = notes(document.pipeline());
    document.locate(&mut notes);
    let told: Vec<String> = notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 10: the layout has a place for “c”, and there is no such node",
            "line 7, b.inputs: it takes every row of a twice"
        ]
    );
}

proptest! {
    #[test]
    fn every_pipeline_is_checked_and_flows_are_known_where_nothing_is_wrong(
        pipeline in crate::pipeline::document::tests::arbitrary::pipeline()
    ) {
        let problems = check(&pipeline);
        let flows = crate::pipeline::flow(&pipeline);
        prop_assert!(flows.keys().all(|name| pipeline.node(name).is_some()));
        if problems.is_empty() {
            prop_assert_eq!(flows.len(), pipeline.nodes.len());
            prop_assert!(crate::pipeline::order(&pipeline).is_some());
        }
    }
}
