//! The buckets of histograms that measure people, not machines.

/// From seconds to months, at steps in which people think: a minute, an hour, a day, a week.
pub(crate) const PHASE_BUCKETS: [f64; 13] = [
    1.0,
    10.0,
    60.0,
    600.0,
    3_600.0,
    14_400.0,
    86_400.0,
    172_800.0,
    345_600.0,
    604_800.0,
    1_209_600.0,
    2_592_000.0,
    7_776_000.0,
];
