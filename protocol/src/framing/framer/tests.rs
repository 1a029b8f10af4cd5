use super::*;
use alloc::string::String;
use alloc::vec;

/// Returns the lines of `chunks` with a limit of 8 bytes. `!` and a count follow a line that lost bytes.
fn lines(chunks: &[&str]) -> Vec<String> {
    items(Framer::new(8), chunks.iter().map(|chunk| chunk.as_bytes()))
}

/// Returns the lines of a terminal with a limit of 8 bytes; the requests of a telnet client follow a `?`.
fn typed(chunks: &[&[u8]]) -> Vec<String> {
    items(Framer::for_people(8), chunks.iter().copied())
}

/// The server's request that a telnet client transmit binary, which is also the answer to its offer.
const BINARY: &str = "?Option([255, 253, 0])";

fn items<'a>(mut framer: Framer, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut items = Vec::new();
    let mut record = |item: Item<'_>| {
        items.push(match item {
            Item::Telnet(asked) => alloc::format!("?{asked:?}"),
            Item::Line(line) => {
                let text = String::from_utf8_lossy(line.bytes).into_owned();
                if line.dropped > 0 { alloc::format!("{text}!{}", line.dropped) } else { text }
            }
        });
    };
    for chunk in chunks {
        framer.push(Bytes::copy_from_slice(chunk));
        while let Some(item) = framer.next_item() {
            record(item);
        }
    }
    if let Some(line) = framer.finish() {
        record(Item::Line(line));
    }
    items
}

fn next_line(framer: &mut Framer) -> Option<&[u8]> {
    framer.next_item().and_then(Item::line).map(|line| line.bytes)
}

#[test]
fn lines_end_with_lf_or_crlf() {
    assert_eq!(lines(&["a\nb\r\n\n\r\nc\rd\n"]), ["a", "b", "", "", "c\rd"]);
}

#[test]
fn a_line_at_the_limit_is_whole_and_one_over_it_is_cut() {
    assert_eq!(lines(&["12345678\n12345678\r\n123456789\n"]), ["12345678", "12345678", "12345678!1"]);
    assert_eq!(lines(&["123456789\r\n1234567890\r\n"]), ["12345678!1", "12345678!2"]);
    assert_eq!(lines(&["12345678\r\r\n"]), ["12345678!1"]);
}

#[test]
fn the_last_line_needs_no_end() {
    assert_eq!(lines(&["a\nbc"]), ["a", "bc"]);
    assert_eq!(lines(&["a\n"]), ["a"]);
    assert_eq!(lines(&["1234567890"]), ["12345678!2"]);
    assert!(lines(&[]).is_empty());
}

#[test]
fn any_cut_gives_the_same_lines() {
    let stream = "a\nbc\r\n12345678\r\n123456789\r\n1234567890abc\n\r\n\nlast\r";
    let whole = lines(&[stream]);
    for first in 0..=stream.len() {
        for second in first..=stream.len() {
            let parts = [&stream[..first], &stream[first..second], &stream[second..]];
            assert_eq!(lines(&parts), whole, "{parts:?}");
        }
    }
    let bytes: Vec<&str> = (0..stream.len()).map(|at| &stream[at..=at]).collect();
    assert_eq!(lines(&bytes), whole);
}

#[test]
fn cr_nul_ends_a_line_of_a_terminal() {
    assert_eq!(typed(&[b"a\r\0b\r\nc\nd\re\r\0"]), ["a", "b", "c", "d\re"]);
    assert_eq!(typed(&[b"\0a\0b\r\n"]), ["\0a\0b"], "a NUL elsewhere is left to `Text::clean`");
    assert_eq!(typed(&[b"123456789\r\0x\n"]), ["12345678!1", "x"]);
    assert_eq!(lines(&["a\r\0b\n"]), ["a\r\0b"], "CR NUL does not end a line of a program");
}

#[test]
fn telnet_commands_are_removed_from_lines() {
    assert_eq!(typed(&[b"\xFF\xFA\x1F\0\n\0\x18\xFF\xF0he\xFF\xF1llo\n"]), [BINARY, "hello"]);
    let asked = ["one", "?TimingMark", BINARY, "two", "?AreYouThere", "three"];
    assert_eq!(typed(&[b"one\nt\xFF\xFD\x06wo\nth\xFF\xF6ree\n"]), asked, "requests keep their position");
    assert_eq!(typed(&[b"half\xFF\xF4whole\n"]), [BINARY, "whole"], "an interrupt discards the line");
    assert_eq!(typed(&[b"123456789\xFF\xF2whole\n"]), [BINARY, "whole"], "and so does the end of a Synch");
    assert_eq!(typed(&[b"a\xFFb\xFF\n"]), ["a\u{FFFD}b\u{FFFD}"]);
    assert_eq!(lines(&["a"]), ["a"]);
    let as_it_is = items(Framer::new(8), [b"a\xFF\xF4b\n".as_slice()].into_iter());
    assert_eq!(as_it_is, ["a\u{FFFD}\u{FFFD}b"], "a program does not use telnet");
}

