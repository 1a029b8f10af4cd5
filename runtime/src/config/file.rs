//! The configuration file: TOML, with a key for each setting.

use super::ConfigError;
use crate::locale::{Bilingual, both};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use toml::{Table, Value};

/// The texts of a setting's value, or the reason why it has none.
type Values = Result<Vec<String>, Bilingual>;

/// Reads the values in the file, by key.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Values>, ConfigError> {
    let file_error = |error: Bilingual| ConfigError::File { path: path.to_owned(), error };
    let text = fs::read_to_string(path).map_err(|error| file_error(unreadable(&error)))?;
    parse(&text).map_err(file_error)
}

/// Returns the message for a file that cannot be read.
fn unreadable(error: &io::Error) -> Bilingual {
    let zh = match error.kind() {
        io::ErrorKind::InvalidData => return both!("the file is not UTF-8", "文件不是 UTF-8 编码"),
        io::ErrorKind::IsADirectory => "这是一个目录",
        io::ErrorKind::NotFound => "文件不存在",
        io::ErrorKind::PermissionDenied => "没有读取权限",
        _ => "无法读取",
    };
    both!("{error}", "{zh}（{error}）")
}

/// Parses the values in the file's text, by key.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Values>, Bilingual> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or(text));
        let (line, error) = (1 + before.matches('\n').count(), error.message().replace('\n', ", "));
        both!("line {line}: {error}", "第 {line} 行：{error}")
    })?;
    Ok(table.into_iter().map(|(key, value)| (key, values(value))).collect())
}

fn values(value: Value) -> Values {
    match value {
        Value::Array(items) => items.into_iter().map(scalar).collect(),
        value => Ok(vec![scalar(value)?]),
    }
}

fn scalar(value: Value) -> Result<String, Bilingual> {
    match value {
        Value::Boolean(value) => Ok(value.to_string()),
        Value::Datetime(value) => Ok(value.to_string()),
        Value::Float(value) => Ok(value.to_string()),
        Value::Integer(value) => Ok(value.to_string()),
        Value::String(value) => Ok(value),
        Value::Array(_) | Value::Table(_) => {
            Err(both!("must be a text, a number, true or false", "必须是文本、数字、true 或 false"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::Language;

    #[test]
    fn values_are_texts_numbers_and_lists() {
        let values = parse("lang = \"zh\"\nrate_lines = 5\necho = true\nlisten = [\"a\", \"b\"]\n").unwrap();
        assert_eq!(values["lang"], Ok(vec!["zh".to_owned()]));
        assert_eq!(values["rate_lines"], Ok(vec!["5".to_owned()]));
        assert_eq!(values["echo"], Ok(vec!["true".to_owned()]));
        assert_eq!(values["listen"], Ok(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn an_error_of_toml_is_one_line_with_its_place() {
        let error = parse("rate_lines = 5\nlang = \n").unwrap_err();
        let error = error.in_language(Language::En);
        assert!(error.starts_with("line 2: ") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn a_table_is_not_a_value() {
        assert!(parse("[lang]\nis = \"zh\"\n").unwrap()["lang"].is_err());
    }
}
