//! Decodes UTF-16 in either byte order.

/// Decodes UTF-16 byte by byte.
#[derive(Debug)]
pub(super) struct Utf16 {
    big_endian: bool,
    /// The first byte of an incomplete code unit.
    byte: Option<u8>,
    /// The first half of an incomplete surrogate pair.
    half: Option<u16>,
}

impl Utf16 {
    pub(super) const fn new(big_endian: bool) -> Self {
        Self { big_endian, byte: None, half: None }
    }

    /// Returns the characters that this byte completes: one, or U+FFFD for an unpaired surrogate and the character after it.
    pub(super) fn decode(&mut self, byte: u8) -> [Option<char>; 2] {
        let Some(first) = self.byte.take() else {
            self.byte = Some(byte);
            return [None; 2];
        };
        let bytes = [first, byte];
        let unit = if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
        let half = self.half.take();
        if let (Some(high), 0xDC00..=0xDFFF) = (half, unit) {
            let code = 0x1_0000 + (u32::from(high - 0xD800) << 10) + u32::from(unit - 0xDC00);
            return [char::from_u32(code), None];
        }
        let lost = half.map(|_| char::REPLACEMENT_CHARACTER);
        if matches!(unit, 0xD800..=0xDBFF) {
            self.half = Some(unit);
            return [lost, None];
        }
        [lost, Some(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn decoded(big_endian: bool, units: &[u16]) -> String {
        let mut utf16 = Utf16::new(big_endian);
        let bytes = |unit: &u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        units.iter().flat_map(bytes).flat_map(|byte| utf16.decode(byte)).flatten().collect()
    }

    #[test]
    fn both_byte_orders_are_decoded() {
        let text: String =
            ('\u{1}'..='\u{FFFF}').step_by(7).chain(['🦀', '\u{10FFFF}', '\u{10000}']).collect();
        let units: alloc::vec::Vec<u16> = text.encode_utf16().collect();
        assert_eq!(decoded(true, &units), text);
        assert_eq!(decoded(false, &units), text);
    }

    #[test]
    fn an_unpaired_surrogate_is_a_replacement_character() {
        assert_eq!(decoded(true, &[0xD83E, 0x61]), "\u{FFFD}a");
        assert_eq!(decoded(true, &[0xDD80, 0x61]), "\u{FFFD}a");
        assert_eq!(decoded(true, &[0xD83E, 0xD83E, 0xDD80]), "\u{FFFD}🦀");
    }
}
