//! Pickles that would run something where they are loaded: refused in every container and spelling, and nothing runs.

mod support;

use featscope::checkpoint::{Checkpoint, summary};
use featscope::store;
use support::pickles::Pickle;
use support::*;

/// A dict with the attack beside a tensor's name, as it would hide in a state dict.
fn hidden(attack: Pickle) -> Pickle {
    let body = attack.body().to_vec();
    Pickle::new(attack.0[1])
        .raw(b"}")
        .text("conv1.weight")
        .raw(body)
        .raw(b"s")
}

/// The pickle in every container that holds one.
fn containers(pickle: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";
    let machine = b"\x80\x02}X\x0d\0\0\0little_endian\x88s.";
    let legacy = [magic, &machine[..], pickle, b"\x80\x02]."].concat();
    let mut archive = tar::Builder::new(Vec::new());
    for (name, data) in [
        ("sys_info", &machine[..]),
        ("storages", b"\x80\x02K\0.\x80\x02]."),
        ("tensors", b"\x80\x02K\0."),
        ("pickle", pickle),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, data).unwrap();
    }
    vec![
        ("zip", zip(&[("a/data.pkl".into(), pickle.to_vec())])),
        ("legacy", legacy),
        ("tar", archive.into_inner().unwrap()),
        ("raw", pickle.to_vec()),
    ]
}

/// Why a file is refused, as a checkpoint and as features.
fn message(folder: &Folder, bytes: &[u8]) -> String {
    let path = folder.path("file.pth");
    std::fs::write(&path, bytes).unwrap();
    let message = load(&path).unwrap_err().to_string();
    // Features in a file of torch's are read by the same reader.
    let features = store::open(&path, &store::OpenOptions::default()).err().unwrap();
    match message.contains("where it is loaded") || message.contains("nothing was executed") {
        true => assert_eq!(features.to_string(), message),
        false => assert!(!features.to_string().contains('\n'), "{features}"),
    }
    message
}

/// The spellings of one attack, and what they call.
fn spellings(touch: &str) -> Vec<(&'static str, Pickle, &'static str)> {
    let p = Pickle::new;
    let system = || p(2).name("os", "system").call(touch);
    vec![
        ("GLOBAL, REDUCE", system(), "os.system"),
        ("posix", p(2).name("posix", "system").call(touch), "posix.system"),
        ("STACK_GLOBAL", p(4).stacked("os", "system").call(touch), "os.system"),
        (
            "a dotted name",
            p(4).stacked("torch", "os.system").call(touch),
            "torch.os.system",
        ),
        (
            "names from the memo",
            p(4).text("system")
                .raw(b"\x94")
                .text("os")
                .raw(b"q\x0700h\x07h\0\x93")
                .call(touch),
            "os.system",
        ),
        (
            "names through DUP and POP",
            p(4).text("posix").raw(b"20").text("system").raw(b"\x93").call(touch),
            "posix.system",
        ),
        (
            "escaped strings",
            p(4).raw(b"S'\\x6f\\163'\nV\\u0073ystem\n\x93").call(touch),
            "os.system",
        ),
        ("INST", p(2).raw(b"(").text(touch).raw(b"ios\nsystem\n"), "os.system"),
        (
            "OBJ",
            p(2).raw(b"(").name("os", "system").text(touch).raw(b"o"),
            "os.system",
        ),
        (
            "NEWOBJ",
            p(2).name("subprocess", "Popen").text(touch).raw(b"\x85\x81"),
            "subprocess.Popen",
        ),
        (
            "NEWOBJ_EX",
            p(4).stacked("subprocess", "Popen").text(touch).raw(b"\x85}\x92"),
            "subprocess.Popen",
        ),
        ("its result thrown away", system().raw(b"0}"), "os.system"),
        (
            "in the attributes of an object",
            p(2).name("argparse", "Namespace")
                .raw(b")\x81}")
                .text("a")
                .raw(system().body())
                .raw(b"sb"),
            "os.system",
        ),
        (
            "in the arguments of an unknown class",
            p(2).name("my.models", "Net").raw(system().body()).raw(b"\x85\x81"),
            "os.system",
        ),
        ("as a key", p(2).raw(b"}").raw(system().body()).raw(b"Ns"), "os.system"),
        (
            "getattr",
            p(2).name("__builtin__", "getattr")
                .name("torch", "os")
                .text("system")
                .raw(b"\x86R"),
            "torch.os",
        ),
        (
            "getattr on an object",
            p(2).name("builtins", "getattr")
                .name("argparse", "Namespace")
                .raw(b")\x81")
                .text("x")
                .raw(b"\x86R"),
            "builtins.getattr",
        ),
        (
            "partial",
            p(2).name("functools", "partial").name("os", "system").raw(b"\x85R"),
            "os.system",
        ),
        (
            "a rebuilt subclass",
            p(2).name("torch._tensor", "_rebuild_from_type_v2")
                .raw(b"(")
                .name("os", "system")
                .raw(b"N")
                .text(touch)
                .raw(b"\x85}tR"),
            "os.system",
        ),
        (
            "what only imports",
            p(2).raw(b"}").text("x").name("this", "s").raw(b"s"),
            "this.s",
        ),
    ]
}

