//! Thousands of seeded mutations of every container: never a panic, never memory that a header merely claims, always
//! either a checkpoint or one sentence.
//!
//! `FEATSCOPE_FUZZ=N cargo test --test checkpoint_fuzz` tries N times as many.

mod support;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use featscope::checkpoint::Checkpoint;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::*;

/// Mutations of each file.
const MUTATIONS: u64 = 2000;

/// What reading a damaged file of a few kilobytes may add to the memory of the program, in kilobytes.
const MEMORY: u64 = 400 << 10;

/// Numbers that lengths, offsets and counts are replaced by.
const LENGTHS: [u64; 10] = [
    0,
    1,
    0x7f,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 40,
    i64::MAX as u64,
    u64::MAX,
];

/// The opcodes of pickles that do most.
const OPCODES: &[u8] = b"(.01290FNIJKLMRbQcdaeghijlopqrstu}XUTSVGCB\x80\x81\x85\x88\x8a\x8c\x92\x93\x94";

/// Address space taken so far at most: reserved memory counts, touched or not.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmPeak:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// One to four changes of any kind.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) {
    for _ in 0..rng.random_range(1..=4) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.random_range(0..bytes.len());
        match rng.random_range(0..8) {
            0 => bytes[at] ^= 1 << rng.random_range(0..8),
            1 => bytes[at] = rng.random(),
            2 => bytes.truncate(at),
            3 => {
                let width = [1, 2, 4, 8][rng.random_range(0..4)].min(bytes.len() - at);
                let length = LENGTHS[rng.random_range(0..LENGTHS.len())].to_le_bytes();
                bytes[at..at + width].copy_from_slice(&length[..width]);
            }
            4 => {
                let from = rng.random_range(0..other.len());
                let len = rng.random_range(1..=64).min(other.len() - from);
                bytes.splice(at..at, other[from..from + len].iter().copied());
            }
            5 => {
                let end = (at + rng.random_range(1..=64)).min(bytes.len());
                bytes.drain(at..end);
            }
            6 => {
                let from = rng.random_range(0..bytes.len());
                let len = rng.random_range(1..=16).min(bytes.len() - from.max(at));
                bytes.copy_within(from..from + len, at);
            }
            // An opcode of pickles, where one may be.
            _ => bytes[at] = OPCODES[rng.random_range(0..OPCODES.len())],
        }
    }
}

/// Opens the file and reads all that is in it.
fn read(path: &Path) -> Result<usize, String> {
    let checkpoint = Checkpoint::open(path).map_err(|e| e.to_string())?;
    let mut read = 0;
    for name in checkpoint.tensors().keys() {
        match checkpoint.tensor_f32(name) {
            Ok((shape, values)) => {
                assert_eq!(shape.iter().product::<usize>(), values.len());
                read += values.len();
            }
            Err(e) => is_sentence(path, &e.to_string()),
        }
    }
    Ok(read)
}

fn is_sentence(path: &Path, message: &str) {
    let start = format!("{}: ", path.display());
    assert!(
        message.len() > start.len() && message.starts_with(&start) && !message.contains('\n'),
        "{message}"
    );
}

/// The entries of a zip of stored files, to be changed before they get the right lengths and checksums again.
fn entries(bytes: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok()?;
    let mut all = Vec::new();
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).ok()?;
        let mut data = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut data).ok()?;
        all.push((entry.name().to_owned(), data));
    }
    Some(all)
}

#[test]
fn no_mutation_makes_a_reader_panic_or_take_what_is_not_there() {
    // In memory where there is such a place: these are many files.
    let memory = Path::new("/dev/shm");
    let folder = match tempfile::tempdir_in(memory) {
        Ok(folder) => Folder(folder),
        Err(_) => Folder::new(),
    };
    let rounds: u64 = std::env::var("FEATSCOPE_FUZZ").map_or(1, |n| n.parse().unwrap());
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checkpoints/containers");
    let mut seeds: Vec<(String, Vec<u8>)> = fs::read_dir(fixtures)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "pth" || e == "ckpt"))
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    seeds.push((
        "m.safetensors".to_owned(),
        fs::read(folder.safetensors(&backbone(&small()))).unwrap(),
    ));
    seeds.push((
        "plain.pkl".to_owned(),
        entries(&seeds.iter().find(|(name, _)| name == "nested.pth").unwrap().1)
            .unwrap()
            .swap_remove(0)
            .1,
    ));
    seeds.sort();
    let before = peak();
    let (mut whole, mut refused) = (0u64, 0u64);
    for round in 0..rounds {
        for (which, (name, seed)) in seeds.iter().enumerate() {
            let path = folder.path(name);
            let inside = entries(seed).filter(|_| name != "plain.pkl");
            for i in 0..MUTATIONS {
                let mut rng = ChaCha8Rng::seed_from_u64((round * MUTATIONS + i) << 8 | which as u64);
                let other = &seeds[rng.random_range(0..seeds.len())].1;
                let bytes = match &inside {
                    // Every other time within an entry, whose checksum is right again.
                    Some(entries) if i % 2 == 0 => {
                        let mut entries = entries.clone();
                        let k = if rng.random() {
                            0
                        } else {
                            rng.random_range(0..entries.len())
                        };
                        mutate(&mut entries[k].1, other, &mut rng);
                        support::zip(&entries)
                    }
                    _ => {
                        let mut bytes = seed.clone();
                        mutate(&mut bytes, other, &mut rng);
                        bytes
                    }
                };
                fs::write(&path, &bytes).unwrap();
                match catch_unwind(AssertUnwindSafe(|| read(&path))) {
                    Ok(Ok(_)) => whole += 1,
                    Ok(Err(message)) => {
                        is_sentence(&path, &message);
                        refused += 1;
                    }
                    Err(_) => {
                        let kept = std::env::temp_dir().join(format!("featscope-fuzz-{round}-{i}-{name}"));
                        fs::write(&kept, &bytes).unwrap();
                        panic!("{name}, mutation {i} of round {round}: kept as {}", kept.display());
                    }
                }
            }
        }
    }
    println!("{whole} files read, {refused} refused");
    assert_eq!(whole + refused, rounds * MUTATIONS * seeds.len() as u64);
    // Both must happen, or the mutations are too coarse or too fine to try anything.
    assert!(whole > 0 && refused > whole / 10);
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before < MEMORY, "{} kB more address space", after - before);
    }
}
