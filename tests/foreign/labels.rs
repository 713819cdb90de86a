//! Labels and ids: from files of their own, and joined to the rows they belong to.

use ndarray::Array2;

use super::*;

/// Labels of a file for four rows without ids.
fn labels_of(name: &str, text: &[u8]) -> Result<Vec<Option<String>>> {
    let temp = tempfile::tempdir().unwrap();
    let (array, labels) = (temp.path().join("x.npy"), temp.path().join(name));
    ndarray_npy::write_npy(&array, &Array2::<f32>::ones((4, 2))).unwrap();
    write(&labels, text);
    let sets = open_labelled(&array, &labels)?;
    Ok(by_row(sets[0].as_ref()))
}

fn by_row(set: &dyn FeatureSet) -> Vec<Option<String>> {
    let labels = set.labels().unwrap();
    let name = |class: &Option<u32>| class.map(|class| labels.names()[class as usize].clone());
    labels.class_of().iter().map(name).collect()
}

fn names(names: [&str; 4]) -> Vec<Option<String>> {
    names.iter().map(|name| Some((*name).to_owned())).collect()
}

#[test]
fn a_line_is_a_label_whole() {
    let fish = names([
        "tench, Tinca tinca",
        "goldfish",
        "great white shark",
        "tench, Tinca tinca",
    ]);
    let text = b"tench, Tinca tinca\ngoldfish\ngreat white shark\ntench, Tinca tinca\n";
    for name in ["l.txt", "l.csv"] {
        assert_eq!(labels_of(name, text).unwrap(), fish, "{name}");
    }
    let quoted = b"\"tench, Tinca tinca\"\n\"goldfish\"\n\"great white shark\"\n\"tench, Tinca tinca\"\n";
    assert_eq!(labels_of("l.csv", quoted).unwrap(), fish);
    // Alike in every line, it could as well be a table.
    let error = labels_of("l.csv", b"a, b\nc, d\na, b\nc, d\n").unwrap_err().to_string();
    assert!(
        error.contains("none called \"label\"") && error.contains(".txt"),
        "{error}"
    );
    assert_eq!(
        labels_of("l.txt", b"a, b\nc, d\na, b\nc, d\n").unwrap(),
        names(["a, b", "c, d", "a, b", "c, d"])
    );
}

#[test]
fn headers_are_told_by_their_names_and_by_counting() {
    let expected = names(["3", "1", "3", "2"]);
    for (name, text) in [
        ("l.txt", &b"label\n3\n1\n3\n2\n"[..]),
        ("l.txt", b"# label\n3\n1\n3\n2\n"),
        ("l.csv", b"species\n3\n1\n3\n2\n"),
        ("l.tsv", b"path\tlabel\na, b.png\t3\nb.png\t1\nc.png\t3\nd.png\t2\n"),
        ("l.csv", b"path;class_id\na.png;3\nb.png;1\nc.png;3\nd.png;2\n"),
    ] {
        assert_eq!(
            labels_of(name, text).unwrap(),
            expected,
            "{name}: {}",
            String::from_utf8_lossy(text)
        );
    }
    let error = labels_of("l.txt", b"species\na\nb\na\nb\n").unwrap_err().to_string();
    assert!(
        error.contains("5 labels for 4 rows") && error.contains("\"species\" is a header"),
        "{error}"
    );
    let error = labels_of("l.txt", b"a/1.png 3\na/2.png 1\na/3.png 3\na/4.png 2\n")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("every line is another one and has several fields"),
        "{error}"
    );
}

#[test]
fn what_stands_for_no_label_is_no_class_and_is_said() {
    let temp = tempfile::tempdir().unwrap();
    let (array, labels) = (temp.path().join("x.npy"), temp.path().join("l.txt"));
    ndarray_npy::write_npy(&array, &Array2::<f32>::ones((4, 2))).unwrap();
    write(&labels, b"3\n-1\n2\nunlabelled\n");
    let set = &open_labelled(&array, &labels).unwrap()[0];
    assert_eq!(set.labels().unwrap().names(), ["2", "3"]);
    let said = set.interpretation().labels.join("\n");
    assert!(
        said.contains("label \"-1\"") && said.contains("label \"unlabelled\""),
        "{said}"
    );
}

