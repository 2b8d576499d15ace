//! Files that a program changes.

use super::*;

/// The text after a change of the pipeline in it.
fn changed(text: &str, change: impl FnOnce(&mut Pipeline)) -> String {
    let mut document = parsed(text);
    let mut pipeline = document.pipeline().clone();
    change(&mut pipeline);
    document.set_pipeline(&pipeline).unwrap();
    assert_eq!(*document.pipeline(), pipeline, "{}", document.text());
    document.text().to_owned()
}

const COMMENTED: &str = r#"# What the shop earns.
version = 1
name = "revenue"   # as the board calls it

# ---- what comes in ----

# every order, EU and US
[nodes.orders]     # the source
kind = "stream"
topic = 'orders'   # six partitions

# ---- what is made of it ----

# the large ones
[nodes.large]
kind  = "filter"
input = "orders"
# in euros
where = "value.total > 100"

[nodes.per_minute]
kind = "aggregate"
input = "large"
by = [
    "value.region", # where
    "value.tier",   # for whom
]
window = { kind = "tumbling", size = "1m" }
grace = "30s"      # late by this much at most

# the columns
[nodes.per_minute.select]
revenue = "sum(value.total)" # in euros
orders = "count(*)"

# ---- where the boxes stand ----
[layout]
orders = [40, 60] # left
large = [ 200.5, 60 ]
# the end
"#;

#[test]
fn what_is_set_to_something_else_is_all_that_changes() {
    let text = changed(COMMENTED, |pipeline| {
        pipeline.description = "a day's".to_owned();
        let NodeKind::Stream { topic, .. } = &mut pipeline.nodes[0].kind else { panic!() };
        *topic = "orders-eu".to_owned();
        let NodeKind::Filter { condition, .. } = &mut pipeline.nodes[1].kind else { panic!() };
        *condition = "value.total > 1000".to_owned();
        let NodeKind::Aggregate { window, grace, select, emit, by, .. } = &mut pipeline.nodes[2].kind else { panic!() };
        *window = Some(Window::Hopping { size: seconds(60), advance: seconds(10) });
        *grace = Some(seconds(45));
        select[1].name = "count".to_owned();
        select.push(Select { name: "largest".to_owned(), expr: "max(value.total)".to_owned() });
        *emit = Emit::Final;
        by[0] = "value.country".to_owned();
        by.push("value.channel".to_owned());
        pipeline.layout.insert("orders".to_owned(), [44.0, 60.0]);
        pipeline.layout.insert("per_minute".to_owned(), [300.0, 60.25]);
    });
    let expected = COMMENTED
        .replace("as the board calls it\n", "as the board calls it\ndescription = \"a day's\"\n")
        .replace("'orders'   #", "\"orders-eu\"   #")
        .replace("value.total > 100", "value.total > 1000")
        .replace("\"tumbling\", size = \"1m\" }", "\"hopping\", size = \"1m\", advance = \"10s\" }")
        .replace("\"30s\"      #", "\"45s\"      #")
        .replace("at most\n", "at most\nemit = \"final\"\n")
        .replace("orders = \"count(*)\"\n", "count = \"count(*)\"\nlargest = \"max(value.total)\"\n")
        .replace("value.region", "value.country")
        .replace("    \"value.tier\",   # for whom\n", "    \"value.tier\",   # for whom\n    \"value.channel\",\n")
        .replace("[40, 60] # left", "[44, 60] # left")
        .replace("[ 200.5, 60 ]\n", "[ 200.5, 60 ]\nper_minute = [300, 60.25]\n");
    assert_eq!(text, expected);
}

#[test]
fn a_node_that_is_renamed_stays_in_its_place_with_its_comments() {
    let text = changed(COMMENTED, |pipeline| {
        pipeline.nodes[1].name = "big".to_owned();
        let NodeKind::Aggregate { input, .. } = &mut pipeline.nodes[2].kind else { panic!() };
        *input = "big".to_owned();
        let place = pipeline.layout.remove("large").unwrap();
        pipeline.layout.insert("big".to_owned(), place);
        pipeline.nodes[2].name = "minutes".to_owned();
    });
    let expected = COMMENTED
        .replace("nodes.large", "nodes.big")
        .replace("input = \"large\"", "input = \"big\"")
        .replace("large = [ 200.5", "big = [ 200.5")
        .replace("nodes.per_minute", "nodes.minutes");
    assert_eq!(text, expected);
}

