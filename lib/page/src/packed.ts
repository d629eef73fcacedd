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
  return bytes.subarray(0, n);
}

// The text begins with the decoder (../core/loader/lzma.c), of so many bytes.
export function unpack(text: string, decoder: number, size: number, sum: number): Uint8Array {
  const bytes = bytesOf(text), module = new WebAssembly.Module(bytes.subarray(0, decoder) as BufferSource);
  const x = new WebAssembly.Instance(module).exports as
    { memory: WebAssembly.Memory; unpack: (to: number, n: number, packed: number) => number };
  const to = (x.memory.grow((size + bytes.length + 2 ** 17) >> 16) << 16) + 1;
  new Uint8Array(x.memory.buffer).set(bytes.subarray(decoder), to + size);
  if (x.unpack(to, size, to + size) >>> 0 !== sum) throw new Error("its viewer is not whole");
  return new Uint8Array(x.memory.buffer, to, size);
}
