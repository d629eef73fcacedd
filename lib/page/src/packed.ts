// SPDX-License-Identifier: MIT
// Unpacks what the viewer holds of itself: its style, script and core are one stream of LZMA, which
// is a twelfth smaller than the best gzip of them, in a text of 6.8 bits a byte. Base64 has 6.
//
// The text is UTF-8, leaves an HTML parser with the characters that it was given, and is text to
// programs that look for control characters (file, mail filters). So 29 of the first 128 are not
// used: what every tag begins with, CR and NUL, which a parser changes, and all control characters
// but BEL, BS, TAB, LF and FF. A character of two bytes stands for one of these 29, and 6 bits more:
//
//   99 characters of one byte     7 bits, 0 to 98
//   U+00C0 … U+07FF              13 bits, 64 × 99 and above
//
// The decoder is for the parameters that build.mjs packs with (lc=3, lp=0, pb=0) and for a length
// that is known. Whatever the text is, it ends, and a sum tells whether it was the right one.

// What a character of one byte stands for; -1: it is not used.
export const value = (c: number): number =>
  c > 60 ? (c < 127 ? c - 28 : -1) : c > 31 ? (c < 60 ? c - 27 : -1) : c > 6 && c < 11 ? c - 7 : c === 12 ? 4 : -1;

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  let n = 0, held = 0, bits = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    held = c < 128 ? (held << 7) | value(c) : (held << 13) | (c + 64 * 96);
    for (bits += c < 128 ? 7 : 13; bits > 7;) bytes[n++] = held >> (bits -= 8);
  }
  return bytes;
}

// Where the odds of each decision are. The first have one for each of the 12 states; the numbers of
// the format's own description are in lzma-specification.txt of the LZMA SDK (public domain).
const IS_MATCH = 0, IS_AGAIN = 12, IS_OLDER = 24, IS_OLDER_2 = 36, IS_OLDER_3 = 48, IS_LONG = 60;
const SLOTS = 72, SPECIAL = SLOTS + 4 * 64, ALIGN = SPECIAL + 128, LENGTH = ALIGN + 16;
const LENGTH_AGAIN = LENGTH + 512, LITERALS = LENGTH_AGAIN + 512, N_ODDS = LITERALS + 8 * 768;

const SIGN = 1 << 31; // turned over, numbers with a sign compare as those without

// Adler-32.
export function sumOf(bytes: Uint8Array): number {
  let a = 1, b = 0;
  for (const byte of bytes) b = (b + (a = (a + byte) % 65521)) % 65521;
  return b * 65536 + a;
}

// Returns undefined when the text is not what was packed.
export function unpack(text: string, size: number, sum: number): Uint8Array | undefined {
  const from = bytesOf(text), to = new Uint8Array(size), odds = new Uint16Array(N_ODDS).fill(1024);
  const coder = new Int32Array([-1, 0]); // range and code: 32 bits without a sign, which engines are slow with
  let at = 5, n = 0, state = 0, d0 = 1, d1 = 1, d2 = 1, d3 = 1;
  for (let i = 1; i < 5; i++) coder[1] = (coder[1]! << 8) | from[i]!;

  const fill = (): void => {
    if (!(coder[0]! >>> 24)) {
      coder[0]! <<= 8;
      coder[1] = (coder[1]! << 8) | from[at++]!;
    }
  };
  const bit = (i: number): number => {
    const odd = odds[i]!, bound = Math.imul(coder[0]! >>> 11, odd);
    const b = (coder[1]! ^ SIGN) < (bound ^ SIGN) ? 0 : 1;
    if (b) {
      coder[0]! -= bound;
      coder[1]! -= bound;
      odds[i] = odd - (odd >> 5);
    } else {
      coder[0] = bound;
      odds[i] = odd + ((2048 - odd) >> 5);
    }
    fill();
    return b;
  };
  const tree = (base: number, bits: number): number => {
    let m = 1;
    for (let i = bits; i--;) m = 2 * m + bit(base + m);
    return m - (1 << bits);
  };
  const reversed = (base: number, bits: number): number => {
    let m = 1, value = 0;
    for (let i = 0; i < bits; i++) {
      const b = bit(base + m);
      m = 2 * m + b;
      value |= b << i;
    }
    return value;
  };
  const direct = (bits: number): number => {
    let value = 0;
    while (bits--) {
      coder[0] = coder[0]! >>> 1;
      const b = (coder[1]! ^ SIGN) >= (coder[0]! ^ SIGN) ? 1 : 0;
      if (b) coder[1]! -= coder[0]!;
      fill();
      value = 2 * value + b;
    }
    return value;
  };
  const length = (base: number): number =>
    !bit(base) ? tree(base + 2, 3) : !bit(base + 1) ? 8 + tree(base + 10, 3) : 16 + tree(base + 18, 8);
  const distance = (slot: number): number => {
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1, high = 2 + (slot & 1);
    if (slot < 14) return (high << bits) + reversed(SPECIAL + (high << bits) - slot, bits);
    return high * 2 ** bits + direct(bits - 4) * 16 + reversed(ALIGN, 4);
  };
  const literal = (): void => {
    const base = LITERALS + 768 * (to[n - 1]! >> 5);
    let m = 1, like = state < 7 ? 0 : to[n - d0]!, same = state < 7 ? 0 : 256;
    while (m < 256) {
      like <<= 1;
      const b = bit(base + same + (like & same) + m);
      m = 2 * m + b;
      same &= b ? like : ~like;
    }
    to[n++] = m;
    state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  };

  while (n < size) {
    if (!bit(IS_MATCH + state)) {
      literal();
      continue;
    }
    let count: number;
    if (bit(IS_AGAIN + state)) {
      if (!bit(IS_OLDER + state)) {
        if (!bit(IS_LONG + state)) {
          to[n] = to[n++ - d0]!;
          state = state < 7 ? 9 : 11;
          continue;
        }
      } else if (!bit(IS_OLDER_2 + state)) [d0, d1] = [d1, d0];
      else if (!bit(IS_OLDER_3 + state)) [d0, d1, d2] = [d2, d0, d1];
      else [d0, d1, d2, d3] = [d3, d0, d1, d2];
      count = length(LENGTH_AGAIN);
      state = state < 7 ? 8 : 11;
    } else {
      count = length(LENGTH);
      [d1, d2, d3] = [d0, d1, d2];
      d0 = distance(tree(SLOTS + 64 * Math.min(count, 3), 6)) + 1;
      state = state < 7 ? 7 : 10;
    }
    for (count += 2; count--; n++) to[n] = to[n - d0]!;
  }
  return sumOf(to) === sum ? to : undefined;
}