#[test]
fn rows_are_joined_by_id_whatever_the_ids_are_called() {
    let temp = tempfile::tempdir().unwrap();
    let (features, labels) = (temp.path().join("x.csv"), temp.path().join("l.csv"));
    write(&features, b"filename,f0,f1\nc.png,1,2\na.png,3,4\nb.png,5,6\n");
    for text in [
        "id,label\na.png,cat\nb.png,dog\nc.png,eel\nd.png,fox\n",
        "label;image_path\neel;c.png\ncat;a.png\ndog;b.png\n",
    ] {
        write(&labels, text.as_bytes());
        let set = &open_labelled(&features, &labels).unwrap()[0];
        assert_eq!(
            by_row(set.as_ref()),
            [Some("eel".into()), Some("cat".into()), Some("dog".into())]
        );
        let said = &set.interpretation().labels[0];
        assert!(
            said.contains("joined by id (\"filename\" and ") && said.ends_with(": 3 of 3 rows"),
            "{said}"
        );
    }
    // Rows the labels do not know are no class, and are counted.
    write(&labels, b"id,label\na.png,cat\nc.png,eel\n");
    let set = &open_labelled(&features, &labels).unwrap()[0];
    assert_eq!(by_row(set.as_ref())[2], None);
    assert!(
        set.interpretation().labels[0].contains("2 of 3 rows; 1 rows have no label"),
        "{:?}",
        set.interpretation()
    );
    // Ids that have nothing in common are refused, not passed over.
    write(&labels, b"id,label\nx,cat\ny,eel\nz,dog\n");
    let error = open_labelled(&features, &labels).err().unwrap().to_string();
    assert!(
        error.contains("no row in common") && error.contains("\"c.png\""),
        "{error}"
    );
    // Where a side has no ids, position counts, and that is said.
    write(&labels, b"label\ncat\ndog\neel\n");
    let set = &open_labelled(&features, &labels).unwrap()[0];
    assert_eq!(by_row(set.as_ref())[0].as_deref(), Some("cat"));
    assert!(
        set.interpretation().labels[0].ends_with("joined by position"),
        "{:?}",
        set.interpretation()
    );
}

#[test]
fn ids_of_an_archive_join_labels_of_another() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("l.npz");
    let mut npz = ndarray_npy::NpzWriter::new(fs::File::create(&path).unwrap());
    npz.add_array(
        "ids",
        &Array1::from_iter([9_007_199_254_740_993_i64, 7, 9_007_199_254_740_992]),
    )
    .unwrap();
    npz.add_array("labels", &Array1::from_iter([1_i64, 2, 3])).unwrap();
    npz.finish().unwrap();
    let features = temp.path().join("x.csv");
    write(
        &features,
        b"id,f0,f1\n9007199254740992,1,2\n9007199254740993,3,4\n7,5,6\n",
    );
    let set = &open_labelled(&features, &path).unwrap()[0];
    assert_eq!(
        by_row(set.as_ref()),
        [Some("3".into()), Some("1".into()), Some("2".into())]
    );
}

#[test]
fn an_index_that_counts_joins_rows_of_another_order() {
    let temp = tempfile::tempdir().unwrap();
    let (features, labels) = (temp.path().join("x.csv"), temp.path().join("l.csv"));
    // As pandas writes a frame, and another one of its rows in another order.
    write(&features, b",f0,f1\n0,1,2\n1,3,4\n2,5,6\n");
    write(&labels, b",label\n2,cat\n0,dog\n1,eel\n");
    let set = &open_labelled(&features, &labels).unwrap()[0];
    assert_eq!(
        by_row(set.as_ref()),
        [Some("dog".into()), Some("eel".into()), Some("cat".into())]
    );
    // Two names are on both sides: the one that does not count.
    write(&features, b"id,filename,f0,f1\n0,c,1,2\n1,a,3,4\n2,b,5,6\n");
    write(&labels, b"id,filename,label\n0,a,cat\n1,b,dog\n2,c,eel\n");
    let set = &open_labelled(&features, &labels).unwrap()[0];
    assert_eq!(
        by_row(set.as_ref()),
        [Some("eel".into()), Some("cat".into()), Some("dog".into())]
    );
    // A name that two rows share joins nothing, and is not passed over.
    write(&labels, b"filename,label\na,cat\na,dog\nc,eel\n");
    let error = open_labelled(&features, &labels).err().unwrap().to_string();
    assert!(
        error.contains("id \"a\" in \"filename\" comes twice") && error.contains("cannot be joined by id"),
        "{error}"
    );
}

#[test]
fn missing_words_are_no_classes() {
    let labels = labels_of("l.csv", b"label\ncat\nnan\nNA\ndog\n").unwrap();
    assert_eq!(labels, [Some("cat".into()), None, None, Some("dog".into())]);
}
