//! What a name in a pickle is: dangerous even where it is only mentioned, known ([`allowed`]), or neither.
//!
//! Nothing is ever called, so neither list is what keeps a reader of this program safe. They are for what people do with a
//! file next: one that would run code elsewhere is refused here, with the reason. There are two, with a role each: a call
//! of what is not known to be harmless counts, and so does the mere mention of what is dangerous, since a mention imports a
//! module and hands on what a later call could use. The mention of any other name is shown and counts for nothing.

use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::LazyLock;

use super::allowed::{self, Use};

/// Modules of which nothing belongs in a checkpoint: they run programs or code, load code, reach files and the net, or act
/// by being imported.
const MODULES: &str = "\
    _aix_support _ctypes _frozen_importlib _frozen_importlib_external _imp _osx_support _pickle _posixsubprocess \
    _socket _thread _winapi aiohttp antigravity asyncio atexit bdb cProfile cffi cloudpickle code codeop commands ctypes dbm dill \
    distutils doctest ensurepip fileinput ftplib gc glob http httplib idlelib imaplib imp importlib joblib lib2to3 \
    linecache marshal mmap msvcrt multiprocessing nt os pdb pickle pip pkg_resources pkgutil popen2 poplib posix \
    profile pty pydoc requests runpy sched setuptools shelve shutil site smtplib socket socketserver sqlite3 ssl \
    subprocess sys telnetlib tempfile this timeit trace urllib urllib2 venv webbrowser winreg xmlrpc zipimport";

/// Such modules reached through another module's attributes (`torch.os.system`), and modules that run when imported.
const ATTRIBUTES: &str = "\
    __builtins__ __dict__ __getattribute__ __globals__ __import__ __loader__ __main__ __subclasses__ _imp _os \
    _posixsubprocess _sys _thread builtins cloudpickle ctypes dill importlib marshal nt os pickle popen posix runpy shutil socket subprocess sys system";

/// Single functions and classes of modules that are harmless otherwise.
const NAMES: &str = "\
    _io.FileIO _io.open _operator.attrgetter _operator.itemgetter _operator.methodcaller builtins.__build_class__ builtins.__import__ builtins.apply builtins.breakpoint \
    builtins.compile builtins.delattr builtins.dir builtins.eval builtins.exec builtins.execfile builtins.exit \
    builtins.file builtins.globals builtins.help builtins.input builtins.locals builtins.open builtins.quit \
    builtins.raw_input builtins.reload builtins.setattr builtins.vars codecs.open functools.reduce io.FileIO \
    io.open io.open_code logging.config numpy.f2py numpy.fromfile numpy.lib.npyio.load numpy.load numpy.memmap \
    numpy.testing operator.attrgetter operator.itemgetter operator.methodcaller pandas.eval pandas.io.pickle \
    pandas.read_pickle test.support torch._C.import_ir_module torch._C.import_ir_module_from_buffer torch._dynamo \
    torch._inductor torch.classes torch.distributed.launcher torch.distributed.rpc torch.distributed.run torch.fx.experimental torch.fx.graph_module \
    torch.hub torch.jit.load torch.jit.unsupported_tensor_ops torch.load torch.ops torch.package torch.serialization._legacy_load torch.serialization._load torch.serialization.load torch.testing \
    torch.utils._config_module torch.utils.bottleneck torch.utils.collect_env torch.utils.cpp_extension torch.utils.data.datapipes \
    types.CodeType types.FunctionType types.LambdaType uuid._get_command_stdout";

/// Python 2's names of modules, by Python 3's.
const RENAMED: [(&str, &str); 7] = [
    ("__builtin__", "builtins"),
    ("__builtins__", "builtins"),
    ("exceptions", "builtins"),
    ("copy_reg", "copyreg"),
    ("cPickle", "_pickle"),
    ("UserDict", "collections"),
    ("UserList", "collections"),
];

/// Python 2's names in `builtins`.
const RENAMED_BUILTINS: [(&str, &str); 3] = [("long", "int"), ("unicode", "str"), ("xrange", "range")];

