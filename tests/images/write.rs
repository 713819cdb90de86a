//! Writers of every format, so that the readers are tested on files of known content.

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use flate2::Compression;
use flate2::write::GzEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

pub const CIFAR10: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

/// `n` different colour images of 32 x 32; image i has class i mod 10.
pub fn pictures(n: usize) -> Vec<(u8, RgbImage)> {
    let picture = |i: usize| {
        RgbImage::from_fn(32, 32, |x, y| {
            image::Rgb([(x * 8 + i as u32) as u8, (y * 8) as u8, (i * 13) as u8 ^ (x * y) as u8])
        })
    };
    (0..n).map(|i| ((i % 10) as u8, picture(i))).collect()
}

/// What every reader should give for these pictures.
pub fn expected(pictures: &[(u8, RgbImage)]) -> Vec<(String, RgbImage)> {
    pictures
        .iter()
        .map(|(c, p)| (CIFAR10[*c as usize].to_owned(), p.clone()))
        .collect()
}

pub fn planes(image: &RgbImage) -> Vec<u8> {
    (0..3).flat_map(|c| image.pixels().map(move |p| p.0[c])).collect()
}

pub fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn batches(pictures: &[(u8, RgbImage)]) -> Vec<(String, &[(u8, RgbImage)])> {
    let per = pictures.len() / 5;
    (0..5)
        .map(|i| (format!("data_batch_{}", i + 1), &pictures[i * per..(i + 1) * per]))
        .collect()
}

/// CIFAR-10 in binary form: the train pictures in five files, the test pictures in one.
pub fn cifar10_binary(dir: &Path, train: &[(u8, RgbImage)], test: &[(u8, RgbImage)]) {
    std::fs::create_dir_all(dir).unwrap();
    for (name, part) in batches(train).into_iter().chain([("test_batch".to_owned(), test)]) {
        let bytes: Vec<u8> = part.iter().flat_map(|(c, p)| [vec![*c], planes(p)].concat()).collect();
        std::fs::write(dir.join(name + ".bin"), bytes).unwrap();
    }
    std::fs::write(dir.join("batches.meta.txt"), CIFAR10.join("\n") + "\n\n").unwrap();
}

/// CIFAR-100 in binary form: a coarse label (9 minus the fine one here), then the fine one.
pub fn cifar100_binary(dir: &Path, train: &[(u8, RgbImage)], test: &[(u8, RgbImage)]) {
    std::fs::create_dir_all(dir).unwrap();
    for (name, part) in [("train.bin", train), ("test.bin", test)] {
        let bytes: Vec<u8> = part
            .iter()
            .flat_map(|(c, p)| [vec![9 - c, *c], planes(p)].concat())
            .collect();
        std::fs::write(dir.join(name), bytes).unwrap();
    }
    std::fs::write(dir.join("fine_label_names.txt"), fine_names().join("\n")).unwrap();
}

pub fn fine_names() -> Vec<String> {
    (0..100)
        .map(|i| CIFAR10.get(i).map_or_else(|| format!("fine {i}"), |s| (*s).to_owned()))
        .collect()
}

fn short(bytes: &[u8]) -> Vec<u8> {
    [&[b'U', bytes.len() as u8][..], bytes].concat()
}

/// A pickle as Python 2 writes it in protocol 2: `{"data": uint8 array (n, 3072), KEY: [labels], "filenames": […]}`.
pub fn pickle_batch(key: &str, part: &[(u8, RgbImage)]) -> Vec<u8> {
    let mut out = b"\x80\x02}q\x01(".to_vec();
    out.extend([short(b"filenames"), b"]q\x02(".to_vec()].concat());
    for i in 0..part.len() {
        out.extend(short(format!("picture_{i}.png").as_bytes()));
        out.extend([b'r', i as u8, 1, 0, 0]);
    }
    out.push(b'e');
    out.extend([short(key.as_bytes()), b"]q\x03(".to_vec()].concat());
    part.iter().for_each(|(c, _)| out.extend([b'K', *c]));
    out.push(b'e');
    out.extend(short(b"data"));
    out.extend(
        b"cnumpy.core.multiarray\n_reconstruct\nq\x04cnumpy\nndarray\nq\x05K\x00\x85q\x06U\x01b\x87Rq\x07(K\x01",
    );
    out.extend([b'M', part.len() as u8, 0, b'M', 0, 12, 0x86]);
    out.extend(
        b"cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01\x87Rq\x09(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
    );
    let data: Vec<u8> = part.iter().flat_map(|(_, p)| planes(p)).collect();
    out.push(b'T');
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out.extend(b"tbu.");
    out
}

fn pickle_names(key: &str, names: &[String]) -> Vec<u8> {
    let mut out = [b"\x80\x02}q\x01(".to_vec(), short(key.as_bytes()), b"]q\x02(".to_vec()].concat();
    names.iter().for_each(|n| out.extend(short(n.as_bytes())));
    out.extend([b"e".to_vec(), short(b"num_vis"), b"M\x00\x0cu.".to_vec()].concat());
    out
}

