//! What goes wrong while a store is written: it is cut off, its parts are altered, images do not decode.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use featscope::extract::pipeline::{OnBadImage, Views};
use featscope::images::augment::Augment;
use featscope::images::transform::{Orientation, Preprocess};
use featscope::images::{self, ImageSet};

use crate::common::{Job, files, fixture, small_job};

/// Views that make three parts of the images of [`torn_images`].
pub const VIEWS: usize = 110;

/// A folder of 200 small pictures, every thirteenth of them torn and some repeated.
pub fn torn_images(folder: &Path) -> PathBuf {
    let data = folder.join("bilder");
    let source = images::open(fixture("images/vehicles-test.parquet").to_str().unwrap(), None, None).unwrap();
    for (i, raw) in source.read(0..200).unwrap().iter().enumerate() {
        let class = data.join(["a", "b"][i % 2]);
        std::fs::create_dir_all(&class).unwrap();
        // Images 50 to 54 are 40 to 44 again.
        let again = (50..55)
            .contains(&i)
            .then(|| source.read(i - 10..i - 9).unwrap().remove(0));
        let mut png = std::io::Cursor::new(Vec::new());
        let picture = again.as_ref().unwrap_or(raw).decode(Orientation::Stored).unwrap();
        picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let mut bytes = png.into_inner();
        if i % 13 == 5 {
            bytes.truncate(bytes.len() / 2);
        }
        let mut file = std::fs::File::create(class.join(format!("{i:04}.png"))).unwrap();
        file.write_all(&bytes).unwrap();
    }
    data
}

fn set(data: &Path) -> ImageSet {
    images::open(data.to_str().unwrap(), None, None).unwrap()
}

/// A job of three parts in a second: many views of few pixels.
fn long_job(folder: &Path) -> Job {
    let mut job = small_job(folder);
    job.plan.preprocess = Preprocess::small(8, 8, [0.5; 3], [0.25; 3]);
    job.plan.on_bad_image = OnBadImage::Skip;
    job.plan.batch_size = 4;
    job.plan.views = Some(Views {
        count: VIEWS,
        seed: 1,
        augment: Augment::simclr(),
    });
    job
}

#[test]
fn stopping_leaves_no_store_and_resuming_finishes_it_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = long_job(folder.path());
    let images = set(&torn_images(folder.path()));
    let straight = folder.path().join("straight");
    let manifest = job.extract(&images, &straight).unwrap().manifest;
    assert_eq!(manifest.data.skipped.as_ref().unwrap().count, 15);
    // Those of images 50 to 54, and of their twins, that are not torn.
    let repeated = manifest.data.duplicates.as_ref().unwrap();
    let pairs = (50..55).filter(|i| i % 13 != 5 && (i - 10) % 13 != 5).count();
    assert_eq!((repeated.count, repeated.examples.len()), (pairs, pairs));
    assert_eq!(manifest.parts.len(), 3);
    let expected = files(&straight);

    let dir = folder.path().join("store");
    job.plan.resume = true;
    let starts = [4, 150, 160, 198].map(|most| job.cut_off(&images, &dir, most));
    let (outcome, told) = job.told(&images, &dir, usize::MAX);
    // After 4 images nothing is whole, after 150 one part (91 images), after 198 two (182 images).
    assert_eq!((starts[0], starts[1], starts[2]), (0, 0, starts[3]));
    assert!(
        starts[2] > 91 && starts[2] < 150 && told.start > 182 && told.start < 198,
        "{starts:?} {told:?}"
    );
    assert_eq!(outcome.unwrap().images, Some(200 - told.start));
    assert!(told.notes.is_empty(), "{told:?}");
    assert!(files(&dir) == expected);
    assert_eq!(hidden(folder.path()), Vec::<String>::new());

    // What was skipped on purpose is not taken up by who wants to be stopped by it.
    job.plan.force = true;
    job.cut_off(&images, &dir.with_file_name("strict"), 150);
    job.plan.on_bad_image = OnBadImage::Error;
    let stopped = job
        .extract(&images, &dir.with_file_name("strict"))
        .unwrap_err()
        .to_string();
    assert!(stopped.contains("not a decodable image"), "{stopped}");
}

fn hidden(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.')).collect()
}

#[test]
fn parts_that_were_altered_cut_or_lost_are_made_again_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = long_job(folder.path());
    let images = set(&torn_images(folder.path()));
    let straight = folder.path().join("straight");
    job.extract(&images, &straight).unwrap();
    let expected = files(&straight);
    job.plan.resume = true;
    let part = |i: usize| folder.path().join(format!(".store.partial/part-0000{i}.parquet"));
    let note = |i: usize| part(i).with_extension("json");
    let flip = |path: &Path| {
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    let shorten = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() / 3]).unwrap();
    };
    let remove = |path: &Path| std::fs::remove_file(path).unwrap();
    type Harm<'a> = &'a dyn Fn(&Path);
    let harms: [(Harm, PathBuf, &str, bool); 6] = [
        (&flip, part(0), "part-00000.parquet is not as it was written", true),
        (&shorten, part(1), "part-00001.parquet is not as it was written", false),
        (&remove, part(0), "part-00000.parquet is missing", true),
        (&remove, note(1), "part-00001.parquet has no sound note", false),
        (&shorten, note(0), "part-00000.parquet has no sound note", true),
        (
            &|path| std::fs::write(path, "{}").unwrap(),
            note(0),
            "part-00000.parquet has no sound note",
            true,
        ),
    ];
    let dir = folder.path().join("store");
    for (harm, path, expected_note, from_nothing) in harms {
        job.cut_off(&images, &dir, 198);
        assert!(part(1).exists() && note(1).exists());
        harm(&path);
        let (outcome, told) = job.told(&images, &dir, usize::MAX);
        outcome.unwrap();
        assert!(
            told.notes.len() == 1 && told.notes[0].starts_with(expected_note),
            "{told:?}"
        );
        assert_eq!(told.start == 0, from_nothing, "{told:?}");
        assert!(files(&dir) == expected, "{expected_note}");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

#[test]
fn another_plan_does_not_take_up_what_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = long_job(folder.path());
    let images = set(&torn_images(folder.path()));
    let dir = folder.path().join("store");
    job.cut_off(&images, &dir, 150);
    job.plan.resume = true;
    let views = job.plan.views.as_mut().unwrap();
    views.seed += 1;
    assert_eq!(job.cut_off(&images, &dir, 150), 0);
    assert!(job.cut_off(&images, &dir, 160) > 0);
}

#[test]
fn a_folder_that_vanishes_is_an_error_where_bad_images_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let data = torn_images(folder.path());
    let list = data.join("list.csv");
    std::fs::write(&list, "path,label\na/0000.png,a\nb/0001.png,b\nb/0003.png,b\n").unwrap();
    let job = long_job(folder.path());
    let (images, listed) = (set(&data), set(&list));
    std::fs::remove_dir_all(data.join("b")).unwrap();
    let error = job
        .extract(&images, &folder.path().join("store"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("bilder/b: was there and is gone"), "{error}");
    // A list may name what never was there: its images are bad ones.
    let manifest = job.extract(&listed, &folder.path().join("listed")).unwrap().manifest;
    assert_eq!(manifest.data.skipped.unwrap().count, 2);
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&data, &elsewhere).unwrap();
    let error = job
        .extract(&listed, &folder.path().join("again"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("bilder: was there and is gone"), "{error}");
}