#[test]
fn a_node_that_goes_takes_its_own_comments_only() {
    let text = changed(COMMENTED, |pipeline| {
        pipeline.nodes.remove(1);
        pipeline.layout.remove("large");
    });
    let (before, rest) = COMMENTED.split_once("# the large ones\n").unwrap();
    let after = rest.split_once("100\"\n").unwrap().1;
    assert_eq!(text, format!("{before}{}", &after[1..]).replace("large = [ 200.5, 60 ]\n", ""));
    let none =
        changed(COMMENTED, |pipeline| *pipeline = Pipeline { name: pipeline.name.clone(), ..Pipeline::default() });
    for comment in ["What the shop", "as the board", "what comes in", "what is made", "where the boxes", "the end"] {
        assert!(none.contains(comment), "{comment}\n{none}");
    }
    assert!(!none.contains("euros") && !none.contains("large"), "{none}");
}

#[test]
fn nodes_come_in_where_they_stand_and_change_places_with_their_comments() {
    let text = changed(COMMENTED, |pipeline| {
        let view = NodeKind::View { input: "large".to_owned() };
        pipeline.nodes.insert(2, node("shown", view));
    });
    let expected = COMMENTED.replace(
        "\n[nodes.per_minute]\n",
        "\n[nodes.shown]\nkind = \"view\"\ninput = \"large\"\n\n[nodes.per_minute]\n",
    );
    assert_eq!(text, expected);
    let text = changed(COMMENTED, |pipeline| pipeline.nodes.swap(1, 2));
    let begin = COMMENTED.find("\n[nodes.per_minute]").unwrap();
    let end = COMMENTED.find("\n# ---- where").unwrap();
    let large = COMMENTED.find("\n# ---- what is made").unwrap();
    let swapped = [&COMMENTED[..large], &COMMENTED[begin..end], &COMMENTED[large..begin], &COMMENTED[end..]];
    assert_eq!(text, swapped.concat());
}

#[test]
fn a_kind_that_changes_keeps_what_both_have() {
    let text = changed(COMMENTED, |pipeline| {
        let columns = select(&[("total", "value.total")]);
        pipeline.nodes[1].kind = NodeKind::Project { input: "orders".to_owned(), select: columns };
    });
    let expected = COMMENTED
        .replace("kind  = \"filter\"", "kind  = \"project\"")
        .replace("# in euros\nwhere = \"value.total > 100\"", "select = { total = \"value.total\" }");
    assert_eq!(text, expected);
}

#[test]
fn files_without_headers_stay_so() {
    let text = "version = 1\nnodes.a = { kind = 'stream', topic = 'a' } # one\nnodes.b.kind = 'view' # two\n\
                nodes.b.input = 'a'\nlayout = { a = [1, 2], b = [3, 4] }\n";
    let renamed = changed(text, |pipeline| {
        pipeline.nodes[0].name = "c".to_owned();
        pipeline.nodes[1].kind = NodeKind::View { input: "c".to_owned() };
        pipeline.layout = [("c".to_owned(), [1.0, 2.0]), ("b".to_owned(), [3.0, 5.0])].into();
    });
    let expected = text.replace("nodes.a", "nodes.c").replace("input = 'a'", "input = \"c\"");
    assert_eq!(renamed, expected.replace("{ a = [1", "{ c = [1").replace("4]", "5]"));
    let added = changed(text, |pipeline| {
        let stream = NodeKind::Stream { topic: "d".to_owned(), time: None };
        pipeline.nodes.insert(1, node("d", stream));
        pipeline.layout.insert("d".to_owned(), [5.0, 6.0]);
    });
    let expected = text
        .replace("# one\n", "# one\nnodes.d = { kind = \"stream\", topic = \"d\" }\n")
        .replace("[3, 4] }", "[3, 4], d = [5, 6] }");
    assert_eq!(added, expected);
    let swapped = changed(text, |pipeline| pipeline.nodes.swap(0, 1));
    assert!(swapped.find("nodes.b.kind") < swapped.find("nodes.a"), "{swapped}");
}

