//! Preparation: what transformers' own image processors make of pictures, by their own description.

use featscope::checkpoint::Checkpoint;
use featscope::images::transform::{Orientation, Preprocess};

use super::golden;
use super::support::saved::fixture;

/// Every how many values of a prepared image are kept.
const STEP: usize = 997;

#[test]
fn pictures_are_prepared_as_by_transformers() {
    let expected = Checkpoint::open(&fixture("hugging_face.safetensors")).unwrap();
    let set = featscope::images::open(fixture("images").to_str().unwrap(), None, None).unwrap();
    let pictures: Vec<_> = set.read(0..set.len()).unwrap();
    let pictures: Vec<_> = pictures
        .iter()
        .map(|raw| raw.decode(Orientation::Exif).unwrap())
        .collect();
    let processors = golden().processors;
    assert_eq!(processors.len(), 6);
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

#[cfg(feature = "torch")]
mod beside {
    use featscope::checkpoint::{Checkpoint, LoadOptions, detect, fingerprint};
    use featscope::extract::preparation::prepare;
    use featscope::images::transform::{Interpolation, Preprocess, Resize};
    use serde_json::{Value, json};

    use super::super::case;

    fn of(folder: &tempfile::TempDir) -> Result<(Preprocess, String), String> {
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let loading = detect(&checkpoint, &LoadOptions::default()).unwrap();
        let prepared = prepare(&checkpoint, &loading).map_err(|e| e.to_string())?;
        Ok((prepared.preprocess, prepared.from))
    }

    fn clip(resample: u64) -> Value {
        json!({"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 32}, "crop_size": 32, "resample": resample})
    }

    #[test]
    fn what_lies_beside_the_weights_says_how() {
        let case = case("clip-vision");
        let (folder, _) = case.saved().write();
        let write = |name: &str, value: &Value| std::fs::write(folder.path().join(name), value.to_string()).unwrap();
        let (usual, from) = of(&folder).unwrap();
        assert_eq!(usual, Preprocess::clip(32));
        assert!(from.starts_with("usual for transformers CLIP"), "{from}");
        let weights = folder.path().join("model.safetensors");
        let mut prints = vec![fingerprint(&weights).unwrap()];
        // The later kind of file first: the older one is asked before it.
        write(
            "processor_config.json",
            &json!({"image_processor": clip(3), "processor_class": "CLIPProcessor"}),
        );
        let (found, from) = of(&folder).unwrap();
        assert_eq!(
            (found, from.as_str()),
            (Preprocess::clip(32), "processor_config.json says so")
        );
        prints.push(fingerprint(&weights).unwrap());
        write("preprocessor_config.json", &clip(2));
        let (found, from) = of(&folder).unwrap();
        assert_eq!(
            (found.interpolation, found.resize),
            (Interpolation::Bilinear, Some(Resize::Shorter(32)))
        );
        assert_eq!(from, "preprocessor_config.json says so");
        prints.push(fingerprint(&weights).unwrap());
        write("preprocessor_config.json", &clip(1));
        prints.push(fingerprint(&weights).unwrap());
        let sentence = of(&folder).unwrap_err();
        let says = "preprocessor_config.json beside it says resample 1 (lanczos), expected 2 (bilinear) or 3 (bicubic); pass --preprocess";
        assert!(sentence.ends_with(says) && !sentence.contains('\n'), "{sentence}");
        prints.sort();
        prints.dedup();
        assert_eq!(
            prints.len(),
            4,
            "features are made again where the preparation is another"
        );
    }

    #[test]
    fn without_it_the_usual_of_the_kind_holds() {
        let exact = |side| Preprocess::small(side, side, [0.5; 3], [0.5; 3]);
        for (id, wanted) in [
            ("vit", exact(32)),
            ("siglip-vision", exact(32)),
            ("dinov2", Preprocess::imagenet_bicubic().with_size(32)),
            ("clip", Preprocess::clip(32)),
        ] {
            let case = case(id);
            assert_eq!(of(&case.saved().write().0).unwrap().0, wanted, "{id}");
        }
    }
}
