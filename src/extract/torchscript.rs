//! TorchScript: a network that brings its own code, which libtorch runs.
//!
//! What its `forward` returns becomes layers. A single tensor is `backbone`; the members of a tuple or a list are
//! `output.0`, `output.1`, …; those of a dictionary have their keys for names; deeper ones are joined by dots. Maps
//! (B, C, H, W) are averaged over space; of tokens (B, T, C) the first is taken, where class tokens stand.

use std::path::{Path, PathBuf};

use serde_json::json;
use tch::jit::{self, CModule, IValue};
use tch::{Device, Kind, Tensor};

use super::network::{Network, line};
use crate::checkpoint::Traced;
use crate::error::{Error, Result};
use crate::files;
use crate::images::transform::Preprocess;
use crate::store::ModelInfo;

/// Stack of the thread that libtorch's parser runs on, in bytes: it calls itself for each bracket and operator.
const STACK: usize = 512 << 20;

/// Checks that a file is a TorchScript archive: a zip file with constants and code beside its tensors.
pub fn is_script(path: &Path) -> bool {
    // One that is damaged is still one.
    !matches!(files::ScriptFile::look(path), Ok(None))
}

/// That the user trusts where a file comes from: without it none of its code is run.
#[derive(Clone, Copy, Debug)]
pub struct Trusted(());

impl Trusted {
    /// Where the user said so for this file.
    ///
    /// # Errors
    /// Where not: what the file is, and how to allow it.
    pub fn by_user(so: bool, path: &Path) -> Result<Self> {
        match so {
            true => Ok(Self(())),
            false => Err(Error::input(format!(
                "{}: is TorchScript, a program, of which nothing was run; if you trust where it comes from, pass --trust-code \
                 (in an experiment: trust_code = true), else get the weights as safetensors",
                path.display()
            ))),
        }
    }
}

/// A layer as the network's code gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ScriptTap {
    name: String,
    width: usize,
    pooling: &'static str,
}

/// A TorchScript module, ready to run.
#[derive(Debug)]
pub struct ScriptModule {
    module: CModule,
    path: PathBuf,
    sha256: String,
    device: Device,
    kind: Kind,
    parameters: usize,
    taps: Vec<ScriptTap>,
    /// How it was traced, where the file says so.
    traced: Option<Traced>,
    /// Outputs that are no features.
    ignored: Vec<String>,
}

impl ScriptModule {
    /// Loads a module and runs it once, on grey images of the size of `preprocess`, to learn its layers.
    ///
    /// # Errors
    /// When libtorch cannot read it, when its code is nested too deeply to be parsed, does not take an image, or when nothing
    /// it returns can be a layer.
    pub fn load(path: &Path, _: Trusted, device: Device, preprocess: &Preprocess) -> Result<Self> {
        let looked = files::ScriptFile::look(path)?.unwrap_or_default();
        let traced = Traced::in_script(path, &looked)?;
        if let Some(what) = looked.unsound {
            return Err(Error::input(format!(
                "{}: {what}, which libtorch's parser cannot bear; save the network without such code",
                path.display()
            )));
        }
        // Passes that learn from the first runs would make a batch's features depend on how many came before it.
        jit::set_profiling_mode(false);
        jit::set_graph_executor_optimize(false);
        let sha256 = files::sha256_of(path)?;
        let damaged = |e: tch::TchError| {
            Error::input(format!(
                "{}: libtorch cannot read this TorchScript file ({}); save it again with PyTorch 2.11 or older",
                path.display(),
                first_line(&e)
            ))
        };
        let mut module = parsed(path, device)?.map_err(damaged)?;
        module.f_set_eval().map_err(damaged)?;
        let parameters = module.named_parameters().map_err(damaged)?;
        let mut script = Self {
            module,
            path: path.to_path_buf(),
            sha256,
            device,
            kind: Kind::Float,
            parameters: parameters.iter().map(|(_, tensor)| tensor.numel()).sum(),
            taps: Vec::new(),
            traced,
            ignored: Vec::new(),
        };
        let (height, width) = preprocess.size();
        // Two images: a batch of one would let a wrong first dimension pass.
        let images = Tensor::zeros([2, 3, height as i64, width as i64], (Kind::Float, device));
        let outputs = script.outputs(&images)?;
        for (name, tensor) in &outputs.layers {
            let (rows, pooling) = script.pooled(name, tensor, 2)?;
            script.taps.push(ScriptTap {
                name: name.clone(),
                width: rows.size()[1] as usize,
                pooling,
            });
        }
        if script.taps.is_empty() {
            return Err(script.refused(&format!(
                "its code returns no tensor of floats{}; expected features",
                match outputs.ignored.is_empty() {
                    true => String::new(),
                    false => format!(" ({})", outputs.ignored.join(", ")),
                }
            )));
        }
        script.ignored = outputs.ignored;
        script.agrees_with_its_description()?;
        Ok(script)
    }

