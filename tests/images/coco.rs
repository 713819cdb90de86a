//! Objects of COCO annotations, cut out of their images.

use std::path::{Path, PathBuf};

use featscope::images::{self, DatasetFormat};
use image::{DynamicImage, ImageFormat, RgbImage};
use serde_json::{Value, json};
use tempfile::tempdir;

use super::write::{encode, pictures};
use super::{everything, open, refusal, strings};

/// Two images of 32 x 32, and objects in them.
fn annotations() -> Value {
    json!({
        "info": {"year": 2017}, "licenses": [],
        "images": [
            {"id": 7, "file_name": "0.png", "width": 32, "height": 32, "license": 1},
            {"id": 9, "file_name": "1.png", "width": 32, "height": 32},
        ],
        "categories": [{"id": 3, "name": "cat"}, {"id": 18, "name": "dog", "supercategory": "animal"}],
        "annotations": [
            {"id": 100, "image_id": 9, "category_id": 18, "bbox": [4.4, 3, 10.2, 8], "iscrowd": 0, "area": 80,
             "segmentation": [[4, 3, 14, 3, 14, 11]]},
            {"id": 101, "image_id": 7, "category_id": 3, "bbox": [20, 25, 30, 30]},
            {"id": 102, "image_id": 9, "category_id": 3, "bbox": [0, 0, 32, 32], "iscrowd": 1},
            {"id": 103, "image_id": 9, "category_id": 3, "bbox": [5, 5, 0, 4]},
            {"id": 104, "image_id": 9, "category_id": 3, "bbox": [-2.0, -2.0, 5, 6], "iscrowd": false},
        ],
    })
}

fn write_images(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for (i, (_, picture)) in pictures(2).iter().enumerate() {
        let bytes = encode(&DynamicImage::ImageRgb8(picture.clone()), ImageFormat::Png);
        std::fs::write(folder.join(format!("{i}.png")), bytes).unwrap();
    }
}

fn write(path: &Path, annotations: &Value) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, annotations.to_string()).unwrap();
}

fn crop(image: usize, [left, top, width, height]: [u32; 4]) -> RgbImage {
    image::imageops::crop_imm(&pictures(2)[image].1, left, top, width, height).to_image()
}

#[test]
fn every_box_is_a_row() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("zoo/annotations/instances_train2017.json");
    write(&path, &annotations());
    write_images(&dir.path().join("zoo/train2017"));
    let set = open(&path, None);
    assert_eq!(
        (set.format(), set.name(), set.split()),
        (DatasetFormat::Coco, "zoo", "train")
    );
    assert_eq!(set.classes(), ["cat", "dog"]);
    let wanted = [
        ("cat", crop(0, [20, 25, 12, 7])),
        ("dog", crop(1, [4, 3, 11, 8])),
        ("cat", crop(1, [0, 0, 3, 4])),
    ];
    assert!(everything(&set) == wanted.map(|(class, picture)| (class.to_owned(), picture)));
    assert_eq!(
        (0..3).map(|i| set.id(i)).collect::<Vec<_>>(),
        ["7/101", "9/100", "9/104"]
    );
    assert_eq!(
        set.left_out(),
        ["1 annotations of crowds", "1 boxes without a pixel of their image"]
    );
    // One alone, whose image is not shared, is the same.
    assert_eq!(
        set.read(1..2).unwrap()[0].decode(Default::default()).unwrap(),
        crop(1, [4, 3, 11, 8])
    );
    let folder = PathBuf::from(format!("coco:{}", dir.path().join("zoo").display()));
    assert_eq!(
        open(&folder, Some("train")).fingerprint().unwrap(),
        set.fingerprint().unwrap()
    );
    let dogs = images::open(path.to_str().unwrap(), None, Some(&strings(&["dog"]))).unwrap();
    assert_eq!((dogs.len(), dogs.id(0)), (1, "9/100".to_owned()));
    let summary = images::summary(path.to_str().unwrap(), None).unwrap();
    assert_eq!((summary.parts[0].images, summary.parts[0].left_out.len()), (3, 2));
    let mut moved = annotations();
    moved["annotations"][0]["bbox"][0] = json!(5);
    write(&path, &moved);
    assert_ne!(open(&path, None).fingerprint().unwrap(), set.fingerprint().unwrap());
}

