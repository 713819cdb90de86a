//! TorchScript: whatever form its code returns features in, they are PyTorch's, under the right names.

use std::path::{Path, PathBuf};

use featscope::checkpoint::Checkpoint;
use featscope::extract::device::DeviceChoice;
use featscope::extract::precision::Precision;
use featscope::extract::preparation::{cifar, prepare_script};
use featscope::extract::torchscript::{ScriptModule, is_script};

use crate::common::{Job, assert_close, expected_in, files, fixture, golden_images, small_job, trusted, vehicles};

fn module(name: &str) -> Job {
    Job::new(&fixture(&format!("golden/torchscript/{name}.pt")))
}

#[test]
fn tensors_tuples_lists_and_dictionaries_become_layers() {
    for (name, layers) in [
        ("tensor", &["backbone"][..]),
        ("tuple", &["output.0", "output.1.head", "output.1.energy"]),
        ("list", &["output.0", "output.1"]),
        ("dict", &["map", "tokens"]),
        ("traced", &["stage1", "first", "patches", "backbone", "logits"]),
    ] {
        let job = module(name);
        let found: Vec<_> = job.plan.layers.iter().map(|(layer, _)| layer.as_str()).collect();
        assert_eq!(found, layers);
        let expected = expected_in("golden/torchscript/expected.safetensors", name);
        assert_close(name, &job.features(&golden_images()), &expected);
    }
}

#[test]
fn the_manifest_says_that_the_code_was_run_and_how_positions_were_pooled() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    let job = module("dict");
    let manifest = job.extract(&golden_images(), &dir).unwrap().manifest;
    let pooling: Vec<_> = manifest.layers.iter().map(|l| l.pooling.as_str()).collect();
    assert_eq!(pooling, ["average", "first token"]);
    assert_eq!(manifest.model.arch, "torchscript");
    // 3 x 6 x 9 weights and 6 biases of the convolution, 2 x 6 of the normalisation.
    assert_eq!(manifest.model.audit["parameters"], 180);
    assert_eq!(manifest.model.audit["outputs_left_out"][0], "largest: Int64");
    assert!(
        manifest.model.audit["notes"][0]
            .as_str()
            .unwrap()
            .contains("code was run")
    );
    assert!(
        job.network()
            .lines()
            .iter()
            .any(|line| line.contains("libtorch runs it"))
    );
}

#[test]
fn the_same_module_gives_the_same_bytes_however_often_it_ran_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = module("tuple");
    job.plan.batch_size = 16;
    let dirs = ["a", "b"].map(|name| folder.path().join(name));
    for dir in &dirs {
        job.extract(&vehicles(), dir).unwrap();
    }
    assert!(files(&dirs[0]) == files(&dirs[1]));
}

#[test]
fn a_script_computes_in_bf16_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = module("tensor");
    job.plan.precision = Precision::Bf16;
    let manifest = job
        .extract(&golden_images(), &folder.path().join("s"))
        .unwrap()
        .manifest;
    let layer = &manifest.deviation.unwrap().layers[0];
    assert!(
        layer.max_error > 0.0 && layer.max_error < 0.05 && layer.worst_cosine > 0.999,
        "{layer:?}"
    );
}

#[test]
fn what_is_no_torchscript_or_does_not_run_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!is_script(&small_job(folder.path()).path));
    assert!(!is_script(folder.path()) && !is_script(&folder.path().join("nothing")));
    let whole = std::fs::read(fixture("golden/torchscript/dict.pt")).unwrap();
    let cut = folder.path().join("cut.pt");
    std::fs::write(&cut, &whole[..whole.len() - 30]).unwrap();
    assert!(!is_script(&cut), "its directory is gone");
    assert!(Checkpoint::open(&cut).is_err());

    // Broken inside: still a TorchScript by its names, and libtorch says what is wrong.
    let mut broken = whole;
    let at = broken.windows(7).position(|w| w == b"forward").unwrap();
    broken[at..at + 7].copy_from_slice(b"fnorwar");
    let path = folder.path().join("broken.pt");
    std::fs::write(&path, broken).unwrap();
    assert!(is_script(&path));
    let device = DeviceChoice::Cpu.open().unwrap();
    let refused = ScriptModule::load(&path, trusted(&path), device, &cifar())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("broken.pt: ") && !refused.contains('\n'), "{refused}");

    // Images too small for its first convolution.
    let tiny = featscope::images::transform::Preprocess::small(2, 2, [0.0; 3], [1.0; 3]);
    let list = fixture("golden/torchscript/list.pt");
    let refused = ScriptModule::load(&list, trusted(&list), device, &tiny)
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("its code cannot be run") && !refused.contains('\n'),
        "{refused}"
    );
}

