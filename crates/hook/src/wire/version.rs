//! Which of two programs is newer.

/// Says whether version `a` is newer than version `b`.
///
/// Compares `major.minor.patch` by number; a pre-release (`-rc.1`) is older than its release. What
/// cannot be read is newer than nothing: only a proven newer version replaces a daemon.
pub fn is_newer(a: &str, b: &str) -> bool {
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => a > b,
        _ => false,
    }
}

/// The three numbers, whether it is a release, and the pre-release text.
fn parse(version: &str) -> Option<([u64; 3], bool, &str)> {
    let without_build = version.split_once('+').map_or(version, |(v, _)| v);
    let (numbers, pre) = without_build.split_once('-').unwrap_or((without_build, ""));
    let mut parts = numbers.split('.').map(|part| part.parse().ok());
    let triple = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some((triple, pre.is_empty(), pre))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::patch("0.1.1", "0.1.0", true)]
    #[case::same("0.1.0", "0.1.0", false)]
    #[case::older("0.1.0", "0.2.0", false)]
    #[case::numbers_not_text("0.10.0", "0.9.0", true)]
    #[case::release_after_its_candidate("1.0.0", "1.0.0-rc.1", true)]
    #[case::candidate_before_its_release("1.0.0-rc.1", "1.0.0", false)]
    #[case::build_is_ignored("1.0.0+x", "1.0.0", false)]
    #[case::nonsense("newest", "0.1.0", false)]
    #[case::against_nonsense("9.9.9", "", false)]
    #[case::four_parts("1.2.3.4", "1.2.3", false)]
    fn only_a_proven_newer_version_is_newer(#[case] a: &str, #[case] b: &str, #[case] expected: bool) {
        assert_eq!(is_newer(a, b), expected);
    }
}