#[test]
fn images_are_found_where_they_usually_lie_or_where_the_user_says() {
    let dir = tempdir().unwrap();
    for (k, (file, folder)) in [
        ("annotations/instances_val2017.json", "val2017"),
        ("annotations/instances_val2017.json", "images/val2017"),
        ("annotations/pets.json", "images"),
        ("train/_annotations.coco.json", "train"),
        ("pets.json", "images"),
    ]
    .into_iter()
    .enumerate()
    {
        let root = dir.path().join(k.to_string());
        write(&root.join(file), &annotations());
        assert!(refusal(&root.join(file), None).contains("@FOLDER"), "{file}");
        write_images(&root.join(folder));
        assert_eq!(everything(&open(&root.join(file), None)).len(), 3, "{file} {folder}");
    }
    let elsewhere = dir.path().join("elsewhere");
    write_images(&elsewhere);
    write(&dir.path().join("alone/x.json"), &annotations());
    let said = |folder: &Path| {
        PathBuf::from(format!(
            "coco:{}/alone/x.json@{}",
            dir.path().display(),
            folder.display()
        ))
    };
    assert_eq!(everything(&open(&said(&elsewhere), None)).len(), 3);
    assert!(refusal(&said(&dir.path().join("nowhere")), None).contains("behind @ stands the folder of the images"));
}

#[test]
fn boxes_for_another_size_are_not_cut() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("x.json");
    let mut other = annotations();
    other["images"][0]["width"] = json!(64);
    write(&path, &other);
    write_images(dir.path());
    let set = open(&path, None);
    std::fs::write(dir.path().join("1.png"), "damaged").unwrap();
    let raws = set.read(0..3).unwrap();
    let said: Vec<String> = raws
        .iter()
        .map(|raw| raw.decode(Default::default()).unwrap_err().to_string())
        .collect();
    assert!(
        said[0].contains("0.png: object 101: not a decodable image (it has 32 x 32 pixels, but its boxes are for 64")
    );
    assert!(said[1..].iter().all(|s| s.contains("not JPEG, PNG")), "{said:?}");
}

/// A picture counts for each of its objects, for each of them is decoded.
#[test]
fn objects_of_large_images_are_not_held_all_at_once() {
    const OBJECTS: usize = 12;
    let dir = tempdir().unwrap();
    let path = dir.path().join("x.json");
    let mut many = annotations();
    let object = |id: usize| json!({"id": id, "image_id": 7, "category_id": 3, "bbox": [0, 0, 4, 4]});
    many["annotations"] = (0..OBJECTS).map(object).collect();
    write(&path, &many);
    // 16 MB of nothing, which take no room.
    let picture = std::fs::File::create(dir.path().join("0.png")).unwrap();
    picture.set_len(16 << 20).unwrap();
    let set = open(&path, None);
    let some = set.read_some(0..OBJECTS).unwrap().len();
    assert!((1..=4).contains(&some), "{some} objects of an image of 16 MB at once");
    assert_eq!(set.read(0..OBJECTS).unwrap().len(), OBJECTS);
}

#[test]
fn annotations_that_contradict_themselves_are_refused() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("x.json");
    write_images(dir.path());
    let with = |pointer: &str, value: Value| {
        let mut all = annotations();
        *all.pointer_mut(pointer).unwrap() = value;
        write(&path, &all);
        refusal(&path, None)
    };
    for (pointer, value, says) in [
        ("/annotations/1/id", json!(100), "two annotations have the id 100"),
        ("/images/1/id", json!(7), "two images have the id 7"),
        ("/categories/1/id", json!(3), "two categories have the id 3"),
        (
            "/annotations/0/image_id",
            json!(8),
            "annotation 100 is of image 8 and category 18, and the file",
        ),
        (
            "/annotations/0/category_id",
            json!("x"),
            "annotation 100 is of image 9 and category x",
        ),
        (
            "/annotations/0/bbox",
            json!([1, 2, 3]),
            "annotation 100 has no bbox of four numbers",
        ),
        (
            "/annotations/0/bbox",
            Value::Null,
            "annotation 100 has no bbox of four numbers",
        ),
        ("/annotations", json!([]), "has no object among 0 annotations"),
        (
            "/images/0/width",
            json!(-1),
            "not COCO annotations of objects (invalid value",
        ),
        ("/images", json!({}), "not COCO annotations of objects (invalid type"),
    ] {
        let error = with(pointer, value);
        assert!(error.contains(says), "{pointer}: {error}");
    }
    write(&path, &json!({"schema": "something else"}));
    assert!(refusal(&path, None).contains("not COCO annotations of objects (missing field `images`"));
    let whole = annotations().to_string();
    for cut in (1..whole.len()).step_by(50) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(refusal(&path, None).contains("not COCO annotations"), "cut at {cut}");
    }
}

#[test]
fn words_are_ids_too_and_categories_of_one_name_are_one_class() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("x.json");
    write_images(dir.path());
    let mut all = annotations();
    all["images"][0]["id"] = json!("first");
    all["annotations"][1]["image_id"] = json!("first");
    all["categories"][1]["name"] = json!("cat");
    write(&path, &all);
    let set = open(&path, None);
    assert_eq!(
        (set.id(0), set.classes()),
        ("first/101".to_owned(), &strings(&["cat"])[..])
    );
    assert_eq!(set.counts(), [3]);
}
