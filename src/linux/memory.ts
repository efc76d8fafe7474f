import { ffi } from './ffi.ts';
import { syscall } from './syscall.ts';
import { decode } from './text.ts';

const PROT_READ_WRITE = 3;
const MAP_SHARED_ANONYMOUS = 0x21;

/**
 * Memory outside the engine's heap, handed out in pieces: it stays where it is while another process
 * or a running call chain reads it. Shared, so that a child without CLONE_VM writes into it too.
 * It is never unmapped: who uses it may outlive the caller's interest in it.
 */
export class Memory {
  readonly #start: number;
  readonly #view: DataView;
  #free = 0;

  constructor(size: number) {
    this.#start = syscall('mmap', 0, size, PROT_READ_WRITE, MAP_SHARED_ANONYMOUS, -1, 0);
    this.#view = new DataView(ffi().koffi.view(BigInt(this.#start), size));
  }

  /** Reserves `size` zeroed bytes, aligned to 64; returns their address. */
  take(size: number): number {
    const offset = this.#free;
    this.#free += (size + 63) & ~63;
    if (this.#free > this.#view.byteLength) throw new RangeError('the memory for a call chain is used up');
    return this.#start + offset;
  }

  putLong(address: number, value: number | bigint): void {
    this.#view.setBigInt64(address - this.#start, BigInt(value), true);
  }

  putInt(address: number, value: number): void {
    this.#view.setInt32(address - this.#start, value, true);
  }

  getInt(address: number): number {
    return this.#view.getInt32(address - this.#start, true);
  }

  put(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.#view.buffer).set(bytes, address - this.#start);
  }

  /** Stores a NUL-terminated string; returns its address. */
  string(text: string): number {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const address = this.take(bytes.length);
    this.put(address, bytes);
    return address;
  }

  /** A copy of the bytes at an address. */
  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#view.buffer, address - this.#start, length).slice();
  }

  /** The NUL-terminated text at an address. */
  text(address: number): string {
    const bytes = new Uint8Array(this.#view.buffer, address - this.#start);
    return decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  /** Stores a NULL-terminated vector of strings (argv, envp); returns its address. */
  vector(texts: readonly string[]): number {
    const address = this.take(8 * (texts.length + 1));
    texts.forEach((text, index) => {
      this.putLong(address + 8 * index, this.string(text));
    });
    return address;
  }
}
