//! Calls that are not known, and what hides them.

use std::path::Path;

use featscope::checkpoint::{Checkpoint, LoadOptions, detect, summary};

use super::beside;
use super::support::pickles::Pickle;
use super::support::*;

fn accepting() -> LoadOptions {
    LoadOptions {
        allow_unknown_calls: true,
        ..LoadOptions::default()
    }
}

/// `inspect` names it, extraction and export (both begin with `detect`) refuse it, and load it where it is accepted.
fn is_named_and_refused(path: &Path, name: &str, what: &str) {
    let seen = summary(path).unwrap();
    assert!(
        seen.calls.calls.iter().any(|call| call.name == name),
        "{what}: {:?} has no {name}",
        seen.calls
    );
    let audit = seen.audit.unwrap();
    let line = audit
        .lines()
        .into_iter()
        .find(|line| line.starts_with("calls "))
        .unwrap();
    assert!(
        line.contains("would run code where it is loaded: ") && line.contains(&format!(" {name} (")),
        "{what}: {line}"
    );
    let message = load(path).unwrap_err().to_string();
    assert!(
        message.starts_with(&path.display().to_string())
            && message.contains(&format!(" {name} ("))
            && message.contains("pass --allow-unknown-calls (nothing runs here)")
            && !message.contains('\n'),
        "{what}: {message}"
    );
    assert_eq!(seen.problem.unwrap(), message);
    let loading = detect(&Checkpoint::open(path).unwrap(), &accepting()).unwrap();
    assert_eq!(loading.arch, small(), "{what}");
    assert_eq!(loading.audit.calls, seen.calls, "{what}");
    let json = loading.audit.to_json();
    let stored = json["calls"]["calls"].as_array().unwrap();
    assert!(stored.iter().any(|call| call["name"] == name), "{what}: {json}");
}

/// One name, called through every opcode that calls.
fn opcodes(module: &str, name: &str) -> Vec<(&'static str, Pickle)> {
    let p = Pickle::new;
    vec![
        ("REDUCE", p(2).name(module, name).call("x")),
        ("REDUCE without arguments", p(2).name(module, name).raw(b")R")),
        ("STACK_GLOBAL", p(4).stacked(module, name).call("x")),
        ("INST", p(2).raw(b"(").text("x").raw(format!("i{module}\n{name}\n"))),
        ("OBJ", p(2).raw(b"(").name(module, name).text("x").raw(b"o")),
        ("NEWOBJ", p(2).name(module, name).text("x").raw(b"\x85\x81")),
        ("NEWOBJ_EX", p(4).stacked(module, name).text("x").raw(b"\x85}\x92")),
        ("BUILD", p(2).name(module, name).raw(b")\x81}b")),
        ("thrown away", p(2).name(module, name).call("x").raw(b"0N")),
    ]
}

#[test]
fn every_call_that_is_not_known_is_named_and_refused() {
    let folder = Folder::new();
    for full in [
        "__main__.Net",
        "builtins.map",
        "builtins.print",
        "collections.namedtuple",
        "copyreg.pickle",
        "functools.reduce",
        "functools.singledispatch",
        "gzip.open",
        "itertools.starmap",
        "logging.FileHandler",
        "mmengine.config.config.Config",
        "my.models.Net",
        "numpy.core.multiarray.fromfile",
        "numpy.ctypeslib.load_library",
        "numpy.savetxt",
        "operator.add",
        "os.system",
        "pandas.read_csv",
        "pathlib.Path.write_text",
        "random.SystemRandom",
        "torch.from_file",
        "torch.jit.script",
        "torch.nn.functional.cross_entropy",
        "torch.nn.modules.linear.F",
        "torch.save",
        "types.MethodType",
        "weakref.finalize",
        "zipfile.ZipFile",
    ] {
        let (module, name) = full.rsplit_once('.').unwrap();
        for (opcode, pickle) in opcodes(module, name) {
            // What mmengine's configuration does with a file is in its `__init__`.
            let only_made = ["REDUCE without arguments", "NEWOBJ", "NEWOBJ_EX", "BUILD"];
            if full == "mmengine.config.config.Config" && only_made.contains(&opcode) {
                continue;
            }
            let path = beside(&folder, &pickle);
            is_named_and_refused(&path, full, &format!("{full} by {opcode}"));
        }
    }
}

