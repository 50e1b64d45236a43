//! What an axis chart shows, settled: series of points, how they are drawn, what is written around them.

use super::scale::Scale;

/// A chart with two axes.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// How the points are drawn.
    pub(crate) mark: Mark,
    /// Whether the series stand on each other.
    pub(crate) stack: Stack,
    /// The title.
    pub(crate) title: Option<String>,
    /// Below the horizontal axis.
    pub(crate) xtitle: Option<String>,
    /// Above the vertical axis.
    pub(crate) ytitle: Option<String>,
    /// Whether there is a legend.
    pub(crate) legend: bool,
    /// What runs along the horizontal axis; its ends are those of the points.
    pub(crate) x: Scale,
    /// The names, if it is rooms.
    pub(crate) rooms: Vec<String>,
    /// What runs up the vertical axis; its ends are those of the points.
    pub(crate) y: Scale,
    /// Ends that the query asks for: the least and the greatest of the horizontal axis, then of the vertical one.
    pub(crate) bounds: [Option<f64>; 4],
    /// Each series in a panel of its own.
    pub(crate) panels: bool,
    /// How far apart the points are along the axis, where the caller knows.
    pub(crate) step: Option<f64>,
    /// The series.
    pub(crate) series: Vec<Series>,
    /// Width and height of the drawing.
    pub(crate) size: (f64, f64),
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A line through them.
    Line,
    /// A line, and the area below it.
    Area,
    /// A bar up to each.
    Column,
    /// A bar to the right for each; the horizontal axis of the figure then runs down, the vertical one right.
    Bar,
    /// Each by itself.
    Dot,
}

/// Whether series stand on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    /// Each stands on the axis.
    No,
    /// Each on the one before.
    Sum,
    /// The same, stretched to 100 %.
    Share,
}

/// One series.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Series {
    /// Its name in the legend.
    pub(crate) name: String,
    /// Its points, from left to right; none where a value is missing.
    pub(crate) points: Vec<(f64, Option<f64>)>,
    /// Points of it that stand out.
    pub(crate) hot: Vec<(f64, f64)>,
    /// The color's place.
    pub(crate) color: usize,
}

impl Series {
    /// The points that have a value.
    pub(crate) fn values(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().filter_map(|(x, y)| y.map(|y| (*x, y)))
    }
}

/// Gives each series a color: in order, but if there are more than colors, to those with the greatest values first.
pub(crate) fn give_colors(series: &mut [Series], colors: usize) {
    if series.len() <= colors {
        series.iter_mut().enumerate().for_each(|(at, series)| series.color = at);
        return;
    }
    let weight = |series: &Series| series.values().map(|(_, y)| y.abs()).sum::<f64>();
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by(|a, b| weight(&series[*b]).total_cmp(&weight(&series[*a])));
    order.truncate(colors);
    order.sort_unstable();
    let place = |at: usize| order.iter().position(|it| *it == at).unwrap_or(colors);
    let places: Vec<usize> = (0..series.len()).map(place).collect();
    series.iter_mut().zip(places).for_each(|(series, place)| series.color = place);
}
