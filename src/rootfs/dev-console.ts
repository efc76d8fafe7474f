// Runs in the container's namespaces.
import { RuntimeError, within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { attachMount, cloneMountOf } from '../linux/mount.ts';
import { failedWith, makeNodeAt, O_NOFOLLOW, O_PATH, openInRoot } from '../linux/path.ts';
import { FILE_KIND, kindOf, statusOf } from '../linux/stat.ts';
import { type OwnPlace, openOwnDirectory } from './resolve.ts';

const NAME = 'console';

/**
 * Binds the terminal on /dev/console. By descriptors on both sides: an image can bring a link of either name,
 * or swap one in meanwhile (CVE-2025-52565, CVE-2026-88264).
 */
export function mountConsole(place: OwnPlace, terminal: Fd): void {
  const field = 'process.terminal';
  within(
    `${field}: mount the terminal on /dev/console`,
    () => {
      using dev = openOwnDirectory(place, '/dev');
      using target = openConsole(dev);
      using mounted = cloneMountOf(terminal, false);
      attachMount(mounted, target);
    },
    { code: 'TERMINAL', field },
  );
}

function openConsole(dev: Fd): Fd {
  try {
    makeNodeAt(dev, NAME, FILE_KIND.regular | 0o666, 0);
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw error;
  }
  // Opens a link itself.
  const target = openInRoot(dev, NAME, O_PATH | O_NOFOLLOW);
  const kind = kindOf(statusOf(target));
  if (kind === FILE_KIND.regular || kind === FILE_KIND.character) return target;
  target.close();
  throw new RuntimeError('what is in its place is neither a file nor a device', { code: 'ROOTFS_PATH' });
}
