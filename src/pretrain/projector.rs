//! Projectors as users write them: `none`, `fc`, `fc-bn`, `fc-bn-relu-fc:256,128`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::checkpoint::arch::HeadStep;
use crate::error::{Error, Result};

/// The widest layer.
const WIDEST: usize = 16_384;

/// One layer of a projector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectorLayer {
    /// A linear layer with bias, to this width.
    Fc(usize),
    /// Batch normalisation.
    Bn,
    /// max(x, 0).
    Relu,
}

/// The layers between an encoder and its loss; none of them is `none`. Written and read as a stack of `fc`, `bn` and
/// `relu`, then the width of each `fc`: `fc-bn-relu-fc:256,128`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projector(Vec<ProjectorLayer>);

impl Projector {
    /// Reads what a user wrote for an encoder of this width, whose method has a stack of its own: a stack with or without
    /// widths, or widths alone for the method's stack. Without widths the last `fc` has the encoder's, the others twice it.
    ///
    /// # Errors
    /// For an unknown layer, or widths that are not one for each `fc` and between 1 and 16384.
    pub fn parse(text: &str, width: usize, own: &str) -> Result<Self> {
        let (stack, widths) = match text.split_once(':') {
            Some((stack, widths)) => (stack, Some(widths)),
            None if text.starts_with(|c: char| c.is_ascii_digit()) => (own, Some(text)),
            None => (text, None),
        };
        let words: Vec<&str> = match stack {
            "none" => Vec::new(),
            stack => stack.split('-').collect(),
        };
        let linear = words.iter().filter(|w| **w == "fc").count();
        let refuse = |what: String| Error::input(format!("--projector {text}: {what}"));
        let widths: Vec<usize> = match widths {
            // A method without layers of its own has no use for widths alone.
            Some(_) if linear == 0 && !text.contains(':') => Vec::new(),
            Some(_) if linear == 0 => return Err(refuse(format!("{stack} has no fc, whose width could be set"))),
            None => (1..=linear)
                .map(|i| if i == linear { width } else { 2 * width })
                .collect(),
            Some(list) => {
                let read = |w: &str| w.parse().ok().filter(|w| (1..=WIDEST).contains(w));
                let widths: Option<Vec<usize>> = list.split(',').map(read).collect();
                let widths =
                    widths.ok_or_else(|| refuse(format!("the widths are whole numbers from 1 to {WIDEST}")))?;
                if widths.len() != linear {
                    return Err(refuse(format!(
                        "{} for {linear} layers of {stack}; expected one for each fc",
                        match widths.len() {
                            1 => "1 width".to_owned(),
                            n => format!("{n} widths"),
                        }
                    )));
                }
                widths
            }
        };
        let mut widths = widths.into_iter();
        let layer = |word: &str| match word {
            "fc" => widths.next().map(ProjectorLayer::Fc),
            "bn" => Some(ProjectorLayer::Bn),
            "relu" => Some(ProjectorLayer::Relu),
            _ => None,
        };
        let layers: Option<Vec<ProjectorLayer>> = words.iter().copied().map(layer).collect();
        layers.map(Self).ok_or_else(|| {
            refuse(
                "expected none, or layers fc, bn and relu joined by hyphens, then the width of each fc: \
                 fc-bn-relu-fc:256,128"
                    .to_owned(),
            )
        })
    }

    /// Its steps after an encoder of this width.
    pub fn steps(&self, width: usize) -> Vec<HeadStep> {
        let mut before = width;
        self.0
            .iter()
            .map(|layer| match *layer {
                ProjectorLayer::Fc(outputs) => {
                    let inputs = std::mem::replace(&mut before, outputs);
                    HeadStep::Linear {
                        inputs,
                        outputs,
                        bias: true,
                    }
                }
                ProjectorLayer::Bn => HeadStep::BatchNorm1d {
                    width: before,
                    affine: true,
                },
                ProjectorLayer::Relu => HeadStep::Relu,
            })
            .collect()
    }

    /// The projector with these steps, where it can have them.
    pub fn from_steps(steps: &[HeadStep]) -> Option<Self> {
        let layer = |step: &HeadStep| match *step {
            HeadStep::Linear {
                outputs, bias: true, ..
            } => Some(ProjectorLayer::Fc(outputs)),
            HeadStep::BatchNorm1d { affine: true, .. } => Some(ProjectorLayer::Bn),
            HeadStep::Relu => Some(ProjectorLayer::Relu),
            _ => None,
        };
        steps.iter().map(layer).collect::<Option<_>>().map(Self)
    }

