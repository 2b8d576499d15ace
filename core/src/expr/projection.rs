//! Chosen columns: fields and expressions with names, for lists and tables.

use sqlparser::ast::SelectItem;

use super::lower::Lowering;
use super::{Expr, ExprError, parse};
use crate::codec::{Cell, TopicCodecs};
use crate::event::EventBatch;

/// One chosen column.
#[derive(Debug, Clone)]
pub struct ProjectedColumn {
    /// The name that was given with `AS`, else the expression as it is written.
    pub name: String,
    /// What is shown in it.
    pub expr: Expr,
}

/// Columns that were chosen: `value.amount, upper(value.region) AS region`.
#[derive(Debug, Clone, Default)]
pub struct Projection {
    columns: Vec<ProjectedColumn>,
}

impl Projection {
    /// Reads expressions with commas between them.
    ///
    /// # Errors
    /// [`ExprError`] with its place in the whole text.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let source = parse::Source::of_event(text);
        let mut columns = Vec::new();
        for item in source.parse_list()? {
            let (sql, alias) = match item {
                SelectItem::UnnamedExpr(sql) => (sql, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.value)),
                other => return Err(source.error(0..text.len(), format!("“{other}” is no column"))),
            };
            let mut lowering = Lowering::new(&source);
            let typed = lowering.lower(&sql)?;
            let expr = Expr::new(text.get(typed.at.clone()).unwrap_or(text), typed, lowering.sources);
            let name = alias.unwrap_or_else(|| expr.name().unwrap_or_else(|| sql.to_string()));
            columns.push(ProjectedColumn { name, expr });
        }
        Ok(Self { columns })
    }

    /// A column of one expression.
    pub fn push(&mut self, name: impl Into<String>, expr: Expr) {
        self.columns.push(ProjectedColumn { name: name.into(), expr });
    }

    /// The columns, in the order in which they were chosen.
    pub fn columns(&self) -> &[ProjectedColumn] {
        &self.columns
    }

    /// What stands in each column for some rows of a batch.
    pub fn evaluate<'a>(&self, batch: &'a EventBatch, rows: &'a [u32], codecs: &TopicCodecs) -> Vec<Vec<Cell<'a>>> {
        self.columns.iter().map(|column| column.expr.evaluate(batch, rows, codecs)).collect()
    }
}
