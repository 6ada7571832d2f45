//! Numbering plans: from what people write to E.164.
//!
//! The plans are libphonenumber's, read from the `phonenumber` crate; its parser is not used, for it
//! takes the 39 of an Italian mobile number for the calling code. A number must fit its plan's general
//! pattern. The finer ones, which tell the ranges in use, are soon out of date and would refuse people
//! their new numbers.

use phonenumber::metadata::{DATABASE, Metadata};
use regex::{Regex, RegexBuilder};

use crate::country::Country;

/// The E.164 form of a number; none when it fits no plan.
pub(super) fn e164(written: &str, country: Option<Country>) -> Option<String> {
    let dialled: String = written.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    if dialled.rfind('+').is_some_and(|place| place > 0) {
        return None;
    }
    match dialled.strip_prefix('+') {
        Some(digits) => international(digits),
        None => national(&dialled, country?),
    }
}

/// Digits that begin with a calling code. No calling code begins another one, nor with 0.
fn international(digits: &str) -> Option<String> {
    let (region, rest) = (1..=3).find_map(|length| {
        let (code, rest) = digits.split_at_checked(length)?;
        Some((main_region(code)?, rest))
    })?;
    let number = significant(rest, region)?;
    Some(format!("+{}{number}", region.country_code())).filter(|e164| e164.len() <= 16)
}

/// The region whose plan holds for all that share the calling code.
fn main_region(code: &str) -> Option<&'static Metadata> {
    let code: u16 = Some(code).filter(|code| !code.starts_with('0'))?.parse().ok()?;
    let regions = DATABASE.by_code(&code)?;
    regions.iter().find(|region| region.is_main_country_for_code()).or(regions.first()).copied()
}

/// Digits as dialled in the country.
fn national(dialled: &str, country: Country) -> Option<String> {
    let region = DATABASE.by_id(country.code())?;
    let code = region.country_code().to_string();
    let abroad = || {
        let prefix = start(region.international_prefix()?.as_str())?;
        international(dialled.get(prefix.find(dialled)?.end()..)?)
    };
    let at_home = || {
        let number = significant(dialled, region)
            .or_else(|| significant(dialled.strip_prefix(&code)?, region))?;
        Some(format!("+{code}{number}"))
    };
    abroad().or_else(at_home)
}

/// The national significant number: without the trunk prefix, if the plan has it so.
fn significant(digits: &str, region: &Metadata) -> Option<String> {
    let general = region.descriptors().general().national_number().as_str();
    let plan = start(&format!("(?:{general})$"))?;
    let readings = [without_trunk_prefix(digits, region), Some(digits.to_owned())];
    readings.into_iter().flatten().find(|number| plan.is_match(number))
}

/// What follows the trunk prefix, as 0 in most of Europe; in some regions the rest changes too.
fn without_trunk_prefix(digits: &str, region: &Metadata) -> Option<String> {
    let prefix = match region.national_prefix_for_parsing() {
        Some(pattern) => start(pattern.as_str())?,
        None => start(region.national_prefix()?)?,
    };
    let found = prefix.captures(digits)?;
    let changes = found.len() > 1 && found.iter().last().flatten().is_some();
    match region.national_prefix_transform_rule().filter(|_| changes) {
        Some(rule) => Some(prefix.replace(digits, rule).into_owned()),
        None => digits.get(found.get(0)?.end()..).map(str::to_owned),
    }
}

/// The pattern where the digits start. The metadata spreads its patterns over several lines.
fn start(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("^(?:{pattern})")).ignore_whitespace(true).build().ok()
}
