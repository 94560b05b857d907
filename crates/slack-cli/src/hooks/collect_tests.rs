use proptest::prelude::*;
use rstest::rstest;

use super::*;

const B: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What is the response, and what is shown, when a stream comes in these reads.
fn collect(hook: HookName, protocol: &Protocol, reads: &[&[u8]]) -> (Result<Response, NoResponse>, String) {
    let mut shown = Vec::new();
    let mut show = |text: &[u8]| shown.extend_from_slice(text);
    let mut collector = Collector::of(hook, protocol);
    let pushed = reads.iter().try_for_each(|read| collector.push(read, &mut show));
    let response = pushed.and_then(|()| collector.finish(&mut show));
    (response, String::from_utf8(shown).unwrap())
}

fn bounded(text: &str) -> (Result<Response, NoResponse>, String) {
    let protocol = Protocol::MessageBoundaries(B.parse().unwrap());
    collect(HookName::GetManifest, &protocol, &[text.replace('B', B).as_bytes()])
}

fn last_line(reads: &[&str]) -> (String, String) {
    let reads: Vec<&[u8]> = reads.iter().map(|read| read.as_bytes()).collect();
    let (response, shown) = collect(HookName::Start, &Protocol::Default, &reads);
    (String::from_utf8(response.unwrap().bytes).unwrap(), shown)
}

#[rstest]
#[case::alone("B{}B", "{}", "")]
#[case::text_around("loading\nB{}B\ndone\n", "{}", "loading\n\ndone\n")]
#[case::on_the_same_line("log B{}B log", "{}", "log  log")]
#[case::several_lines("B{\n \"a\": 1\n}\nB\n", "{\n \"a\": 1\n}\n", "\n")]
#[case::nothing_inside("BB", "", "")]
#[case::nothing_at_all(" \n", " \n", " \n")]
fn what_stands_between_two_boundaries_is_the_response(#[case] text: &str, #[case] response: &str, #[case] shown: &str) {
    let expected = Response { bytes: response.as_bytes().to_vec(), oddity: None };
    assert_eq!(bounded(text), (Ok(expected), shown.to_owned()));
}

#[rstest]
#[case::no_closing_boundary("log B{\"a\":1}\n", "log ", "{\"a\":1}\n", "closing boundary")]
#[case::no_boundary("{\"a\":1}\n", "{\"a\":1}\n", "{\"a\":1}\n", "no boundary")]
fn json_that_is_badly_bounded_is_taken_and_told(
    #[case] text: &str,
    #[case] shown: &str,
    #[case] expected: &str,
    #[case] told: &str,
) {
    let (response, seen) = bounded(text);
    let response = response.unwrap();
    assert_eq!(response.bytes, expected.as_bytes());
    assert!(response.oddity.unwrap().contains(told));
    assert_eq!(seen, shown);
}

#[rstest]
#[case::not_closed("B{\"a\":", NoResponse::NotClosed)]
#[case::half_a_closing_boundary("B{}0123456789abcdef", NoResponse::NotClosed)]
#[case::no_boundary("all is well", NoResponse::NoBoundary)]
#[case::half_an_opening_boundary("0123456789abcdef{}", NoResponse::NoBoundary)]
#[case::three_boundaries("log BB{}B", NoResponse::Several)]
#[case::two_messages("B{}B B{}B", NoResponse::Several)]
fn what_cannot_be_told_apart_is_no_response(#[case] text: &str, #[case] expected: NoResponse) {
    assert_eq!(bounded(text).0, Err(expected));
}

#[test]
fn a_flood_of_diagnostics_is_not_kept() {
    let chunk = vec![b'x'; 1 << 20];
    let mut collector = Bounded::new(&B.parse().unwrap());
    let mut shown = 0;
    for _ in 0..32 {
        collector.push(&chunk, &mut |text| shown += text.len()).unwrap();
    }
    assert_eq!(shown, 32 << 20);
    assert!(matches!(collector.message, Message::Before(None)));
    collector.push(format!("{B}{{}}{B}").as_bytes(), &mut |_| {}).unwrap();
    assert_eq!(collector.finish(&mut |_| {}).unwrap().bytes, b"{}");
}

#[test]
fn a_response_without_an_end_is_refused() {
    let chunk = vec![b' '; 32 << 20];
    for protocol in [Protocol::Default, Protocol::MessageBoundaries(B.parse().unwrap())] {
        let mut collector = Collector::of(HookName::Start, &protocol);
        collector.push(B.as_bytes(), &mut |_| {}).unwrap();
        let refused = (0..5).find_map(|_| collector.push(&chunk, &mut |_| {}).err());
        assert_eq!(refused, Some(NoResponse::TooLarge));
    }
}

#[rstest]
#[case::one_line(&["{}"], "{}", "")]
#[case::earlier_lines(&["a\nb\n{}\n\n"], "{}\n\n", "a\nb\n")]
#[case::in_pieces(&["a", "\nb", "\n", "{", "}", "\n"], "{}\n", "a\nb\n")]
#[case::blank_lines_between(&["a\n\n", "  \n", " {}"], " {}", "a\n\n  \n")]
#[case::nothing(&[" ", "\n"], " \n", "")]
fn the_last_line_that_is_not_blank_is_the_response_of_start(
    #[case] reads: &[&str],
    #[case] response: &str,
    #[case] shown: &str,
) {
    assert_eq!(last_line(reads), (response.to_owned(), shown.to_owned()));
}

proptest! {
    #[test]
    fn it_does_not_matter_how_lines_are_cut(text in "[ab \n]{0,30}", cut in 0_usize..30, more in 0_usize..30) {
        let (one, two) = (cut.min(text.len()), (cut + more).min(text.len()));
        let (response, shown) = last_line(&[&text[..one], &text[one..two], &text[two..]]);
        prop_assert_eq!(format!("{shown}{response}"), text.clone());
        let expected = text.trim().rsplit('\n').next().unwrap_or_default().trim();
        prop_assert_eq!(response.trim(), expected);
    }
}
