//! Where the steps of a process map stand: in layers from left to right, with few crossings, and the ways of its arrows.

use std::collections::BTreeMap;

use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// How large a step is drawn.
pub(in crate::panes) const NODE: Vec2 = vec2(172.0, 42.0);
const GAP: Vec2 = vec2(76.0, 40.0);
/// The room that an arrow takes where it passes a layer.
const PASSING: f32 = 12.0;
const MARGIN: f32 = 28.0;
/// How often layers are put in order by their neighbours.
const SWEEPS: usize = 8;

/// Where everything stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::panes) struct Laid {
    /// Each step's rectangle.
    pub(in crate::panes) nodes: Vec<Rect>,
    /// Each arrow's way, from its first point to its last.
    pub(in crate::panes) ways: Vec<Vec<Pos2>>,
    /// Which arrows lead back.
    pub(in crate::panes) back: Vec<bool>,
    /// How large all of it is.
    pub(in crate::panes) size: Vec2,
}

/// Something that takes room in a layer: a step, or an arrow that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Node(usize),
    Pass(usize, usize),
}

/// Lays out steps and arrows between them, given from the most to the least important. `order` says which steps come
/// early: an arrow to an earlier step leads back. What is not joined stands below each other.
pub(in crate::panes) fn lay_out(order: &[f64], arrows: &[(usize, usize)]) -> Laid {
    let parts = parts(order.len(), arrows);
    let mut laid = Laid {
        nodes: vec![Rect::ZERO; order.len()],
        ways: vec![Vec::new(); arrows.len()],
        back: vec![false; arrows.len()],
        size: Vec2::ZERO,
    };
    for part in parts {
        let within = |node: usize| part.binary_search(&node).unwrap_or_default();
        let own: Vec<usize> = (0..arrows.len()).filter(|&at| part.binary_search(&arrows[at].0).is_ok()).collect();
        let own_arrows: Vec<(usize, usize)> =
            own.iter().map(|&at| (within(arrows[at].0), within(arrows[at].1))).collect();
        let own_order: Vec<f64> = part.iter().map(|&node| order[node]).collect();
        let one = lay_out_part(&own_order, &own_arrows);
        let down = vec2(0.0, laid.size.y);
        for (&node, rect) in part.iter().zip(&one.nodes) {
            laid.nodes[node] = rect.translate(down);
        }
        for ((&at, way), back) in own.iter().zip(&one.ways).zip(&one.back) {
            laid.ways[at] = way.iter().map(|point| *point + down).collect();
            laid.back[at] = *back;
        }
        laid.size = vec2(laid.size.x.max(one.size.x), laid.size.y + one.size.y - MARGIN / 2.0);
    }
    laid
}

/// Steps that are joined by arrows, the most important first; those within a part in their order.
fn parts(count: usize, arrows: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut part: Vec<usize> = (0..count).collect();
    for &(from, to) in arrows {
        let (one, other) = (part[from].min(part[to]), part[from].max(part[to]));
        part.iter_mut().filter(|part| **part == other).for_each(|part| *part = one);
    }
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (node, part) in part.iter().enumerate() {
        parts.entry(*part).or_default().push(node);
    }
    let mut parts: Vec<Vec<usize>> = parts.into_values().collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}

fn lay_out_part(order: &[f64], arrows: &[(usize, usize)]) -> Laid {
    let count = order.len();
    let before = |one: usize, other: usize| order[one].total_cmp(&order[other]).then(one.cmp(&other)).is_lt();
    let back: Vec<bool> = arrows.iter().map(|&(from, to)| !before(from, to)).collect();
    let layers_of = layers(count, arrows, &back);
    let mut layers: Vec<Vec<Place>> = vec![Vec::new(); layers_of.iter().max().map_or(0, |most| most + 1)];
    for (node, &layer) in layers_of.iter().enumerate() {
        layers[layer].push(Place::Node(node));
    }
    for (at, &(from, to)) in arrows.iter().enumerate() {
        if !back[at] {
            let between = layers.iter_mut().enumerate().take(layers_of[to]).skip(layers_of[from] + 1);
            between.for_each(|(nth, layer)| layer.push(Place::Pass(at, nth)));
        }
    }
    // What each place is joined to in the layer before and in the one after.
    let mut joined: BTreeMap<Place, (Vec<Place>, Vec<Place>)> = BTreeMap::new();
    for (at, &(from, to)) in arrows.iter().enumerate() {
        if back[at] {
            continue;
        }
        let mut before = Place::Node(from);
        for layer in layers_of[from] + 1..=layers_of[to] {
            let next = if layer == layers_of[to] { Place::Node(to) } else { Place::Pass(at, layer) };
            joined.entry(before).or_default().1.push(next);
            joined.entry(next).or_default().0.push(before);
            before = next;
        }
    }
    sweep(&mut layers, &joined);
    place(count, arrows, &back, &layers)
}