#[test]
fn what_hides_a_call_behind_a_harmless_one_is_refused() {
    let folder = Folder::new();
    let p = Pickle::new;
    // The numbers of the first storage, which one more tensor may be a view of.
    let first = backbone(&small()).values().next().unwrap().1.len() as i32;
    let net = |pickle: Pickle| pickle.name("my.models", "Net");
    let cases: Vec<(&str, Pickle, &str)> = vec![
        (
            "attributes of a path",
            p(4).stacked("pathlib", "Path.write_text").call("x"),
            "pathlib.Path.write_text",
        ),
        (
            "attributes of an array",
            p(4).stacked("numpy", "ndarray.tofile").call("x"),
            "numpy.ndarray.tofile",
        ),
        (
            "another module's module",
            p(4).stacked("collections", "_sys.exit").call("x"),
            "collections._sys.exit",
        ),
        (
            "a known class by a path of attributes",
            p(4).stacked("torch", "nn.modules.linear.Linear").raw(b")\x81"),
            "torch.nn.modules.linear.Linear",
        ),
        (
            "a method of a known class",
            p(2).name("builtins", "getattr")
                .name("pathlib", "Path")
                .text("write_text")
                .raw(b"\x86R")
                .call("x"),
            "pathlib.Path.write_text",
        ),
        (
            "an attribute of a module",
            p(2).name("builtins", "getattr")
                .name("torch", "nn")
                .text("Linear")
                .raw(b"\x86R"),
            "builtins.getattr",
        ),
        (
            "partial",
            net(p(2).name("functools", "partial")).raw(b"\x85R"),
            "my.models.Net",
        ),
        (
            "partial, changed later",
            net(p(2).name("functools", "partial").name("builtins", "int").raw(b"\x85R(")).raw(b")NNtb"),
            "my.models.Net",
        ),
        (
            "a partial of getattr",
            p(2).name("functools", "partial")
                .name("builtins", "getattr")
                .name("builtins", "dict")
                .raw(b"\x86R"),
            "builtins.getattr",
        ),
        (
            "defaultdict",
            net(p(2).name("collections", "defaultdict")).raw(b"\x85R"),
            "my.models.Net",
        ),
        (
            "a class that is made",
            p(2).name("builtins", "type").text("x").raw(b")}\x87R"),
            "builtins.type",
        ),
        (
            "_reconstructor",
            net(p(2).name("copy_reg", "_reconstructor"))
                .name("__builtin__", "object")
                .raw(b"N\x87R"),
            "my.models.Net",
        ),
        (
            "another class in _reconstructor",
            net(p(2).name("copyreg", "_reconstructor").name("builtins", "dict")).raw(b"N\x87R"),
            "my.models.Net",
        ),
        (
            "__newobj__",
            net(p(2).name("copyreg", "__newobj__")).raw(b"\x85R"),
            "my.models.Net",
        ),
        (
            "__newobj_ex__",
            net(p(2).name("copyreg", "__newobj_ex__")).raw(b")}\x87R"),
            "my.models.Net",
        ),
        (
            "the class of an array",
            net(p(2).name("numpy.core.multiarray", "_reconstruct")).raw(b"K\0\x85C\x01b\x87R"),
            "my.models.Net",
        ),
        (
            "the maker of a generator",
            net(p(2).name("numpy.random._pickle", "__randomstate_ctor").text("MT19937")).raw(b"\x86R"),
            "my.models.Net",
        ),
        (
            "a partial as the maker of a generator",
            p(2).name("numpy.random._pickle", "__randomstate_ctor")
                .text("MT19937")
                .name("functools", "partial")
                .name("builtins", "int")
                .raw(b"\x85R\x86R"),
            "numpy.random._pickle.__randomstate_ctor",
        ),
        (
            "a subclass of tensors",
            net(p(2)
                .name("torch._tensor", "_rebuild_from_type_v2")
                .raw(b"(")
                .name("builtins", "int"))
            .raw(b")NtR"),
            "my.models.Net",
        ),
        (
            "what makes a subclass of tensors",
            net(p(2).name("torch._tensor", "_rebuild_from_type_v2").raw(b"("))
                .name("torch", "Tensor")
                .raw(b")NtR"),
            "my.models.Net",
        ),
        (
            "a rebuild within a rebuild",
            p(2).name("torch._tensor", "_rebuild_from_type_v2")
                .raw(b"(")
                .name("torch._tensor", "_rebuild_from_type_v2")
                .name("torch", "Tensor")
                .raw(b")NtR"),
            "torch._tensor._rebuild_from_type_v2",
        ),
        (
            "a wrapper of tensors",
            net(p(2).name("torch._utils", "_rebuild_wrapper_subclass")).raw(b"\x85R"),
            "my.models.Net",
        ),
        (
            "an item of anything",
            net(p(2).name("_operator", "getitem")).text("x").raw(b"\x86R"),
            "_operator.getitem",
        ),
        (
            "a codec",
            p(2).name("_codecs", "encode").text("x").text("my_codec").raw(b"\x86R"),
            "_codecs.encode",
        ),
        (
            "a list of what acts when it is read",
            p(2).name("builtins", "list")
                .name("omegaconf.listconfig", "ListConfig")
                .raw(b")\x81\x85R"),
            "builtins.list",
        ),
        (
            "settings that read a file",
            p(2).name("mmengine.config.config", "Config").call("x"),
            "mmengine.config.config.Config",
        ),
        (
            "a schedule that calls what it is given",
            p(2).name("torch.optim.lr_scheduler", "LambdaLR").call("x"),
            "torch.optim.lr_scheduler.LambdaLR",
        ),
        (
            "more arguments than any harmless call has",
            net(p(2).name("builtins", "int").raw(b"(").raw(b"N".repeat(16))).raw(b"tR"),
            "builtins.int",
        ),
        (
            "named arguments",
            net(p(4).stacked("datetime", "date").raw(b")}").text("x")).raw(b"s\x92"),
            "my.models.Net",
        ),
        (
            "a class of storages",
            p(2).raw(b"(")
                .text("storage")
                .name("my.models", "FloatStorage")
                .text("0")
                .text("cpu")
                .raw(b"J")
                .raw(first.to_le_bytes())
                .raw(b"tQ"),
            "my.models.FloatStorage",
        ),
        (
            "attributes that are called with the next ones",
            net(p(2).name("argparse", "Namespace").raw(b")\x81}").text("__setstate__"))
                .raw(b"sb")
                .text("x")
                .raw(b"b"),
            "argparse.Namespace.__setstate__",
        ),
        (
            "an attribute that is called with an item",
            net(p(2).name("argparse", "Namespace").raw(b")\x81}").text("append")).raw(b"sbK\x01a"),
            "argparse.Namespace.append",
        ),
        (
            "the same of a dictionary",
            net(p(2).name("collections", "OrderedDict").raw(b")R}").text("__setstate__"))
                .raw(b"sb")
                .text("x")
                .raw(b"b"),
            "collections.OrderedDict.__setstate__",
        ),
        (
            "a setting that is called with attributes",
            net(p(2).name("yacs.config", "CfgNode").raw(b")\x81").text("__setstate__")).raw(b"s}b"),
            "yacs.config.CfgNode.__setstate__",
        ),
        (
            "the same in protocol 1",
            net(p(2)
                .name("copyreg", "_reconstructor")
                .name("yacs.config", "CfgNode")
                .name("builtins", "dict")
                .raw(b"}")
                .text("__setstate__"))
            .raw(b"s\x87R}b"),
            "copyreg._reconstructor",
        ),
        (
            "a class that is given later",
            net(p(2).name("argparse", "Namespace").raw(b")\x81N}").text("__class__")).raw(b"s\x86b"),
            "argparse.Namespace.__setstate__",
        ),
        (
            "attributes at once",
            p(2).name("types", "SimpleNamespace").raw(b"}\x85R"),
            "types.SimpleNamespace",
        ),
        (
            "an old name",
            p(2).name("__builtin__", "reduce").call("x"),
            "builtins.reduce",
        ),
    ];
    for (what, pickle, name) in cases {
        let path = beside(&folder, &pickle);
        is_named_and_refused(&path, name, what);
    }
}
