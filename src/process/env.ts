// Runs in the container's namespaces.
import { Fd } from '../linux/fd.ts';
import { readStart } from '../linux/file.ts';
import { O_PATH, O_RDONLY, openAt, tryOpenInRoot } from '../linux/path.ts';
import { FILE_KIND, kindOf, statusOf } from '../linux/stat.ts';

const PASSWD_LIMIT = 1 << 20;

/** The last one of each name, at the place of the first. */
export function withoutDuplicates(env: readonly string[]): Map<string, string> {
  return new Map(env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry]));
}

/** The home directory of a uid in the text of a passwd file; `/` when it has none. */
export function homeIn(passwd: string, uid: number): string {
  for (const line of passwd.split('\n')) {
    const fields = line.split(':');
    if (fields.length >= 6 && fields[2] === String(uid)) return fields[5] || '/';
  }
  return '/';
}

/** Of the container's root and of a trusted procfs. */
export interface Handles {
  root: Fd;
  proc: Fd;
}

/** What is passed to the program by systemd's protocols. */
export interface Passed {
  /** How many descriptors from 3 on are sockets. */
  listenFds: number;
  /** Whether it is to say when it is ready. */
  notify?: true;
}

const NOTIFY_SOCKET = 'NOTIFY_SOCKET=/run/notify/notify.sock';

/** process.env with HOME and the variables of systemd's protocols. Source: sd_listen_fds(3), sd_notify(3). */
export function programEnvironment(
  place: Handles,
  env: readonly string[],
  uid: number,
  { listenFds, notify }: Passed,
): string[] {
  const variables = withoutDuplicates(env);
  if ((variables.get('HOME') ?? 'HOME=') === 'HOME=') variables.set('HOME', `HOME=${homeOf(place, uid)}`);
  if (listenFds > 0) {
    variables.set('LISTEN_FDS', `LISTEN_FDS=${listenFds}`);
    // 1 in a pid namespace of its own.
    variables.set('LISTEN_PID', `LISTEN_PID=${process.pid}`);
  }
  if (notify) variables.set('NOTIFY_SOCKET', NOTIFY_SOCKET);
  return [...variables.values()];
}

/**
 * The image may bring anything as its passwd file, and to open a device or a FIFO is to do something: only a regular file of
 * sensible size is opened, and no more of it is read than there was. Files of procfs have no size.
 */
function homeOf({ root, proc }: Handles, uid: number): string {
  const number = tryOpenInRoot(root, '/etc/passwd', O_PATH);
  if (number < 0) return '/';
  using handle = new Fd(number);
  const status = statusOf(handle);
  const { size } = status;
  if (kindOf(status) !== FILE_KIND.regular || size === 0 || size > PASSWD_LIMIT) return '/';
  using file = openAt(proc, `self/fd/${handle.number}`, O_RDONLY);
  return homeIn(readStart(file, size), uid);
}
