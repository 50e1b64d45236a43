//! The gamma, beta and error functions, and the Welch test made of them.

use super::Function;
use super::math::real;
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("beta_cdf", |_, cells| beta(cells, beta_cdf)),
    Function::row("beta_inv", |_, cells| beta(cells, beta_inverse)),
    Function::row("beta_pdf", |_, cells| beta(cells, beta_density)),
    Function::row("erf", |_, cells| real(cells, libm::erf)),
    Function::row("erfc", |_, cells| real(cells, libm::erfc)),
    Function::row("gamma", |_, cells| real(cells, libm::tgamma)),
    Function::row("loggamma", |_, cells| real(cells, libm::lgamma)),
    Function::row("welch_test", |_, cells| {
        let numbers: Option<Vec<f64>> = cells.iter().map(Cell::as_real).collect();
        numbers.and_then(|numbers| welch(&numbers)).map_or(Cell::Null, Cell::Real)
    }),
];

/// A function of (x, alpha, beta), each in its range; NaN outside, null of null.
fn beta(cells: &[Cell<'_>], of: fn(f64, f64, f64) -> f64) -> Cell<'static> {
    let (Some(x), Some(a), Some(b)) = (cells[0].as_real(), cells[1].as_real(), cells[2].as_real()) else { return Cell::Null };
    let parameter = |p: f64| p > 0.0 && p <= 10_000.0;
    let valid = (0.0..=1.0).contains(&x) && parameter(a) && parameter(b);
    Cell::Real(if valid { of(x, a, b) } else { f64::NAN })
}

/// The logarithm of the beta function.
fn log_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// The density of the beta distribution.
fn beta_density(x: f64, a: f64, b: f64) -> f64 {
    let log = power_log(x, a - 1.0) + power_log(1.0 - x, b - 1.0) - log_beta(a, b);
    log.exp()
}

/// `power * ln(x)`, 0 for a power of 0.
fn power_log(x: f64, power: f64) -> f64 {
    if power == 0.0 { 0.0 } else { power * x.ln() }
}

/// The cumulative beta distribution: the regularized incomplete beta function.
pub(super) fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() - log_beta(a, b)).exp();
    // The fraction converges fast only below the mean.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for step in 1..100_000_i32 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let factor = d * c;
        result *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    result
}

/// The value whose cumulative probability is `p`, by bisection to the last bit.
fn beta_inverse(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..1100 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if beta_cdf(middle, a, b) < p { low = middle } else { high = middle }
    }
    high
}

/// The two-sided probability of Welch's t-test over (mean, variance, count) of two samples.
fn welch(numbers: &[f64]) -> Option<f64> {
    let &[mean1, variance1, count1, mean2, variance2, count2] = numbers else { return None };
    let (error1, error2) = (variance1 / count1, variance2 / count2);
    let t = (mean1 - mean2) / (error1 + error2).sqrt();
    let freedom = (error1 + error2).powi(2) / (error1.powi(2) / (count1 - 1.0) + error2.powi(2) / (count2 - 1.0));
    Some(student_two_sided(t, freedom))
}

/// The probability that a variable of Student's distribution is farther from 0 than `t`.
pub(super) fn student_two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_nan() || freedom.is_nan() {
        return f64::NAN;
    }
    beta_cdf(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beta_distribution() {
        assert!((beta_cdf(0.9, 10.0, 20.0) - 0.999_999_999_999_959).abs() < 1e-14);
        assert!((beta_density(0.5, 2.0, 2.0) - 1.5).abs() < 1e-12);
        assert!((beta_inverse(beta_cdf(0.3, 2.0, 5.0), 2.0, 5.0) - 0.3).abs() < 1e-12);
        assert!(matches!(beta(&[Cell::Real(1.5), Cell::Long(10), Cell::Long(20)], beta_cdf), Cell::Real(r) if r.is_nan()));
    }

    #[test]
    fn students_distribution() {
        // Two values of printed tables: 2.228 for 10 degrees and 0.05, 12.706 for one.
        assert!((student_two_sided(2.228, 10.0) - 0.05).abs() < 1e-4);
        assert!((student_two_sided(12.706, 1.0) - 0.05).abs() < 1e-4);
        assert_eq!(welch(&[1.0]), None);
    }
}
