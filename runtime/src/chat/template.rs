//! The forms of the server's lines, made by rendering one with marked holes.

use parlor_protocol::Language;

/// A line with holes, such as `* HOLE is now HOLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// What stands before the first hole, between two, and after the last one: one more than there are holes.
    between: Vec<String>,
}

impl Template {
    /// The form of `rendered`, in which each of these marks stands for a hole, in the order in which they
    /// come. `None` where a mark is missing.
    pub(super) fn new(rendered: &str, marks: &[&str]) -> Option<Self> {
        let mut between = Vec::new();
        let mut rest = rendered;
        for mark in marks {
            let (before, after) = rest.split_once(mark)?;
            between.push(before.to_owned());
            rest = after;
        }
        between.push(rest.to_owned());
        Some(Self { between })
    }

    /// What stands in the holes of this line, if it is of this form.
    pub(super) fn holes<'a>(&self, line: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = self.between.split_first()?;
        let mut rest = line.strip_prefix(first.as_str())?;
        let mut holes = Vec::new();
        for (index, text) in others.iter().enumerate() {
            let is_last = index + 1 == others.len();
            let (hole, after) = match (is_last, text.is_empty()) {
                (true, true) => (rest, ""),
                (true, false) => (rest.strip_suffix(text.as_str())?, ""),
                (false, _) => rest.split_once(text.as_str())?,
            };
            holes.push(hole);
            rest = after;
        }
        Some(holes)
    }
}

/// The forms that these languages give, of a rendering with these marks.
pub(super) fn in_every_language(render: impl Fn(Language) -> String, marks: &[&str]) -> Vec<Template> {
    // The marks may come in another order in another language.
    let ordered = |text: &str| {
        let mut marks: Vec<(usize, &str)> =
            marks.iter().filter_map(|mark| text.find(mark).map(|at| (at, *mark))).collect();
        marks.sort_unstable();
        marks.into_iter().map(|(_, mark)| mark).collect::<Vec<_>>()
    };
    let template = |language| {
        let text = render(language);
        let marks = ordered(&text);
        Template::new(text.trim_end_matches('\n'), &marks)
    };
    Language::ALL.into_iter().filter_map(template).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_what_differs_from_the_rendering() {
        let renamed = Template::new("* A is now B", &["A", "B"]).unwrap();
        assert_eq!(renamed.holes("* bob is now carol"), Some(vec!["bob", "carol"]));
        assert_eq!(renamed.holes("bob is now carol"), None);
        let joined = Template::new("欢迎A进入聊天室", &["A"]).unwrap();
        assert_eq!(joined.holes("欢迎小明进入聊天室"), Some(vec!["小明"]));
        assert_eq!(joined.holes("欢迎小明"), None);
        assert_eq!(Template::new("nothing", &["A"]), None);
    }
}
