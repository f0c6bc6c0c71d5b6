/** Sets of ids. */
const IDS_PER_CHUNK = 2 ** 16
const BITS_PER_WORD = 32

/** A bit for each id: several times as fast as a `Set` to fill, and twice to ask, where ids are as dense as those of nodes. */
export class IdSet {
  /** By the number of the chunk; those without any id are not there. */
  readonly #chunks = new Map<number, Uint32Array>()

  /** @param ids not negative */
  constructor(ids: Iterable<number>) {
    for (const id of ids) this.#chunkOf(id)[(id % IDS_PER_CHUNK) >>> 5]! |= 1 << (id % BITS_PER_WORD)
  }

  has(id: number): boolean {
    const chunk = this.#chunks.get(Math.floor(id / IDS_PER_CHUNK))
    return chunk !== undefined && (chunk[(id % IDS_PER_CHUNK) >>> 5]! & (1 << (id % BITS_PER_WORD))) !== 0
  }

  #chunkOf(id: number): Uint32Array {
    const number = Math.floor(id / IDS_PER_CHUNK)
    let chunk = this.#chunks.get(number)
    if (!chunk) {
      chunk = new Uint32Array(IDS_PER_CHUNK / BITS_PER_WORD)
      this.#chunks.set(number, chunk)
    }
    return chunk
  }
}