/// CIFAR-10 in Python form.
pub fn cifar10_python(dir: &Path, train: &[(u8, RgbImage)], test: &[(u8, RgbImage)]) {
    std::fs::create_dir_all(dir).unwrap();
    for (name, part) in batches(train).into_iter().chain([("test_batch".to_owned(), test)]) {
        std::fs::write(dir.join(name), pickle_batch("labels", part)).unwrap();
    }
    let names: Vec<String> = CIFAR10.iter().map(|s| (*s).to_owned()).collect();
    std::fs::write(dir.join("batches.meta"), pickle_names("label_names", &names)).unwrap();
}

/// CIFAR-100 in Python form.
pub fn cifar100_python(dir: &Path, train: &[(u8, RgbImage)], test: &[(u8, RgbImage)]) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join("train"), pickle_batch("fine_labels", train)).unwrap();
    std::fs::write(dir.join("test"), pickle_batch("fine_labels", test)).unwrap();
    std::fs::write(dir.join("meta"), pickle_names("fine_label_names", &fine_names())).unwrap();
}

/// The files of a folder as NAME.tar.gz, under a folder inside the archive as the official ones have it.
pub fn tar_gz(dir: &Path, archive: &Path) {
    let file = std::fs::File::create(archive).unwrap();
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
    tar.append_dir_all("cifar-batches", dir).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
}

/// IDX files of grey images with their labels.
pub fn idx(dir: &Path, stem: &str, images: &[(u8, GrayImage)], gz: bool) {
    std::fs::create_dir_all(dir).unwrap();
    let (width, height) = images[0].1.dimensions();
    let mut pixels = [0x803, images.len() as u32, height, width]
        .iter()
        .flat_map(|v| v.to_be_bytes())
        .collect::<Vec<u8>>();
    images.iter().for_each(|(_, i)| pixels.extend(i.as_raw()));
    let mut labels = [0x801, images.len() as u32]
        .iter()
        .flat_map(|v| v.to_be_bytes())
        .collect::<Vec<u8>>();
    labels.extend(images.iter().map(|(c, _)| *c));
    for (name, bytes) in [("images-idx3-ubyte", pixels), ("labels-idx1-ubyte", labels)] {
        let path = dir.join(format!("{stem}-{name}{}", if gz { ".gz" } else { "" }));
        std::fs::write(path, if gz { gzip(&bytes) } else { bytes }).unwrap();
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder per class.
pub fn folder(dir: &Path, pictures: &[(String, RgbImage)], format: ImageFormat, ending: &str) {
    for (i, (class, picture)) in pictures.iter().enumerate() {
        let class = dir.join(class);
        std::fs::create_dir_all(&class).unwrap();
        let bytes = encode(&DynamicImage::ImageRgb8(picture.clone()), format);
        std::fs::write(class.join(format!("{i:03}.{ending}")), bytes).unwrap();
    }
}

/// How the label column of a Parquet file is written.
pub enum Labels {
    /// Integers, named by Hugging Face's metadata.
    Named,
    /// Integers alone.
    Bare,
    /// Class names.
    Text,
}

/// Parquet: `image {bytes, path}` or a binary column, in row groups of 7.
pub fn parquet(file: &Path, pictures: &[(u8, RgbImage)], labels: Labels, nested: bool) {
    let bytes: Vec<Vec<u8>> = pictures
        .iter()
        .map(|(_, p)| encode(&DynamicImage::ImageRgb8(p.clone()), ImageFormat::Png))
        .collect();
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values(bytes));
    let image: ArrayRef = if nested {
        let fields = Fields::from(vec![
            Field::new("bytes", DataType::Binary, true),
            Field::new("path", DataType::Utf8, true),
        ]);
        let paths: ArrayRef = Arc::new(StringArray::from_iter((0..pictures.len()).map(|_| None::<&str>)));
        Arc::new(StructArray::new(fields, vec![bytes, paths], None))
    } else {
        bytes
    };
    let label: ArrayRef = match labels {
        Labels::Text => Arc::new(StringArray::from_iter_values(
            pictures.iter().map(|(c, _)| CIFAR10[*c as usize]),
        )),
        _ => Arc::new(Int64Array::from_iter_values(
            pictures.iter().map(|(c, _)| i64::from(*c)),
        )),
    };
    let fields = vec![
        Field::new("image", image.data_type().clone(), true),
        Field::new("label", label.data_type().clone(), true),
    ];
    let mut schema = Schema::new(fields);
    if matches!(labels, Labels::Named) {
        let features = serde_json::json!({"info": {"features": {"label": {"names": CIFAR10, "_type": "ClassLabel"}}}});
        schema = schema.with_metadata([("huggingface".to_owned(), features.to_string())]);
    }
    let batch = RecordBatch::try_new(Arc::new(schema), vec![image, label]).unwrap();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(7)).build();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(file).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// A Parquet file of these columns.
pub fn columns(file: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(file).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}
