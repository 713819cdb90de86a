//! TorchScript: whatever form its code returns features in, they are PyTorch's, under the right names.

use featscope::checkpoint::Checkpoint;
use featscope::extract::device::Choice;
use featscope::extract::precision::Precision;
use featscope::extract::script::{Script, is_script};

use crate::common::{Job, assert_close, expected_in, files, fixture, golden_images, small_job, vehicles};

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
    let device = Choice::Cpu.open().unwrap();
    let refused = Script::load(&path, device, &featscope::extract::preparation::cifar())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("broken.pt: ") && !refused.contains('\n'), "{refused}");

    // Images too small for its first convolution.
    let tiny = featscope::images::transform::Preprocess::small(2, 2, [0.0; 3], [1.0; 3]);
    let refused = Script::load(&fixture("golden/torchscript/list.pt"), device, &tiny)
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("its code cannot be run") && !refused.contains('\n'),
        "{refused}"
    );
}
