//! Names of fields.

use std::ops::Range;

use sqlparser::ast::{Expr as Sql, Ident};

use super::{Lowering, Names};
use crate::codec::{Path, Step};
use crate::expr::error::{ExprError, most_similar};
use crate::expr::formula::{NameError, Scope};
use crate::expr::node::{Node, Type};
use crate::expr::parse::INDEX_QUOTE;
use crate::expr::source::{ROOTS, Source};

impl Lowering<'_> {
    /// A field node; the source is added to the list if it is new.
    pub(super) fn source(&mut self, source: Source) -> (Node, Type) {
        let of = source.type_of();
        let at = self.sources.iter().position(|known| *known == source).unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        });
        (Node::Field(at), of)
    }

    pub(super) fn field(&mut self, names: &[Ident], at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        let Some((root, steps)) = names.split_first() else { return self.error(at, "a name is missing") };
        if let Names::Columns(scope) | Names::Groups { by: scope, .. } = &self.names {
            return self.column(*scope, names, at);
        }
        let plain = match root.value.as_str() {
            "topic" => Source::Topic,
            "partition" => Source::Partition,
            "offset" => Source::Offset,
            "timestamp" => Source::Timestamp,
            "timestamp_type" => Source::TimestampType,
            "key" => return self.path(steps, at).map(|path| self.source(Source::Key(path))),
            "value" => return self.path(steps, at).map(|path| self.source(Source::Value(path))),
            "headers" => return self.header_name(steps, at).map(|name| self.source(Source::Header(name))),
            "headers_all" => return self.header_name(steps, at).map(|name| self.source(Source::Headers(name))),
            _ => return self.unknown_name(root, names, at),
        };
        match steps {
            [] => Ok(self.source(plain)),
            _ => self.error(at, format!("{plain} has no fields")),
        }
    }

    fn column(&mut self, scope: &dyn Scope, names: &[Ident], at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        let path = self.path(names, at)?;
        match scope.column(path.steps()) {
            Ok((index, of)) => Ok(self.source(Source::Column(index, of))),
            Err(NameError { message, hint: None }) => self.error(at, message),
            Err(NameError { message, hint: Some(hint) }) => self.hinted(at, message, hint),
        }
    }

    fn path(&self, steps: &[Ident], at: &Range<usize>) -> Result<Path, ExprError> {
        let mut path = Vec::with_capacity(steps.len());
        for step in steps {
            path.push(match step.quote_style {
                Some(INDEX_QUOTE) => match step.value.parse() {
                    Ok(index) => Step::Index(index),
                    Err(_) => return self.error(at, format!("“{}” is too large an index", step.value)),
                },
                _ => Step::Field(step.value.as_str().into()),
            });
        }
        Ok(Path::new(path))
    }

    fn header_name(&self, steps: &[Ident], at: &Range<usize>) -> Result<String, ExprError> {
        match steps {
            [name] if name.quote_style != Some(INDEX_QUOTE) => Ok(name.value.clone()),
            _ => self.hinted(at, "which header?", "write headers.source, or headers['any name']"),
        }
    }

    fn unknown_name<T>(&self, root: &Ident, names: &[Ident], at: &Range<usize>) -> Result<T, ExprError> {
        let message = format!("unknown name “{}”", root.value);
        if root.quote_style.is_some() {
            return self.hinted(at, message, format!("for a text write '{}'", root.value));
        }
        let hint = match most_similar(&root.value, ROOTS) {
            Some(similar) => format!("did you mean {similar}?"),
            None => {
                let written: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
                format!("a field of the value is written value.{}, a text '{}'", written.join("."), written.join("."))
            }
        };
        self.hinted(at, message, hint)
    }

    /// Whether a field is not there.
    pub(super) fn is_missing(&mut self, of: &Sql) -> Result<Node, ExprError> {
        let typed = self.lower(of)?;
        match typed.node {
            field @ Node::Field(_) => Ok(Node::IsMissing(Box::new(field))),
            _ => self.error(&typed.at, "only a field can be missing: write value.field, key, headers.name"),
        }
    }
}
