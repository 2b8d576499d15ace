//! A file that is made to hold another pipeline: only what differs is written.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, Item, Key, Table, Value};

use super::change::{change_node, insert_in_order, replace};
use super::comment::{Comments, before, inside, positions, set_before, standing_alone};
use super::fresh;
use super::notes;
use super::read::TOP;
use super::rename::former_places;
use super::table::{Entries, raw, renamed};
use crate::pipeline::{Node, Pipeline};

/// Makes a file that holds the old pipeline hold the new one.
pub(super) fn edit(document: &mut DocumentMut, old: &Pipeline, new: &Pipeline) {
    let mut comments = Comments::default();
    set_text(document, "name", &old.name, &new.name);
    set_text(document, "description", &old.description, &new.description);
    let former = former_places(old, new);
    if old.nodes != new.nodes {
        edit_nodes(document, old, new, &former, &mut comments);
    }
    if old.layout != new.layout {
        edit_layout(document, old, new, &former, &mut comments);
    }
    comments.settle(document);
    if old.notes != new.notes {
        notes::edit_notes(document, &old.notes, &new.notes);
    }
}

fn set_text(document: &mut DocumentMut, key: &str, old: &str, new: &str) {
    match document.get_mut(key) {
        Some(Item::Value(value)) if old != new => replace(value, Value::from(new)),
        None if !new.is_empty() => {
            insert_in_order(&mut Entries::from(document.as_table_mut()), key, Item::Value(Value::from(new)), &TOP);
        }
        _ => {}
    }
}

/// The names of nodes that were given another.
fn new_names<'p>(old: &'p Pipeline, new: &'p Pipeline, former: &[Option<usize>]) -> BTreeMap<&'p str, &'p str> {
    let pairs = former.iter().zip(&new.nodes).filter_map(|(former, node)| Some((old.nodes.get((*former)?)?, node)));
    pairs.filter(|(old, new)| old.name != new.name).map(|(old, new)| (&*old.name, &*new.name)).collect()
}

fn edit_nodes(
    document: &mut DocumentMut,
    old: &Pipeline,
    new: &Pipeline,
    former: &[Option<usize>],
    comments: &mut Comments,
) {
    if !document.contains_key("nodes") {
        let mut nodes = Table::new();
        nodes.set_implicit(true);
        insert_in_order(&mut Entries::from(document.as_table_mut()), "nodes", Item::Table(nodes), &TOP);
    }
    let Some(nodes) = document.get_mut("nodes") else { return };
    let position = nodes.as_table().and_then(Table::position).unwrap_or(0);
    let Some(mut table) = Entries::of(nodes) else { return };
    let inline = table.is_inline();
    let mut changed = Vec::with_capacity(old.nodes.len());
    for (key, mut item) in table.take() {
        let at = old.nodes.iter().position(|node| key == node.name);
        let now = former.iter().position(|former| former.is_some() && *former == at);
        if let (Some(at), Some(now)) = (at, now) {
            change_node(&mut item, &old.nodes[at].kind, &new.nodes[now].kind, comments);
        }
        changed.push((key, item, now));
    }
    let lost = leave_out(&mut changed, |(_, item, now)| {
        if now.is_none() && has_header(item) {
            comments.leave(std::mem::take(item));
        }
        now.is_some()
    });
    let mut entries: Vec<Option<(Key, Item)>> = new.nodes.iter().map(|_| None).collect();
    for (key, item, now) in changed {
        if let Some((now, node)) = now.and_then(|now| Some((now, new.nodes.get(now)?))) {
            entries[now] = Some((renamed(&key, &node.name), item));
        }
    }
    let mut entries = complete(entries, &new.nodes, inline);
    if !inline {
        put_headers_last(&mut entries);
        order_positions(&mut entries);
    }
    table.put(entries);
    keep(lost, nodes, position, comments);
}

/// Leaves out entries, and hands comments that are not about them to the next entry that stays, headers aside: of those
/// [`Comments`] takes care. What is left of them is given back.
fn leave_out<T>(entries: &mut Vec<(Key, Item, T)>, mut stays: impl FnMut(&mut (Key, Item, T)) -> bool) -> String {
    let mut alone = String::new();
    entries.retain_mut(|entry| {
        if has_header(&entry.1) {
            return stays(entry);
        }
        let before = before(&entry.0, &entry.1);
        let stays = stays(entry);
        if !stays {
            alone.push_str(&standing_alone(&before));
        } else if !alone.is_empty() {
            set_before(entry.0.as_mut(), &mut entry.1, std::mem::take(&mut alone) + &before);
        }
        stays
    });
    alone
}

/// Puts a comment that stood at the end of a table behind what is left of it.
fn keep(comment: String, table: &mut Item, position: isize, comments: &mut Comments) {
    match table {
        Item::Value(Value::InlineTable(table)) if !comment.is_empty() => {
            let behind = raw(Some(table.trailing())).to_owned();
            table.set_trailing(comment + &behind);
        }
        Item::Value(_) => {}
        _ => comments.keep(position, comment),
    }
    if let Some(mut table) = Entries::of(table) {
        table.tidy();
    }
}

fn has_header(item: &Item) -> bool {
    matches!(item, Item::Table(table) if !table.is_dotted())
}

