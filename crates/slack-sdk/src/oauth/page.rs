//! What people read when they come back from Slack.

use countersign_slack::blocks::escape;

/// A page with a heading, a sentence, and a link to what can be done next.
pub(super) fn page(heading: &str, sentence: &str, link: Option<(&str, &str)>) -> String {
    let link = link.map(|(url, text)| format!("<p><a href=\"{}\">{}</a></p>", attribute(url), escape(text)));
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{heading}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head><body><h1>{heading}</h1><p>{}</p>{}</body></html>",
        escape(sentence),
        link.unwrap_or_default(),
        heading = escape(heading),
    )
}

fn attribute(text: &str) -> String {
    escape(text).replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_page_is_markup_by_accident() {
        let page = page("<b>", "a & <script>", Some(("/x?\"><img", "<i>")));
        assert!(
            !page.contains("<b>") && !page.contains("<script>") && !page.contains("<img") && !page.contains("<i>"),
            "{page}"
        );
    }
}
