// Pure.
import { RuntimeError } from '../errors.ts';

/**
 * The part of Protocol Buffers' wire format that criu's messages are made of: whole numbers, truth values, texts and
 * messages, single or repeated. Source: https://protobuf.dev/programming-guides/encoding
 */

/** The number of a field and what it holds: a list of one element is a repeated field. */
export type Field = readonly [number: number, kind: Kind | readonly [Kind]];
type Kind = 'int' | 'bool' | 'string' | MessageFields;
/** A kind of message: its fields by name. */
export interface MessageFields {
  readonly [name: string]: Field;
}

type Single<K> = K extends 'int'
  ? number
  : K extends 'bool'
    ? boolean
    : K extends 'string'
      ? string
      : K extends MessageFields
        ? Message<K>
        : never;
/** What a message says; fields may be absent. */
export type Message<M extends MessageFields> = {
  -readonly [N in keyof M]?: (M[N][1] extends readonly [infer K] ? Single<K>[] : Single<M[N][1]>) | undefined;
};
type AnyMessage = Record<string, unknown>;

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** A message by its fields; those that are undefined are left out. */
export function encode<M extends MessageFields>(fields: M, message: Message<M>): Uint8Array {
  const bytes: number[] = [];
  for (const [name, value] of Object.entries(message as AnyMessage)) {
    const [number, kind] = fields[name] as Field;
    if (value === undefined) continue;
    if (Array.isArray(kind)) for (const each of value as unknown[]) putField(bytes, number, kind[0], each);
    else putField(bytes, number, kind as Kind, value);
  }
  return Uint8Array.from(bytes);
}

function putField(bytes: number[], number: number, kind: Kind, value: unknown): void {
  if (kind === 'int' || kind === 'bool') {
    putVarint(bytes, (number << 3) | VARINT);
    putVarint(bytes, Number(value));
    return;
  }
  const content =
    kind === 'string'
      ? new TextEncoder().encode(value as string)
      : encode(kind, value as Message<typeof kind>);
  putVarint(bytes, (number << 3) | BYTES);
  putVarint(bytes, content.length);
  for (const byte of content) bytes.push(byte);
}

/** Seven bits in each byte, the lowest first; a negative number as one of 64 bits. */
function putVarint(bytes: number[], value: number): void {
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
}

/** Passes over fields that are not in `fields`: a newer criu may say more. Throws when the bytes are no message. */
export function decode<M extends MessageFields>(fields: M, bytes: Uint8Array): Message<M> {
  const names = new Map(Object.entries(fields).map(([name, [number, kind]]) => [number, { name, kind }]));
  const message: AnyMessage = {};
  const reader = new Reader(bytes);
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const found = names.get(tag >>> 3);
    const value = reader.value(tag & 7);
    if (found === undefined) continue;
    const { name, kind } = found;
    if (Array.isArray(kind)) message[name] = [...((message[name] as unknown[]) ?? []), read(kind[0], value)];
    else message[name] = read(kind as Kind, value);
  }
  return message as Message<M>;
}

function read(kind: Kind, value: number | Uint8Array): unknown {
  if (typeof value === 'number') {
    if (kind === 'int') return value;
    if (kind === 'bool') return value !== 0;
    throw malformed('a number where bytes were due');
  }
  if (kind === 'string') return new TextDecoder().decode(value);
  if (typeof kind === 'object') return decode(kind, value);
  throw malformed('bytes where a number was due');
}

class Reader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.#at === this.bytes.length;
  }

  value(type: number): number | Uint8Array {
    if (type === VARINT) return this.varint();
    if (type === BYTES) return this.#take(this.varint());
    if (type === FIXED_64) return this.#take(8);
    if (type === FIXED_32) return this.#take(4);
    throw malformed(`a field of type ${type}`);
  }

  varint(): number {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte = 0] = this.#take(1);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw malformed('a number of more than ten bytes');
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (length < 0 || end > this.bytes.length) throw malformed('it is cut off');
    const part = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}

function malformed(reason: string): RuntimeError {
  return new RuntimeError(`malformed message: ${reason}`, { code: 'PROTOCOL' });
}