/// A TorchScript fixture whose code has `old` replaced.
fn with_code(dir: &Path, name: &str, old: &str, new: &str) -> PathBuf {
    use std::io::{Read as _, Write as _};
    let whole = std::fs::File::open(fixture("golden/torchscript/tensor.pt")).unwrap();
    let mut from = zip::ZipArchive::new(whole).unwrap();
    let path = dir.join(name);
    let mut to = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for i in 0..from.len() {
        let mut entry = from.by_index(i).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if entry.name() == "archive/code/__torch__.py" {
            let code = String::from_utf8(bytes).unwrap();
            assert!(code.contains(old));
            bytes = code.replace(old, new).into_bytes();
        }
        to.start_file(entry.name(), plain).unwrap();
        to.write_all(&bytes).unwrap();
    }
    to.finish().unwrap();
    path
}

const FORWARD: &str = "    drop = self.drop\n";

#[test]
fn no_code_of_a_file_runs_unless_it_is_trusted_and_all_else_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let marker = dir.join("marker");
    let writes = format!("    torch.save([x], \"{}\")\n{FORWARD}", marker.display());
    let path = with_code(dir, "resnet50.pth", FORWARD, &writes);
    let images = fixture("golden/images");
    let nothing = dir.join("nothing");
    let run = |data: &Path, more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_featscope-extract"));
        command.arg("extract").arg("--model").arg(&path).arg("--data").arg(data);
        let out = command.arg("--out").arg(dir.join("out")).args(more).output().unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    for (data, more, said) in [
        (&images, &[][..], "--trust-code"),
        (&nothing, &[], "--trust-code"),
        (&nothing, &["--trust-code"], "nothing: there is no such file"),
        (&images, &["--trust-code", "--arch", "resnet50"], "leave --arch out"),
        (&images, &["--trust-code", "--preprocess", "nonsense"], "nonsense"),
    ] {
        let (code, stderr) = run(data, more);
        assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{more:?}: {stderr}");
        assert!(stderr.contains(said), "{more:?}: {stderr}");
        assert!(!marker.exists(), "{more:?}");
    }
    let (code, stderr) = run(&images, &["--trust-code"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(marker.exists(), "the code does write where it is run");
}

#[test]
fn code_that_is_nested_too_deeply_is_refused_and_what_is_not_has_stack_enough() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let device = DeviceChoice::Cpu.open().unwrap();
    let load = |name: &str, line: String| {
        let path = with_code(dir, name, FORWARD, &format!("    {line}\n{FORWARD}"));
        ScriptModule::load(&path, trusted(&path), device, &cifar())
            .map(drop)
            .map_err(|e| e.to_string())
    };
    // On a thread's usual stack libtorch's parser ends the program here.
    assert_eq!(load("chain.pt", format!("x0 = {}1", "1+".repeat(16_000))), Ok(()));
    assert_eq!(
        load("brackets.pt", format!("x0 = {}1{}", "(".repeat(200), ")".repeat(200))),
        Ok(())
    );
    let deep = load(
        "deep.pt",
        format!("x0 = {}1{}", "(".repeat(100_000), ")".repeat(100_000)),
    );
    assert!(
        deep.unwrap_err()
            .contains("brackets within brackets more than 256 deep")
    );
    let long = load("long.pt", format!("x0 = {}1", "1+".repeat(100_000)));
    assert!(long.unwrap_err().contains("an expression of more than 65536 bytes"));
}

