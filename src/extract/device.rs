//! Where the networks run: CPU or CUDA, and on how many threads.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::OnceLock;

use tch::Cuda;
pub use tch::Device;

use crate::error::{Error, Result};

/// The device a user asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first CUDA device where there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device with this index.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Cpu),
            "cuda" => return Ok(Self::Cuda(0)),
            _ => {}
        }
        text.strip_prefix("cuda:")
            .and_then(|index| index.parse().ok())
            .map(Self::Cuda)
            .ok_or_else(|| {
                Error::input(format!(
                    "device {text:?} is not known; expected auto, cpu, cuda or cuda:INDEX"
                ))
            })
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl DeviceChoice {
    /// The device itself. Call this before anything else that touches tch, or CUDA is not found.
    ///
    /// # Errors
    /// When CUDA is asked for by name and is not there.
    pub fn open(self) -> Result<Device> {
        if self == Self::Cpu {
            return Ok(Device::Cpu);
        }
        let loaded = load_cuda();
        let count = if loaded.is_ok() && Cuda::is_available() {
            Cuda::device_count().max(0) as usize
        } else {
            0
        };
        match self {
            Self::Cuda(index) if index < count => Ok(Device::Cuda(index)),
            Self::Auto if count > 0 => Ok(Device::Cuda(0)),
            Self::Cuda(index) => {
                let why = match loaded {
                    Err(reason) => reason.clone(),
                    Ok(()) if count == 0 => "the driver reports no usable GPU".to_owned(),
                    Ok(()) => format!("there are {count} CUDA devices, counted from 0"),
                };
                Err(Error::input(format!(
                    "device cuda:{index} is not available ({why}); pass --device cpu or auto"
                )))
            }
            Self::Auto | Self::Cpu => Ok(Device::Cpu),
        }
    }
}

/// A device as text: `cpu`, `cuda:0`.
pub fn describe(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Mps => "mps".to_owned(),
        Device::Vulkan => "vulkan".to_owned(),
        Device::Cpu => "cpu".to_owned(),
    }
}

/// Sets the threads of libtorch and of rayon; `None` means one per core. Returns the number set. Only the first call
/// in a process reaches rayon.
pub fn set_threads(threads: Option<u16>) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.map_or(cores, usize::from).max(1);
    tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    // An error says that rayon already runs: its pool then stays as it is, which changes no result.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    threads
}

/// The threads in use.
pub fn threads() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1)
}

/// Loads libtorch's CUDA half, once. The linker drops it from the program because nothing here names its symbols;
/// libtorch finds it by itself when it is there before the first call.
fn load_cuda() -> &'static std::result::Result<(), String> {
    static LOADED: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    LOADED.get_or_init(|| {
        let folder = libtorch_folder().ok_or("libtorch's own folder was not found")?;
        let file = folder.join("libtorch_cuda.so");
        if !file.exists() {
            return Err(format!(
                "{} has no libtorch_cuda.so: this libtorch is for the CPU",
                folder.display()
            ));
        }
        open_forever(&file)
    })
}

#[cfg(unix)]
#[allow(unsafe_code)]
fn open_forever(file: &std::path::Path) -> std::result::Result<(), String> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    // SAFETY: the library is the other half of the libtorch this process is linked to, from the same folder; its
    // initialisers are made to run at any time before the first CUDA call, and it is never unloaded.
    match unsafe { Library::open(Some(file), RTLD_NOW | RTLD_GLOBAL) } {
        Ok(library) => {
            std::mem::forget(library);
            Ok(())
        }
        Err(error) => Err(format!("{} cannot be loaded: {error}", file.display())),
    }
}

#[cfg(not(unix))]
fn open_forever(_file: &std::path::Path) -> std::result::Result<(), String> {
    Err("CUDA is loaded at run time on Unix only".to_owned())
}

/// The folder of the `libtorch_cpu.so` that is mapped into this process.
fn libtorch_folder() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| &line[at..]))
        .find(|p| p.ends_with("/libtorch_cpu.so"))?;
    PathBuf::from(path).parent().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_and_shown_alike() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("cuda:3", DeviceChoice::Cuda(3)),
        ] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap(), choice);
            assert_eq!(choice.to_string(), text);
        }
        assert_eq!("cuda".parse::<DeviceChoice>().unwrap(), DeviceChoice::Cuda(0));
        for bad in ["", "gpu", "cuda:", "cuda:-1", "cuda:x"] {
            assert!(
                bad.parse::<DeviceChoice>()
                    .unwrap_err()
                    .to_string()
                    .contains("expected auto, cpu, cuda")
            );
        }
    }

    #[test]
    fn a_cuda_device_that_is_not_there_is_refused_and_auto_falls_back() {
        assert!(DeviceChoice::Auto.open().is_ok());
        let message = DeviceChoice::Cuda(99).open().unwrap_err().to_string();
        assert!(
            message.contains("cuda:99 is not available") && message.contains("--device cpu"),
            "{message}"
        );
    }

    #[test]
    fn libtorchs_own_folder_is_found() {
        let _ = tch::get_num_threads();
        assert!(libtorch_folder().unwrap().join("libtorch_cpu.so").exists());
    }
}
