//! Calls in a pickle beside the weights of a sound network: what is harmless loads as it is, every other one is named by
//! `inspect`, refused by what reads the weights, and read past where the user accepts it.

mod support;

use std::path::{Path, PathBuf};

use featscope::checkpoint::{Checkpoint, LoadOptions, detect, summary};
use support::pickles::Pickle;
use support::*;

/// A network with one more entry in its dictionary.
fn beside(folder: &Folder, entry: &Pickle) -> PathBuf {
    let path = folder.path("model.pth");
    let items = Pickle::default().text("extra").raw(entry.body()).raw(b"s");
    write_pth_items(&path, &backbone(&small()), Some("state_dict"), &items.0);
    path
}

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

#[test]
fn the_holders_of_honest_checkpoints_load_as_they_are() {
    let folder = Folder::new();
    let p = Pickle::new;
    // Made empty and given its attributes, as protocols 2 and up write objects.
    let made = |module: &str, name: &str| p(2).name(module, name).raw(b")\x81}").text("a").raw(b"K\x01sb");
    let mut cases: Vec<(String, Pickle)> = [
        ("argparse", "Namespace"),
        ("omegaconf.dictconfig", "DictConfig"),
        ("omegaconf.listconfig", "ListConfig"),
        ("omegaconf.base", "ContainerMetadata"),
        ("omegaconf.nodes", "AnyNode"),
        ("yacs.config", "CfgNode"),
        ("easydict", "EasyDict"),
        ("pytorch_lightning.utilities.parsing", "AttributeDict"),
        ("mmengine.logging.history_buffer", "HistoryBuffer"),
        ("detectron2.config.config", "CfgNode"),
        ("torch.nn.modules.conv", "Conv2d"),
        ("torch.optim.sgd", "SGD"),
        ("torch.optim.lr_scheduler", "CosineAnnealingLR"),
        ("torchvision.models.resnet", "ResNet"),
        ("timm.models.vision_transformer", "VisionTransformer"),
        ("types", "SimpleNamespace"),
        ("random", "Random"),
    ]
    .map(|(module, name)| (format!("{module}.{name}"), made(module, name)))
    .into();
    let mut add = |what: &str, pickle: Pickle| cases.push((what.to_owned(), pickle));
    let name = |module: &str, name: &str| p(2).name(module, name);
    add("a path", name("pathlib", "PosixPath").call("runs"));
    add("a date", name("datetime", "date").raw(b"C\x04\x07\xea\x0b\x18\x85R"));
    add("a number", name("decimal", "Decimal").call("0.1"));
    add("a uuid", name("uuid", "UUID").raw(b")\x81}b"));
    add("a set", name("__builtin__", "set").raw(b"](K\x01e\x85R"));
    add("a slice", name("builtins", "slice").raw(b"NK\x01N\x87R"));
    add(
        "a complex number",
        name("__builtin__", "complex").raw(b"G\0\0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0\x86R"),
    );
    add("a device", name("torch", "device").call("cpu"));
    add("extents", name("torch", "Size").raw(b"K\x01\x85\x85R"));
    add("a dtype", name("torch", "float8_e4m3fn"));
    add("a generator", name("torch._C", "Generator").raw(b")\x81"));
    add(
        "a layout",
        name("torch.serialization", "_get_layout").call("torch.strided"),
    );
    // Windows of a meter: items are added to what was made of none.
    add("a deque", name("collections", "deque").raw(b")K\x05\x86R(K\x01K\x02e"));
    add(
        "a Counter",
        name("collections", "Counter").raw(b"}").text("a").raw(b"K\x01s\x85R"),
    );
    add(
        "a dictionary of lists",
        name("collections", "defaultdict")
            .name("__builtin__", "list")
            .raw(b"\x85R"),
    );
    add(
        "a dictionary that makes none",
        name("collections", "defaultdict").raw(b"N\x85R"),
    );
    add(
        "a dictionary of dictionaries",
        name("collections", "defaultdict")
            .name("functools", "partial")
            .name("builtins", "dict")
            .raw(b"\x85R\x85R"),
    );
    add(
        "a normalisation with its settings",
        name("functools", "partial")
            .name("torch.nn.modules.normalization", "LayerNorm")
            .raw(b"\x85R(")
            .name("torch.nn.modules.normalization", "LayerNorm")
            .raw(b")}N")
            .raw(b"tb"),
    );
    add(
        "protocol 1",
        name("copy_reg", "_reconstructor")
            .name("argparse", "Namespace")
            .name("__builtin__", "object")
            .raw(b"N\x87R}b"),
    );
    add(
        "settings of protocol 1",
        name("copy_reg", "_reconstructor")
            .name("easydict", "EasyDict")
            .name("__builtin__", "dict")
            .raw(b"}\x87R}b"),
    );
    add(
        "bytes of protocol 2",
        name("_codecs", "encode").text("é").text("latin1").raw(b"\x86R"),
    );
    add(
        "a type hint",
        name("_operator", "getitem")
            .name("typing", "Dict")
            .name("__builtin__", "str")
            .name("typing", "Any")
            .raw(b"\x86\x86R"),
    );
    add(
        "a method of statistics",
        name("__builtin__", "getattr")
            .name("mmengine.logging.history_buffer", "HistoryBuffer")
            .text("mean")
            .raw(b"\x86R"),
    );
    add(
        "a dictionary of mmengine",
        name("mmengine.config.config", "ConfigDict").raw(b"}\x85R"),
    );
    add(
        "an enumeration",
        name("torchvision.transforms.functional", "InterpolationMode").call("bilinear"),
    );
    add(
        "the state of numpy's generator",
        name("numpy.random._pickle", "__randomstate_ctor")
            .text("MT19937")
            .name("numpy.random._pickle", "__bit_generator_ctor")
            .raw(b"\x86R}b"),
    );
    for module in ["numpy.core.multiarray", "numpy._core.multiarray"] {
        add(
            module,
            name(module, "scalar")
                .name("numpy", "dtype")
                .text("f8")
                .raw(b"\x89\x88\x87R(K\x03")
                .text("<")
                .raw(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbC\x08\0\0\0\0\0\0\0\0\x86R"),
        );
    }
    // Mentions import a module and nothing more.
    add("a class that is only mentioned", name("my.models", "Net"));
    add(
        "a function that is only mentioned",
        name("torch.nn.functional", "cross_entropy"),
    );
    add(
        "a callback's class as a key",
        p(2).raw(b"}")
            .name("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")
            .raw(b"}s"),
    );
    for (what, pickle) in cases {
        let path = beside(&folder, &pickle);
        let seen = summary(&path).unwrap();
        assert!(
            seen.calls.is_empty() && seen.problem.is_none(),
            "{what}: {:?}",
            seen.calls
        );
        assert_eq!(
            load(&path).unwrap_or_else(|e| panic!("{what}: {e}")).arch,
            small(),
            "{what}"
        );
        assert!(!load(&path).unwrap().audit.to_json().to_string().contains("\"calls\""));
    }
}

#[test]
#[cfg(feature = "analysis")]
fn the_programs_show_refuse_and_accept() {
    use std::process::{Command, Output};
    let folder = Folder::new();
    let path = beside(&folder, &Pickle::new(2).name("my.models", "Net").raw(b")\x81"));
    let featscope = |words: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_featscope"));
        command.current_dir(folder.0.path()).args(words).output().unwrap()
    };
    let texts = |out: &Output| [&out.stdout, &out.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    let seen = featscope(&["inspect", "model.pth"]);
    let [sheet, _] = texts(&seen);
    assert!(seen.status.success());
    for part in [
        "calls      would run code where it is loaded: my.models.Net (1 time)",
        "pass --allow-unknown-calls (nothing runs here)",
        "backbone ",
    ] {
        assert!(sheet.contains(part), "{sheet}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&texts(&featscope(&["inspect", "model.pth", "--format", "json"]))[0]).unwrap();
    assert_eq!(json["calls"]["calls"][0]["name"], "my.models.Net");
    let export = [
        "export",
        "--model",
        "model.pth",
        "--naming",
        "torchvision",
        "-o",
        "b.safetensors",
    ];
    let refused = featscope(&export);
    let [_, said] = texts(&refused);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said.contains("would run code where it is loaded: my.models.Net (1 time)"),
        "{said}"
    );
    let [_, said] = texts(&featscope(&[&export[..], &["--allow-unknown-calls"]].concat()));
    // The small network has no other library's names, which is another reason.
    assert!(!said.contains("pass --allow-unknown-calls"), "{said}");
    // A file without weights is shown too.
    std::fs::write(&path, Pickle::new(2).name("os", "system").call("x").end()).unwrap();
    let seen = featscope(&["inspect", "model.pth"]);
    let [sheet, _] = texts(&seen);
    assert!(
        seen.status.success() && sheet.contains("would run code where it is loaded: os.system (1 time)"),
        "{sheet}"
    );
    assert!(
        !featscope(&[&export[..], &["--allow-unknown-calls"]].concat())
            .status
            .success()
    );
}

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
