import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Fd } from '../../src/linux/fd.ts';
import { poll } from '../../src/linux/poll.ts';
import { bindDatagrams, receive } from '../../src/linux/socket.ts';
import { type Change, makeBundle } from './bundle.ts';
import { newId, temp, until } from './sandbox.ts';

/** Sends each argument as a datagram to $NOTIFY_SOCKET; for a number it waits so many seconds, for a path until that is there. */
export const SEND = `use Socket; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!; for (@ARGV) {
  if (/^[0-9.]+$/) { select(undef, undef, undef, $_); next }
  if (m{^/}) { select(undef, undef, undef, 0.05) until -e; next }
  send($s, $_, 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or die "$!"; }`;

/** A bundle whose program sends these; perl is the host's. */
export function sender(messages: string[], change: Change = () => {}): string {
  const bundle = makeBundle((config) => {
    config.mounts.push({ destination: '/usr', type: 'bind', source: '/usr', options: ['rbind', 'ro'] });
    config.process.args = ['/usr/bin/perl', '-e', SEND, '--', ...messages];
    change(config);
  });
  // Which the root of a user namespace could not make.
  for (const name of ['usr', 'run/notify']) mkdirSync(join(bundle, 'rootfs', name), { recursive: true });
  for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, join(bundle, 'rootfs', name));
  return bundle;
}

/** What systemd is to the runtime: a socket for its messages. */
export class Systemd implements Disposable {
  readonly #directory = join(temp, newId());
  readonly #socket: Fd;
  readonly env: Record<string, string>;

  constructor() {
    mkdirSync(this.#directory);
    this.#socket = bindDatagrams(this.#directory, 'notify');
    this.env = { NOTIFY_SOCKET: join(this.#directory, 'notify') };
  }

  /** The next message; a descriptor that comes with it is closed, as systemd does. */
  next(): string {
    until('a message', () => poll([this.#socket.number], 100)[0]);
    const bytes = Buffer.alloc(4096);
    return bytes.toString('utf8', 0, receive(this.#socket, bytes));
  }

  /** The messages until one that matches; runc sends some things one by one. */
  until(last: RegExp): string {
    let all = '';
    while (!last.test(all)) all += `${this.next()}\n`;
    return all.replaceAll(/\n+/g, '\n');
  }

  get isQuiet(): boolean {
    return poll([this.#socket.number], 200)[0] === false;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
