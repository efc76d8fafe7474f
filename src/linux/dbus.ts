import { RuntimeError } from '../errors.ts';
import { type DbusValue, Message, type Signal } from './dbus-message.ts';
import { Cell, checked, sdBus, textAt } from './libsystemd.ts';
import { errnoText } from './syscall.ts';

export type { DbusValue, Signal, Variant } from './dbus-message.ts';

export interface Method {
  destination: string;
  path: string;
  interface: string;
  member: string;
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
