import { asRuntimeError } from '../errors.ts';
import { exitSurely } from '../linux/exec.ts';
import { Fd } from '../linux/fd.ts';
import { useAddon } from '../linux/ffi.ts';
import { setName } from '../linux/prctl.ts';
import { trySyscall } from '../linux/syscall.ts';
import { byteLength } from '../linux/text.ts';
import { configureLog, oneLine } from '../log.ts';
import { Channel, type HostChannel } from '../protocol/channel.ts';
import { createContainer } from './create.ts';
import { enterContainer } from './exec.ts';
import { moveToNamespaces } from './move.ts';

/**
 * `trunc init SOCKET ADDON [move]`: the re-executed half, inside the container's namespaces, or on the way there. Both
 * numbers are those of inherited descriptors. Runs synchronously, top to bottom, and ends in execve.
 */
export function main([socket, addon, moves]: readonly string[]): never {
  useAddon(`/proc/self/fd/${addon}`);
  // Executed by a descriptor, it would be called by that number.
  setName('trunc:[init]');
  const host: HostChannel = new Channel(new Fd(Number(socket)), 'the host');
  try {
    if (moves !== undefined) moveToNamespaces(host);
    // A host that has ended before it said anything needs no answer.
    const message = host.receive('request');
    if (message !== undefined) {
      // Its paths are the host's; and the file may be one that only the host can open.
      configureLog({ ...message.request.log, sink: (line) => host.send({ type: 'log', line }) });
      if (message.request.enters) enterContainer(message.request, host);
      createContainer(message.request, host);
    }
  } catch (error) {
    report(host, error);
  }
  exitSurely();
}

const STDERR = 2;

/**
 * The error is the host's to show; when nobody listens any more, the program's standard error has to do. After the seccomp
 * filter is loaded neither may be allowed.
 */
function report(host: HostChannel, error: unknown): void {
  const plain = asRuntimeError(error);
  try {
    if (host.send({ type: 'failed', error: plain.toPlain() })) return;
  } catch {
    // Nothing can be done about it.
  }
  const line = `${oneLine(plain.message)}\n`;
  trySyscall('write', STDERR, line, byteLength(line));
}
