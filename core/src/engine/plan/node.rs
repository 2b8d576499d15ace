//! Planning one node: its expressions read, its wire laid.

use std::sync::Arc;

use super::wire::{GroupScope, Own, Space};
use super::{Planning, Problem};
use crate::codec::Step;
use crate::event::TopicName;
use crate::expr::{AggregateCall, Expr, ExprError, Formula, Scope, Type};
use crate::pipeline::{
    Emit, Flow, JoinHow, Keep, Node, NodeKind, OrderBy, Select, Span, Window, Within, split_equality, split_name,
};

/// What a node's operator is made of. Formulas read the columns of the input's wire.
#[derive(Debug, Clone)]
pub(in crate::engine) enum Recipe {
    Stream {
        topic: TopicName,
        time: Option<Expr>,
    },
    Table {
        topic: TopicName,
        time: Option<Expr>,
        key: usize,
        value: usize,
    },
    Filter {
        input: usize,
        condition: Formula,
    },
    Extend {
        input: usize,
        formulas: Vec<Formula>,
    },
    Flatten {
        input: usize,
        array: Formula,
        outer: bool,
    },
    Merge {
        inputs: Vec<usize>,
    },
    Pass {
        input: usize,
    },
    Aggregate {
        input: usize,
        by: Vec<Formula>,
        window: Option<Window>,
        grace_ms: i64,
        emit: Emit,
        calls: Vec<AggregateCall>,
        select: Vec<Formula>,
    },
    JoinStreams {
        sides: [usize; 2],
        how: JoinHow,
        on: [Vec<Formula>; 2],
        within: Within,
        grace_ms: i64,
        values: [Option<usize>; 2],
    },
    JoinStreamWithTable {
        sides: [usize; 2],
        how: JoinHow,
        on: [Vec<Formula>; 2],
        grace_ms: Option<i64>,
        value: Option<usize>,
    },
    JoinTables {
        sides: [usize; 2],
        how: JoinHow,
        on: [Vec<Formula>; 2],
        ids: [Vec<usize>; 2],
    },
    Deduplicate {
        input: usize,
        by: Vec<Formula>,
        within_ms: Option<i64>,
        keep: Keep,
    },
    TopN {
        input: usize,
        by: Vec<Formula>,
        order: Vec<(Formula, bool)>,
        n: u32,
    },
}

