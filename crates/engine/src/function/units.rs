//! `convert_length` and its like: a number from one unit into another.
//!
//! The units and their factors are those of Units.NET 4, on which Kusto builds; where its factor is a rounded one, so is the
//! answer.

use super::{Call, Function};
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("convert_angle", |_, cells| convert(cells, ANGLES)),
    Function::row("convert_energy", |_, cells| convert(cells, ENERGIES)),
    Function::row("convert_force", |_, cells| convert(cells, FORCES)),
    Function::row("convert_length", |_, cells| convert(cells, LENGTHS)),
    Function::row("convert_mass", |_, cells| convert(cells, MASSES)),
    Function::row("convert_speed", |_, cells| convert(cells, SPEEDS)),
    Function::row("convert_temperature", |_: &Call, cells| temperature(cells)),
    Function::row("convert_volume", |_, cells| convert(cells, VOLUMES)),
];

/// A unit by its name, and how many of the base unit it is.
type Unit = (&'static str, f64);

/// Radians in degrees.
const RADIAN: f64 = 180.0 / std::f64::consts::PI;

/// In degrees.
const ANGLES: &[Unit] = &[
    ("Arcminute", 1.0 / 60.0),
    ("Arcsecond", 1.0 / 3600.0),
    ("Centiradian", RADIAN / 1e2),
    ("Deciradian", RADIAN / 1e1),
    ("Degree", 1.0),
    ("Gradian", 0.9),
    ("Microdegree", 1e-6),
    ("Microradian", RADIAN / 1e6),
    ("Millidegree", 1e-3),
    ("Milliradian", RADIAN / 1e3),
    ("Nanodegree", 1e-9),
    ("Nanoradian", RADIAN / 1e9),
    ("NatoMil", 9.0 / 160.0),
    ("Radian", RADIAN),
    ("Revolution", 360.0),
];

/// In joules.
const ENERGIES: &[Unit] = &[
    ("BritishThermalUnit", 1_055.055_852_62),
    ("Calorie", 4.184),
    ("DecathermEc", 1.055_055_852_62e9),
    ("DecathermImperial", 1.055_055_852_573_48e9),
    ("DecathermUs", 1.054_804e9),
    ("ElectronVolt", 1.602_176_565e-19),
    ("Erg", 1e-7),
    ("FootPound", 1.355_817_948),
    ("GigabritishThermalUnit", 1.055_055_852_62e12),
    ("GigaelectronVolt", 1.602_176_565e-10),
    ("Gigajoule", 1e9),
    ("GigawattDay", 8.64e13),
    ("GigawattHour", 3.6e12),
    ("HorsepowerHour", 2.684_519_537_7e6),
    ("Joule", 1.0),
    ("KilobritishThermalUnit", 1.055_055_852_62e6),
    ("Kilocalorie", 4184.0),
    ("KiloelectronVolt", 1.602_176_565e-16),
    ("Kilojoule", 1e3),
    ("KilowattDay", 8.64e7),
    ("KilowattHour", 3.6e6),
    ("MegabritishThermalUnit", 1.055_055_852_62e9),
    ("Megacalorie", 4.184e6),
    ("MegaelectronVolt", 1.602_176_565e-13),
    ("Megajoule", 1e6),
    ("MegawattDay", 8.64e10),
    ("MegawattHour", 3.6e9),
    ("Millijoule", 1e-3),
    ("TeraelectronVolt", 1.602_176_565e-7),
    ("TerawattDay", 8.64e16),
    ("TerawattHour", 3.6e15),
    ("ThermEc", 1.055_055_852_62e8),
    ("ThermImperial", 1.055_055_852_573_48e8),
    ("ThermUs", 1.054_804e8),
    ("WattDay", 86_400.0),
    ("WattHour", 3600.0),
];

/// In newtons.
const FORCES: &[Unit] = &[
    ("Decanewton", 10.0),
    ("Dyn", 1e-5),
    ("KilogramForce", 9.806_650_028_64),
    ("Kilonewton", 1e3),
    ("KiloPond", 9.806_650_028_64),
    ("KilopoundForce", 4_448.221_615_260_51),
    ("Meganewton", 1e6),
    ("Micronewton", 1e-6),
    ("Millinewton", 1e-3),
    ("Newton", 1.0),
    ("OunceForce", 0.278_013_850_953_781_2),
    ("Poundal", 0.138_255_027_989_730_4),
    ("PoundForce", 4.448_221_615_260_51),
    ("ShortTonForce", 8_896.443_230_521),
    ("TonneForce", 9_806.650_028_64),
];

/// In meters.
const LENGTHS: &[Unit] = &[
    ("Angstrom", 1e-10),
    ("AstronomicalUnit", 1.495_978_707e11),
    ("Centimeter", 1e-2),
    ("Chain", 20.1168),
    ("DataMile", 1828.8),
    ("Decameter", 10.0),
    ("Decimeter", 0.1),
    ("DtpPica", 1.0 / 236.220_472_441),
    ("DtpPoint", 2.54e-2 / 72.0),
    ("Fathom", 1.8288),
    ("Foot", 0.3048),
    ("Hand", 0.1016),
    ("Hectometer", 100.0),
    ("Inch", 2.54e-2),
    ("KilolightYear", 9.460_730_472_58e18),
    ("Kilometer", 1e3),
    ("Kiloparsec", 3.085_677_581_28e19),
    ("LightYear", 9.460_730_472_58e15),
    ("MegalightYear", 9.460_730_472_58e21),
    ("Megaparsec", 3.085_677_581_28e22),
    ("Meter", 1.0),
    ("Microinch", 2.54e-8),
    ("Micrometer", 1e-6),
    ("Mil", 2.54e-5),
    ("Mile", 1609.34),
    ("Millimeter", 1e-3),
    ("Nanometer", 1e-9),
    ("NauticalMile", 1852.0),
    ("Parsec", 3.085_677_581_28e16),
    ("PrinterPica", 1.0 / 237.106_301_584),
    ("PrinterPoint", 2.54e-2 / 72.27),
    ("Shackle", 27.432),
    ("SolarRadius", 6.9551e8),
    ("Twip", 1.0 / 56_692.913_385_826),
    ("UsSurveyFoot", 1200.0 / 3937.0),
    ("Yard", 0.9144),
];

/// In kilograms.
const MASSES: &[Unit] = &[
    ("Centigram", 1e-5),
    ("Decagram", 1e-2),
    ("Decigram", 1e-4),
    ("EarthMass", 5.9722e24),
    ("Grain", 1.0 / 15_432.358_352_941_431),
    ("Gram", 1e-3),
    ("Hectogram", 0.1),
    ("Kilogram", 1.0),
    ("Kilopound", 453.592_37),
    ("Kilotonne", 1e6),
    ("LongHundredweight", 1.0 / 0.019_684_130_552_221_21),
    ("LongTon", 1_016.046_908_8),
    ("Megapound", 453_592.37),
    ("Megatonne", 1e9),
    ("Microgram", 1e-9),
    ("Milligram", 1e-6),
    ("Nanogram", 1e-12),
    ("Ounce", 0.028_349_523_125),
    ("Pound", 0.453_592_37),
    ("ShortHundredweight", 1.0 / 0.022_046_226_218_487_758),
    ("ShortTon", 907.184_74),
    ("Slug", 1.0 / 0.068_521_765_561_961_05),
    ("SolarMass", 1.989_47e30),
    ("Stone", 1.0 / 0.157_473_172_870_269_8),
    ("Tonne", 1e3),
];

/// In meters a second.
const SPEEDS: &[Unit] = &[
    ("CentimeterPerHour", 1e-2 / 3600.0),
    ("CentimeterPerMinute", 1e-2 / 60.0),
    ("CentimeterPerSecond", 1e-2),
    ("DecimeterPerMinute", 0.1 / 60.0),
    ("DecimeterPerSecond", 0.1),
    ("FootPerHour", 0.3048 / 3600.0),
    ("FootPerMinute", 0.3048 / 60.0),
    ("FootPerSecond", 0.3048),
    ("InchPerHour", 2.54e-2 / 3600.0),
    ("InchPerMinute", 2.54e-2 / 60.0),
    ("InchPerSecond", 2.54e-2),
    ("KilometerPerHour", 1e3 / 3600.0),
    ("KilometerPerMinute", 1e3 / 60.0),
    ("KilometerPerSecond", 1e3),
    ("Knot", 0.514_444),
    ("MeterPerHour", 1.0 / 3600.0),
    ("MeterPerMinute", 1.0 / 60.0),
    ("MeterPerSecond", 1.0),
    ("MicrometerPerMinute", 1e-6 / 60.0),
    ("MicrometerPerSecond", 1e-6),
    ("MilePerHour", 0.447_04),
    ("MillimeterPerHour", 1e-3 / 3600.0),
    ("MillimeterPerMinute", 1e-3 / 60.0),
    ("MillimeterPerSecond", 1e-3),
    ("NanometerPerMinute", 1e-9 / 60.0),
    ("NanometerPerSecond", 1e-9),
    ("UsSurveyFootPerHour", 1200.0 / 3937.0 / 3600.0),
    ("UsSurveyFootPerMinute", 1200.0 / 3937.0 / 60.0),
    ("UsSurveyFootPerSecond", 1200.0 / 3937.0),
    ("YardPerHour", 0.9144 / 3600.0),
    ("YardPerMinute", 0.9144 / 60.0),
    ("YardPerSecond", 0.9144),
];

/// In cubic meters.
const VOLUMES: &[Unit] = &[
    ("AcreFoot", 1.0 / 0.000_810_714),
    ("AuTablespoon", 2e-5),
    ("BoardFoot", 2.359_737_215_8e-3),
    ("Centiliter", 1e-5),
    ("CubicCentimeter", 1e-6),
    ("CubicDecimeter", 1e-3),
    ("CubicFoot", 0.028_316_8),
    ("CubicHectometer", 1e6),
    ("CubicInch", 1.6387e-5),
    ("CubicKilometer", 1e9),
    ("CubicMeter", 1.0),
    ("CubicMicrometer", 1e-18),
    ("CubicMile", 4.168_181_825_440_58e9),
    ("CubicMillimeter", 1e-9),
    ("CubicYard", 0.764_554_858),
    ("Decaliter", 1e-2),
    ("DecausGallon", 0.037_854_1),
    ("Deciliter", 1e-4),
    ("DeciusGallon", 0.000_378_541),
    ("HectocubicFoot", 2.831_68),
    ("HectocubicMeter", 100.0),
    ("Hectoliter", 0.1),
    ("HectousGallon", 0.378_541),
    ("ImperialBeerBarrel", 0.163_659_24),
    ("ImperialGallon", 0.004_546_090_000_001_814),
    ("ImperialOunce", 2.841_306_249_996_29e-5),
    ("ImperialPint", 5.682_612_5e-4),
    ("KilocubicFoot", 28.3168),
    ("KilocubicMeter", 1e3),
    ("KiloimperialGallon", 4.546_090_000_001_814),
    ("Kiloliter", 1.0),
    ("KilousGallon", 3.785_41),
    ("Liter", 1e-3),
    ("MegacubicFoot", 28_316.8),
    ("MegaimperialGallon", 4_546.090_000_001_814),
    ("Megaliter", 1e3),
    ("MegausGallon", 3785.41),
    ("MetricCup", 2.5e-4),
    ("MetricTeaspoon", 5e-6),
    ("Microliter", 1e-9),
    ("Milliliter", 1e-6),
    ("OilBarrel", 0.158_987_294_928),
    ("UkTablespoon", 1.5e-5),
    ("UsBeerBarrel", 0.117_347_765_8),
    ("UsCustomaryCup", 2.365_882_365e-4),
    ("UsGallon", 0.003_785_41),
    ("UsLegalCup", 2.4e-4),
    ("UsOunce", 2.957_352_956_253_76e-5),
    ("UsPint", 4.731_764_73e-4),
    ("UsQuart", 9.463_529_46e-4),
    ("UsTablespoon", 1.478_676_478_125e-5),
    ("UsTeaspoon", 4.928_921_593_75e-6),
];

/// Units of temperature: how many kelvins a degree is, and at how many of its degrees zero kelvin is.
const TEMPERATURES: &[(&str, f64, f64)] = &[
    ("DegreeCelsius", 1.0, -273.15),
    ("DegreeDelisle", -2.0 / 3.0, 559.725),
    ("DegreeFahrenheit", 5.0 / 9.0, -459.67),
    ("DegreeNewton", 100.0 / 33.0, -90.139_5),
    ("DegreeRankine", 5.0 / 9.0, 0.0),
    ("DegreeReaumur", 5.0 / 4.0, -218.52),
    ("DegreeRoemer", 40.0 / 21.0, -135.903_75),
    ("Kelvin", 1.0, 0.0),
    ("MillidegreeCelsius", 1e-3, -273_150.0),
    ("SolarTemperature", 5778.0, 0.0),
];

/// The value in the first argument, from the unit that the second names into that of the third; null for units that are none.
fn convert(cells: &[Cell<'_>], units: &[Unit]) -> Cell<'static> {
    let [value, from, to] = cells else { return Cell::Null };
    let (Some(value), from, to) = (value.as_real(), from.as_str(), to.as_str()) else { return Cell::Null };
    let factor = |name: &str| units.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(name)).map(|(_, factor)| *factor);
    let tilted = |name: &str| std::ptr::eq(units, ANGLES) && name.eq_ignore_ascii_case("Tilt");
    let base = if tilted(from) { Some(value.asin() * RADIAN) } else { factor(from).map(|factor| value * factor) };
    let result = match (base, factor(to)) {
        (Some(_), _) if from.eq_ignore_ascii_case(to) => Some(value),
        (Some(base), Some(factor)) => Some(base / factor),
        (Some(base), None) if tilted(to) => Some((base / RADIAN).sin()),
        _ => None,
    };
    result.map_or(Cell::Null, Cell::Real)
}

fn temperature(cells: &[Cell<'_>]) -> Cell<'static> {
    let [value, from, to] = cells else { return Cell::Null };
    let unit = |name: &Cell<'_>| TEMPERATURES.iter().find(|(unit, ..)| unit.eq_ignore_ascii_case(name.as_str()));
    match (value.as_real(), unit(from), unit(to)) {
        (Some(value), Some(from), Some(to)) if from.0 == to.0 => Cell::Real(value),
        (Some(value), Some((_, from, from_zero)), Some((_, to, to_zero))) => {
            Cell::Real((value - from_zero) * from / to + to_zero)
        }
        _ => Cell::Null,
    }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::testing::{eval, s};
    use super::*;

    fn of(what: &str, value: f64, from: &str, to: &str) -> f64 {
        let cell = eval(&format!("convert_{what}"), &[Cell::Real(value), s(from), s(to)], Type::Real);
        cell.as_real().unwrap_or(f64::NAN)
    }

    #[test]
    fn units_of_the_documentation() {
        for (what, from, to, result) in [
            ("angle", "Degree", "Arcminute", 72.0),
            ("energy", "Joule", "BritishThermalUnit", 0.001_137_380_544_375_98),
            ("force", "Newton", "Decanewton", 0.12),
            ("length", "Meter", "Foot", 3.937_007_874_015_75),
            ("mass", "Kilogram", "Pound", 2.645_547_146_218_53),
            ("speed", "MeterPerSecond", "CentimeterPerHour", 432_000.0),
            ("temperature", "Kelvin", "DegreeCelsius", -271.95),
            ("volume", "CubicMeter", "AcreFoot", 0.000_972_856_8),
        ] {
            let found = of(what, 1.2, from, to);
            assert!((found / result - 1.0).abs() < 1e-12, "{what}: {found}");
        }
    }

    #[test]
    fn temperatures_meet_at_freezing() {
        for (unit, degrees) in [
            ("DegreeFahrenheit", 32.0),
            ("DegreeDelisle", 150.0),
            ("DegreeNewton", 0.0),
            ("DegreeReaumur", 0.0),
            ("DegreeRoemer", 7.5),
        ] {
            let found = of("temperature", 0.0, "DegreeCelsius", unit);
            assert!((found - degrees).abs() < 1e-9, "{unit}: {found}");
        }
        assert!(of("angle", 1.0, "Degree", "Meter").is_nan() && of("length", 1.0, "", "Meter").is_nan());
        assert!((of("angle", 30.0, "Degree", "Tilt") - 0.5).abs() < 1e-12);
    }
}
