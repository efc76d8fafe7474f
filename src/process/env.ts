// Runs in the container's namespaces.
import { Fd } from '../linux/fd.ts';
import { readAll } from '../linux/file.ts';
import { O_NONBLOCK, O_RDONLY, tryOpenInRoot } from '../linux/path.ts';
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

/** process.env with HOME and the variables of systemd's descriptor passing. Source: sd_listen_fds(3). */
export function programEnvironment(
  root: Fd,
  env: readonly string[],
  uid: number,
  listenFds: number,
): string[] {
  const variables = withoutDuplicates(env);
  if ((variables.get('HOME') ?? 'HOME=') === 'HOME=') variables.set('HOME', `HOME=${homeOf(root, uid)}`);
  if (listenFds > 0) {
    variables.set('LISTEN_FDS', `LISTEN_FDS=${listenFds}`);
    variables.set('LISTEN_PID', 'LISTEN_PID=1');
  }
  return [...variables.values()];
}

/** The image may bring a FIFO or a device as its passwd file: only a regular file of sensible size is read. */
function homeOf(root: Fd, uid: number): string {
  const number = tryOpenInRoot(root, '/etc/passwd', O_RDONLY | O_NONBLOCK);
  if (number < 0) return '/';
  using file = new Fd(number);
  const status = statusOf(file);
  if (kindOf(status) !== FILE_KIND.regular || status.size > PASSWD_LIMIT) return '/';
  return homeIn(readAll(file), uid);
}
