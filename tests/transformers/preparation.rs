//! Preparation: what transformers' own image processors make of pictures, by their own description.

use featscope::images::transform::{Orientation, Preprocess};

use super::{expected, fixture, golden};

/// Every how many values of a prepared image are kept.
const STEP: usize = 997;

#[test]
fn pictures_are_prepared_as_by_transformers() {
    let expected = expected();
    let set = featscope::images::open(fixture("images").to_str().unwrap(), None, None).unwrap();
    let pictures: Vec<_> = set.read(0..set.len()).unwrap();
    let pictures: Vec<_> = pictures
        .iter()
        .map(|raw| raw.decode(Orientation::Exif).unwrap())
        .collect();
    let processors = golden().processors;
    assert_eq!(processors.len(), 5);
    for processor in processors {
        let preprocess = Preprocess::from_transformers(&processor.description).unwrap();
        let (height, width) = preprocess.size();
        assert_eq!(processor.shape, [3, height, width], "{}", processor.id);
        let (shape, wanted) = expected.tensor_f32(&format!("processor {}", processor.id)).unwrap();
        assert_eq!(shape[0], pictures.len());
        for (picture, wanted) in pictures.iter().zip(wanted.chunks(shape[1])) {
            let values = preprocess.apply(picture);
            let found: Vec<f32> = values.into_iter().step_by(STEP).collect();
            assert_eq!(found.len(), wanted.len());
            let off = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            // Transformers divides in another order; one step of a byte would be 0.004 at the least.
            assert!(off < 1e-5, "{} {:?}: {off}", processor.id, picture.dimensions());
        }
    }
}
