//! Changes that no client makes.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

/// Numbers in an order that is always the same.
#[derive(Debug)]
pub(super) struct Dice(u64);

/// The greatest there are, of either sign, a "not a number", and a length of more than there is.
const NUMBERS: [[u8; 10]; 4] = [
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00],
    [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f, 0x00, 0x00],
    [0xff, 0xff, 0xff, 0xff, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00],
];

const TEXTS: [&str; 8] = [
    "'; drop table accounts; --",
    "\r\nx-lombard-tenant: 00000000-0000-0000-0000-000000000000",
    "\u{0}",
    "\u{202e}\u{1b}[31m",
    "=cmd|' /C calc'!A0",
    "NaN",
    "9223372036854775808",
    "../../../../etc/passwd",
];

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// `SplitMix64`.
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap();
        usize::try_from(self.roll() % end).unwrap()
    }

    /// The message with something wrong; now and then as it is.
    pub(super) fn mutate(&mut self, valid: &[u8]) -> Vec<u8> {
        let mut message = valid.to_vec();
        for _ in 0..self.below(4) {
            let at = self.below(message.len());
            match self.below(8) {
                0 | 1 if !message.is_empty() => message[at] ^= 1 << self.below(8),
                2 => message.truncate(at),
                3 => drop(message.splice(at..at, NUMBERS[self.below(NUMBERS.len())])),
                4 => self.text(&mut message),
                5 => self.bomb(&mut message),
                6 => message.extend(valid),
                7 => {
                    let end = (at + self.below(8)).min(message.len());
                    message.drain(at.min(end)..end);
                }
                _ => {}
            }
        }
        message
    }

    /// A text in one of the first fields, whatever it is.
    fn text(&mut self, message: &mut Vec<u8>) {
        let text = match self.below(4) {
            0 => "x".repeat(self.below(200_000)),
            _ => TEXTS[self.below(TEXTS.len())].to_owned(),
        };
        let length = text.len();
        message.push(u8::try_from((self.below(15) + 1) << 3 | 2).unwrap());
        for shift in [0, 7, 14] {
            let more = if shift == 14 { 0 } else { 0x80 };
            message.push(u8::try_from(length >> shift & 0x7f).unwrap() | more);
        }
        message.extend(text.into_bytes());
    }

    /// Messages inside each other, without end.
    fn bomb(&mut self, message: &mut Vec<u8>) {
        let field = u8::try_from((self.below(6) + 1) << 3 | 2).unwrap();
        let mut inner = Vec::new();
        for _ in 0..60 {
            let length = u8::try_from(inner.len()).unwrap();
            inner.splice(0..0, [field, length]);
        }
        message.extend(inner);
    }
}
