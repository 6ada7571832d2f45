//! How alike two parts of names are, in thousandths.

use super::name::Part;

/// What is alike in full.
pub(crate) const SAME: u32 = 1000;
/// Less than this is another name.
pub(crate) const LEAST: u32 = 700;
/// What differs in spelling alone is a little less than the same.
const FOLDED: u32 = 970;
/// What has the same consonants.
const SKELETON: u32 = 860;

/// 0 for names that have nothing to do with each other.
pub(crate) fn similarity(one: &Part, other: &Part) -> u32 {
    if one.plain == other.plain {
        return SAME;
    }
    if one.folded == other.folded {
        return FOLDED;
    }
    let edits = edits(&one.plain, &other.plain).max(edits(&one.folded, &other.folded));
    let skeleton = !one.skeleton.is_empty() && one.skeleton == other.skeleton;
    let alike = if skeleton { edits.max(SKELETON) } else { edits };
    if alike < LEAST { 0 } else { alike }
}

/// The share of letters that need no edit: an insertion, a deletion, a replacement, or two letters that
/// change places.
fn edits(one: &str, other: &str) -> u32 {
    let longer = one.len().max(other.len());
    let shorter = one.len().min(other.len());
    // A short name with an edit is another name: Ali is not Ala.
    if shorter < 4 || longer.saturating_sub(shorter) > 2 {
        return 0;
    }
    let distance = strsim::osa_distance(one, other);
    let alike = longer.saturating_sub(distance).saturating_mul(1000).checked_div(longer);
    u32::try_from(alike.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screening::name::parts;

    fn alike(one: &str, other: &str) -> u32 {
        similarity(&parts(one)[0], &parts(other)[0])
    }

    #[test]
    fn the_same_is_more_alike_than_another_spelling_and_that_more_than_a_slip() {
        assert_eq!(alike("Hassan", "HASSAN"), SAME);
        assert_eq!(alike("Hassan", "Hasan"), FOLDED);
        assert!((LEAST..FOLDED).contains(&alike("Petrov", "Pterov")));
        assert!((LEAST..FOLDED).contains(&alike("Muhammad", "Mohamed")));
    }

    #[test]
    fn other_names_are_not_alike() {
        for (one, other) in [("Ali", "Ala"), ("Ivan", "Igor"), ("Smith", "Jones"), ("Li", "Lu")] {
            assert_eq!(alike(one, other), 0, "{one} {other}");
        }
    }
}