    /// Whether there are no layers.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The width of its output after an encoder of this width.
    pub fn width(&self, width: usize) -> usize {
        self.widths().last().copied().unwrap_or(width)
    }

    /// The widths of its linear layers.
    pub fn widths(&self) -> Vec<usize> {
        let width = |layer: &ProjectorLayer| match *layer {
            ProjectorLayer::Fc(width) => Some(width),
            ProjectorLayer::Bn | ProjectorLayer::Relu => None,
        };
        self.0.iter().filter_map(width).collect()
    }
}

impl fmt::Display for Projector {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.is_none() {
            return f.write_str("none");
        }
        let word = |layer: &ProjectorLayer| match layer {
            ProjectorLayer::Fc(_) => "fc",
            ProjectorLayer::Bn => "bn",
            ProjectorLayer::Relu => "relu",
        };
        f.write_str(&self.0.iter().map(word).collect::<Vec<_>>().join("-"))?;
        let widths: Vec<String> = self.widths().iter().map(usize::to_string).collect();
        match widths.is_empty() {
            true => Ok(()),
            false => write!(f, ":{}", widths.join(",")),
        }
    }
}

impl FromStr for Projector {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text, 0, "none")
    }
}

impl Serialize for Projector {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Projector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        /// As it is written now, and as it was when there was one stack only.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Widths([usize; 2]),
        }
        match Written::deserialize(deserializer)? {
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
            Written::Widths([hidden, outputs]) => Ok(Self(vec![
                ProjectorLayer::Fc(hidden),
                ProjectorLayer::Bn,
                ProjectorLayer::Relu,
                ProjectorLayer::Fc(outputs),
            ])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_read_with_and_without_widths_and_written_alike() {
        let own = "fc-bn-relu-fc";
        for (text, expected) in [
            ("none", "none"),
            ("fc", "fc:128"),
            ("bn", "bn"),
            ("fc-bn", "fc-bn:128"),
            ("fc-bn-relu", "fc-bn-relu:128"),
            ("fc-bn-relu-fc", "fc-bn-relu-fc:256,128"),
            ("fc-relu-fc-relu-fc", "fc-relu-fc-relu-fc:256,256,128"),
            ("64,32", "fc-bn-relu-fc:64,32"),
            ("fc-relu-fc:64,32", "fc-relu-fc:64,32"),
        ] {
            let read = Projector::parse(text, 128, own).unwrap();
            assert_eq!(read.to_string(), expected);
            assert_eq!(expected.parse::<Projector>().unwrap(), read);
            assert_eq!(Projector::from_steps(&read.steps(128)), Some(read));
        }
        // Widths of a stack the method does not have say nothing.
        assert!(Projector::parse("64,32", 128, "none").unwrap().is_none());
    }

    #[test]
    fn steps_have_the_widths_that_meet() {
        let steps = Projector::parse("bn-fc-bn-fc:7,3", 5, "none").unwrap().steps(5);
        let widths: Vec<_> = steps.iter().filter_map(HeadStep::widths).collect();
        assert_eq!(widths, [(5, 5), (5, 7), (7, 7), (7, 3)]);
    }

    #[test]
    fn what_is_no_projector_is_refused_with_the_grammar() {
        for (text, said) in [
            ("fc-gelu", "expected none, or layers fc, bn and relu joined by hyphens"),
            ("", "expected none, or layers"),
            ("fc-fc:8", "1 width for 2 layers of fc-fc; expected one for each fc"),
            ("8,8,8", "3 widths for 2 layers of fc-bn-relu-fc"),
            ("fc:0", "whole numbers from 1 to 16384"),
            ("fc:x", "whole numbers from 1 to 16384"),
            ("none:8", "none has no fc"),
            ("bn-relu:8", "bn-relu has no fc"),
        ] {
            let message = Projector::parse(text, 8, "fc-bn-relu-fc").unwrap_err().to_string();
            assert!(message.contains(said), "{text}: {message}");
        }
    }

    #[test]
    fn files_of_the_one_stack_are_still_read() {
        let read: Projector = serde_json::from_str("[256,128]").unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"fc-bn-relu-fc:256,128\"");
    }
}
