//! All laws, as property tests whose scenarios shrink.

use parlor_protocol::RoomName;
use parlor_sim::scenario::{Act, Scenario, Setup, Size, Step};
use parlor_sim::source::Source;
use parlor_sim::tier1;
use parlor_sim::trace::Trace;
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_law_holds(choices in prop::collection::vec(any::<u8>(), 100..1_200)) {
        let scenario = Scenario::generate(&mut Source::Bytes(&choices), Size::SMALL);
        let outcome = tier1::run(&scenario, Trace::hash_only());
        if let Some(violation) = outcome.violation {
            prop_assert!(false, "{}\n{:#?}", violation, scenario);
        }
    }
}

/// Lines that the checks could confuse with others: tags, digits, names, notes, and invisible characters.
fn odd_lines() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "#",
        "1",
        "2",
        "9",
        "0",
        "17",
        "10000000000000000000000",
        " ",
        ": ",
        ":",
        "@",
        "* ",
        "5001: ",
        "5002 (private): ",
        "（私聊）",
        "说",
        "PRIVMSG #lobby :",
        "ERROR :",
        "said",
        "\x02",
        "\x03",
        "\x0304,",
        "\x04",
        "\x0f",
        "\x18",
        "\x16",
        "\n",
        "\n",
        "\n/me ",
        "\n/topic ",
        "\n/msg 5002 ",
        "\n/history\n",
        "\n/join tea\n",
        "\n/lang zh\n",
    ];
    // Most pieces are from a short list, so that they are often next to each other.
    let few = ["#", "#", "1", "23", "4", "\x0f", "\x02", "\x03", " ", "\n"];
    let piece =
        prop_oneof![3 => prop::sample::select(few.to_vec()), 1 => prop::sample::select(pieces.to_vec())];
    prop::collection::vec(piece, 1..80).prop_map(|it| it.concat().into_bytes())
}

proptest! {
    /// The checks know which member reads which message, whatever text it has.
    #[test]
    fn no_text_misleads_the_checks(
        texts in prop::collection::vec((0..4_u16, odd_lines()), 1..12),
        raw in any::<bool>(),
        echo in any::<bool>(),
    ) {
        let mut setup = Setup::calm(4, 0);
        (setup.options.raw, setup.options.echo) = (raw, echo);
        let act = |client, act| Step { after_us: 1_000, client, act };
        let send = |bytes: &[u8]| Act::Send { bytes: bytes.to_vec(), segment: 0 };
        let mut steps: Vec<Step> = (0..3).map(|client| act(client, Act::Connect(Some(RoomName::lobby())))).collect();
        steps.push(act(3, Act::ConnectIrc));
        steps.push(act(3, send(b"NICK ear\r\nUSER ear 0 * :Ear\r\nJOIN #lobby\r\n")));
        for (client, text) in &texts {
            let bytes = match client {
                3 => text.split(|&byte| byte == b'\n').flat_map(|it| [b"PRIVMSG #lobby :", it, b"\r\n"].concat()).collect(),
                _ => [text.as_slice(), b"\n"].concat(),
            };
            steps.push(act(*client, send(&bytes)));
        }
        let scenario = Scenario { setup, steps };
        if let Some(violation) = tier1::run(&scenario, Trace::hash_only()).violation {
            prop_assert!(false, "{}\n{}", violation, scenario);
        }
    }
}
