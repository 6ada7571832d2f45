//! How deep a body is nested. Nothing here or later reads one by recursion, so this is no guard of a stack:
//! whatever is deeper than any request is told so at once, and not handed on.

/// Objects and lists inside each other at most, the body itself among them. No request needs more than 3.
pub(super) const MOST: usize = 32;

/// Whether it is nested deeper. What is no JSON may be said to be either.
pub(super) fn is_over(body: &str) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in body.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth = depth.saturating_add(1),
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_outside_of_texts_counts() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));

        assert!(!is_over(&nested(MOST)));
        assert!(is_over(&nested(MOST + 1)));
        assert!(!is_over(&format!("[{}]", nested(MOST - 1).repeat(3))));
        assert!(!is_over(&format!("{{\"a\": \"{}\\\"[[\"}}", "{[".repeat(MOST))));
        assert!(is_over(&format!("{{\"a\\\\\": {}}}", nested(MOST))));
    }
}