impl Planning<'_> {
    /// Plans a node whose inputs are planned. What is wrong with it is kept; its wire is laid all the same where it can
    /// be, so that the nodes behind it are looked at too.
    pub(super) fn plan_node(&mut self, node: &Node, flow: Flow) {
        let name = node.name.as_str();
        match &node.kind {
            NodeKind::Stream { topic, time } => {
                let time = self.time(name, time.as_deref());
                let space = self.event_space(topic);
                self.add(name, flow, space, Vec::new(), Recipe::Stream { topic: topic.as_str().into(), time });
            }
            NodeKind::Table { topic, time } => self.plan_table(name, topic, time.as_deref()),
            NodeKind::Filter { input, condition } => {
                let input = self.places[input.as_str()];
                let condition = self.condition(name, "where", condition, input);
                self.add(name, flow, Space::Through(input), Vec::new(), Recipe::Filter { input, condition });
            }
            NodeKind::Project { input, select } => self.plan_project(name, flow, input, select),
            NodeKind::Rekey { input, by } => {
                let input = self.places[input.as_str()];
                let formulas = self.formulas(name, "by", by, input);
                let own = match formulas.as_slice() {
                    [one] => vec![Own::new("key", one.type_of())],
                    several => {
                        (0..several.len()).map(|at| Own::new(&format!("key[{at}]"), several[at].type_of())).collect()
                    }
                };
                self.add(name, flow, Space::Through(input), own, Recipe::Extend { input, formulas });
            }
            NodeKind::Flatten { input, field, name: element, outer } => {
                let input = self.places[input.as_str()];
                let array = self.formula(name, "field", field, input);
                let recipe = Recipe::Flatten { input, array, outer: *outer };
                self.add(name, flow, Space::Through(input), vec![Own::new(element, Type::Any)], recipe);
            }
            NodeKind::Merge { inputs } => {
                let inputs: Vec<usize> = inputs.iter().map(|input| self.places[input.as_str()]).collect();
                self.add(name, flow, Space::Merged(inputs.clone()), Vec::new(), Recipe::Merge { inputs });
            }
            NodeKind::View { input } => {
                let input = self.places[input.as_str()];
                self.add(name, flow, Space::Through(input), Vec::new(), Recipe::Pass { input });
            }
            NodeKind::Aggregate { input, by, window, grace, select, emit } => {
                let input = self.places[input.as_str()];
                self.plan_aggregate(name, flow, (input, by, *window, *grace, select, *emit));
            }
            NodeKind::Join { how, left, right, on, within, grace } => {
                let sides = [self.places[left.as_str()], self.places[right.as_str()]];
                self.plan_join(name, flow, sides, *how, on, (*within, *grace));
            }
            NodeKind::Deduplicate { input, by, within, keep } => {
                let input = self.places[input.as_str()];
                let by = self.grouping(name, by, input);
                let by = by.into_iter().map(|(formula, _)| formula).collect();
                let recipe = Recipe::Deduplicate { input, by, within_ms: within.map(|span| span.ms), keep: *keep };
                self.add(name, flow, Space::Through(input), Vec::new(), recipe);
            }
            NodeKind::TopN { input, by, order, n } => {
                let input = self.places[input.as_str()];
                let by = self.formulas(name, "by", by, input);
                let order = order.iter().enumerate().map(|(at, OrderBy { expr, descending })| {
                    (self.formula(name, &format!("order[{at}]"), expr, input), *descending)
                });
                let recipe = Recipe::TopN { input, by, order: order.collect(), n: *n };
                self.add(name, flow, Space::Through(input), vec![Own::new("rank", Type::Number)], recipe);
            }
        }
    }

    fn event_space(&self, topic: &str) -> Space {
        Space::Event(self.shapes.and_then(|shapes| shapes.get(topic)).cloned().map(Arc::new))
    }

    fn plan_table(&mut self, name: &str, topic: &str, time: Option<&str>) {
        let time = self.time(name, time);
        // The wire must be there before it can be asked for its columns.
        let recipe = Recipe::Table { topic: topic.into(), time, key: 0, value: 0 };
        let space = self.event_space(topic);
        let wire = self.add(name, Flow::Table, space, Vec::new(), recipe);
        let found = self.wires.borrow_mut().resolve(wire, &[Step::Field("key".into())]).map_or(0, |(column, _)| column);
        let size = self.value_column(wire).unwrap_or(0);
        if let Recipe::Table { key, value, .. } = &mut self.recipes[wire] {
            (*key, *value) = (found, size);
        }
    }

    fn plan_project(&mut self, name: &str, flow: Flow, input: &str, select: &[Select]) {
        let input = self.places[input];
        let formulas: Vec<Formula> = select
            .iter()
            .map(|select| self.formula(name, &format!("select.{}", select.name), &select.expr, input))
            .collect();
        let own = select.iter().zip(&formulas).map(|(select, formula)| Own::new(&select.name, formula.type_of()));
        let own = own.collect();
        let wire = self.add(name, flow, Space::Own, own, Recipe::Extend { input, formulas });
        if flow == Flow::Table {
            // What tells the table's rows apart goes along, even where nobody sees it.
            self.id_columns(wire);
        }
    }

    #[allow(clippy::type_complexity, reason = "the settings of the one kind of node that has so many")]
    fn plan_aggregate(
        &mut self,
        name: &str,
        flow: Flow,
        (input, by, window, grace, select, emit): (usize, &[String], Option<Window>, Option<Span>, &[Select], Emit),
    ) {
        let groups = self.grouping(name, by, input);
        let mut own: Vec<Own> = groups.iter().map(|(formula, name)| Own::new(name, formula.type_of())).collect();
        if window.is_some() {
            own.extend([Own::new("window_start", Type::Time), Own::new("window_end", Type::Time)]);
        }
        let mut calls = Vec::new();
        let mut results = Vec::with_capacity(select.len());
        for Select { name: column, expr } in select {
            let read = Formula::of_groups(expr, &GroupScope { columns: &own }, &self.scope(input), &mut calls);
            results.push(self.read(name, &format!("select.{column}"), expr, read));
        }
        let selected = select.iter().zip(&results).map(|(select, formula)| Own::new(&select.name, formula.type_of()));
        let selected: Vec<Own> = selected.collect();
        own.extend(selected);
        let recipe = Recipe::Aggregate {
            input,
            by: groups.into_iter().map(|(formula, _)| formula).collect(),
            window,
            grace_ms: grace.map_or(0, |grace| grace.ms),
            emit,
            calls,
            select: results,
        };
        self.add(name, flow, Space::Own, own, recipe);
    }

    fn plan_join(
        &mut self,
        name: &str,
        flow: Flow,
        sides: [usize; 2],
        how: JoinHow,
        on: &[String],
        (within, grace): (Option<Within>, Option<Span>),
    ) {
        let mut keys = [Vec::new(), Vec::new()];
        for (at, equality) in on.iter().enumerate() {
            let [left, right] = self.equality(name, &format!("on[{at}]"), equality, sides);
            keys[0].push(left);
            keys[1].push(right);
        }
        let flows = sides.map(|side| self.wires.borrow().list[side].flow);
        let recipe = match flows {
            [Flow::Stream, Flow::Stream] => {
                let values = sides.map(|side| self.value_column(side));
                let within = within.unwrap_or(Within { before: Span::of_ms(0), after: Span::of_ms(0) });
                Recipe::JoinStreams {
                    sides,
                    how,
                    on: keys,
                    within,
                    grace_ms: grace.map_or(0, |grace| grace.ms),
                    values,
                }
            }
            [Flow::Stream, Flow::Table] => {
                let value = self.value_column(sides[0]);
                Recipe::JoinStreamWithTable { sides, how, on: keys, grace_ms: grace.map(|grace| grace.ms), value }
            }
            _ => {
                let ids = sides.map(|side| self.id_columns(side));
                Recipe::JoinTables { sides, how, on: keys, ids }
            }
        };
        self.add(name, flow, Space::Sides(sides), Vec::new(), recipe);
    }

    /// The two sides of `left = right`, whichever is written first.
    fn equality(&mut self, node: &str, setting: &str, text: &str, sides: [usize; 2]) -> [Formula; 2] {
        let Some((one, other)) = split_equality(text) else {
            self.problems.push(Problem::of_setting(node, setting, format!("“{text}” is not left = right")));
            return [nothing(), nothing()];
        };
        let read = |text: &str, side: usize| Formula::parse(text, &self.scope(sides[side]));
        let pair = match [read(one, 0), read(other, 1)] {
            [Ok(left), Ok(right)] => [left, right],
            straight => match [read(other, 0), read(one, 1)] {
                [Ok(left), Ok(right)] => [left, right],
                _ => {
                    let mut formulas = [one, other].into_iter().zip(straight).map(|(side, read)| {
                        // What is wrong with a side is told by its place in the whole.
                        let before = side.as_ptr() as usize - text.as_ptr() as usize;
                        let read = read.map_err(|error| {
                            let at = error.at.start + before..error.at.end + before;
                            ExprError { at, text: text.to_owned(), ..error }
                        });
                        self.read(node, setting, side, read)
                    });
                    return [formulas.next().unwrap_or_else(nothing), formulas.next().unwrap_or_else(nothing)];
                }
            },
        };
        let [left, right] = [pair[0].type_of(), pair[1].type_of()];
        if !left.may_be(right) {
            let message = format!("{} never equals {}", left.named(), right.named());
            self.problems.push(Problem::of_setting(node, setting, message).hint("CAST one of them"));
        }
        pair
    }

    /// What groups go by, with the names of their columns: the row's key where nothing is said, of a stream; all rows
    /// are one group of a table, and where there is no key.
    fn grouping(&mut self, node: &str, by: &[String], input: usize) -> Vec<(Formula, String)> {
        if by.is_empty() {
            let is_stream = self.wires.borrow().list[input].flow == Flow::Stream;
            let key = self.scope(input).column(&[Step::Field("key".into())]);
            return match key {
                Ok((column, of)) if is_stream => vec![(Formula::of_column("key", column, of), "key".to_owned())],
                _ => Vec::new(),
            };
        }
        let entry = |(at, entry): (usize, &String)| {
            let (text, name) = split_name(entry);
            let formula = self.formula(node, &format!("by[{at}]"), text, input);
            (formula, name.unwrap_or_else(|| text.to_owned()))
        };
        by.iter().enumerate().map(entry).collect()
    }

    fn formulas(&mut self, node: &str, setting: &str, texts: &[String], input: usize) -> Vec<Formula> {
        let read = |(at, text): (usize, &String)| {
            let (text, _) = split_name(text);
            self.formula(node, &format!("{setting}[{at}]"), text, input)
        };
        texts.iter().enumerate().map(read).collect()
    }

    fn formula(&mut self, node: &str, setting: &str, text: &str, input: usize) -> Formula {
        let read = Formula::parse(text, &self.scope(input));
        self.read(node, setting, text, read)
    }

    fn condition(&mut self, node: &str, setting: &str, text: &str, input: usize) -> Formula {
        let read = Formula::condition(text, &self.scope(input));
        self.read(node, setting, text, read)
    }

    fn time(&mut self, node: &str, text: Option<&str>) -> Option<Expr> {
        match Expr::parse(text?) {
            Ok(expr) => Some(expr),
            Err(error) => {
                self.problems.push(problem(node, "time", error));
                None
            }
        }
    }

    fn read(&mut self, node: &str, setting: &str, _text: &str, read: Result<Formula, ExprError>) -> Formula {
        read.unwrap_or_else(|error| {
            self.problems.push(problem(node, setting, error));
            nothing()
        })
    }
}

fn problem(node: &str, setting: &str, error: ExprError) -> Problem {
    let mut problem = Problem::of_setting(node, setting, format!("{} at column {}", error.message, error.column()));
    problem.hint = error.hint;
    problem.within = Some(error.at);
    problem
}

/// Stands where an expression could not be read; a pipeline with one never runs.
fn nothing() -> Formula {
    Formula::of_column("", 0, Type::Any)
}