#[test]
fn a_stream_with_a_byte_order_mark_is_utf_16() {
    for (mark, bytes) in
        [(b"\xFF\xFE", u16::to_le_bytes as fn(u16) -> [u8; 2]), (b"\xFE\xFF", u16::to_be_bytes)]
    {
        let text: Vec<u8> = "你\r\n🦀!\n".encode_utf16().flat_map(bytes).collect();
        assert_eq!(typed(&[mark, &text]), ["你", "🦀!"]);
    }
    assert_eq!(typed(&[b"\xFEx\n\xFE\xFFx\n"]), ["\u{FFFD}x", "\u{FFFD}\u{FFFD}x"], "no mark in the middle");
}

#[test]
fn any_cut_gives_the_same_items_of_a_terminal() {
    let streams: [&[u8]; 10] = [
        b"a\r\0b\r\nc\xFF\xFD\x06d\n12345678\xFF\xF7\r\0\xFFe\xFF\xFFf\n\xFF\xFA\n\xFF\xFF\xFF\xF0g",
        b"\xFF\xFE\x01\xFF\xFB\x1Fhello\nhalf\xFF\xF4\xFF\xFD\x06whole\n",
        b"\xFF\xFEh\0i\0\r\0\n\0\x60\x4F\n\0",
        b"\xFE\xFF\0h\0i\0\r\0\n\xD8\x3E\xDD\x80\0\n",
        b"\xFF\xFB\x1F\xFF\xFB\x1Fhello\n\xFE\xFF\n",
        b"\xFF\xFE\x2F\xFFx\0\n\0",
        b"a\xFF\xFB\0b\rc\r\nd\r\0\xFF\xFC\0e\r\n",
        b"\xFF\xFB\0a\r\xFF\xFC\0b\0\nc\r\xFF\xFB\0\r\xFF\xFC\0\nd",
        b"\xFF\xFB\0a\xFF\rb\r\xFF\xFF\nc\r\xFF\xF7\nd\r\xFF\nd",
        b"\xE5\xFF\xF3\xFF\xFD\x06\xA8\xE4\xBD\xFF\xF4\xFF\xFB\0\r\n\xFF\xF4\xFF\xFD\x06x\r",
    ];
    for stream in streams {
        let whole = typed(&[stream]);
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let parts = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(typed(&parts), whole, "{parts:?}");
            }
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(typed(&bytes), whole);
    }
}

#[test]
fn looking_for_an_item_changes_nothing() {
    let mut framer = Framer::for_people(8);
    framer.push(Bytes::from_static(b"a\nb\xFF\xFD\x06"));
    assert!(framer.has_item() && framer.has_item() && framer.has_unread());
    framer.push(Bytes::from_static(b"c\nd"));
    assert_eq!(next_line(&mut framer).unwrap(), b"a");
    assert!(framer.has_item());
    framer.push(Bytes::from_static(b"e\n"));
    assert_eq!(framer.next_item(), Some(Item::Telnet(TelnetRequest::TimingMark)));
    assert!(framer.has_item() && framer.has_unread());
    assert_eq!(framer.next_item(), Some(Item::Telnet(TelnetRequest::Option([255, 253, 0]))));
    assert_eq!(next_line(&mut framer).unwrap(), b"bc");
    assert_eq!(next_line(&mut framer).unwrap(), b"de");
    assert!(!framer.has_item() && !framer.has_unread() && !framer.has_begun());
}

#[test]
fn an_idle_framer_holds_only_negotiated_options() {
    let mut framer = Framer::for_people(8);
    framer.push(Bytes::from_static(b"ab\nL'Ha\xFF-les\n"));
    while framer.next_item().is_some() {}
    assert_eq!(framer.held_bytes(), 0);
    framer.push(Bytes::from_static(b"\xFF\xFB\x1F"));
    while framer.next_item().is_some() {}
    assert!((1..=128).contains(&framer.held_bytes()));
}

#[test]
fn a_chunk_on_top_of_an_unread_one_keeps_both() {
    let mut framer = Framer::new(8);
    framer.push(Bytes::from_static(b"a\nb\nc"));
    assert_eq!(next_line(&mut framer).unwrap(), b"a");
    framer.push(Bytes::from_static(b"d\n"));
    assert!(framer.has_item());
    assert_eq!(next_line(&mut framer).unwrap(), b"b");
    assert_eq!(next_line(&mut framer).unwrap(), b"cd");
    assert_eq!(framer.next_item(), None);
}

#[test]
fn held_bytes_counts_the_chunk_and_the_unfinished_line() {
    let mut framer = Framer::new(8);
    framer.push(Bytes::from_static(b"one\ntw"));
    assert_eq!(framer.held_bytes(), 6, "the chunk");
    framer.next_item().unwrap();
    assert_eq!(framer.next_item(), None);
    assert!((2..=16).contains(&framer.held_bytes()), "the unfinished line");
    framer.push(Bytes::from_static(b"o"));
    assert!((3..=17).contains(&framer.held_bytes()), "the unfinished line and the chunk");
}