/// The layer of each step: one after the last of those that lead to it.
fn layers(count: usize, arrows: &[(usize, usize)], back: &[bool]) -> Vec<usize> {
    let forward: Vec<(usize, usize)> =
        arrows.iter().zip(back).filter(|(_, back)| !**back).map(|(arrow, _)| *arrow).collect();
    let mut layers = vec![0; count];
    // As many rounds as the longest way is long: there are no circles.
    for _ in 0..count {
        let mut moved = false;
        for &(from, to) in &forward {
            if layers[to] < layers[from] + 1 {
                layers[to] = layers[from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    layers
}

/// Puts each layer in the order of the middles of what it is joined to, back and forth.
fn sweep(layers: &mut [Vec<Place>], joined: &BTreeMap<Place, (Vec<Place>, Vec<Place>)>) {
    let mut ranks: BTreeMap<Place, f32> = BTreeMap::new();
    let rank = |layer: &[Place], ranks: &mut BTreeMap<Place, f32>| {
        let middle = (layer.len() as f32 - 1.0) / 2.0;
        for (at, place) in layer.iter().enumerate() {
            ranks.insert(*place, at as f32 - middle);
        }
    };
    layers.iter().for_each(|layer| rank(layer, &mut ranks));
    for sweep in 0..SWEEPS {
        let forth = sweep % 2 == 0;
        let mut order: Vec<usize> = (0..layers.len()).collect();
        if !forth {
            order.reverse();
        }
        for at in order {
            let middle = |place: &Place| -> f32 {
                let sides = joined.get(place);
                let others = sides.map(|(before, after)| if forth { before } else { after });
                match others {
                    Some(others) if !others.is_empty() => {
                        others.iter().map(|other| ranks[other]).sum::<f32>() / others.len() as f32
                    }
                    _ => ranks[place],
                }
            };
            let mut keyed: Vec<(f32, Place)> = layers[at].iter().map(|place| (middle(place), *place)).collect();
            keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
            layers[at] = keyed.into_iter().map(|(_, place)| place).collect();
            rank(&layers[at], &mut ranks);
        }
    }
}

fn place(count: usize, arrows: &[(usize, usize)], back: &[bool], layers: &[Vec<Place>]) -> Laid {
    let height = |place: &Place| match place {
        Place::Node(_) => NODE.y,
        Place::Pass(..) => PASSING,
    };
    let tall = |layer: &[Place]| layer.iter().map(height).sum::<f32>() + GAP.y * layer.len().saturating_sub(1) as f32;
    let most = layers.iter().map(|layer| tall(layer)).fold(0.0, f32::max);
    // Arrows that lead back pass above everything.
    let backs = back.iter().zip(arrows).filter(|(back, (from, to))| **back && from != to).count();
    let top = MARGIN + (backs as f32 * 9.0).min(140.0);
    let mut nodes = vec![Rect::ZERO; count];
    let mut passes: BTreeMap<(usize, usize), Pos2> = BTreeMap::new();
    for (at, layer) in layers.iter().enumerate() {
        let left = MARGIN + at as f32 * (NODE.x + GAP.x);
        let mut y = top + (most - tall(layer)) / 2.0;
        for one in layer {
            match one {
                Place::Node(node) => nodes[*node] = Rect::from_min_size(pos2(left, y), NODE),
                Place::Pass(arrow, of) => {
                    passes.insert((*arrow, *of), pos2(left + NODE.x / 2.0, y + PASSING / 2.0));
                }
            }
            y += height(one) + GAP.y;
        }
    }
    let mut lifted = 0;
    let ways = arrows.iter().enumerate().map(|(at, &(from, to))| {
        let (one, other) = (nodes[from], nodes[to]);
        if from == to {
            let x = one.center().x;
            return vec![pos2(x + 22.0, one.top()), pos2(x, one.top() - 20.0), pos2(x - 22.0, one.top())];
        }
        if back[at] {
            lifted += 1;
            let above = top - 14.0 - (lifted as f32 * 9.0).min(132.0);
            return vec![
                pos2(one.center().x, one.top()),
                pos2((one.center().x + other.center().x) / 2.0, above),
                pos2(other.center().x, other.top()),
            ];
        }
        let mut way = vec![pos2(one.right(), one.center().y)];
        way.extend(passes.range((at, 0)..=(at, usize::MAX)).map(|(_, pass)| *pass));
        way.push(pos2(other.left(), other.center().y));
        way
    });
    let ways = ways.collect();
    let right = nodes.iter().map(|node| node.right()).fold(0.0, f32::max);
    Laid { nodes, ways, back: back.to_vec(), size: vec2(right + MARGIN, top + most + MARGIN) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_stand_after_those_that_lead_to_them() {
        let arrows = [(0, 1), (1, 2), (2, 3), (0, 3), (3, 1), (2, 2)];
        let laid = lay_out(&[0.0, 1.0, 2.0, 3.0], &arrows);
        for (at, &(from, to)) in arrows.iter().enumerate() {
            assert_eq!(laid.back[at], (from, to) == (3, 1) || from == to, "{from} to {to}");
            if !laid.back[at] {
                assert!(laid.nodes[from].right() < laid.nodes[to].left(), "{from} to {to}");
            }
        }
        assert_eq!(laid.ways[3].len(), 4, "a long arrow passes each layer between");
    }

    proptest! {
        #[test]
        fn nothing_covers_anything_else(
            count in 1_usize..24, arrows in prop::collection::vec((0_usize..24, 0_usize..24), 0..60)
        ) {
            let arrows: Vec<(usize, usize)> =
                arrows.into_iter().map(|(from, to)| (from % count, to % count)).collect();
            let order: Vec<f64> = (0..count).map(|at| (at * 7 % 5) as f64).collect();
            let laid = lay_out(&order, &arrows);
            let whole = Rect::from_min_size(Pos2::ZERO, laid.size);
            for (at, node) in laid.nodes.iter().enumerate() {
                prop_assert!(whole.contains_rect(*node));
                for other in &laid.nodes[at + 1..] {
                    prop_assert!(!node.expand(4.0).intersects(*other));
                }
            }
            prop_assert_eq!(laid.ways.len(), arrows.len());
            // Arrows pass beside steps, never through them.
            for (way, back) in laid.ways.iter().zip(&laid.back) {
                if !back {
                    for pass in &way[1..way.len() - 1] {
                        prop_assert!(laid.nodes.iter().all(|node| !node.contains(*pass)));
                    }
                }
            }
        }
    }
}