#[test]
fn a_call_is_refused_in_every_spelling_and_every_container() {
    let folder = Folder::new();
    let trace = folder.path("trace");
    for (spelling, pickle, name) in spellings(&format!("touch {}", trace.display())) {
        for pickle in [pickle.clone(), hidden(pickle)] {
            for (container, bytes) in containers(&pickle.end()) {
                let message = message(&folder, &bytes);
                assert!(
                    message.contains("it would run code where it is loaded: ")
                        && message.contains(&format!(" {name} ("))
                        && message.contains("--allow-unknown-calls"),
                    "{spelling} in {container}: {message}"
                );
                // It can be looked at all the same.
                let seen = summary(&folder.path("file.pth")).unwrap();
                assert!(
                    seen.calls.calls.iter().any(|call| call.name == name),
                    "{spelling} in {container}"
                );
                assert_eq!(seen.problem.unwrap(), message);
            }
        }
    }
    assert!(!trace.exists());
}

#[test]
fn what_no_name_tells_is_refused_and_no_flag_lifts_that() {
    let folder = Folder::new();
    let p = Pickle::new;
    let attacks: Vec<(Pickle, &str)> = vec![
        (
            p(2).name("functools", "partial")
                .name("builtins", "int")
                .raw(b"\x85R")
                .call("c"),
            "it calls what functools.partial makes, which no",
        ),
        (
            p(2).name("argparse", "Namespace").raw(b")\x81").call("c"),
            "it calls what argparse.Namespace makes, which no",
        ),
        (
            p(2).name("torch", "Tensor").raw(b"}b"),
            "it changes torch.Tensor itself, which no",
        ),
        (
            p(2).name("torch.serialization", "_package_registry").raw(b"Na"),
            "it changes torch.serialization._package_registry itself, which no",
        ),
        (
            p(2).name("torch.storage", "_cache").raw(b"NNs"),
            "it changes torch.storage._cache itself, which no",
        ),
        (
            p(2).name("builtins", "type").raw(b"N\x85RN}\x86b"),
            "it changes what builtins.type finds, which no",
        ),
        // A dangerous name is the reason, whatever else is wrong.
        (
            p(2).name("os", "system").call("c").raw(b"\xff\xff"),
            "it calls os.system, which no",
        ),
        (
            p(2).name("os", "system").call("c").name("a", "B").raw(b"}b"),
            "it calls os.system, which no",
        ),
    ];
    for (pickle, reason) in attacks {
        for pickle in [pickle.clone(), hidden(pickle)] {
            for (container, bytes) in containers(&pickle.end()) {
                let message = message(&folder, &bytes);
                assert!(
                    message.contains(reason) && message.contains("nothing was executed"),
                    "{container}: {message}"
                );
                let path = folder.path("file.pth");
                assert_eq!(Checkpoint::open(&path).unwrap_err().to_string(), message);
                let accepted = store::OpenOptions {
                    allow_unknown_calls: true,
                    ..store::OpenOptions::default()
                };
                assert_eq!(store::open(&path, &accepted).err().unwrap().to_string(), message);
            }
        }
    }
}

