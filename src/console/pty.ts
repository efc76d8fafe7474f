// Runs in the container's namespaces.
import { RuntimeError, within } from '../errors.ts';
import { Fd } from '../linux/fd.ts';
import { O_CLOEXEC, O_NOCTTY, O_PATH, O_RDWR, openInRoot } from '../linux/path.ts';
import { FILE_KIND, filesystemOf, kindOf, statusOf } from '../linux/stat.ts';
import { syscall } from '../linux/syscall.ts';
import { openPeer, setControllingTerminal } from '../linux/tty.ts';

/** The two ends of a pseudoterminal: the caller's, and the program's. */
export interface Terminal {
  master: Fd;
  slave: Fd;
}

const PTMX = '/dev/pts/ptmx';
const DEVPTS_SUPER_MAGIC = 0x1cd1;
const STDIO = [0, 1, 2];

/** Makes a pseudoterminal of the container's own devpts, so that its name means something in there. */
export function openTerminal(root: Fd, proc: Fd): Terminal {
  const field = 'process.terminal';
  const hint = 'mount a devpts on /dev/pts';
  return within(
    `${field}: open ${PTMX}`,
    () => {
      const master = openMaster(root, proc);
      return { master, slave: openPeer(master) };
    },
    { field, hint, code: 'TERMINAL' },
  );
}

/** Opens it only once it is known to be what its name says: an image can bring any device of that name (CVE-2025-52565). */
function openMaster(root: Fd, proc: Fd): Fd {
  using handle = openInRoot(root, PTMX, O_PATH);
  const status = statusOf(handle);
  const isPtmx = kindOf(status) === FILE_KIND.character && status.major === 5 && status.minor === 2;
  if (!isPtmx || filesystemOf(handle).type !== DEVPTS_SUPER_MAGIC) {
    throw new RuntimeError('it is not the multiplexer of a devpts', { code: 'TERMINAL' });
  }
  const flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  return new Fd(syscall('openat', proc.number, `self/fd/${handle.number}`, flags, 0));
}

/** Makes the terminal that of this session, which has none yet, and its three standard streams. */
export function useTerminal(slave: Fd): void {
  setControllingTerminal(slave);
  for (const number of STDIO) syscall('dup3', slave.number, number, 0);
  slave.close();
}