#[test]
fn ten_megabytes_without_a_line_end_take_one_line_of_memory() {
    let mut framer = Framer::new(4096);
    let chunk = Bytes::from(vec![b'x'; 16_384]);
    for _ in 0..640 {
        framer.push(chunk.clone());
        assert_eq!(framer.next_item(), None);
        assert!(framer.held_bytes() <= 8_194, "{} bytes held", framer.held_bytes());
    }
    framer.push(Bytes::from_static(b"\n"));
    let line = framer.next_item().and_then(Item::line).unwrap();
    assert_eq!((line.bytes.len(), line.dropped), (4096, 640 * 16_384 - 4096));
    assert_eq!(framer.next_item(), None);
    assert_eq!(framer.held_bytes(), 0, "an idle framer holds nothing");
}

#[test]
fn a_telnet_client_is_asked_to_transmit_binary() {
    assert_eq!(typed(&[b"a\nb\xFF\xF1c\nd\n\xFF\xF1"]), ["a", BINARY, "bc", "d"]);
    assert_eq!(typed(&[b"\xFF\xFD\x06"]), ["?TimingMark", BINARY], "even if nothing follows");
    assert_eq!(typed(&[b"\xFF\xFB\x00a\rb\n"]), [BINARY, "a", "b"], "it transmits binary already");
    assert_eq!(typed(&[b"\xFF\xF1\xFF\xFB\x00a\r", b"\nb\r"]), [BINARY, "a", "b"]);
    assert_eq!(typed(&[b"L'Ha\xFF-les-Roses\n"]), ["L'Ha\u{FFFD}-le!7"]);
    let off = b"\xFF\xFB\x00a\r\xFF\xFC\x00b\0c\n";
    assert_eq!(typed(&[off]), [BINARY, "a", "?Option([255, 254, 0])", "b\0c"], "the NUL follows a letter");
}

#[test]
fn cr_nul_ends_lines_again_when_binary_is_turned_off() {
    let (on, off) = (b"\xFF\xFB\0", b"\xFF\xFC\0");
    let off_behind_cr = [on.as_slice(), b"a\r", off, b"b\r\0c\r\0"].concat();
    assert_eq!(typed(&[&off_behind_cr]), [BINARY, "a", "?Option([255, 254, 0])", "b", "c"]);
    let off_within_cr_lf = [on.as_slice(), b"a\r", off, b"\nb\r\nc\r\0"].concat();
    assert_eq!(typed(&[&off_within_cr_lf]), [BINARY, "a", "?Option([255, 254, 0])", "b", "c"]);
}

#[test]
fn a_control_function_within_a_character_is_a_byte_of_the_character() {
    // GNU telnet sends 在, 佃, 住 and 佚 like this before it transmits binary.
    assert_eq!(typed(&[b"\xE5\xFF\xF3\xFF\xFD\x06\xA8\n"]), [BINARY, "?TimingMark", "在"]);
    assert_eq!(typed(&[b"a\xE4\xBD\xFF\xF4b\n"]), [BINARY, "a佃b"]);
    assert_eq!(typed(&[b"\xE4\xBD\xFF\xF5\n"]), [BINARY, "住"]);
    assert_eq!(typed(&[b"\xE4\xBD\xFF\xED\n"]), [BINARY, "佚"]);
    assert_eq!(typed(&[b"\xF0\xFF\xF3\xFF\xF3\xFF\xF4\n"]), [BINARY, "\u{1C703}"]);
    for (bytes, why) in [
        (&b"ab\xFF\xF4c\n"[..], "after a letter"),
        (b"\xE4\xBD\x83\xFF\xF4c\n", "after a complete character"),
        (b"\xF0\x9F\xA6\x80\xFF\xF4c\n", "after a character of four bytes"),
        (b"\xE4\xBD\xFF\xEEc\n", "ABORT is no key"),
        (b"\xE0\xFF\xF4c\n", "no character begins with E0 83"),
        (b"\xD0\xD2\xFF\xF4c\n", "in KOI8-R"),
        (b"12345678\xC3\xFF\xF4c\n", "after the limit"),
    ] {
        assert_eq!(typed(&[bytes]), [BINARY, "c"], "{why}");
    }
    assert_eq!(typed(&[b"\xFF\xFB\x00\xE5\xFF\xF3c\n"]), [BINARY, "c"], "in binary, it is BREAK");
}

#[test]
fn a_discarded_line_over_the_limit_does_not_count_in_the_next_one() {
    for mark in [&b"\xff\xf4"[..], b"\xff\xf2", b"\xff\xf3", b"\xff\xee"] {
        let bytes = [b"0123456789", mark, b"next\r\n"].concat();
        assert_eq!(typed(&[&bytes]), [BINARY, "next"], "{mark:?}");
        assert_eq!(typed(&[b"0123456789", mark, b"next\n"]), [BINARY, "next"], "{mark:?}");
        // The rest of the line arrives later and is appended to `carry`.
        assert_eq!(typed(&[b"0123456789", mark, b"ne", b"xt\n"]), [BINARY, "next"], "{mark:?}");
    }
}