/// The entries in the order of the nodes, those that are new written afresh: each with a header of its own, unless one
/// behind it has none.
fn complete(entries: Vec<Option<(Key, Item)>>, nodes: &[Node], inline: bool) -> Vec<(Key, Item)> {
    let last_bare = entries.iter().rposition(|entry| entry.as_ref().is_some_and(|(_, item)| !has_header(item)));
    let first_header = entries.iter().position(|entry| entry.as_ref().is_some_and(|(_, item)| has_header(item)));
    let fresh = |at: usize, node: &Node| {
        let bare = inline || last_bare.is_some_and(|last| at < last) && first_header.is_none_or(|first| at < first);
        match bare {
            true => Item::Value(Value::InlineTable(fresh::inline_node(&node.kind))),
            false => Item::Table(fresh::node_table(&node.kind)),
        }
    };
    let mut complete = Vec::with_capacity(nodes.len());
    for (at, (entry, node)) in entries.into_iter().zip(nodes).enumerate() {
        complete.push(entry.unwrap_or_else(|| (Key::new(&node.name), fresh(at, node))));
    }
    complete
}

/// Gives every entry behind one with a header a header as well: in a file, those without come first.
fn put_headers_last(entries: &mut [(Key, Item)]) {
    let Some(first) = entries.iter().position(|(_, item)| has_header(item)) else { return };
    for (key, item) in entries[first..].iter_mut().filter(|(_, item)| !has_header(item)) {
        let about = match item {
            Item::Value(_) => before(key, item) + &inside(item),
            _ => String::new(),
        };
        let Ok(mut table) = std::mem::take(item).into_table() else { continue };
        table.set_dotted(false);
        table.set_implicit(false);
        let about: String =
            about.lines().filter(|line| !line.trim().is_empty()).flat_map(|line| [line.trim(), "\n"]).collect();
        table.decor_mut().set_prefix(format!("\n{about}"));
        table.decor_mut().set_suffix("");
        key.leaf_decor_mut().clear();
        *item = Item::Table(table);
    }
}

/// Gives the headers' positions out anew where the order of the nodes is another than that of their headers.
fn order_positions(entries: &mut [(Key, Item)]) {
    let own = |item: &Item| -> Vec<isize> {
        match item {
            Item::Table(table) => table.position().into_iter().chain(positions(table)).collect(),
            _ => Vec::new(),
        }
    };
    let firsts: Vec<isize> = entries.iter().filter_map(|(_, item)| item.as_table()?.position()).collect();
    if firsts.is_sorted() {
        return;
    }
    let mut all: Vec<isize> = entries.iter().flat_map(|(_, item)| own(item)).collect();
    all.sort_unstable();
    let mut next = all.into_iter();
    for (_, item) in entries {
        if let Item::Table(table) = item {
            give_positions(table, &mut next);
        }
    }
}

fn give_positions(table: &mut Table, next: &mut dyn Iterator<Item = isize>) {
    if table.position().is_some() {
        table.set_position(next.next());
    }
    let inside = table.iter_mut().filter_map(|(_, item)| item.as_table_mut());
    let mut inside: Vec<&mut Table> = inside.collect();
    inside.sort_by_key(|table| table.position());
    for table in inside {
        give_positions(table, next);
    }
}

fn edit_layout(
    document: &mut DocumentMut,
    old: &Pipeline,
    new: &Pipeline,
    former: &[Option<usize>],
    comments: &mut Comments,
) {
    if !document.contains_key("layout") {
        let mut layout = Table::new();
        let last = positions(document.as_table()).into_iter().max().unwrap_or(0);
        layout.set_position(Some(last + 1));
        document.insert("layout", Item::Table(layout));
    }
    let names = new_names(old, new, former);
    let Some(layout) = document.get_mut("layout") else { return };
    let position = layout.as_table().and_then(Table::position).unwrap_or(0);
    let Some(mut table) = Entries::of(layout) else { return };
    let mut entries: Vec<(Key, Item, ())> = table.take().into_iter().map(|(key, item)| (key, item, ())).collect();
    for (key, item, ()) in &mut entries {
        let name = names.get(key.get()).copied().filter(|name| new.layout.contains_key(*name));
        let name = name.unwrap_or(key.get()).to_owned();
        if let (Some(place), Item::Value(Value::Array(list))) = (new.layout.get(&name), item)
            && old.layout.get(key.get()) != Some(place)
        {
            for (value, number) in list.iter_mut().zip(place) {
                replace(value, fresh::coordinate(*number));
            }
        }
        *key = renamed(key, &name);
    }
    let mut taken: Vec<String> = Vec::with_capacity(entries.len());
    let lost = leave_out(&mut entries, |(key, _, ())| {
        let stays = new.layout.contains_key(key.get()) && !taken.iter().any(|name| key == name);
        taken.push(key.get().to_owned());
        stays
    });
    let mut entries: Vec<(Key, Item)> = entries.into_iter().map(|(key, item, ())| (key, item)).collect();
    let in_file_order = new.nodes.iter().map(|node| &node.name).chain(new.layout.keys());
    for name in in_file_order {
        if let Some(place) = new.layout.get(name)
            && !entries.iter().any(|(key, _)| key == name)
        {
            entries.push((Key::new(name), Item::Value(Value::Array(fresh::place(*place)))));
        }
    }
    table.put(entries);
    keep(lost, layout, position, comments);
}