    /// Refuses a file whose code returns other layers than its description names.
    fn agrees_with_its_description(&self) -> Result<()> {
        let Some(traced) = &self.traced else { return Ok(()) };
        let names = |list: &mut dyn Iterator<Item = &str>| {
            let mut names: Vec<String> = list.map(str::to_owned).collect();
            names.sort_unstable();
            names
        };
        let told = names(&mut traced.layers.iter().map(|layer| layer.name.as_str()));
        let found = names(&mut self.taps.iter().map(|tap| tap.name.as_str()));
        match told == found {
            true => Ok(()),
            false => Err(self.refused(&format!(
                "its description names the layers {}, its code returns {}; trace the network again",
                told.join(", "),
                found.join(", ")
            ))),
        }
    }

    fn refused(&self, what: &str) -> Error {
        Error::input(format!("{}: {what}", self.path.display()))
    }

    /// What the module's code returns for images of its own kind.
    fn outputs(&self, images: &Tensor) -> Result<Outputs> {
        let images = IValue::Tensor(images.to_kind(self.kind));
        let returned = tch::no_grad(|| self.module.forward_is(&[images])).map_err(|e| {
            self.refused(&format!(
                "its code cannot be run on images in {:?} ({}); expected a forward that takes one batch (B, 3, H, W)",
                self.kind,
                first_line(&e)
            ))
        })?;
        let mut outputs = Outputs::default();
        outputs.walk("", returned);
        Ok(outputs)
    }

    /// An output as rows (B, width), and how its positions were pooled.
    fn pooled(&self, name: &str, tensor: &Tensor, images: i64) -> Result<(Tensor, &'static str)> {
        let size = tensor.size();
        let rows = match size.as_slice() {
            [n, ..] if *n != images => None,
            [_] => Some((tensor.unsqueeze(1), "none")),
            [_, width] if *width > 0 => Some((tensor.shallow_clone(), "none")),
            [_, tokens, width] if *tokens > 0 && *width > 0 => Some((tensor.select(1, 0), "first token")),
            [_, channels, height, width] if *channels > 0 && *height > 0 && *width > 0 => {
                Some((tensor.mean_dim([2i64, 3].as_slice(), false, Kind::Float), "average"))
            }
            _ => None,
        };
        rows.ok_or_else(|| {
            self.refused(&format!(
                "output {name} has shape {size:?} for {images} images; expected (B, C), (B, T, C) or (B, C, H, W)"
            ))
        })
    }
}

impl Network for ScriptModule {
    fn taps(&self) -> Vec<(String, usize)> {
        self.taps.iter().map(|tap| (tap.name.clone(), tap.width)).collect()
    }

    fn forward(&self, images: &Tensor) -> Result<Vec<(String, Tensor)>> {
        let outputs = self.outputs(images)?;
        let rows = |(name, tensor): (String, Tensor)| {
            let (rows, _) = self.pooled(&name, &tensor, images.size()[0])?;
            Ok((name, rows))
        };
        let taps = outputs.layers.into_iter().map(rows).collect::<Result<Vec<_>>>()?;
        let found: Vec<_> = taps
            .iter()
            .map(|(name, t)| (name.clone(), t.size()[1] as usize))
            .collect();
        match found == self.taps() {
            true => Ok(taps),
            false => Err(self.refused(&format!(
                "its code returns other layers for this batch ({found:?}) than for the first one ({:?})",
                self.taps()
            ))),
        }
    }

    fn device(&self) -> Device {
        self.device
    }

