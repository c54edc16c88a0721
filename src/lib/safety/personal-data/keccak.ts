/** How many bytes are taken in at once for a digest of 256 bits. */
const rate = 136;
const mask = (1n << 64n) - 1n;

/** How far each lane is turned, and where it goes, in the order of the path through the lanes (Keccak reference, 1.2). */
const turns = [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44].map(
  BigInt,
);
const path = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];

/** The Keccak-256 of Ethereum, which pads otherwise than the SHA3-256 of FIPS 202. */
export function keccak256(message: Uint8Array): Buffer {
  const padded = Buffer.alloc(Math.ceil((message.length + 1) / rate) * rate);
  padded.set(message);
  padded[message.length] = 0x01;
  padded[padded.length - 1] = (padded[padded.length - 1] ?? 0) | 0x80;
  const lanes = Array<bigint>(25).fill(0n);
  for (let block = 0; block < padded.length; block += rate) {
    for (let lane = 0; lane < rate / 8; lane += 1) {
      lanes[lane] = (lanes[lane] ?? 0n) ^ padded.readBigUInt64LE(block + 8 * lane);
    }
    permute(lanes);
  }
  const digest = Buffer.alloc(32);
  for (let lane = 0; lane < 4; lane += 1) digest.writeBigUInt64LE(lanes[lane] ?? 0n, 8 * lane);
  return digest;
}

const roundConstants = constants();

function permute(lanes: bigint[]): void {
  const at = (index: number): bigint => lanes[index] ?? 0n;
  for (const constant of roundConstants) {
    const columns = [0, 1, 2, 3, 4].map((x) => at(x) ^ at(x + 5) ^ at(x + 10) ^ at(x + 15) ^ at(x + 20));
    for (let x = 0; x < 5; x += 1) {
      const mixed = (columns[(x + 4) % 5] ?? 0n) ^ turned(columns[(x + 1) % 5] ?? 0n, 1n);
      for (let y = x; y < 25; y += 5) lanes[y] = at(y) ^ mixed;
    }
    let carried = at(1);
    path.forEach((lane, step) => {
      const next = at(lane);
      lanes[lane] = turned(carried, turns[step] ?? 0n);
      carried = next;
    });
    for (let y = 0; y < 25; y += 5) {
      const row = lanes.slice(y, y + 5);
      row.forEach((lane, x) => {
        lanes[y + x] = lane ^ (~(row[(x + 1) % 5] ?? 0n) & mask & (row[(x + 2) % 5] ?? 0n));
      });
    }
    lanes[0] = at(0) ^ constant;
  }
}

function turned(lane: bigint, by: bigint): bigint {
  return ((lane << by) | (lane >> (64n - by))) & mask;
}

/** The constants of the 24 rounds, from the shift register that FIPS 202 defines them with (3.2.5). */
function constants(): bigint[] {
  let register = 1;
  const next = (): number => {
    const bit = register & 1;
    register <<= 1;
    if (register & 0x100) register ^= 0x171;
    return bit;
  };
  return Array.from({ length: 24 }, () => {
    let constant = 0n;
    for (let power = 0; power < 7; power += 1) {
      if (next()) constant |= 1n << BigInt(2 ** power - 1);
    }
    return constant;
  });
}
