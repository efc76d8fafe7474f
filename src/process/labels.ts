// Runs on the host (check) and in the container's namespaces (set).
import { RuntimeError, within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { apparmorEnabled, selinuxEnabled, setSecurityAttribute } from '../linux/lsm.ts';
import { failedWith } from '../linux/path.ts';
import type { Process } from '../spec/config.ts';

const PROFILE = 'process.apparmorProfile';
const LABEL = 'process.selinuxLabel';

/** Refuses a label of a security module that this host does not have: only here its files can be seen. */
export function checkLabels({ apparmorProfile, selinuxLabel }: Process): void {
  if (apparmorProfile && !apparmorEnabled()) throw missing(PROFILE, apparmorProfile, 'AppArmor');
  if (selinuxLabel && !selinuxEnabled()) throw missing(LABEL, selinuxLabel, 'SELinux');
}

function missing(field: string, label: string, name: string): RuntimeError {
  return new RuntimeError(`${field}: "${label}" is asked for, but ${name} is not enabled on this host`, {
    code: 'NOT_AVAILABLE',
    field,
  });
}

/** Both take effect with the next execve, be it a hook's or the program's. */
export function setExecLabels(proc: Fd, { apparmorProfile, selinuxLabel }: Process): void {
  if (apparmorProfile) {
    labelled(PROFILE, apparmorProfile, () =>
      setSecurityAttribute(proc, 'apparmor/exec', `exec ${apparmorProfile}`),
    );
  }
  if (selinuxLabel) labelled(LABEL, selinuxLabel, () => setSecurityAttribute(proc, 'exec', selinuxLabel));
}

/** Runs `action`, which makes keys, with process.selinuxLabel as their label. */
export function withKeyLabel<T>(proc: Fd, label: string, action: () => T): T {
  labelled(LABEL, label, () => setSecurityAttribute(proc, 'keycreate', label));
  try {
    return action();
  } finally {
    setSecurityAttribute(proc, 'keycreate', '');
  }
}

/** The kernel's words for an unknown label would make engines look for a missing program. */
function labelled(field: string, label: string, action: () => void): void {
  within(`${field}: set "${label}"`, () => explained(action), { code: 'LABEL_REFUSED', field });
}

function explained(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!failedWith(error, 'ENOENT', 'EINVAL')) throw error;
    const { errno } = error as RuntimeError;
    throw new RuntimeError(
      'the policy that is loaded does not know it',
      { code: 'LABEL_REFUSED', errno },
      error,
    );
  }
}
