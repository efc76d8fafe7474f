import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Change, makeBundle } from './bundle.ts';

/** Sends each argument as a datagram to $NOTIFY_SOCKET; a number is the seconds to wait. */
const SEND = `use Socket; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!; for (@ARGV) {
  if (/^[0-9.]+$/) { select(undef, undef, undef, $_); next }
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
