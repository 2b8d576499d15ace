//! Files as people write them: every form that a setting may have, with comments everywhere.

use toml_edit::{Key, Value};

use super::*;
use crate::pipeline::document::fresh::{place, value, within_parts};
use crate::pipeline::document::setting::{Content, Setting, are_keys, settings};
use crate::pipeline::entry::write_select;

/// A text, and what is to be found again in it.
#[derive(Debug, Default)]
pub(super) struct Styled {
    pub(super) text: String,
    /// Comments on and in a node.
    pub(super) comments: Vec<(String, String)>,
    /// Comments that are about no node.
    pub(super) free: Vec<String>,
    /// The lines of nodes that have a header.
    pub(super) blocks: Vec<(String, String)>,
}

/// Chooses a style.
pub(super) struct Taste(pub(super) u64);

impl Taste {
    fn one_of(&mut self, many: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % many
    }

    fn now_and_then(&mut self) -> bool {
        self.one_of(3) == 0
    }
}

struct Writer {
    styled: Styled,
    taste: Taste,
    node: String,
    count: usize,
}

/// Writes a pipeline as somebody of that taste would.
pub(super) fn styled(pipeline: &Pipeline, taste: Taste) -> Styled {
    let mut writer = Writer { styled: Styled::default(), taste, node: String::new(), count: 0 };
    writer.write(pipeline);
    writer.styled
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn key(name: &str) -> String {
    Key::new(name).to_string()
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.styled.text.push_str(text);
    }

    fn comment(&mut self) -> String {
        self.count += 1;
        let tail = ["", " [x]", " = \"", " 'y'", " {", " é"][self.taste.one_of(6) as usize];
        let comment = format!("# c{}.{tail}", self.count);
        match self.node.is_empty() {
            true => self.styled.free.push(comment.clone()),
            false => self.styled.comments.push((self.node.clone(), comment.clone())),
        }
        comment
    }

    /// A comment line, now and then.
    fn above(&mut self) {
        while self.taste.now_and_then() {
            let comment = self.comment();
            self.push(&format!("{comment}\n"));
        }
    }

    /// The end of a line, with a comment now and then.
    fn end(&mut self) {
        if self.taste.now_and_then() {
            let comment = self.comment();
            self.push(&format!(" {comment}"));
        }
        self.push("\n");
    }

    fn free_comment(&mut self) {
        self.node.clear();
        self.push("\n");
        if self.taste.now_and_then() {
            let comment = self.comment();
            self.push(&format!("{comment}\n\n"));
        }
    }

    fn text(&mut self, text: &str) -> String {
        let literal = !text.contains('\'') && !text.contains(|c: char| c.is_control());
        let lines = !text.contains(['"', '\\', '\r']) && !text.contains(|c: char| c.is_control() && c != '\n');
        match self.taste.one_of(4) {
            0 if literal => format!("'{text}'"),
            1 if lines => format!("\"\"\"\n{text}\"\"\""),
            _ => quoted(text),
        }
    }

    fn line(&mut self, key: &str, value: &str) {
        self.above();
        let (before, after) = [("", " "), ("  ", "  "), ("", ""), ("\t", " ")][self.taste.one_of(4) as usize];
        self.push(&format!("{before}{key}{after}={after}{value}"));
        self.end();
    }

    fn list(&mut self, texts: &[String]) -> String {
        match self.taste.one_of(4) {
            0 if texts.len() == 1 => return self.text(&texts[0]),
            1 => return format!("[ {} ]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(" ,")),
            2 => return format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")),
            _ => {}
        }
        let mut list = "[".to_owned();
        let beside = |writer: &mut Self, list: &mut String| {
            if writer.taste.now_and_then() {
                list.push_str(&format!(" {}", writer.comment()));
            }
            list.push('\n');
        };
        beside(self, &mut list);
        for (at, text) in texts.iter().enumerate() {
            if self.taste.now_and_then() {
                list.push_str(&format!("  {}\n", self.comment()));
            }
            list.push_str(&format!("  {}", self.text(text)));
            if at + 1 < texts.len() || self.taste.now_and_then() {
                list.push(',');
            }
            beside(self, &mut list);
        }
        if self.taste.now_and_then() {
            list.push_str(&format!("  {}\n", self.comment()));
        }
        list + "]"
    }

    fn parts(&mut self, parts: &[(String, String)]) -> String {
        if self.taste.now_and_then() {
            return self.parts_in_lines(parts);
        }
        let spaced = self.taste.now_and_then();
        let parts: Vec<String> = parts.iter().map(|(name, text)| format!("{} = {}", key(name), quoted(text))).collect();
        if spaced { format!("{{ {} }}", parts.join(", ")) } else { format!("{{{}}}", parts.join(" ,")) }
    }

    fn parts_in_lines(&mut self, parts: &[(String, String)]) -> String {
        let mut table = "{".to_owned();
        for (at, (name, text)) in parts.iter().enumerate() {
            let beside = if self.taste.now_and_then() { format!(" {}", self.comment()) } else { String::new() };
            let comma = if at == 0 { "" } else { "," };
            table.push_str(&format!("{comma}{beside}\n    {} = {}", key(name), quoted(text)));
        }
        table + "\n  }"
    }

    /// A setting in a line; what is better put into a table of its own is given back.
    fn setting(&mut self, name: &str, content: &Content, tables: bool) -> Option<Vec<(String, String)>> {
        let owned = |parts: &[(&'static str, String)]| {
            parts.iter().map(|(key, text)| ((*key).to_owned(), text.clone())).collect()
        };
        let parts: Vec<(String, String)> = match content {
            Content::Text(text) => {
                let text = self.text(text);
                self.line(name, &text);
                return None;
            }
            Content::Flag(flag) => {
                self.line(name, &flag.to_string());
                return None;
            }
            Content::Number(number) => {
                self.line(name, &number.to_string());
                return None;
            }
            Content::List(texts) => {
                let list = self.list(texts);
                self.line(name, &list);
                return None;
            }
            Content::Within(within) if within.before == within.after && self.taste.now_and_then() => {
                self.line(name, &quoted(&within.before.to_string()));
                return None;
            }
            Content::Columns(columns) if !are_keys(columns) || self.taste.now_and_then() => {
                let list = self.list(&columns.iter().map(write_select).collect::<Vec<_>>());
                // A list of one may be a text, but one column is no text.
                self.line(name, &list);
                return None;
            }
            Content::Columns(columns) => {
                columns.iter().map(|column| (column.name.clone(), column.expr.clone())).collect()
            }
            Content::Within(within) => owned(&within_parts(within)),
            Content::Parts(parts) => owned(parts),
        };
        match self.taste.one_of(3) {
            0 if tables => return Some(parts),
            1 if !parts.is_empty() => {
                for (part, text) in parts {
                    let text = self.text(&text);
                    self.line(&format!("{name}.{}", key(&part)), &text);
                }
            }
            _ => {
                let parts = self.parts(&parts);
                self.line(name, &parts);
            }
        }
        None
    }

    fn headed(&mut self, node: &Node) {
        self.free_comment();
        self.node.clone_from(&node.name);
        self.above();
        let start = self.styled.text.len();
        self.push(&format!("[nodes.{}]", key(&node.name)));
        self.end();
        let mut tables = Vec::new();
        for setting in settings(&node.kind) {
            if setting.implied && !self.taste.now_and_then() {
                continue;
            }
            tables.extend(self.setting(setting.key, &setting.content, true).map(|parts| (setting.key, parts)));
        }
        for (name, parts) in tables {
            self.push("\n");
            self.above();
            self.push(&format!("[nodes.{}.{name}]", key(&node.name)));
            self.end();
            for (part, text) in parts {
                let text = self.text(&text);
                self.line(&key(&part), &text);
            }
        }
        self.styled.blocks.push((node.name.clone(), self.styled.text[start..].to_owned()));
    }

    fn bare(&mut self, node: &Node, prefix: &str) {
        if self.taste.now_and_then() {
            self.free_comment();
        }
        self.node.clone_from(&node.name);
        let name = format!("{prefix}{}", key(&node.name));
        let said: Vec<_> = settings(&node.kind).into_iter().filter(|setting| !setting.implied).collect();
        if self.taste.now_and_then() {
            for setting in said {
                self.setting(&format!("{name}.{}", setting.key), &setting.content, false);
            }
        } else {
            let parts: Vec<String> =
                said.iter().map(|setting| format!("{} = {}", setting.key, value(&setting.content))).collect();
            self.line(&name, &format!("{{ {} }}", parts.join(", ")));
        }
    }

    fn write(&mut self, pipeline: &Pipeline) {
        self.above();
        self.line("version", "1");
        let name = self.text(&pipeline.name);
        self.line("name", &name);
        if !pipeline.description.is_empty() {
            let description = self.text(&pipeline.description);
            self.line("description", &description);
        }
        let layout_above = self.taste.now_and_then();
        match layout_above {
            true if self.taste.now_and_then() => self.braces_of_layout(pipeline),
            true => self.layout(pipeline, "layout."),
            false => {}
        }
        if self.taste.one_of(6) == 0 {
            self.braces_of_nodes(&pipeline.nodes);
            if !layout_above {
                self.braces_of_layout(pipeline);
            }
            return;
        }
        let bare = if self.taste.now_and_then() { self.taste.one_of(4) as usize } else { 0 };
        let (bare, headed) = pipeline.nodes.split_at(bare.min(pipeline.nodes.len()));
        let prefix = if self.taste.now_and_then() { "nodes." } else { "" };
        if !bare.is_empty() && prefix.is_empty() {
            self.free_comment();
            self.push("[nodes]");
            self.end();
        }
        for node in bare {
            self.bare(node, prefix);
        }
        for node in headed {
            self.headed(node);
        }
        self.free_comment();
        if !layout_above && (!pipeline.layout.is_empty() || self.taste.now_and_then()) {
            self.push("[layout]");
            self.end();
            self.layout(pipeline, "");
        }
        self.above();
    }

    fn layout(&mut self, pipeline: &Pipeline, prefix: &str) {
        for (name, at) in &pipeline.layout {
            self.node = format!("layout.{name}");
            self.line(&format!("{prefix}{}", key(name)), &place(*at).to_string());
        }
    }

    /// Entries between braces, over several lines or in one.
    fn braces(&mut self, table: &str, entries: &[(String, String, String)]) {
        self.node.clear();
        self.push(&format!("{table} = {{"));
        let in_lines = self.taste.now_and_then();
        if in_lines {
            self.end();
        }
        for (at, (node, name, value)) in entries.iter().enumerate() {
            self.node.clone_from(node);
            let comma = if at + 1 < entries.len() || in_lines && self.taste.now_and_then() { "," } else { "" };
            match in_lines {
                true => self.line(name, &format!("{value}{comma}")),
                false => self.push(&format!(" {name} = {value} {comma}")),
            }
        }
        self.node.clear();
        if in_lines {
            self.above();
        }
        self.push("}");
        self.end();
    }

    fn braces_of_nodes(&mut self, nodes: &[Node]) {
        let said = |node: &Node| -> String {
            let said: Vec<_> = settings(&node.kind).into_iter().filter(|setting| !setting.implied).collect();
            let part = |setting: &Setting| format!("{} = {}", setting.key, value(&setting.content));
            format!("{{ {} }}", said.iter().map(part).collect::<Vec<_>>().join(", "))
        };
        let entries: Vec<_> = nodes.iter().map(|node| (node.name.clone(), key(&node.name), said(node))).collect();
        self.braces("nodes", &entries);
    }

    fn braces_of_layout(&mut self, pipeline: &Pipeline) {
        let entry = |(name, at): (&String, &[f32; 2])| (format!("layout.{name}"), key(name), place(*at).to_string());
        let entries: Vec<_> = pipeline.layout.iter().map(entry).collect();
        self.braces("layout", &entries);
    }
}
