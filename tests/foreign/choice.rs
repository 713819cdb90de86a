//! Which of a file's arrays are the features.

use std::fs::File;
use std::path::Path;

use ndarray::{Array, Array1, Array2, Dimension};

use super::*;

/// An npz archive of arrays, written in their order.
struct Npz(ndarray_npy::NpzWriter<File>);

impl Npz {
    fn create(path: &Path) -> Self {
        Self(ndarray_npy::NpzWriter::new(File::create(path).unwrap()))
    }

    fn add<D: Dimension>(mut self, name: &str, array: Array<f32, D>) -> Self {
        self.0.add_array(name, &array).unwrap();
        self
    }

    fn add_integers<D: Dimension>(mut self, name: &str, array: Array<i64, D>) -> Self {
        self.0.add_array(name, &array).unwrap();
        self
    }

    fn finish(self) {
        self.0.finish().unwrap();
    }
}

fn ones(rows: usize, width: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, width), |(i, j)| (i * width + j) as f32)
}

fn layers(path: &Path) -> Vec<(String, usize, usize)> {
    let sets = open(path).unwrap_or_else(|e| panic!("{e}"));
    let layer = |set: &dyn FeatureSet| (set.subject().layer.clone(), set.rows(), set.width());
    sets.iter().map(|set| layer(set.as_ref())).collect()
}

fn layer(name: &str, rows: usize, width: usize) -> (String, usize, usize) {
    (name.to_owned(), rows, width)
}

#[test]
fn names_decide_before_shapes() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("a.npz");
    // The classifier's weights have two dimensions too, and as many rows as no set has.
    Npz::create(&path)
        .add("head", ones(3, 4))
        .add("features", ones(6, 4))
        .add("logits", ones(6, 3))
        .add_integers("label", Array1::from_iter([0, 0, 1, 1, 2, 2]))
        .add("mean", Array1::zeros(4))
        .finish();
    assert_eq!(layers(&path), [layer("features", 6, 4), layer("logits", 6, 3)]);
    let set = &open(&path).unwrap()[0];
    assert_eq!(set.labels().unwrap().names(), ["0", "1", "2"]);
    let said = &set.interpretation().arrays[0];
    for part in [
        "layers are features (6, 4) f32, logits (6, 3) f32",
        "labels are \"label\"",
        "left out: head (3, 4) f32, mean (4,) f32",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn the_labels_tell_which_matrix_is_the_features() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("a.npz");
    Npz::create(&path)
        .add("prototypes", ones(3, 4))
        .add("pooled", ones(6, 4))
        .add_integers("targets", Array1::zeros(6))
        .finish();
    assert_eq!(layers(&path), [layer("pooled", 6, 4)]);
}

#[test]
fn what_the_rules_leave_open_is_refused_naming_every_array() {
    let temp = tempfile::tempdir().unwrap();
    let refused = |name: &str, npz: &dyn Fn(Npz) -> Npz, expected: &[&str]| {
        let path = temp.path().join(name);
        npz(Npz::create(&path)).finish();
        let error = failure(&path);
        for part in expected {
            assert!(error.contains(part), "{error}");
        }
    };
    refused(
        "fid.npz",
        &|npz| npz.add("mu", Array1::zeros(4)).add("sigma", ones(4, 4)),
        &["a mean and a covariance", "mu (4,) f32; sigma (4, 4) f32"],
    );
    refused(
        "square.npz",
        &|npz| npz.add("a", Array1::zeros(4)).add("b", ones(4, 4)),
        &["as many rows as columns", "a (4,) f32; b (4, 4) f32"],
    );
    refused(
        "splits.npz",
        &|npz| npz.add("train_features", ones(6, 4)).add("test_features", ones(3, 4)),
        &[
            "several numbers of rows are called features",
            "train_features (6, 4) f32; test_features (3, 4) f32",
        ],
    );
    refused(
        "head.npz",
        &|npz| npz.add("weight", ones(3, 4)).add("bias", Array1::zeros(3)),
        &["the weights of a layer", "weight (3, 4) f32; bias (3,) f32"],
    );
    refused(
        "maps.npz",
        &|npz| npz.add("a", Array::zeros((2, 3, 2, 2))).add("b", Array1::zeros(2)),
        &["none of its arrays could be the features", "a (2, 3, 2, 2) f32"],
    );
    refused(
        "words.npz",
        &|npz| npz.add("features_mu", Array1::zeros(4)).add("features_cov", ones(4, 4)),
        &["a mean and a covariance", "features_cov (4, 4) f32"],
    );
    refused(
        "weight.npz",
        &|npz| npz.add("fc.weight", ones(3, 4)),
        &["the weights of a layer"],
    );
    refused(
        "dist.npz",
        &|npz| npz.add("distances", ones(4, 4)),
        &["a matrix of pairs"],
    );
    refused(
        "maps-named.npz",
        &|npz| {
            npz.add("features", Array::zeros((6, 3, 2, 2)))
                .add("logits", ones(6, 4))
        },
        &[
            "what it calls features is no array of numbers of two dimensions",
            "features (6, 3, 2, 2) f32",
        ],
    );
    refused(
        "halves.npz",
        &|npz| npz.add("train.features", ones(6, 4)).add("test.features", ones(6, 4)),
        &[
            "several arrays are called features",
            "train.features (6, 4) f32; test.features (6, 4) f32",
        ],
    );
    refused(
        "short.npz",
        &|npz| npz.add("features", ones(6, 4)).add_integers("labels", Array1::zeros(5)),
        &["5 labels in \"labels\" for 6 rows"],
    );
}