/// Words of a list.
fn words(list: &'static str) -> HashSet<&'static str> {
    list.split(' ').collect()
}

static DANGEROUS: LazyLock<[HashSet<&str>; 3]> = LazyLock::new(|| [words(MODULES), words(ATTRIBUTES), words(NAMES)]);

/// The most parts that a name of [`NAMES`] has.
const PARTS: usize = 6;

/// A class or function, which is only ever a name here.
#[derive(Debug)]
pub(in crate::files) struct PickleName {
    /// Module and name, by Python 3's names.
    pub(super) full: Rc<str>,
    /// What it may be used for, where it is known.
    pub(super) known: Option<Use>,
    /// True if an object of it needs no mention.
    pub(super) quiet: bool,
    /// True if naming it is bad enough.
    pub(in crate::files) dangerous: bool,
}

impl PickleName {
    /// `name` of `module`.
    pub(super) fn new(module: &str, name: &str) -> Self {
        let module = renamed(&RENAMED, module);
        let name = match module {
            "builtins" => renamed(&RENAMED_BUILTINS, name),
            _ => name,
        };
        let full = format!("{module}.{name}");
        let known = allowed::use_of(module, name, &full);
        Self::of(full, known)
    }

    /// An attribute of a class, about which nothing is known.
    pub(super) fn attribute(class: &Self, name: &str) -> Self {
        Self::of(format!("{}.{name}", class.full), None)
    }

    fn of(full: String, known: Option<(Use, bool)>) -> Self {
        let dangerous = is_dangerous(&full);
        let (known, quiet) = known.filter(|_| !dangerous).unzip();
        Self {
            full: full.into(),
            known,
            quiet: quiet.unwrap_or(false),
            dangerous,
        }
    }

    /// True if it may be called with anything that is itself harmless.
    pub(in crate::files) fn is_callable(&self) -> bool {
        self.known == Some(Use::Call)
    }

    /// True if it is a class or function that may at least be made empty, or called with what is harmless.
    pub(super) fn may_be_held(&self) -> bool {
        matches!(self.known, Some(Use::New | Use::Call))
    }
}

impl Deref for PickleName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.full
    }
}

impl fmt::Display for PickleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

fn renamed<'a>(table: &[(&'static str, &'static str)], old: &'a str) -> &'a str {
    let new = table.iter().find(|(name, _)| *name == old);
    new.map_or(old, |(_, new)| new)
}

/// True if a file that speaks of this name counts as one that calls it.
fn is_dangerous(name: &str) -> bool {
    let [modules, attributes, names] = &*DANGEROUS;
    let mut parts = name.split('.');
    let prefixes = name.match_indices('.').map(|(end, _)| &name[..end]).chain([name]);
    parts.next().is_some_and(|module| modules.contains(module))
        || parts.any(|part| attributes.contains(part))
        || prefixes.take(PARTS).any(|prefix| names.contains(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(full: &str) -> PickleName {
        let (module, name) = full.rsplit_once('.').unwrap();
        PickleName::new(module, name)
    }

    #[test]
    fn names_are_judged_whole_and_by_their_parts() {
        for full in [
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
            assert!(name(full).dangerous, "{full}");
        }
        for full in [
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
            assert!(!name(full).dangerous, "{full}");
        }
        let quiet = ["torch.float32", "numpy.core.multiarray.scalar", "pathlib.PosixPath"];
        assert!(quiet.iter().all(|full| name(full).quiet));
        let loud = ["argparse.Namespace", "torch.nn.modules.linear.Linear", "numpyro.x"];
        assert!(loud.iter().all(|full| !name(full).quiet));
        assert_eq!(&*name("__builtin__.eval"), "builtins.eval");
        assert_eq!(name("__builtin__.long").known, Some(Use::Call));
    }

    #[test]
    fn a_path_of_attributes_is_never_known() {
        let linear = PickleName::new("torch.nn.modules.linear", "Linear");
        assert_eq!(linear.known, Some(Use::New));
        assert_eq!(PickleName::new("torch.nn.modules", "linear.Linear").known, None);
        assert_eq!(PickleName::new("torch", "nn.modules.linear.Linear").known, None);
        assert_eq!(PickleName::new("torch.nn.modules.linear", "torch.Size").known, None);
        assert_eq!(PickleName::new("torch.nn.modules.linear", "F").known, None);
        assert_eq!(
            PickleName::attribute(&PickleName::new("numpy", "dtype"), "dtype").known,
            None
        );
    }

    #[test]
    fn no_name_is_on_both_lists() {
        assert!(allowed::all().all(|full| !is_dangerous(full)));
    }
}
