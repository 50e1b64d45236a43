//! A treemap: rectangles as large as their values, within those of their kind; SVG out.
//!
//! The layout is the squarified one of Bruls, Huizing and van Wijk (2000).

use super::canvas::{Anchor, Area, COLORS, Canvas, color, fitted};
use super::frame::{self, EDGE, LETTER};
use super::scale::plain;

/// A value, or several under one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    /// Its name.
    pub(crate) name: String,
    /// Its value: the sum of those below, if there are any.
    pub(crate) value: f64,
    /// What it is made of.
    pub(crate) parts: Vec<Node>,
}

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 460.0;

/// Draws the parts of `root`.
pub(crate) fn draw(root: &Node, title: Option<&str>, label: &str) -> String {
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let area = Area { x: EDGE, y: EDGE, w: WIDTH - 2.0 * EDGE, h: HEIGHT - 2.0 * EDGE };
    let area = frame::title(&mut canvas, area, title);
    for (at, (node, place)) in laid_out(&root.parts, area).into_iter().enumerate() {
        draw_node(&mut canvas, node, place, &color(at.min(COLORS)), root.value, "");
    }
    canvas.finish(label)
}

fn draw_node(canvas: &mut Canvas, node: &Node, area: Area, class: &str, total: f64, path: &str) {
    const HEAD: f64 = 20.0;
    let path = if path.is_empty() { node.name.clone() } else { format!("{path} / {}", node.name) };
    let tip = format!("{path}: {} ({:.1} %)", plain(node.value), node.value * 100.0 / total);
    canvas.rect(&area, &format!("{class} gap"), &tip);
    let fits = area.w > 34.0 && area.h > 18.0;
    if node.parts.is_empty() {
        if fits {
            let room = area.w - 10.0;
            canvas.text((area.x + 6.0, area.y + 16.0), Anchor::Start, "w", &fitted(&node.name, LETTER, room));
            if area.h > 38.0 {
                canvas.text((area.x + 6.0, area.y + 32.0), Anchor::Start, "w s", &fitted(&plain(node.value), 11.0, room));
            }
        }
        return;
    }
    let mut inner = area;
    if fits && area.h > 3.0 * HEAD {
        canvas.text((area.x + 6.0, area.y + 15.0), Anchor::Start, "w", &fitted(&node.name, LETTER, area.w - 10.0));
        inner = frame::below(area, HEAD);
    }
    for (part, place) in laid_out(&node.parts, inner) {
        draw_node(canvas, part, place, class, total, &path);
    }
}

/// The nodes, the greatest first, each with its rectangle; all together they fill the area.
fn laid_out(nodes: &[Node], area: Area) -> Vec<(&Node, Area)> {
    let mut order: Vec<&Node> = nodes.iter().filter(|node| node.value > 0.0).collect();
    order.sort_by(|a, b| b.value.total_cmp(&a.value));
    let mut out = Vec::with_capacity(order.len());
    let mut left = area;
    let mut rest = order.as_slice();
    while !rest.is_empty() && left.w > 0.0 && left.h > 0.0 {
        let total: f64 = rest.iter().map(|node| node.value).sum();
        let unit = left.w * left.h / total;
        let side = left.w.min(left.h);
        let sizes = |count: usize| rest[..count].iter().map(|node| node.value * unit);
        let mut count = 1;
        while count < rest.len() && worst(sizes(count + 1), side) <= worst(sizes(count), side) {
            count += 1;
        }
        let thick = sizes(count).sum::<f64>() / side;
        let mut along = 0.0;
        for node in &rest[..count] {
            let long = node.value * unit / thick;
            out.push((*node, strip(&left, along, long, thick)));
            along += long;
        }
        left = if left.w >= left.h {
            Area { x: left.x + thick, w: left.w - thick, ..left }
        } else {
            Area { y: left.y + thick, h: left.h - thick, ..left }
        };
        rest = &rest[count..];
    }
    out
}

/// A piece of the strip at the shorter side.
fn strip(area: &Area, along: f64, long: f64, thick: f64) -> Area {
    if area.w >= area.h {
        Area { x: area.x, y: area.y + along, w: thick, h: long }
    } else {
        Area { x: area.x + along, y: area.y, w: long, h: thick }
    }
}

/// How far the least square of the rectangles is from a square, if they share a strip along a side.
fn worst(sizes: impl Iterator<Item = f64> + Clone, side: f64) -> f64 {
    let sum: f64 = sizes.clone().sum();
    let ratio = |size: f64| {
        let r = side * side * size / (sum * sum);
        r.max(1.0 / r)
    };
    sizes.map(ratio).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_fill_the_area_by_their_values() {
        let node = |value| Node { value, ..Node::default() };
        let nodes: Vec<Node> = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0, 0.0].map(node).to_vec();
        let placed = laid_out(&nodes, Area { x: 0.0, y: 0.0, w: 6.0, h: 4.0 });
        assert_eq!(placed.len(), 7);
        for (node, area) in placed {
            assert!((area.w * area.h - node.value).abs() < 1e-9, "{node:?} {area:?}");
        }
    }
}
