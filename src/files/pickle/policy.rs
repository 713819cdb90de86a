//! Which names have no business in a checkpoint, and which need no mention.
//!
//! Nothing is ever called, so neither table is what keeps a reader of this program safe. The first is for what people do
//! with a file next: one that would run code elsewhere is refused here, with the reason.

/// Modules of which nothing belongs in a checkpoint: they run programs or code, load code, or reach files and the net.
const MODULES: &str = "\
    _ctypes _frozen_importlib _frozen_importlib_external _imp _pickle _posixsubprocess _socket _thread _winapi \
    aiohttp antigravity asyncio atexit bdb cProfile cffi cloudpickle code codeop commands ctypes dbm dill \
    distutils doctest ensurepip fileinput ftplib gc glob http idlelib imaplib imp importlib joblib lib2to3 \
    linecache marshal mmap msvcrt multiprocessing nt os pdb pickle pip pkg_resources pkgutil popen2 poplib posix \
    profile pty pydoc requests runpy sched setuptools shelve shutil site smtplib socket socketserver sqlite3 ssl \
    subprocess sys telnetlib tempfile timeit trace urllib urllib2 venv webbrowser winreg xmlrpc zipimport";

/// The same, reached through another module's attributes (`torch.os.system`).
const ATTRIBUTES: &str = "\
    __builtins__ __dict__ __getattribute__ __globals__ __import__ __loader__ __subclasses__ builtins \
    cloudpickle ctypes dill importlib marshal nt os pickle popen posix runpy shutil socket subprocess sys system";

/// Single functions and classes of modules that are harmless otherwise.
const NAMES: &str = "\
    _io.FileIO _io.open builtins.__build_class__ builtins.__import__ builtins.apply builtins.breakpoint \
    builtins.compile builtins.delattr builtins.dir builtins.eval builtins.exec builtins.execfile builtins.exit \
    builtins.file builtins.globals builtins.help builtins.input builtins.locals builtins.open builtins.quit \
    builtins.raw_input builtins.reload builtins.setattr builtins.vars codecs.open functools.reduce io.FileIO \
    io.open io.open_code logging.config numpy.f2py numpy.fromfile numpy.lib.npyio.load numpy.load numpy.memmap \
    numpy.testing operator.attrgetter operator.itemgetter operator.methodcaller pandas.eval pandas.io.pickle \
    pandas.read_pickle test.support torch._C.import_ir_module torch._C.import_ir_module_from_buffer torch._dynamo \
    torch._inductor torch.classes torch.distributed.launcher torch.distributed.rpc torch.distributed.run torch.fx.graph_module \
    torch.hub torch.jit.load torch.load torch.ops torch.package torch.serialization._legacy_load torch.serialization._load torch.serialization.load torch.testing \
    torch.utils._config_module torch.utils.bottleneck torch.utils.collect_env torch.utils.cpp_extension \
    types.CodeType types.FunctionType types.LambdaType uuid._get_command_stdout";

/// Modules, classes and functions that checkpoints are full of and that say nothing about what was left out.
const QUIET: &str = "\
    _codecs.encode builtins codecs.encode collections copyreg datetime decimal fractions numpy._core numpy.core \
    numpy.dtype numpy.dtypes numpy.ndarray pathlib torch.Size torch.device torch.nn.parameter \
    types.SimpleNamespace uuid";

/// Python 2's names of modules, by Python 3's.
const RENAMED: [(&str, &str); 5] = [
    ("__builtin__", "builtins"),
    ("__builtins__", "builtins"),
    ("exceptions", "builtins"),
    ("copy_reg", "copyreg"),
    ("cPickle", "_pickle"),
];

/// Module and name as one, by Python 3's names.
pub(super) fn full_name(module: &str, name: &str) -> String {
    let module = RENAMED
        .iter()
        .find(|(old, _)| *old == module)
        .map_or(module, |(_, new)| new);
    format!("{module}.{name}")
}

fn is_in(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

/// Whether `name` is `outer` or lies within it.
fn within(name: &str, outer: &str) -> bool {
    name.strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a file that speaks of this name is refused.
pub(super) fn is_denied(name: &str) -> bool {
    let mut parts = name.split('.');
    parts.next().is_some_and(|module| is_in(MODULES, module))
        || parts.any(|part| is_in(ATTRIBUTES, part))
        || NAMES.split(' ').any(|denied| within(name, denied))
}

/// Whether an object of this class needs no mention.
pub(super) fn is_quiet(name: &str) -> bool {
    let is_dtype = || {
        let rest = name.strip_prefix("torch.");
        rest.is_some_and(|rest| super::Element::from_dtype(rest).is_some() || rest.ends_with("Storage"))
    };
    QUIET.split(' ').any(|quiet| within(name, quiet)) || is_dtype()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_whole_and_by_their_parts() {
        for name in [
            "os.system",
            "posix.system",
            "torch.os.system",
            "mylib.util.subprocess.Popen",
            "builtins.eval",
            "torch.load",
            "torch.hub.load",
            "torch.serialization.load",
            "numpy.testing._private.utils.runstring",
            "types.CodeType",
        ] {
            assert!(is_denied(name), "{name}");
        }
        for name in [
            "collections.OrderedDict",
            "torch._utils._rebuild_tensor_v2",
            "torch.nn.modules.conv.Conv2d",
            "argparse.Namespace",
            "functools.partial",
            "osmnx.graph.Graph",
            "torch.loader.Thing",
            "builtins.getattr",
            "types.SimpleNamespace",
            "torch.serialization._get_layout",
            "numpy.random._pickle.__randomstate_ctor",
        ] {
            assert!(!is_denied(name), "{name}");
        }
        assert!(is_quiet("torch.float32") && is_quiet("numpy.core.multiarray.scalar") && is_quiet("pathlib.PosixPath"));
        assert!(!is_quiet("argparse.Namespace") && !is_quiet("torch.nn.Linear") && !is_quiet("numpyro.x"));
        assert_eq!(full_name("__builtin__", "eval"), "builtins.eval");
    }
}
