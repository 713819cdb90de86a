//! LiDAR: of rows that are views of images, as their ids say.

use featscope::analysis::{Plan, analyse, needs, rows_to_read};
use featscope::error::Result;
use featscope::features::{Batches, FeatureSet, Labels, Matrix, Provenance, view_id};
use featscope::results::Record;
use ndarray::{Array2, Axis, s};

use super::common::{noise, plan};

/// Rows with ids and no labels.
struct WithIds {
    set: Matrix,
    ids: Vec<String>,
}

impl FeatureSet for WithIds {
    fn provenance(&self) -> &Provenance {
        self.set.provenance()
    }

    fn rows(&self) -> usize {
        self.set.rows()
    }

    fn width(&self) -> usize {
        self.set.width()
    }

    fn labels(&self) -> Option<&Labels> {
        None
    }

    fn ids(&self) -> Result<Vec<String>> {
        Ok(self.ids.clone())
    }

    fn batches(&self, batch_rows: usize) -> Result<Batches<'_>> {
        self.set.batches(batch_rows)
    }
}

/// `images` images in `views` views each.
fn features(images: usize, views: usize, d: usize) -> Array2<f64> {
    Array2::from_shape_fn((images * views, d), |(i, j)| {
        let (image, j) = ((i / views) as u64, j as u64);
        2.0 * noise(&[3, image, j]) + noise(&[4, i as u64, j])
    })
}

fn ids(images: usize, views: usize) -> Vec<String> {
    let of_image = |image: usize| (1..=views).map(move |view| view_id(&format!("{image:03}.png"), view));
    (0..images).flat_map(of_image).collect()
}

fn sets(rows: Array2<f64>, ids: Vec<String>) -> [Box<dyn FeatureSet>; 1] {
    let set = Matrix::new("m", "d", rows, None).unwrap();
    [Box::new(WithIds { set, ids })]
}

fn alone(metrics: &[&str]) -> Plan {
    Plan {
        pre: Vec::new(),
        eval: Vec::new(),
        ..plan(metrics, &[])
    }
}

fn lidar(rows: Array2<f64>, ids: Vec<String>) -> Record {
    let mut records = analyse(&sets(rows, ids), &alone(&["lidar"]), &|_| ())
        .unwrap()
        .results
        .records;
    assert_eq!(records.len(), 1);
    records.remove(0)
}

#[test]
fn images_and_views_go_by_their_ids() {
    let (rows, names) = (features(40, 5, 6), ids(40, 5));
    let whole = lidar(rows.clone(), names.clone());
    assert_eq!((whole.n, whole.d), (200, 6));
    assert_eq!(
        (whole.found["images"].as_u64(), whole.found["views"].as_u64()),
        (Some(40), Some(5))
    );
    assert_eq!(whole.found["bound"], 6.0);
    assert!(whole.value.unwrap() > 4.0 && whole.value.unwrap() < 6.001, "{whole:?}");
    assert!(whole.method.is_empty());
    // In any order, to the bit; images with one view are left out.
    let order: Vec<usize> = (0..200).map(|i| i * 77 % 200).collect();
    let pick = |order: &[usize]| -> Vec<String> { order.iter().map(|&i| names[i].clone()).collect() };
    let mixed = lidar(rows.select(Axis(0), &order), pick(&order));
    assert_eq!((mixed.value, &mixed.replicates), (whole.value, &whole.replicates));
    let more = ndarray::concatenate![Axis(0), rows, Array2::ones((1, 6))];
    let with_one = lidar(more, [names.clone(), vec![view_id("alone.png", 1)]].concat());
    assert_eq!((with_one.value, with_one.n), (whole.value, 200));
    // Views without some rows differ in number.
    let some: Vec<usize> = (0..200).filter(|i| i % 7 != 0).collect();
    let fewer = lidar(rows.select(Axis(0), &some), pick(&some));
    assert_eq!(fewer.found["fewest_views"], 4);
    // More images than fit.
    let mut records = analyse(
        &sets(features(26_000, 2, 2), ids(26_000, 2)),
        &alone(&["lidar"]),
        &|_| (),
    )
    .unwrap()
    .results
    .records;
    let drawn = records.remove(0);
    assert_eq!((drawn.method["images_drawn"].as_u64(), drawn.n), (Some(25_000), 50_000));
    assert_eq!(
        (drawn.method["images_of"].as_u64(), drawn.method["seed"].as_u64()),
        (Some(26_000), Some(0))
    );
}

#[test]
fn rows_that_are_no_views_have_no_record_unless_it_is_named() {
    let plain = || {
        (
            features(30, 2, 4),
            (0..60).map(|i| format!("{i:03}.png")).collect::<Vec<_>>(),
        )
    };
    let (rows, names) = plain();
    let r = lidar(rows.clone(), names.clone());
    assert_eq!((r.value, r.n, r.d), (None, 60, 4));
    assert!(r.note.unwrap().contains("--views"));
    let count = |rows, ids, words: &[&str]| {
        let records = analyse(&sets(rows, ids), &alone(words), &|_| ())
            .unwrap()
            .results
            .records;
        records.iter().filter(|r| r.metric == "lidar").count()
    };
    assert_eq!(count(rows.clone(), names.clone(), &["all"]), 0);
    assert_eq!(count(rows.clone(), names.clone(), &["spectrum"]), 1);
    assert_eq!(count(rows, ids(30, 2), &["all"]), 1);
}

#[test]
fn its_pass_is_foreseen_and_the_records_are_the_same_for_any_number_of_threads() {
    let sets = sets(features(60, 4, 70), ids(60, 4));
    let plan = alone(&["lidar"]);
    let read = std::sync::atomic::AtomicU64::new(0);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let count = |rows: u64| {
            read.fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
        };
        let mut record = pool
            .install(|| analyse(&sets, &plan, &count))
            .unwrap()
            .results
            .records
            .remove(0);
        record.seconds = 0.0;
        record
    };
    let one = run(1);
    assert!(one.value.is_some() && one.note.as_ref().unwrap().contains("fewer than the 70 channels"));
    assert_eq!(
        read.load(std::sync::atomic::Ordering::Relaxed),
        rows_to_read(&sets, &plan).unwrap()
    );
    assert_eq!(run(3), one);
    assert!(
        needs(&sets, &plan)
            .unwrap()
            .iter()
            .any(|line| line.contains("views held"))
    );
}

#[test]
fn degenerate_views_give_null_and_a_reason() {
    let why = |rows: Array2<f64>, images: usize, views: usize| {
        let r = lidar(rows, ids(images, views));
        assert_eq!((r.value, r.std_error), (None, None));
        r.note.unwrap()
    };
    assert!(why(features(1, 9, 4), 1, 9).contains("fewer than two images"));
    assert!(why(features(9, 1, 4), 9, 1).contains("fewer than two images"));
    assert!(why(Array2::from_elem((18, 3), 0.3), 9, 2).contains("same mean"));
    assert!(why(features(9, 2, 4) * 1e300, 9, 2).contains("64-bit"));
    // Views that do not differ, single channels, dead ones, hardly any image.
    let mut collapsed = features(9, 2, 4);
    for i in (0..18).step_by(2) {
        let first = collapsed.row(i).to_owned();
        collapsed.slice_mut(s![i + 1, ..]).assign(&first);
    }
    for (rows, images) in [(collapsed, 9), (features(9, 2, 1), 9), (features(2, 2, 9), 2)] {
        let r = lidar(rows, ids(images, 2));
        let value = r.value.unwrap();
        assert!(
            value > 0.99 && value < r.found["bound"].as_f64().unwrap() * 1.001,
            "{r:?}"
        );
    }
}
