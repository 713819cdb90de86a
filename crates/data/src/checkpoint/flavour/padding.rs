//! How timm pads the networks that it has in two ways, which no tensor shows.

use super::names::NetworkNames;
use crate::checkpoint::arch::{Cnn, twins};

/// Gives a network the name that decides its padding, and returns where the name came from; or why it is not known.
pub(super) fn complete(names: &NetworkNames, cnn: &mut Cnn) -> Result<Vec<String>, String> {
    let Some(twins) = twins(&cnn.name) else {
        let told = cnn
            .padded()
            .map(|how| format!("{how}: no tensor tells, and timm's {} has this", cnn.name));
        return Ok(told.into_iter().collect());
    };
    let [even, tensorflow] = &twins;
    let said = names.claim();
    // What follows the name says how it was trained, or what was cut out of it.
    let begins = |whole: &str, name: &String| {
        let whole = whole.to_lowercase();
        let rest = whole.strip_prefix(name.as_str());
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    // What the file calls its network counts before what somebody called the file.
    let found = match said {
        Some(name) => twins.iter().find(|twin| begins(name, twin)).map(|twin| (twin, name)),
        None => twins
            .iter()
            .find(|twin| begins(names.file(), twin))
            .map(|twin| (twin, names.file())),
    };
    let Some((name, by)) = found else {
        let nobody = match said {
            Some(name) => format!("it calls itself {name:?}, which is neither;"),
            None => "nothing says which it is; put its config.json beside it, or".to_owned(),
        };
        return Err(format!(
            "it has the tensors of timm's {even} and of its {tensorflow}, which pad images and add to variances in other ways, and \
             {nobody} pass --arch {even} or --arch {tensorflow}"
        ));
    };
    let note = |how: String| format!("{how}, as the name {by:?} says");
    cnn.name.clone_from(name);
    Ok(cnn.padded().map(note).into_iter().collect())
}
