// Runs in the container's namespaces.
import { within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { writeAll } from '../linux/file.ts';
import { O_NOFOLLOW, O_WRONLY, openInRoot } from '../linux/path.ts';
import { sysctlPath } from '../spec/sysctl-path.ts';

/** Writes linux.sysctl through a trusted procfs, of which no path can lead astray (CVE-2025-52881). */
export function setSysctls(proc: Fd, values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    const field = `linux.sysctl["${name}"]`;
    within(
      `${field}: write "${value}"`,
      () => {
        using file = openInRoot(proc, `sys/${sysctlPath(name)}`, O_WRONLY | O_NOFOLLOW);
        writeAll(file, value);
      },
      { code: 'SYSCTL', field, hint: 'the kernel does not have it here, or does not take the value' },
    );
  }
}
