//! Many calls, and how they are counted and shown.

use featscope::checkpoint::summary;

use super::beside;
use super::support::pickles::Pickle;
use super::support::*;

#[test]
fn calls_are_counted_and_only_the_first_hundred_names_are_kept() {
    let folder = Folder::new();
    let mut pickle = Pickle::new(2).raw(b"(");
    for i in 0..300 {
        pickle = pickle.name("my.models", &format!("Net{i}")).raw(b")R");
    }
    let pickle = pickle
        .name("my.models", "Net7")
        .raw(b")R")
        .name("os", "system")
        .raw(b"l");
    let path = beside(&folder, &pickle);
    let seen = summary(&path).unwrap();
    assert_eq!((seen.calls.calls.len(), seen.calls.others), (100, 201));
    let message = load(&path).unwrap_err().to_string();
    assert!(
        message.contains(
            ": it would run code where it is loaded: os.system (1 time), my.models.Net0 (1 time), my.models.Net1 (1 time) and 97 more, \
             and 201 calls of others; pass --allow-unknown-calls"
        ),
        "{message}"
    );
    let seven = seen
        .calls
        .calls
        .iter()
        .find(|call| call.name == "my.models.Net7")
        .unwrap();
    assert_eq!(seven.times, 2);
    // A name cannot break out of its line.
    let path = beside(
        &folder,
        &Pickle::new(4)
            .stacked("my\nproblem  none", "\u{202e}x\x1b[2J")
            .call("x"),
    );
    let message = load(&path).unwrap_err().to_string();
    assert!(
        message.contains(r"my\u{a}problem\u{20}\u{20}none.\u{202e}x\u{1b}[2J (1 time)"),
        "{message}"
    );
}

#[test]
fn a_million_calls_and_names_out_of_the_memo_are_read_in_little() {
    let folder = Folder::new();
    let p = Pickle::new;
    // Objects that are not read are named up to a point.
    let many = p(2)
        .raw(b"(")
        .name("my.models", "Net")
        .raw(b"q\0")
        .raw(b"h\0)R".repeat(200_000))
        .raw(b"l");
    let path = beside(&folder, &many);
    let seen = summary(&path).unwrap();
    assert_eq!((seen.calls.calls.len(), seen.calls.calls[0].times), (1, 200_000));
    assert_eq!(seen.opaque.len(), 10_001);
    assert_eq!(seen.opaque[10_000].class, "190001 further objects");
    // Long names that cost three bytes each to spell.
    let long = "a.".repeat(30) + &"x".repeat(900);
    let stacked = p(4)
        .text(&long)
        .raw(b"q\0")
        .text(&long)
        .raw(b"q\x01(")
        .raw(b"h\0h\x01\x93".repeat(300_000))
        .raw(b"l");
    let message = load(&beside(&folder, &stacked)).unwrap_err().to_string();
    assert!(message.contains("needs more than 512 MB"), "{message}");
    let parts = p(4).stacked("a", &"b.".repeat(100)).raw(b")R");
    let message = load(&beside(&folder, &parts)).unwrap_err().to_string();
    assert!(message.contains("endless name"), "{message}");
    // Makers within makers, deeper than any stack.
    let deep = p(2)
        .raw(b"cmy.models\nNet\nq\0".as_slice())
        .raw(b"h\0".repeat(200_000))
        .raw(b")")
        .raw(b"R\x85".repeat(200_000))
        .raw(b"R");
    let seen = summary(&beside(&folder, &deep)).unwrap();
    assert_eq!(seen.calls.calls[0].times, 200_001);
    // A copy of a set is paid for.
    let sets = p(2)
        .raw(b"(")
        .raw(b"N".repeat(1_000_000))
        .raw(b"lq\0(")
        .name("__builtin__", "set")
        .raw(b"q\x01")
        .raw(b"h\x01h\0\x85R".repeat(1000))
        .raw(b"l");
    let message = load(&beside(&folder, &sets)).unwrap_err().to_string();
    assert!(message.contains("needs more than 512 MB"), "{message}");
}
