import { RuntimeError } from '../errors.ts';
import { ffi } from './ffi.ts';
import { errnoText } from './syscall.ts';

/** What a D-Bus message holds, beside the signature that says which type it is. */
export type DbusValue = string | number | bigint | boolean | Variant | readonly DbusValue[];

export interface Variant {
  signature: string;
  value: DbusValue;
}

export interface Method {
  destination: string;
  path: string;
  interface: string;
  member: string;
}

export interface Signal {
  interface: string;
  member: string;
  /** Its arguments; of types that are neither text nor a number there is nothing. */
  args: (string | number | undefined)[];
}

/** An error that the other side has answered with, such as `org.freedesktop.systemd1.UnitExists`. */
export class DbusError extends RuntimeError {
  constructor(
    readonly dbusName: string,
    message: string,
  ) {
    super(message, { code: 'DBUS' });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the declaration says
type Function = (...args: any[]) => any;
type Functions = Record<keyof typeof declarations, Function>;

/** Name without `sd_bus_` → result and parameters. Source: sd-bus(3), /usr/include/systemd/sd-bus.h. */
const declarations = {
  new: ['int', 'void *'],
  set_address: ['int', 'void *', 'const char *'],
  set_bus_client: ['int', 'void *', 'int'],
  start: ['int', 'void *'],
  is_ready: ['int', 'void *'],
  process: ['int', 'void *', 'void *'],
  wait: ['int', 'void *', 'uint64_t'],
  call: ['int', 'void *', 'void *', 'uint64_t', 'void *', 'void *'],
  close_unref: ['void *', 'void *'],
  error_free: ['void', 'void *'],
  message_new_method_call: ['int', 'void *', 'void *', ...Array(4).fill('const char *')],
  message_append_basic: ['int', 'void *', 'char', 'void *'],
  message_open_container: ['int', 'void *', 'char', 'const char *'],
  message_close_container: ['int', 'void *'],
  message_peek_type: ['int', 'void *', 'void *', 'void *'],
  message_read_basic: ['int', 'void *', 'char', 'void *'],
  message_enter_container: ['int', 'void *', 'char', 'const char *'],
  message_skip: ['int', 'void *', 'const char *'],
  message_get_interface: ['const char *', 'void *'],
  message_get_member: ['const char *', 'void *'],
  message_unref: ['void *', 'void *'],
} as const;

const LIBRARY = 'libsystemd.so.0';
const loaded: { functions?: Functions; strlen?: Function } = {};

/** libsystemd, loaded at the first call: only who talks to systemd needs it. */
function sdBus(): Functions {
  if (loaded.functions === undefined) {
    const { koffi, libc } = ffi();
    const functions: Record<string, Function> = {};
    try {
      const library = koffi.load(LIBRARY);
      for (const [name, [result, ...parameters]] of Object.entries(declarations)) {
        functions[name] = library.func(`sd_bus_${name}`, result, parameters as string[]);
      }
    } catch (thrown) {
      const hint = 'install it (Debian: libsystemd0), or do without --systemd-cgroup';
      throw new RuntimeError(`${LIBRARY} cannot be loaded`, { code: 'DBUS_NO_LIBRARY', hint }, thrown);
    }
    loaded.strlen = libc.func('strlen', 'size_t', ['void *']);
    loaded.functions = functions as Functions;
  }
  return loaded.functions;
}

/** Room for one pointer or number that C code writes. */
class Cell {
  readonly bytes = new Uint8Array(8);
  get address(): bigint {
    return new DataView(this.bytes.buffer).getBigUint64(0, true);
  }
}

function textAt(address: bigint): string {
  if (address === 0n) return '';
  const length = (loaded.strlen as Function)(address) as number;
  return new TextDecoder().decode(new Uint8Array(ffi().koffi.view(address, length)).slice());
}

function checked(result: number, action: string): number {
  if (result >= 0) return result;
  throw new RuntimeError(`${action}: ${errnoText(-result)}`, { code: 'DBUS' });
}

/**
 * A connection to a message bus, or to a service itself. Whatever is done with it ends, with or without an answer,
 * after a time: libsystemd alone would wait for ever for a bus that accepts and says nothing.
 */
export class Bus implements Disposable {
  readonly #bus: bigint;
  readonly #address: string;
  readonly #timeoutMs: number;
  readonly peer: boolean;
  #deadline = 0;

  /** `peer`: the other end is the service itself, not a bus. Returns when the connection is ready. */
  constructor(address: string, { peer = false, timeoutMs }: { peer?: boolean; timeoutMs: number }) {
    const bus = new Cell();
    this.#address = address;
    this.#timeoutMs = timeoutMs;
    this.peer = peer;
    this.#startTime();
    checked(sdBus().new(bus.bytes), 'make a D-Bus connection');
    this.#bus = bus.address;
    try {
      checked(sdBus().set_address(this.#bus, address), `D-Bus address ${address}`);
      checked(sdBus().set_bus_client(this.#bus, peer ? 0 : 1), 'make a D-Bus connection');
      checked(sdBus().start(this.#bus), `connect to D-Bus at ${address}`);
      while (sdBus().is_ready(this.#bus) <= 0) this.#step('connect');
    } catch (thrown) {
      this[Symbol.dispose]();
      throw thrown;
    }
  }

  /** Calls a method; returns the text of the first value of its answer, inside of a variant too. */
  call(method: Method, signature = '', args: readonly DbusValue[] = []): string {
    this.#startTime();
    using message = this.#message(method, signature, args);
    const error = new Uint8Array(24);
    const reply = new Cell();
    const result = sdBus().call(this.#bus, message.address, this.#remaining() * 1000, error, reply.bytes);
    using answer = new Message(reply.address);
    if (result >= 0) return String(answer.read() ?? '');
    throw this.#failure(method, error, result);
  }

  /** The next signal that `wanted` accepts; undefined when there is none in time. */
  waitForSignal(wanted: (signal: Signal) => boolean): Signal | undefined {
    this.#startTime();
    while (this.#remaining() > 0) {
      const found = new Cell();
      const result = checked(sdBus().process(this.#bus, found.bytes), `D-Bus at ${this.#address}`);
      using message = new Message(found.address);
      const signal = message.signal();
      if (signal !== undefined && wanted(signal)) return signal;
      if (result === 0) checked(sdBus().wait(this.#bus, this.#remaining() * 1000), 'wait for D-Bus');
    }
    return undefined;
  }

  #message(method: Method, signature: string, args: readonly DbusValue[]): Message {
    const cell = new Cell();
    const { destination, path, interface: of, member } = method;
    checked(
      sdBus().message_new_method_call(this.#bus, cell.bytes, destination, path, of, member),
      'make a D-Bus message',
    );
    const message = new Message(cell.address);
    let at = 0;
    for (const value of args) at = message.append(signature, at, value);
    return message;
  }

  #failure({ member }: Method, error: Uint8Array, result: number): RuntimeError {
    const view = new DataView(error.buffer);
    const name = textAt(view.getBigUint64(0, true));
    const text = textAt(view.getBigUint64(8, true));
    sdBus().error_free(error);
    if (this.#remaining() <= 0) return this.#timeout(member);
    return new DbusError(name, `${member}: ${text || errnoText(-result)}`);
  }

  #step(action: string): void {
    if (this.#remaining() <= 0) throw this.#timeout(action);
    const done = sdBus().process(this.#bus, null);
    checked(done, `connect to D-Bus at ${this.#address}`);
    if (done === 0) checked(sdBus().wait(this.#bus, this.#remaining() * 1000), 'wait for D-Bus');
  }

  #timeout(action: string): RuntimeError {
    const seconds = this.#timeoutMs / 1000;
    return new RuntimeError(`no answer from D-Bus at ${this.#address} to "${action}" in ${seconds} s`, {
      code: 'DBUS_TIMEOUT',
      hint: 'is systemd overloaded? see systemctl list-jobs',
    });
  }

  #startTime(): void {
    this.#deadline = performance.now() + this.#timeoutMs;
  }

  #remaining(): number {
    return Math.max(0, Math.round(this.#deadline - performance.now()));
  }

  [Symbol.dispose](): void {
    sdBus().close_unref(this.#bus);
  }
}

/** A message that is freed at the end of the block. */
class Message implements Disposable {
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
