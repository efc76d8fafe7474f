// Runs on the host (check) and in the container's namespaces (label).
import { RuntimeError, within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { selinuxEnabled } from '../linux/lsm.ts';
import { O_DIRECTORY, O_RDONLY, openInRoot } from '../linux/path.ts';
import { syscall } from '../linux/syscall.ts';

const FIELD = 'linux.mountLabel';

/** Refuses a label that nothing would come of. On the host: a container does not see whether SELinux is there. */
export function checkMountLabel(label: string | undefined): void {
  if (!label || selinuxEnabled()) return;
  throw new RuntimeError(`${FIELD}: "${label}" is asked for, but SELinux is not enabled on this host`, {
    code: 'NOT_AVAILABLE',
    field: FIELD,
  });
}

/** Labels the root of an mqueue, which takes no label as a whole. */
export function labelMqueue(mounted: Fd, label: string): void {
  const bytes = new TextEncoder().encode(label);
  within(
    FIELD,
    () => {
      using directory = openInRoot(mounted, '.', O_RDONLY | O_DIRECTORY);
      syscall('fsetxattr', directory.number, 'security.selinux', bytes, bytes.length, 0);
    },
    { code: 'LABEL_REFUSED', field: FIELD },
  );
}
