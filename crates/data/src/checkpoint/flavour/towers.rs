//! What no tensor shows of CLIP's ResNets: attention heads. Their activation is ReLU, whatever the half for texts has.

use serde_json::json;

use super::names::NetworkNames;
use crate::checkpoint::arch::{ClipSize, Cnn, Shapes, clip_depths};

/// OpenCLIP's description beside a checkpoint.
const FILE: &str = "open_clip_config.json beside it";

/// Gives a network its attention heads, and says who says so; or why it is refused.
pub(super) fn complete(names: &NetworkNames, shape: Shapes, cnn: &mut Cnn) -> Result<Vec<String>, String> {
    let Some(mut size) = ClipSize::parse(&cnn.name) else {
        return Ok(Vec::new());
    };
    if ["weight", "bias"]
        .iter()
        .all(|part| shape(&format!("attnpool.c_proj.{part}")).is_none())
    {
        return Err(
            "attnpool.c_proj.weight and .bias, the end of its attention pooling, are missing; fetch it again"
                .to_owned(),
        );
    }
    let mut by = "64 channels each, as OpenAI and OpenCLIP have them".to_owned();
    if let Some(whole) = &names.open_clip {
        let vision = whole.get("model_cfg").unwrap_or(whole).get("vision_cfg");
        let vision = vision.ok_or_else(|| format!("{FILE} has no vision_cfg; fetch it again"))?;
        let shown = [
            ("layers", json!(clip_depths(shape))),
            ("width", json!(size.width)),
            ("image_size", json!(size.image)),
        ];
        let told = |key: &str| vision.get(key).filter(|v| !v.is_null());
        // A lost tensor is missed as that, and contradicts nothing.
        let hidden = |key: &str| key == "image_size" && shape("attnpool.positional_embedding").is_none();
        for (key, found) in shown.iter().filter(|(key, _)| !hidden(key)) {
            if let Some(said) = told(key).filter(|said| *said != found) {
                return Err(format!(
                    "{FILE} says {key} {said}, and its tensors have {found}; put the file there that belongs to it"
                ));
            }
        }
        if let Some(said) = told("head_width") {
            let head = said.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
            let head = head.filter(|n| size.features().is_multiple_of(*n));
            size.heads = size.features()
                / head.ok_or_else(|| {
                    format!(
                        "{FILE} says head_width {said}, which does not divide the {} channels of its tensors",
                        size.features()
                    )
                })?;
            by = format!("as {FILE} says");
        }
    }
    cnn.name = size.name();
    Ok(vec![format!(
        "{} attention heads pool its last map ({by}); backbone is the mean of that map, pooler what attention makes of it",
        size.heads
    )])
}
