//! The markup of the pages.

use countersign_approval::{Combine, Person, RequestState, Timestamp, Verdict, port::Dossier};
use countersign_gateway::{Session, SessionEnd, SessionState};
use maud::{DOCTYPE, Markup, html};

use crate::render::{self, Content, Field, Standing, Standings, visible};

/// Characters that a page shows of a request; what is longer is read as a text file.
const MOST_CHARS: usize = 200_000;

/// Characters of each field of what is longer.
const CUT_CHARS: usize = 20_000;

/// Everything that the page of a request shows.
pub(super) struct Shown<'a> {
    /// Who looks.
    pub(super) visitor: &'a Person,
    /// What their forms carry.
    pub(super) form_token: &'a str,
    /// The request.
    pub(super) dossier: &'a Dossier,
    /// What was done with it.
    pub(super) sessions: &'a [Session],
    /// What there is to say about what they did.
    pub(super) words: Option<&'a str>,
    /// What they may do.
    pub(super) decidable: Decidable,
    /// Now.
    pub(super) now: Timestamp,
}

/// What somebody may do with a request.
pub(super) enum Decidable {
    /// Approve and deny it.
    Yes,
    /// Deny it; why not approve.
    DenyOnly(String),
    /// Nothing; why, where that is not plain to see.
    No(Option<String>),
}

/// Whether a request is too long for the page.
pub(super) fn is_cut(dossier: &Dossier) -> bool {
    Content::of(&dossier.request).chars() > MOST_CHARS
}

fn frame(title: &str, visitor: Option<&Person>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Countersign" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                header {
                    a.name href="/" { "Countersign" }
                    @if let Some(person) = visitor {
                        form method="post" action="/sign-out" {
                            span { (visible(&person.name)) }
                            button.quiet { "Sign out" }
                        }
                    }
                }
                main { (body) }
            }
        }
    }
}

/// A page that only says something.
pub(super) fn notice(title: &str, text: &str) -> Markup {
    frame(title, None, &html! { h1 { (title) } p { (text) } })
}

/// Asks whether to sign in.
pub(super) fn sign_in(person: &Person, token: &str, to: &str) -> Markup {
    let body = html! {
        h1 { "Sign in" }
        p { "This link signs you in as " strong { (visible(&person.name)) } " (" (visible(person.id.as_str())) ")." }
        p { "Is that not you? Then somebody gave you a link of their own: close this page." }
        form method="post" action="/sign-in" {
            input type="hidden" name="token" value=(token);
            input type="hidden" name="to" value=(to);
            button.primary { "Sign in" }
        }
    };
    frame("Sign in", None, &body)
}

/// What waits for somebody, and what they are waiting for.
pub(super) fn inbox(visitor: &Person, requests: &[Dossier], now: Timestamp) -> Markup {
    let body = html! {
        h1 { "Inbox" }
        @if requests.is_empty() {
            p.empty { "Nothing waits. Requests that you may decide, and your own, appear here while they are open." }
        } @else {
            ul.inbox {
                @for dossier in requests {
                    li {
                        a href={ "/requests/" (dossier.request.id) } { (Content::of(&dossier.request).title) }
                        span.when { "asked " (ago(dossier.request.asked_at, now)) }
                        span { "needs " (Standings::of(dossier).missing().join(", ")) }
                    }
                }
            }
        }
    };
    frame("Inbox", Some(visitor), &body)
}

/// The page of a request.
pub(super) fn request(shown: &Shown<'_>) -> Markup {
    let request = &shown.dossier.request;
    let content = Content::of(request);
    let body = html! {
        @if let Some(words) = shown.words { p.words role="status" { (words) } }
        h1 { (content.title) }
        p.state { (state(shown.dossier)) }
        (content_section(shown.dossier, &content))
        (decision(shown))
        (approvers(shown.dossier))
        (votes(shown))
        (history(shown))
        p.marks { "Request " code { (request.id) } " · Digest " code { (request.digest) } }
    };
    frame(&content.title, Some(shown.visitor), &body)
}

fn state(dossier: &Dossier) -> Markup {
    let (class, sign, word) = match &dossier.request.state {
        RequestState::Pending => ("pending", "○", "Pending"),
        RequestState::Approved { .. } => ("approved", "✓", "Approved"),
        RequestState::Denied { .. } => ("denied", "✗", "Denied"),
        RequestState::Expired { .. } => ("over", "–", "Expired"),
        RequestState::Cancelled { .. } => ("over", "–", "Cancelled"),
    };
    html! {
        span class={ "chip " (class) } { (sign) " " (word) }
        @for line in render::outcome_lines(dossier) { " " span { (line) } }
    }
}

fn content_section(dossier: &Dossier, content: &Content) -> Markup {
    let cut = is_cut(dossier);
    html! {
        section {
            @for field in &content.fields { (field_block(field, cut)) }
            @if cut {
                p.words { "This is too long for a page: "
                    a href={ "/requests/" (dossier.request.id) "/content.txt" } { "read all of it as a text file" } "." }
            }
            dl.place {
                @for field in &content.place { dt { (field.label) } dd { (marked(&field.text)) } }
            }
        }
    }
}

