//! What happens beside the forward pass: images are decoded into buffers before it, and rows are written after it.

use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use ndarray::Array2;
use tch::{Device, Kind, Tensor};

use super::image_fates::{Fate, ImageFates};
use crate::error::Result;
use crate::store::Writer;

/// Where the pixels of a batch are put; filled again and again, since fresh memory costs more than decoding a small image.
#[derive(Debug)]
pub(super) struct Buffer(Tensor);

impl Buffer {
    /// Room for so many values. For a GPU they lie where it reads them at full speed.
    pub(super) fn new(values: usize, device: Device) -> Self {
        let room = Tensor::empty([values as i64], (Kind::Float, Device::Cpu));
        Self(if device.is_cuda() {
            room.pin_memory(device)
        } else {
            room
        })
    }

    /// The values, to be filled.
    #[allow(unsafe_code)]
    pub(super) fn values(&mut self) -> &mut [f32] {
        // SAFETY: the tensor is made above: on the CPU, contiguous, of f32, and this long. Those that `pixels` gives share its
        // memory; they are dropped when a buffer is handed back to be filled.
        unsafe { std::slice::from_raw_parts_mut(self.0.data_ptr().cast(), self.0.numel()) }
    }

    /// The first of them, in this shape, on `device`.
    pub(super) fn pixels(&self, shape: [i64; 4], device: Device) -> Tensor {
        let pixels = self.0.narrow(0, 0, shape.iter().product()).view(shape);
        match device {
            Device::Cpu => pixels,
            // What is computed of them is waited for.
            device => pixels.to_device_(device, Kind::Float, true, false),
        }
    }
}

/// Rows ready to be written.
pub(super) struct FinishedRows {
    /// The first image that they come from, counted from the shard's first.
    pub(super) first: usize,
    pub(super) fates: Vec<Fate>,
    pub(super) ids: Vec<String>,
    pub(super) labels: Vec<Option<u32>>,
    /// One array for each layer; none where no image of the batch has rows.
    pub(super) layers: Vec<Array2<f32>>,
}

/// Writes rows while the network computes the next ones.
pub(super) struct RowWriter<'scope> {
    send: SyncSender<FinishedRows>,
    thread: ScopedJoinHandle<'scope, Result<(Writer, ImageFates)>>,
}

impl<'scope> RowWriter<'scope> {
    pub(super) fn start(scope: &'scope Scope<'scope, '_>, mut writer: Writer, mut seen: ImageFates) -> Self {
        let (send, receive) = sync_channel::<FinishedRows>(1);
        let thread = scope.spawn(move || {
            for rows in receive {
                writer.remember(seen.take_in(rows.first, rows.fates));
                if !rows.ids.is_empty() {
                    writer.append(&rows.ids, &rows.labels, &rows.layers)?;
                }
            }
            Ok((writer, seen))
        });
        Self { send, thread }
    }

    /// Hands rows over; whether the writer still takes some: [`Self::end`] says why not.
    pub(super) fn take(&self, rows: FinishedRows) -> bool {
        self.send.send(rows).is_ok()
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// What kept the writer from writing.
    pub(super) fn end(self) -> Result<(Writer, ImageFates)> {
        drop(self.send);
        self.thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}
