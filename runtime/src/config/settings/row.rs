//! Macros for rows of the table of settings that have much in common.

/// A setting of one value that takes effect only at the next start.
macro_rules! setting {
    ($name:literal, $topic:ident, $value:literal, $en:literal, $zh:literal, $get:expr, $set:expr) => {
        Setting {
            name: $name,
            topic: Topic::$topic,
            value: $value,
            about: Localized { en: $en, zh: $zh },
            arity: Arity::One,
            bare_value: None,
            reload: None,
            get: $get,
            set: |config, values| {
                let set: fn(&mut Config, &str) -> Result<(), Bilingual> = $set;
                set(config, single(values)?)
            },
        }
    };
}

/// A whole number somewhere in the configuration.
macro_rules! number {
    ($name:literal, $topic:ident, $value:literal, $en:literal, $zh:literal, $($field:ident).+) => {
        setting!($name, $topic, $value, $en, $zh,
            |config| config.$($field).+.to_string(),
            |config, text| number(text, &mut config.$($field).+))
    };
    ($name:literal, $topic:ident, $value:literal, $en:literal, $zh:literal, $($field:ident).+ in $range:expr) => {
        setting!($name, $topic, $value, $en, $zh,
            |config| config.$($field).+.to_string(),
            |config, text| number_in(text, &mut config.$($field).+, $range))
    };
}

/// A text in the server's identity.
macro_rules! identity_text {
    ($name:literal, $value:literal, $en:literal, $zh:literal, $field:ident, $check:ident) => {
        setting!(
            $name,
            Irc,
            $value,
            $en,
            $zh,
            |config| quoted(&config.options.identity.$field),
            |config, text| {
                identity(config).$field = $check(text)?.to_owned();
                Ok(())
            }
        )
    };
}

/// Lines in the server's identity, which a reload changes.
macro_rules! identity_lines {
    ($name:literal, $value:literal, $en:literal, $zh:literal, $field:ident, $max:ident) => {
        Setting {
            name: $name,
            topic: Topic::Irc,
            value: $value,
            about: Localized { en: $en, zh: $zh },
            arity: Arity::Lines,
            bare_value: None,
            reload: Some(|from, to| identity(to).$field.clone_from(&from.options.identity.$field)),
            get: |config| list(&config.options.identity.$field),
            set: |config, values| {
                identity(config).$field = lines(values, $max)?;
                Ok(())
            },
        }
    };
}
