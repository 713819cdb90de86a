//! What honest checkpoints hold loads as it is.

use featscope::checkpoint::summary;

use super::beside;
use super::support::pickles::Pickle;
use super::support::*;

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