fn field_block(field: &Field, cut: bool) -> Markup {
    let text = if cut { render::cut(&field.text, CUT_CHARS) } else { field.text.clone() };
    html! {
        h2 { (field.label) }
        ol.lines { @for line in text.split('\n') { li { code { (marked(line)) } } } }
    }
}

/// The text with each mark of something invisible as a chip.
fn marked(text: &str) -> Markup {
    html! {
        @for (index, piece) in text.split('⟦').enumerate() {
            @match piece.split_once('⟧').filter(|_| index > 0) {
                Some((mark, rest)) => { span.hidden { "⟦" (mark) "⟧" } (rest) }
                None => { @if index > 0 { "⟦" } (piece) }
            }
        }
    }
}

fn decision(shown: &Shown<'_>) -> Markup {
    match &shown.decidable {
        Decidable::No(None) => html! {},
        Decidable::No(Some(why)) => html! { p.words { "You cannot decide this: " (why) "." } },
        Decidable::DenyOnly(why) => html! {
            p.words { "You cannot approve this: " (why) ". You can deny it." }
            div.decide { (deny_form(shown)) }
        },
        Decidable::Yes => html! {
            div.decide {
                form method="post" action={ "/requests/" (shown.dossier.request.id) "/approve" } {
                    input type="hidden" name="form" value=(shown.form_token);
                    @if is_cut(shown.dossier) {
                        label { "Digest at the end of the text file, at least 16 digits"
                            input name="digest" required minlength="16" maxlength="64" autocomplete="off"; }
                    }
                    button.primary { "Approve" }
                }
                (deny_form(shown))
            }
        },
    }
}

fn deny_form(shown: &Shown<'_>) -> Markup {
    let required = shown.dossier.request.policy.reason_required;
    html! {
        form method="post" action={ "/requests/" (shown.dossier.request.id) "/deny" } {
            input type="hidden" name="form" value=(shown.form_token);
            label { "Why not" @if !required { " (may stay empty)" }
                input name="reason" maxlength="2000" required[required] autocomplete="off"; }
            button.danger { "Deny" }
        }
    }
}

fn approvers(dossier: &Dossier) -> Markup {
    let standings = Standings::of(dossier);
    let (needed, have) = standings.people;
    html! {
        section {
            h2 { (match standings.combine {
                Combine::AllOf if standings.each.len() > 1 => "All of these have to agree",
                Combine::AnyOf if standings.each.len() > 1 => "One of these has to agree",
                _ => "Has to agree",
            }) }
            ul { @for standing in &standings.each { li { (standing_line(standing)) } } }
            @if needed > 1 { p { (needed) " different people in all; " (have) " so far." } }
        }
    }
}

fn standing_line(standing: &Standing) -> Markup {
    let missing = standing.missing();
    html! {
        @if missing == 0 { span.yes { "✓ " } } @else { span { "○ " } }
        strong { (standing.who) }
        @if !standing.agreed.is_empty() { ": " (standing.agreed.join(", ")) }
        @if missing > 0 { " — " (missing) " more needed" }
    }
}

fn votes(shown: &Shown<'_>) -> Markup {
    let dossier = shown.dossier;
    html! {
        section {
            h2 { "Votes" }
            @if dossier.votes.is_empty() { p.empty { "Nobody has voted yet." } }
            ul {
                @for vote in &dossier.votes {
                    li {
                        strong { (render::person_name(&dossier.people, &vote.person)) }
                        @match vote.verdict { Verdict::Approve => { " approved " } Verdict::Deny => { " denied " } }
                        (ago(vote.at, shown.now))
                        @if let Some(reason) = &vote.reason { blockquote { (marked(&visible(reason))) } }
                    }
                }
            }
        }
    }
}

fn history(shown: &Shown<'_>) -> Markup {
    let request = &shown.dossier.request;
    html! {
        section {
            h2 { "History" }
            ul {
                li { "asked " (ago(request.asked_at, shown.now)) }
                @if !request.state.is_final() { li { "open until " (exact(request.expires_at)) } }
                @for session in shown.sessions {
                    li { "session " code { (session.id) } ", opened " (ago(session.opened_at, shown.now)) ": " (session_end(session)) }
                }
            }
        }
    }
}

fn session_end(session: &Session) -> String {
    match &session.state {
        SessionState::Starting => "starting".to_owned(),
        SessionState::Running => "running".to_owned(),
        SessionState::Ended { how, .. } => match how {
            SessionEnd::Exited { code } => format!("exit code {code}"),
            SessionEnd::Signalled { signal } => format!("ended by signal {signal}"),
            SessionEnd::Stopped { why } => format!("stopped: {}", visible(why)),
            SessionEnd::Failed { why } => format!("did not begin: {}", visible(why)),
            SessionEnd::Unknown { why } => format!("it is not known what became of it: {}", visible(why)),
        },
    }
}

/// A moment as people say it; the exact one is shown when the pointer rests on it.
fn ago(at: Timestamp, now: Timestamp) -> Markup {
    let seconds = now.since(at).as_secs();
    let text = match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    };
    let exact = moment(at);
    html! { time datetime=(exact) title=(exact) { (text) } }
}

fn exact(at: Timestamp) -> Markup {
    let exact = moment(at);
    html! { time datetime=(exact) { (exact) } }
}

fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_secs()).map(|at| at.to_string()).unwrap_or_default()
}
