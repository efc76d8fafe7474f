import { Cell, checked, sdBus, textAt } from './libsystemd.ts';

/** What a D-Bus message holds, beside the signature that says which type it is. */
export type DbusValue = string | number | bigint | boolean | Variant | readonly DbusValue[];

export interface Variant {
  signature: string;
  value: DbusValue;
}

export interface Signal {
  interface: string;
  member: string;
  /** Its arguments; of types that are neither text nor a number there is nothing. */
  args: (string | number | undefined)[];
}

/** A message that is freed at the end of the block. */
export class Message implements Disposable {
  constructor(readonly address: bigint) {}

  /** Appends the complete type at `at` of a signature; returns where the next one begins. */
  append(signature: string, at: number, value: DbusValue): number {
    const end = endOfType(signature, at);
    const type = signature[at] as string;
    if (type === 'a') this.#container('a', signature.slice(at + 1, end), value as readonly DbusValue[], true);
    else if (type === '(')
      this.#container('r', signature.slice(at + 1, end - 1), value as readonly DbusValue[], false);
    else if (type === 'v')
      this.#container('v', (value as Variant).signature, [(value as Variant).value], false);
    else this.#basic(type, value as string | number | bigint | boolean);
    return end;
  }

  #container(type: string, contents: string, values: readonly DbusValue[], repeat: boolean): void {
    checked(
      sdBus().message_open_container(this.address, type.charCodeAt(0), contents),
      'open a D-Bus container',
    );
    let at = 0;
    for (const value of values)
      at = repeat ? this.append(contents, 0, value) && 0 : this.append(contents, at, value);
    checked(sdBus().message_close_container(this.address), 'close a D-Bus container');
  }

  #basic(type: string, value: string | number | bigint | boolean): void {
    const content = 'sog'.includes(type) ? String(value) : numberBytes(type, value);
    checked(
      sdBus().message_append_basic(this.address, type.charCodeAt(0), content),
      `a D-Bus value of type ${type}`,
    );
  }

  /** The next value, if it is text or a number of 32 bits. */
  read(): string | number | undefined {
    const type = new Cell();
    const contents = new Cell();
    if (sdBus().message_peek_type(this.address, type.bytes, contents.bytes) <= 0) return undefined;
    const code = type.bytes[0] as number;
    const letter = String.fromCharCode(code);
    if (letter === 'v') {
      sdBus().message_enter_container(this.address, code, textAt(contents.address));
      return this.read();
    }
    if (!'sogiu'.includes(letter)) {
      sdBus().message_skip(this.address, null);
      return undefined;
    }
    const value = new Cell();
    checked(sdBus().message_read_basic(this.address, code, value.bytes), 'read a D-Bus message');
    return 'iu'.includes(letter) ? Number(value.address & 0xffffffffn) : textAt(value.address);
  }

  /** What it says, if it is a signal. */
  signal(): Signal | undefined {
    if (this.address === 0n) return undefined;
    const args: Signal['args'] = [];
    const member = sdBus().message_get_member(this.address) as string | null;
    const of = sdBus().message_get_interface(this.address) as string | null;
    if (member === null || of === null) return undefined;
    const end = new Cell();
    const contents = new Cell();
    while (sdBus().message_peek_type(this.address, end.bytes, contents.bytes) > 0) args.push(this.read());
    return { interface: of, member, args };
  }

  [Symbol.dispose](): void {
    if (this.address !== 0n) sdBus().message_unref(this.address);
  }
}

/** Where the complete type that starts at `at` ends. */
function endOfType(signature: string, at: number): number {
  if (signature[at] === 'a') return endOfType(signature, at + 1);
  if (signature[at] !== '(') return at + 1;
  let next = at + 1;
  while (signature[next] !== ')') next = endOfType(signature, next);
  return next + 1;
}

/** A number or truth value as sd_bus_message_append_basic() reads it. */
function numberBytes(type: string, value: string | number | bigint | boolean): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  if (type === 'd') view.setFloat64(0, Number(value), true);
  else view.setBigInt64(0, BigInt.asIntN(64, BigInt(value)), true);
  return bytes;
}
