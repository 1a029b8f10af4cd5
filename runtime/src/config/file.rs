//! The configuration file: TOML, a key for each setting.

use super::ConfigError;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use toml::{Table, Value};

/// The values in the file, by key.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Vec<String>>, ConfigError> {
    let file_error = |error: String| ConfigError::File { path: path.to_owned(), error };
    let text = fs::read_to_string(path).map_err(|error| file_error(error.to_string()))?;
    parse(&text).map_err(file_error)
}

/// The values in the file's text, by key.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    table
        .into_iter()
        .map(|(key, value)| match values(value) {
            Some(values) => Ok((key, values)),
            None => Err(format!("{key}: neither a text, a number, true, false, nor a list of these")),
        })
        .collect()
}

fn values(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.into_iter().map(scalar).collect(),
        value => Some(vec![scalar(value)?]),
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::Boolean(value) => Some(value.to_string()),
        Value::Integer(value) => Some(value.to_string()),
        Value::String(value) => Some(value),
        Value::Array(_) | Value::Datetime(_) | Value::Float(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_texts_numbers_and_lists() {
        let values = parse("lang = \"zh\"\nrate_lines = 5\necho = true\nlisten = [\"a\", \"b\"]\n").unwrap();
        assert_eq!(values["lang"], ["zh"]);
        assert_eq!(values["rate_lines"], ["5"]);
        assert_eq!(values["echo"], ["true"]);
        assert_eq!(values["listen"], ["a", "b"]);
    }

    #[test]
    fn what_is_no_toml_says_where() {
        let error = parse("lang = zh\n").unwrap_err();
        assert!(error.contains("line 1"), "{error}");
    }

    #[test]
    fn a_table_is_no_value() {
        assert!(parse("[lang]\nis = \"zh\"\n").unwrap_err().starts_with("lang:"));
    }
}