#[test]
fn axes_of_one_element_at_the_end_do_not_count() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pooled.npy");
    let maps = Array::from_shape_fn((5, 3, 1, 1), |(i, j, _, _)| (3 * i + j) as f32);
    ndarray_npy::write_npy(&path, &maps).unwrap();
    let set = &open(&path).unwrap()[0];
    assert_eq!((set.rows(), set.width()), (5, 3));
    assert_eq!(all(&**set, 2).unwrap()[[4, 2]], 14.0);
    let columns = maps
        .permuted_axes([3, 2, 1, 0])
        .as_standard_layout()
        .to_owned()
        .permuted_axes([3, 2, 1, 0]);
    ndarray_npy::write_npy(&path, &columns).unwrap();
    let set = &open(&path).unwrap()[0];
    assert_eq!(all(&**set, 2).unwrap()[[4, 2]], 14.0);
}

#[test]
fn lists_of_classes_are_no_labels() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("a.npz");
    Npz::create(&path)
        .add("features", ones(6, 4))
        .add_integers("classes", Array1::zeros(3))
        .finish();
    let set = &open(&path).unwrap()[0];
    assert!(set.labels().is_none());
    assert!(
        set.interpretation().arrays[0].contains("left out: classes (3,) i64"),
        "{:?}",
        set.interpretation()
    );
}

#[test]
fn labels_of_another_part_of_a_file_are_those_of_other_rows() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("a.npz");
    Npz::create(&path)
        .add("train.features", ones(6, 4))
        .add_integers("test.labels", Array1::zeros(6))
        .finish();
    let set = &open(&path).unwrap()[0];
    assert!(set.labels().is_none(), "{:?}", set.interpretation());
    assert!(
        set.interpretation().labels[0].contains("test.labels (6,) i64 in the file is not"),
        "{:?}",
        set.interpretation()
    );
}

#[test]
fn pieces_of_pickles_are_not_taken_for_layers_and_what_is_not_read_is_named() {
    let temp = tempfile::tempdir().unwrap();
    // {"features": a 2 x 2 array, "labels": [0.5, 1.5]}, and the same with labels that are whole; protocol 2.
    let array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02K\x02\x86cnumpy\n\
        dtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x04\x01\x02\x03\x04tb";
    let float = |value: f64| [b"G".as_slice(), &value.to_be_bytes()].concat();
    let file = |name: &str, first: f64| {
        let path = temp.path().join(name);
        let head = b"\x80\x02}(U\x08features".as_slice();
        let labels = [b"U\x06labels](".as_slice(), &float(first), &float(1.0), b"eu."].concat();
        write(&path, &[head, array, &labels].concat());
        path
    };
    let set = &open(&file("whole.pt", 0.0)).unwrap()[0];
    assert_eq!(set.labels().unwrap().names(), ["0", "1"]);
    let set = &open(&file("half.pt", 0.5)).unwrap()[0];
    assert!(set.labels().is_none());
    assert!(
        set.interpretation().labels[0].contains("labels (a list) in the file is not"),
        "{:?}",
        set.interpretation()
    );
    let two = temp.path().join("two.pt");
    write(
        &two,
        &[b"\x80\x02}U\x08features](".as_slice(), array, array, b"es."].concat(),
    );
    assert!(
        failure(&two).contains("its features are a list of arrays"),
        "{}",
        failure(&two)
    );
}

#[test]
fn calls_nested_without_end_are_not_followed() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("deep.pt");
    // An array whose bytes are encode(encode(...), "latin1"), 200,000 deep.
    let depth = 200_000;
    let bytes = [
        b"c_codecs\nencode\n".repeat(depth),
        b"U\x04abcd".to_vec(),
        b"U\x06latin1\x86R".repeat(depth),
    ];
    let head = b"\x80\x02}U\x08featurescnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02K\x02\x86\
        cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89";
    write(&path, &[head.as_slice(), &bytes.concat(), b"tbs."].concat());
    assert!(
        failure(&path).contains("it would run code where it is loaded: _codecs.encode (199999 times); pass"),
        "{}",
        failure(&path)
    );
    let accepted = OpenOptions {
        allow_unknown_calls: true,
        ..OpenOptions::default()
    };
    let message = store::open(&path, &accepted).err().unwrap().to_string();
    assert!(
        message.contains("none of its arrays could be the features"),
        "{message}"
    );
}