#[test]
fn a_header_before_nodes_without_one_makes_them_tables_with_their_comments() {
    let text = "version = 1\n\n[nodes]\n# of a\na = { kind = 'stream', topic = 'a' } # behind a\nb.kind = 'view' # of b\n\
                b.input = 'a'\n\n# of c\n[nodes.c]\nkind = 'view'\ninput = 'a'\n";
    let text = changed(text, |pipeline| pipeline.nodes.rotate_right(1));
    assert!(text.find("[nodes.c]") < text.find("[nodes.a]"), "{text}");
    for comment in ["# of a", "# behind a", "# of b", "# of c"] {
        assert!(text.contains(comment), "{comment}\n{text}");
    }
}

#[test]
fn lines_end_and_files_begin_as_they_did() {
    let text = format!("\u{feff}{}", COMMENTED.replace('\n', "\r\n"));
    let change = |pipeline: &mut Pipeline| pipeline.name = "earnings".to_owned();
    assert_eq!(changed(&text, change), text.replace("\"revenue\"", "\"earnings\""));
}

#[test]
fn a_list_is_changed_entry_by_entry() {
    let by = |text: &str, entries: &[&str]| {
        let text = format!("version = 1\n[nodes.a]\nkind = 'rekey'\ninput = 'b'\nby = {text}\n");
        let changed = changed(&text, |pipeline| {
            let NodeKind::Rekey { by, .. } = &mut pipeline.nodes[0].kind else { panic!() };
            *by = entries.iter().map(|entry| (*entry).to_owned()).collect();
        });
        changed.split_once("by = ").unwrap().1.trim_end().to_owned()
    };
    assert_eq!(by("'x'", &["y"]), "\"y\"");
    assert_eq!(by("'x'", &["y", "z"]), "[\"y\", \"z\"]");
    assert_eq!(by("[ 'x','y' ]", &["x", "z"]), "[ 'x',\"z\" ]");
    assert_eq!(by("['x', 'y', 'z']", &["x", "z"]), "['x', 'z']");
    assert_eq!(by("[]", &["x", "y"]), "[\"x\", \"y\"]");
    assert_eq!(by("['x']", &[]), "[]");
    let lines = "[ # by\n  'x', # x\n  # and\n  'y' # y\n  # end\n]";
    assert_eq!(by(lines, &["x"]), "[ # by\n  'x' # x\n  # end\n]");
    assert_eq!(by(lines, &["y"]), "[ # by\n  # and\n  'y' # y\n  # end\n]");
    assert_eq!(by(lines, &["x", "z", "y"]), "[ # by\n  'x', # x\n  \"z\",\n  # and\n  'y' # y\n  # end\n]");
    assert_eq!(by(lines, &["x", "y", "z"]), "[ # by\n  'x', # x\n  # and\n  'y', # y\n  \"z\"\n  # end\n]");
    assert_eq!(by("[\n  # none yet\n]", &["x"]), "[\n    \"x\"\n  # none yet\n]");
}

#[test]
fn what_can_t_be_written_is_told_and_leaves_the_file() {
    let mut document = parsed(COMMENTED);
    let mut pipeline = document.pipeline().clone();
    pipeline.nodes[0].name = "large".to_owned();
    pipeline.nodes[2].name = "a b".to_owned();
    pipeline.layout.insert("orders".to_owned(), [f32::NAN, 0.0]);
    assert_eq!(document.set_pipeline(&pipeline).unwrap_err().len(), 3);
    assert_eq!(document, parsed(COMMENTED));
}