    fn cast(&mut self, kind: Kind) -> Result<()> {
        self.module.to(self.device, kind, false);
        self.kind = kind;
        Ok(())
    }

    fn info(&self, name: &str) -> Result<ModelInfo> {
        Ok(ModelInfo {
            name: name.to_owned(),
            run: None,
            step: None,
            arch: "torchscript".to_owned(),
            sha256: self.sha256.clone(),
            branch: String::new(),
            audit: json!({
                "container": "TorchScript",
                "parameters": self.parameters,
                "outputs_left_out": self.ignored,
                "sha256": self.sha256,
                "traced": self.traced,
                "notes": ["the network's own code was run; which weights it uses is its own affair"],
                "lines": self.lines(),
            }),
        })
    }

    fn pooling(&self, layer: &str) -> String {
        // Its own code has pooled what it was traced to pool.
        let told = self
            .traced
            .iter()
            .flat_map(|traced| &traced.layers)
            .find(|l| l.name == layer);
        if let Some(told) = told.filter(|l| l.pooling != "default") {
            return told.pooling.clone();
        }
        let tap = self.taps.iter().find(|tap| tap.name == layer);
        tap.map_or("none", |tap| tap.pooling).to_owned()
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            line("network", format!("TorchScript, {} parameters", self.parameters)),
            line(
                "note",
                "the file brings its own code, and libtorch runs it: use files you trust",
            ),
        ];
        if let Some(traced) = &self.traced {
            lines.push(line("traced", traced.describe()));
        }
        for tap in self.taps.iter().filter(|tap| tap.pooling != "none") {
            lines.push(line("pooling", format!("{}: {}", tap.name, tap.pooling)));
        }
        if !self.ignored.is_empty() {
            lines.push(line("left out", self.ignored.join(", ")));
        }
        lines
    }
}

/// The module in a file, parsed where there is stack enough.
fn parsed(path: &Path, device: Device) -> Result<std::result::Result<CModule, tch::TchError>> {
    let load = || CModule::load_on_device(path, device);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, load);
        let loaded = thread.map_err(Error::io(path))?.join();
        loaded.map_err(|_| Error::input(format!("{}: libtorch gave up on this TorchScript file", path.display())))
    })
}

/// What a module's code returned, by name.
#[derive(Default)]
struct Outputs {
    layers: Vec<(String, Tensor)>,
    ignored: Vec<String>,
}

impl Outputs {
    fn walk(&mut self, path: &str, value: IValue) {
        let member = |i: usize| match path {
            "" => format!("output.{i}"),
            path => format!("{path}.{i}"),
        };
        match value {
            IValue::Tensor(tensor) => {
                let name = if path.is_empty() { "backbone" } else { path };
                if tensor.is_floating_point() {
                    self.layers.push((name.to_owned(), tensor));
                } else {
                    self.ignored.push(format!("{name}: {:?}", tensor.kind()));
                }
            }
            IValue::Tuple(items) | IValue::GenericList(items) => {
                for (i, item) in items.into_iter().enumerate() {
                    self.walk(&member(i), item);
                }
            }
            IValue::TensorList(items) => {
                for (i, item) in items.into_iter().enumerate() {
                    self.walk(&member(i), IValue::Tensor(item));
                }
            }
            IValue::GenericDict(items) => {
                for (key, item) in items {
                    let key = match key {
                        IValue::String(key) => key,
                        IValue::Int(key) => key.to_string(),
                        other => format!("{other:?}"),
                    };
                    let path = match path {
                        "" => key,
                        path => format!("{path}.{key}"),
                    };
                    self.walk(&path, item);
                }
            }
            IValue::None => {}
            _ => self.ignored.push(match path {
                "" => "not a tensor".to_owned(),
                path => format!("{path}: not a tensor"),
            }),
        }
    }
}

/// libtorch's messages go on with its call stack; TorchScript's end with the sentence that matters.
fn first_line(error: &tch::TchError) -> String {
    let text = error.to_string();
    let is_told = |line: &&str| !line.is_empty() && !line.starts_with("frame #");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(is_told).collect();
    let told = lines
        .iter()
        .find(|line| line.starts_with("RuntimeError") || line.contains("Error:"));
    told.or(lines.first()).map_or("no reason given", |line| line).to_owned()
}
