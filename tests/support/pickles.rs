//! Pickles, put together opcode by opcode.

/// A pickle.
#[derive(Clone, Default)]
pub struct Pickle(pub Vec<u8>);

impl Pickle {
    pub fn new(protocol: u8) -> Self {
        Self(vec![0x80, protocol])
    }

    pub fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend(bytes.as_ref());
        self
    }

    pub fn text(self, text: &str) -> Self {
        self.raw(b"X").raw((text.len() as u32).to_le_bytes()).raw(text)
    }

    pub fn name(self, module: &str, name: &str) -> Self {
        self.raw(format!("c{module}\n{name}\n"))
    }

    /// STACK_GLOBAL.
    pub fn stacked(self, module: &str, name: &str) -> Self {
        self.text(module).text(name).raw([0x93])
    }

    /// The opcodes alone, to go into another pickle.
    pub fn body(&self) -> &[u8] {
        &self.0[2..]
    }

    /// One argument, called.
    pub fn call(self, argument: &str) -> Self {
        self.text(argument).raw([0x85, b'R'])
    }

    pub fn end(self) -> Vec<u8> {
        self.raw(b".").0
    }
}
