//! Ids of rows that are random views of one image.

const MARK: &str = "#view";

/// The id of the row of view `number` (from 1) of the image called `id`: `ID#viewNUMBER`.
pub fn view_id(id: &str, number: usize) -> String {
    format!("{id}{MARK}{number}")
}

/// The image that a row with this id is a view of, and the number of the view; `None` where it is none.
pub fn view_of(id: &str) -> Option<(&str, usize)> {
    let (image, number) = id.rsplit_once(MARK)?;
    Some((image, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_image_and_view() {
        assert_eq!(view_of(&view_id("a/b#view.png", 12)), Some(("a/b#view.png", 12)));
        assert_eq!(view_of("cat#view"), None);
        assert_eq!(view_of("cat"), None);
    }
}
