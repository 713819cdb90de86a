//! A naming: rules from this project's names to those of a code base.

use super::layout::Layout;
use crate::checkpoint::arch::ArchFamily;

/// How one code base names a family's tensors.
#[derive(Debug)]
pub(in crate::checkpoint) struct Naming {
    /// What the audit calls it.
    pub(in crate::checkpoint) name: &'static str,
    /// Whose tensors it names.
    pub(in crate::checkpoint) family: ArchFamily,
    /// Beginnings of names, ours and theirs, in whole parts; the first that fits is used. `*` stands for one part, and is
    /// carried over in order; `?` in theirs is a number that only the file tells, and `{a,b,c}` stands for tensors that are
    /// joined along their first axis.
    pub(super) rules: &'static [&'static [Rule]],
    /// Which of transformers' layouts it is, where it is one.
    pub(in crate::checkpoint) layout: Option<Layout>,
    /// The tensor below the network's prefix that its rows are multiplied by to meet those of texts.
    pub(in crate::checkpoint) projection: Option<&'static str>,
    /// Tensors inside the network's own modules, by their names or after `*` by their ends, that play no part in its features.
    pub(super) idle: &'static [&'static str],
    /// Our tensors that the files keep without as many of their leading axes, all of length one.
    pub(super) bare: &'static [(&'static str, usize)],
    /// Our tensors, by how their names end, that the files keep in another form.
    pub(super) forms: &'static [(&'static str, AxisForm)],
}

/// How the axes of a tensor differ in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AxisForm {
    /// There are none behind the first axis.
    Flat,
    /// There are so many more before the first.
    Before(usize),
    /// The weights of a convolution as a matrix: channels and both sides of a square kernel are one axis.
    Matrix,
}

/// The beginning of a name: ours, theirs.
pub(super) type Rule = (&'static str, &'static str);

/// Rules, behind what all of ours begin with and what all of theirs do.
macro_rules! rules {
    ($ours:tt => $theirs:tt { $($from:literal => $to:literal,)* }) => {
        &[$((rules!(@join $ours $from), rules!(@join $theirs $to)),)*]
    };
    (@join [$($before:literal)*] $rest:literal) => {
        concat!($($before,)* $rest)
    };
}

pub(super) use rules;

pub(super) const fn naming(name: &'static str, family: ArchFamily, rules: &'static [&'static [Rule]]) -> Naming {
    Naming {
        name,
        family,
        rules,
        layout: None,
        projection: None,
        idle: &["*.relative_position_index"],
        bare: &[],
        forms: &[],
    }
}

/// No `?` stands for a higher number.
const MOST: usize = 64;

impl Naming {
    fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.rules.iter().copied().flatten()
    }

    /// The name this naming gives to one of our tensors.
    pub(in crate::checkpoint) fn rename(&self, ours: &str) -> String {
        self.rules()
            .find_map(|(from, to)| replaced(from, to, ours))
            .unwrap_or_else(|| ours.to_owned())
    }

    /// The name in a file of one of our tensors below `prefix`, with each number that only the file tells: the first
    /// with which the name is there, else 0.
    pub(in crate::checkpoint) fn locate(&self, prefix: &str, ours: &str, there: impl Fn(&str) -> bool) -> String {
        let theirs = self.rename(ours);
        let Some((before, after)) = theirs.split_once('?') else {
            return format!("{prefix}{theirs}");
        };
        let numbered = |n: usize| format!("{prefix}{before}{n}{after}");
        (0..MOST)
            .map(numbered)
            .find(|name| there(name))
            .unwrap_or_else(|| numbered(0))
    }

    /// True if a tensor inside the modules, by this naming's name for it, plays no part in the features.
    pub(in crate::checkpoint) fn is_idle(&self, theirs: &str) -> bool {
        let fits = |idle: &&str| match idle.strip_prefix('*') {
            Some(end) => theirs.ends_with(end),
            None => *idle == theirs,
        };
        self.idle.iter().any(fits)
    }

    /// How many leading axes of length one the files leave out of one of our tensors.
    pub(in crate::checkpoint) fn left_out(&self, ours: &str) -> usize {
        self.bare.iter().find(|(name, _)| *name == ours).map_or(0, |(_, n)| *n)
    }

    /// The shape in the files of one of our tensors.
    pub(in crate::checkpoint) fn in_file(&self, ours: &str, mut shape: Vec<usize>) -> Vec<usize> {
        shape.drain(..self.left_out(ours).min(shape.len()));
        match self.forms.iter().find(|(end, _)| ours.ends_with(end)) {
            Some((_, AxisForm::Flat)) => shape.truncate(1),
            Some((_, AxisForm::Before(axes))) => shape.splice(..0, vec![1; *axes]).for_each(drop),
            Some((_, AxisForm::Matrix)) if !shape.is_empty() => shape = vec![shape[0], shape[1..].iter().product()],
            Some((_, AxisForm::Matrix)) => {}
            None => {}
        }
        shape
    }

    /// As it is ours, of a tensor that files keep in this shape; one that cannot be ours stays as it is.
    pub(in crate::checkpoint) fn ours_from_file(&self, ours: &str, shape: Vec<usize>) -> Vec<usize> {
        let shape = [vec![1; self.left_out(ours)], shape].concat();
        match (self.forms.iter().find(|(end, _)| ours.ends_with(end)), &shape[..]) {
            (Some((_, AxisForm::Matrix)), &[rows, columns]) => {
                let side = (columns / 3).isqrt();
                match columns == 3 * side * side {
                    true => vec![rows, 3, side, side],
                    false => shape,
                }
            }
            _ => shape,
        }
    }

    /// True if a name (as this naming spells it, without prefix) lies inside the backbone's own modules.
    pub(in crate::checkpoint) fn inside(&self, theirs: &str) -> bool {
        let first = |name: &'static str| name.split('.').next().unwrap_or("");
        let begin = theirs.split('.').next().unwrap_or("");
        // What is called after a head in ours is none of the modules; what keeps its name in a rule is one beside them.
        let within = |from: &'static str| self.family.modules().any(|module| module == first(from));
        let mut ruled = self.rules().filter(|(from, to)| within(from) || from == to);
        let plain = |module: &str| !self.rules().any(|(from, _)| *from == module);
        ruled.any(|(_, to)| first(to) == begin) || self.family.modules().any(|m| m == begin && plain(m))
    }
}

/// `ours` with the beginning `from` turned into `to`.
fn replaced(from: &str, to: &str, ours: &str) -> Option<String> {
    let mut rest = Some(ours);
    let mut carried = Vec::new();
    for pattern in from.split('.') {
        let (part, after) = match rest?.split_once('.') {
            Some((part, after)) => (part, Some(after)),
            None => (rest?, None),
        };
        match pattern {
            "*" => carried.push(part),
            exact if exact == part => {}
            _ => return None,
        }
        rest = after;
    }
    let mut carried = carried.into_iter();
    let mut name = String::new();
    for c in to.chars() {
        match c {
            '*' => name.push_str(carried.next()?),
            c => name.push(c),
        }
    }
    if let Some(rest) = rest {
        name.push('.');
        name.push_str(rest);
    }
    Some(name)
}
