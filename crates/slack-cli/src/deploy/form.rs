//! A form with a file in it (`multipart/form-data`).

use std::fmt::Write as _;

use countersign_slack::hooks::Boundary;

/// A form, ready to be sent.
#[derive(Debug)]
pub(super) struct Form {
    /// The type, with the boundary.
    pub(super) content_type: String,
    /// The bytes.
    pub(super) body: Vec<u8>,
}

impl Form {
    /// The fields in this order, and the file after them: what comes after the file is not read by everybody.
    pub(super) fn new(boundary: &Boundary, fields: &[(String, String)], file_name: &str, file: &[u8]) -> Self {
        let mut head = String::new();
        for (name, value) in fields {
            let name = quoted(name);
            // Writing to a string cannot fail.
            let _ = write!(head, "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        let file_name = quoted(file_name);
        let _ = write!(
            head,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file_name}\"\r\nContent-Type: application/zip\r\n\r\n"
        );
        let mut body = head.into_bytes();
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Self { content_type: format!("multipart/form-data; boundary={boundary}"), body }
    }
}

/// A text that cannot end its quotes, or its line.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_last_and_no_name_breaks_out_of_its_quotes() {
        let boundary: Boundary = "0".repeat(64).parse().unwrap();
        let fields = [("key".to_owned(), "apps/A1.zip".to_owned()), ("a\"\r\nb".to_owned(), "v".to_owned())];
        let form = Form::new(&boundary, &fields, "A1.zip", b"PK\0\xff");
        let text = String::from_utf8_lossy(&form.body);
        let text = text.replace(boundary.as_str(), "BOUNDARY").replace("\r\n", "\n");
        assert_eq!(
            text,
            "--BOUNDARY\nContent-Disposition: form-data; name=\"key\"\n\napps/A1.zip\n\
             --BOUNDARY\nContent-Disposition: form-data; name=\"a%22%0D%0Ab\"\n\nv\n\
             --BOUNDARY\nContent-Disposition: form-data; name=\"file\"; filename=\"A1.zip\"\nContent-Type: application/zip\n\n\
             PK\0\u{fffd}\n--BOUNDARY--\n"
        );
        assert!(form.content_type.starts_with("multipart/form-data; boundary=0"));
    }
}