#[test]
fn letters_of_another_size_hide_no_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upper.pt");
    let mut whole = std::fs::read(fixture("golden/torchscript/tensor.pt")).unwrap();
    while let Some(at) = whole.windows(13).position(|w| w == b"constants.pkl") {
        whole[at..at + 13].copy_from_slice(b"CONSTANTS.pkl");
    }
    std::fs::write(&path, whole).unwrap();
    assert!(is_script(&path));
    assert!(
        Checkpoint::open(&path)
            .unwrap_err()
            .to_string()
            .contains("--trust-code")
    );
}

#[test]
fn a_traced_network_says_what_it_is_and_how_its_images_are_prepared() {
    let path = fixture("golden/torchscript/traced.pt");
    let summary = featscope::checkpoint::summary(&path).unwrap();
    let traced = summary.traced.unwrap();
    assert_eq!((traced.network.as_str(), traced.layers.len()), ("Network()", 5));
    assert!(traced.libraries.contains_key("torch"));
    assert_eq!(
        (traced.layers[2].module.as_str(), traced.layers[2].pooling.as_str()),
        ("patches", "patches")
    );
    assert!(traced.layers.iter().all(|layer| layer.error < 1e-5));

    let prepared = prepare_script(&path).unwrap();
    assert_eq!(prepared.from, "who traced it says so");
    assert_eq!(prepared.preprocess.crop, (32, 32));
    assert_eq!(prepared.preprocess.mean, [0.4914, 0.4822, 0.4465]);
    let silent = prepare_script(&fixture("golden/torchscript/dict.pt")).unwrap();
    assert!(silent.from.starts_with("assumed"), "{}", silent.from);

    let folder = tempfile::tempdir().unwrap();
    let manifest = Job::new(&path)
        .extract(&golden_images(), &folder.path().join("store"))
        .unwrap()
        .manifest;
    let pooling: Vec<_> = manifest.layers.iter().map(|l| l.pooling.as_str()).collect();
    assert_eq!(pooling, ["none", "none", "patches", "mean", "none"]);
    assert_eq!(manifest.model.audit["traced"]["network"], "Network()");

    // A description of other layers, of another version, and a damaged one.
    for (from, to, said) in [
        (
            "\"name\": \"logits\"",
            "\"name\": \"scores\"",
            "its code returns backbone, first, logits",
        ),
        (
            "featscope/trace/1",
            "featscope/trace/9",
            "has schema featscope/trace/9, expected featscope/trace/1",
        ),
        ("\"network\":", "\"netwurk\":", "featscope.json is damaged"),
    ] {
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        let changed = with_right_sums(&bytes);
        let other = folder.path().join("other.pt");
        std::fs::write(&other, changed).unwrap();
        let device = DeviceChoice::Cpu.open().unwrap();
        let refused = ScriptModule::load(&other, trusted(&other), device, &cifar())
            .unwrap_err()
            .to_string();
        assert!(refused.contains(said) && !refused.contains('\n'), "{refused}");
    }
}

/// The archive of `bytes` with the checksums its entries have now.
fn with_right_sums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let number = |bytes: &[u8], at: usize, n: usize| {
        bytes[at..at + n]
            .iter()
            .rev()
            .fold(0usize, |value, &b| value << 8 | usize::from(b))
    };
    let signature = |bytes: &[u8], at: usize, kind: &[u8]| bytes[at..].starts_with(kind);
    let places: Vec<usize> = (0..bytes.len() - 46)
        .filter(|&at| signature(&bytes, at, b"PK\x01\x02"))
        .collect();
    for at in places {
        let (length, local) = (number(&bytes, at + 20, 4), number(&bytes, at + 42, 4));
        let start = local + 30 + number(&bytes, local + 26, 2) + number(&bytes, local + 28, 2);
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[start..start + length]);
        bytes[at + 16..at + 20].copy_from_slice(&crc.sum().to_le_bytes());
        bytes[local + 14..local + 18].copy_from_slice(&crc.sum().to_le_bytes());
    }
    bytes
}
