//! Shards, views and precisions.

use featscope::extract::pipeline::Views;
use featscope::extract::precision::Precision;
use featscope::images::augment::Augment;
use featscope::store::{self, OpenOptions};

use crate::common::{Features, read, small_job, vehicles, worst};

fn views(count: usize, seed: u64) -> Option<Views> {
    let augment = Augment::simclr();
    Some(Views { count, seed, augment })
}

/// The rows of several stores, one after the other.
fn joined(stores: &[Features]) -> Features {
    let mut all = stores[0].clone();
    for more in &stores[1..] {
        for (layer, rows) in more {
            all.get_mut(layer).unwrap().extend(rows.iter().cloned());
        }
    }
    all
}

#[test]
fn shards_together_are_the_whole_to_the_bit_and_say_that_they_are_shards() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small_job(folder.path());
    job.plan.batch_size = 64;
    let images = vehicles();
    let whole = job.features(&images);
    let mut parts = Vec::new();
    let mut ids = Vec::new();
    for index in 1..=3 {
        job.plan.shard = Some((index, 3));
        let dir = folder.path().join(format!("shard-{index}"));
        let manifest = job.extract(&images, &dir).unwrap().manifest;
        let shard = manifest.shard.unwrap();
        assert_eq!((shard.index, shard.count, shard.first_image % 64), (index, 3, 0));
        assert_eq!(shard.images, manifest.rows());
        assert_eq!(manifest.data.fingerprint, images.fingerprint().unwrap());
        let sets = store::open(&dir, &OpenOptions::default()).unwrap();
        assert_eq!(sets[0].subject().split, format!("test shard {index} of 3"));
        assert_eq!(store::summary(&dir).unwrap().shard, Some(shard));
        ids.extend(sets[0].ids().unwrap());
        parts.push(read(&dir));
    }
    assert_eq!(joined(&parts), whole);
    assert_eq!(ids, (0..images.len()).map(|i| images.id(i)).collect::<Vec<_>>());
}

#[test]
fn views_depend_on_seed_id_and_number_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small_job(folder.path());
    let images = vehicles();
    job.plan.batch_size = 50;
    job.plan.views = views(2, 7);
    let dir = folder.path().join("two");
    let manifest = job.extract(&images, &dir).unwrap().manifest;
    let two = read(&dir);
    let recorded = &manifest.preprocess["views"];
    assert_eq!((&recorded["count"], &recorded["seed"]), (&2.into(), &7.into()));
    assert_eq!(recorded["augment"]["crop_area"][0], 0.08);
    let sets = store::open(&dir, &OpenOptions::default()).unwrap();
    let (ids, labels) = (sets[0].ids().unwrap(), sets[0].labels().unwrap().class_of().to_vec());
    let id = images.id(3);
    assert_eq!(ids[6..8], [format!("{id}#view1"), format!("{id}#view2")]);
    assert_eq!((ids.len(), labels[6]), (2 * images.len(), labels[7]));
    let first = |features: &Features, count: usize| -> Features {
        let every = |rows: &Vec<Vec<f64>>| rows.iter().step_by(count).cloned().collect();
        features
            .iter()
            .map(|(layer, rows)| (layer.clone(), every(rows)))
            .collect()
    };

    // One view instead of two, in other batches: the same first views.
    job.plan.batch_size = 33;
    job.plan.views = views(1, 7);
    let one = job.features(&images);
    assert!(worst(&first(&two, 2), &one) <= 1e-5);
    // In a shard: the same views.
    job.plan.shard = Some((2, 2));
    let skipped = images.len().div_ceil(33) / 2 * 33;
    let shard = job.features(&images);
    let rest = one
        .iter()
        .map(|(layer, rows)| (layer.clone(), rows[skipped..].to_vec()))
        .collect();
    assert!(worst(&rest, &shard) <= 1e-5);
    // Another seed, and no views at all: other features.
    job.plan.shard = None;
    job.plan.views = views(1, 8);
    assert!(worst(&one, &job.features(&images)) > 0.1);
    job.plan.views = None;
    assert!(worst(&one, &job.features(&images)) > 0.1);
}

#[test]
fn narrower_precisions_are_measured_against_f32() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small_job(folder.path());
    job.plan.batch_size = 80;
    let images = vehicles();
    let wide = job.features(&images);
    assert_eq!(job.plan.precision, Precision::F32);
    job.plan.precision = Precision::Bf16;
    let dir = folder.path().join("bf16");
    let manifest = job.extract(&images, &dir).unwrap().manifest;
    assert_eq!(manifest.precision, "bf16");
    let deviation = manifest.deviation.unwrap();
    assert_eq!((deviation.rows, deviation.layers.len()), (80, job.plan.layers.len()));
    let narrow = read(&dir);
    for layer in &deviation.layers {
        // What was measured is the truth about the first 80 rows, found again from the stores.
        let (a, b) = (&wide[&layer.name][..80], &narrow[&layer.name][..80]);
        let scale = a.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
        let (mut error, mut cosine) = (0.0f64, 1.0f64);
        for (x, y) in a.iter().zip(b) {
            let dot = |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(p, q)| p * q).sum::<f64>();
            cosine = cosine.min(dot(x, y) / (dot(x, x) * dot(y, y)).sqrt());
            error = x
                .iter()
                .zip(y)
                .map(|(p, q)| (p - q).abs() / scale)
                .fold(error, f64::max);
        }
        assert!((layer.max_error - error).abs() < 1e-6, "{layer:?} {error}");
        assert!((layer.worst_cosine - cosine).abs() < 1e-6, "{layer:?} {cosine}");
        assert!(error > 1e-5 && error < 0.1 && cosine > 0.99, "{layer:?}");
    }
}