#[test]
fn problems_are_given_their_lines() {
    let document = parsed(COMMENTED);
    let line = |node: Option<&str>, setting: Option<&str>| {
        let message = Problem::of_file("x");
        let mut problems = [Problem { node: node.map(str::to_owned), setting: setting.map(str::to_owned), ..message }];
        document.locate(&mut problems);
        let line = problems[0].line?;
        COMMENTED.lines().nth(line - 1)
    };
    assert_eq!(line(Some("orders"), None), Some("[nodes.orders]     # the source"));
    assert_eq!(line(Some("large"), Some("where")), Some("where = \"value.total > 100\""));
    assert_eq!(line(Some("large"), Some("select.x")), Some("[nodes.large]"));
    assert_eq!(line(Some("per_minute"), Some("by[1]")), Some("    \"value.tier\",   # for whom"));
    assert_eq!(line(Some("per_minute"), Some("by[7]")), Some("by = ["));
    assert_eq!(line(Some("per_minute"), Some("window.size")), Some("window = { kind = \"tumbling\", size = \"1m\" }"));
    assert_eq!(line(Some("per_minute"), Some("select.orders")), Some("orders = \"count(*)\""));
    assert_eq!(line(None, Some("layout.large")), Some("large = [ 200.5, 60 ]"));
    assert_eq!(line(Some("nobody"), None), None);
    assert_eq!(line(None, None), None);
    let list = parsed("version = 1\n[nodes.a]\nkind = 'project'\ninput = 'b'\nselect = [\n  'x AS y',\n  'a.b',\n]\n");
    let mut problems = ["select.y", "select.a.b"].map(|setting| Problem::of_setting("a", setting, ""));
    list.locate(&mut problems);
    assert_eq!(problems.map(|problem| problem.line), [Some(6), Some(7)]);
}

#[test]
fn a_table_over_several_lines_keeps_its_lines_and_what_is_said_beside_them() {
    let text = "version = 1\n[nodes.a]\nkind = 'project'\ninput = 'b'\nselect = { # columns\n  x = '1', # of x\n\
                \x20 # above y\n  y = '2', # of y\n  z = '3' # of z\n} # all\n";
    let columns = |columns: &'static [(&str, &str)]| {
        changed(text, |pipeline| {
            let NodeKind::Project { select: old, .. } = &mut pipeline.nodes[0].kind else { panic!() };
            *old = select(columns);
        })
    };
    let without_y = columns(&[("x", "1"), ("z", "3")]);
    assert_eq!(without_y, text.replace("  # above y\n  y = '2', # of y\n", ""));
    let without_z = columns(&[("x", "1"), ("y", "2")]);
    assert_eq!(without_z, text.replace("'2', # of y\n  z = '3' # of z\n", "'2' # of y\n"));
    let turned = columns(&[("z", "3"), ("y", "2"), ("x", "1")]);
    let expected = "{ # columns\n  z = '3', # of z\n  # above y\n  y = '2', # of y\n  x = '1' # of x\n} # all\n";
    assert_eq!(turned, format!("{}{expected}", text.split("{ #").next().unwrap()));
    let more = columns(&[("x", "1"), ("new", "5"), ("y", "2"), ("z", "3"), ("last", "6")]);
    let expected =
        text.replace("# of x\n", "# of x\n  new = \"5\",\n").replace("'3' # of z\n", "'3', # of z\n  last = \"6\"\n");
    assert_eq!(more, expected);
    let renamed = columns(&[("x", "1"), ("why", "2"), ("z", "4")]);
    assert_eq!(renamed, text.replace("  y = '2'", "  why = '2'").replace("'3'", "\"4\""));
}

#[test]
fn nodes_between_braces_keep_what_is_said_beside_the_others() {
    let text = "version = 1\nnodes = {\n  a = { kind = 'stream', topic = 'a' }, # of a\n\
                \x20 b = { kind = 'view', input = 'a' }, # of b\n\n  # alone\n\n  c = { kind = 'view', input = 'a' } # of c\n}\n";
    let without_b = changed(text, |pipeline| drop(pipeline.nodes.remove(1)));
    assert_eq!(without_b, text.replace("  b = { kind = 'view', input = 'a' }, # of b\n", ""));
    let without_c = changed(text, |pipeline| drop(pipeline.nodes.remove(2)));
    for comment in ["# of a", "# of b", "# alone"] {
        assert!(without_c.contains(comment), "{comment}\n{without_c}");
    }
}
