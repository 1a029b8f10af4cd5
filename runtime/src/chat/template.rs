//! Templates of the server's lines, made by rendering a line with known values in its holes.

use parlor_protocol::Language;

/// The pattern of a line with holes, such as `* HOLE is now HOLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// The texts before, between and after the holes: one more than there are holes.
    between: Vec<String>,
}

impl Template {
    /// Makes a template from `rendered`, in which each of the marks, in their order, stands for a hole. Returns `None` if a
    /// mark is missing.
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

    /// Returns the texts in the holes, if the line matches.
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

/// Returns the templates that rendering with these marks gives in all languages.
pub(super) fn in_every_language(render: impl Fn(Language) -> String, marks: &[&str]) -> Vec<Template> {
    // The order of the marks depends on the language.
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
    fn holes_are_the_parts_that_differ_from_the_rendering() {
        let renamed = Template::new("* A is now B", &["A", "B"]).unwrap();
        assert_eq!(renamed.holes("* bob is now carol"), Some(vec!["bob", "carol"]));
        assert_eq!(renamed.holes("bob is now carol"), None);
        let joined = Template::new("欢迎A进入聊天室", &["A"]).unwrap();
        assert_eq!(joined.holes("欢迎小明进入聊天室"), Some(vec!["小明"]));
        assert_eq!(joined.holes("欢迎小明"), None);
        assert_eq!(Template::new("nothing", &["A"]), None);
    }
}
