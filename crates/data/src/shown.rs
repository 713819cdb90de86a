//! Text as it may be shown: names from files cannot steer what shows them, and a message stays one sentence.

/// The most characters of a message, whatever is in the file it is about.
pub const MAX_SENTENCE: usize = 500;

/// The most characters of a word in a message that would be too long.
const MAX_WORD: usize = 120;

/// What stands for what was left out.
const ELLIPSIS: &str = "…";

/// True if a character acts on what shows it rather than being seen: controls, line ends, and the marks that turn the
/// direction of writing or take no space (Unicode's bidirectional controls, separators, byte order mark and tags).
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text with every character that [`steers`] spelled out, as `\r` or `\u{202e}`.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match steers(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

/// JSON in which the same characters are escaped as JSON does it: what it says is the same.
pub fn plain_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        // JSON itself has line ends and blanks between its parts, and escapes those within texts.
        if c.is_ascii() && c != '\x7f' || !steers(c) {
            shown.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    shown
}

/// The text as one line of at most [`MAX_SENTENCE`] characters. Of a longer one, endless words lose their middle first and
/// then the whole does: where it went wrong stands at the start, what to do at the end.
pub fn sentence(text: &str) -> String {
    let line = plain(text);
    if line.chars().count() <= MAX_SENTENCE {
        return line;
    }
    let words: Vec<String> = line.split(' ').map(|word| without_middle(word, MAX_WORD)).collect();
    without_middle(&words.join(" "), MAX_SENTENCE)
}

/// A name on one line, of at most `most` characters.
pub fn short(name: &str, most: usize) -> String {
    without_middle(&plain(name), most)
}

/// A text of at most `most` characters: two thirds are its start, one third its end.
fn without_middle(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let kept = most - 1;
    let end = kept / 3;
    let start = kept - end;
    let at = |position: usize| text.char_indices().nth(position).map_or(text.len(), |(at, _)| at);
    [&text[..at(start)], ELLIPSIS, &text[at(count - end)..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_spelled_out_and_nothing_else() {
        assert_eq!(
            plain("a\r\n\x1b[2J\u{9b}K\u{202e}\u{2066}\u{feff}\u{2028}"),
            r"a\r\n\u{1b}[2J\u{9b}K\u{202e}\u{2066}\u{feff}\u{2028}"
        );
        // Letters of every script, joiners of emoji and Persian, soft marks.
        let seen = "Ä 日本 عربي 👩\u{200d}🔬 می\u{200c}خواهم e\u{301} \\ \"";
        assert_eq!(plain(seen), seen);
    }

    #[test]
    fn json_says_the_same() {
        let value = serde_json::json!({"a\u{202e}": ["\x1b\x7f\u{9b}\r\n", "\u{e0041}é"]});
        let shown = plain_json(&format!("{value:#}"));
        assert!(!shown.chars().any(|c| steers(c) && c != '\n'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_sentence_keeps_its_start_and_its_end() {
        let known = "a.npy: is a folder; expected a file";
        assert_eq!(sentence(known), known);
        let path = format!("/data/{}/x.csv", "ä".repeat(5_000));
        let long = sentence(&format!("{path}: has no column of paths; add a header"));
        assert!(long.chars().count() < 200, "{long}");
        assert!(long.starts_with("/data/ä") && long.ends_with("ä/x.csv: has no column of paths; add a header"));
        assert_eq!(short("a\rbcdefghij", 7), r"a\rb…ij");
        let names: Vec<String> = (0..100_000).map(|i| format!("column{i}")).collect();
        let long = sentence(&format!(
            "t.csv: none of {} is it; name it with --columns",
            names.join(", ")
        ));
        assert_eq!(long.chars().count(), MAX_SENTENCE);
        assert!(long.starts_with("t.csv: none of column0, ") && long.ends_with(" is it; name it with --columns"));
    }
}
