//! JSON for the eye: one member a line, digits as they came, without secrets and without images.

/// Lines longer than this are cut.
const WIDTH: usize = 100;

/// What to print of a body.
pub(super) fn readable(json: &str) -> String {
    let lines = indented(json);
    lines.lines().map(|line| shortened(&masked(line))).collect::<Vec<_>>().join("\n")
}

/// The same JSON with line breaks. Nothing is parsed into a number, which would change its digits.
fn indented(json: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0_usize, false, false);
    for character in json.trim().chars() {
        if quoted {
            out.push(character);
            (quoted, escaped) = (escaped || character != '"', !escaped && character == '\\');
            continue;
        }
        match character {
            '{' | '[' => {
                depth = depth.saturating_add(1);
                out.push(character);
                break_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                close(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => {
                quoted = other == '"';
                out.push(other);
            }
        }
    }
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

/// Before a closing bracket: on its own line, but next to the opening one where there is nothing
/// between.
fn close(out: &mut String, depth: usize) {
    let kept = out.trim_end().len();
    out.truncate(kept);
    if !out.ends_with(['{', '[']) {
        break_line(out, depth);
    }
}

fn masked(line: &str) -> String {
    for secret in ["\"token\": ", "\"password\": "] {
        if let Some((before, after)) = line.split_once(secret) {
            let comma = if after.ends_with(',') { "," } else { "" };
            return format!("{before}{secret}\"***\"{comma}");
        }
    }
    line.to_owned()
}

fn shortened(line: &str) -> String {
    let count = line.chars().count();
    if count <= WIDTH {
        return line.to_owned();
    }
    let start: String = line.chars().take(50).collect();
    format!("{start}… ({count} characters)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_spread_over_lines_with_its_digits_untouched() {
        let json = r#"{"data":{"balance":100.00,"list":[],"name":"a, \"b\": {c}"}}"#;

        let shown = readable(json);

        let expected = "{\n  \"data\": {\n    \"balance\": 100.00,\n    \"list\": [],\n    \
                        \"name\": \"a, \\\"b\\\": {c}\"\n  }\n}";
        assert_eq!(shown, expected);
    }

    #[test]
    fn secrets_and_images_are_not_shown() {
        let image = "A".repeat(500);
        let json = format!(r#"{{"token":"secret","password":"secret","image":"{image}"}}"#);

        let shown = readable(&json);

        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= WIDTH), "{shown}");
    }
}
