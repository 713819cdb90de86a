//! Every family, and every metric of them.

use super::metric::{Metric, MetricFamily};
use super::{
    class_structure, distance, geometry, mixing, probes, redundancy, sample_distance, similarity, spectrum, support,
    transferability, variation,
};

/// Every family, in the order of reports.
pub const FAMILIES: &[MetricFamily] = &[
    variation::FAMILY,
    class_structure::FAMILY,
    mixing::FAMILY,
    distance::FAMILY,
    sample_distance::FAMILY,
    support::FAMILY,
    redundancy::FAMILY,
    spectrum::FAMILY,
    geometry::FAMILY,
    probes::FAMILY,
    transferability::FAMILY,
    similarity::FAMILY,
];

/// Every metric, in the order of reports.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    FAMILIES.iter().flat_map(|family| family.metrics)
}

/// The metric `id`.
pub fn find(id: &str) -> Option<&'static Metric> {
    all().find(|metric| metric.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_complete_and_unique() {
        let mut ids: Vec<&str> = Vec::new();
        for m in all() {
            assert!(!ids.contains(&m.id), "{} twice", m.id);
            assert!(FAMILIES.iter().all(|f| f.id != m.id), "{} is a family too", m.id);
            ids.push(m.id);
            for (field, text) in [
                ("label", m.label),
                ("about", m.about),
                ("caveat", m.caveat),
                ("formula", m.formula),
                ("convention", m.convention),
                ("reference", m.reference),
                ("estimand", m.estimand),
                ("error bar", m.error.describe()),
            ] {
                assert!(!text.contains("reports/"), "{}: an installed user has no {text}", m.id);
                assert!(!text.is_empty(), "{}: no {field}", m.id);
            }
            assert!(m.range.0 < m.range.1, "{}: empty range", m.id);
            assert!(!m.laws.is_empty(), "{}: no law", m.id);
        }
    }
}