#[test]
fn what_runs_code_reaches_files_or_loads_more_counts_where_it_is_named() {
    let folder = Folder::new();
    for name in [
        "__builtin__.eval",
        "__builtin__.execfile",
        "_osx_support._read_output",
        "_pickle.loads",
        "antigravity.geohash",
        "asyncio.create_subprocess_shell",
        "bdb.Bdb",
        "builtins.__import__",
        "builtins.compile",
        "builtins.eval",
        "builtins.exec",
        "builtins.open",
        "builtins.setattr",
        "cPickle.loads",
        "cloudpickle.cloudpickle._make_function",
        "code.InteractiveInterpreter",
        "collections._sys.exit",
        "commands.getoutput",
        "ctypes.CDLL",
        "importlib.import_module",
        "functools.reduce",
        "idlelib.__main__.main",
        "io.open",
        "marshal.loads",
        "nt.system",
        "numpy.load",
        "numpy.testing._private.utils.runstring",
        "operator.attrgetter",
        "operator.methodcaller",
        "os.popen",
        "pdb.run",
        "pickle.loads",
        "pip.main",
        "pty.spawn",
        "runpy._run_code",
        "shutil.rmtree",
        "socket.create_connection",
        "sys.modules",
        "test.support.script_helper.assert_python_ok",
        "timeit.timeit",
        "torch._C.import_ir_module",
        "torch.distributed.run.main",
        "torch.fx.graph_module.reduce_graph_module",
        "torch.hub.load",
        "torch.jit.load",
        "torch.load",
        "torch.serialization.load",
        "torch.utils.cpp_extension.load_inline",
        "types.FunctionType",
        "urllib.request.urlopen",
        "uuid._get_command_stdout",
        "webbrowser.open",
    ] {
        let (module, function) = name.rsplit_once('.').unwrap();
        let full = name.replace("__builtin__", "builtins").replace("cPickle", "_pickle");
        // To be named is enough: what is handed on may be called by something harmless.
        for pickle in [
            Pickle::new(2).name(module, function).call("x"),
            Pickle::new(2).name(module, function),
        ] {
            let message = message(&folder, &pickle.end());
            assert!(
                message.contains(&format!("it would run code where it is loaded: {full} (1 time); ")),
                "{message}"
            );
        }
    }
}

#[test]
fn pickles_that_need_more_than_they_hold_are_refused() {
    let folder = Folder::new();
    for (pickle, reason) in [
        (Pickle::new(2).raw(b"\x82\x01").end(), "uses extension codes"),
        (Pickle::new(5).raw(b"\x97").end(), "keeps buffers elsewhere"),
        (
            Pickle::new(2)
                .name("torch.storage", "_load_from_bytes")
                .raw(b"C\x01x\x85R")
                .end(),
            "its tensors were written by pickle",
        ),
        (
            Pickle::new(2).text("storage").raw(b"Q").end(),
            "names tensors but does not hold them",
        ),
        (Pickle::new(9).end(), "protocol 9 does not exist"),
    ] {
        let message = message(&folder, &zip_or_raw(&pickle, reason));
        assert!(message.contains(reason), "{reason}: {message}");
    }
}

/// Persistent ids mean something in a zip, so that case is tried as a plain pickle.
fn zip_or_raw(pickle: &[u8], reason: &str) -> Vec<u8> {
    if reason.contains("names tensors") {
        pickle.to_vec()
    } else {
        zip(&[("data.pkl".into(), pickle.to_vec())])
    }
}

#[test]
fn short_pickles_without_end_are_stopped() {
    let folder = Folder::new();
    // Lists of lists, each holding the one before it ten times: 10^30 items.
    let mut laughs = Pickle::new(2).raw(b"}").text("a").raw(b"]q\0");
    for _ in 0..30 {
        laughs = laughs.raw(b"0](").raw(b"h\0".repeat(10)).raw(b"eq\0");
    }
    let laughs = laughs.raw(b"s").end();
    // Deeper than any stack.
    let deep = [&b"\x80\x02"[..], &b"]".repeat(200_000), &b"a".repeat(199_999), b"."].concat();
    let own = Pickle::new(2).raw(b"]q\0h\0a").end();
    let endless_name = Pickle::new(2).name(&"m".repeat(5000), "n").end();
    let many = [&b"\x80\x02("[..], &b"N".repeat(20 << 20), b"l."].concat();
    for (pickle, reason) in [
        (laughs, "nests the same values without end"),
        (deep, "nested more than 200 deep"),
        (own, "nested more than 200 deep"),
        (endless_name, "endless name"),
        (many, "needs more than 512 MB"),
    ] {
        let message = message(&folder, &zip(&[("data.pkl".into(), pickle)]));
        assert!(message.contains(reason), "{reason}: {message}");
    }
}
