// Runs on the host.
import { isWritable, readFile } from '../../linux/file.ts';
import { modeOf, parseHierarchies } from '../mode.ts';
import { ownDirectory } from '../path.ts';
import { property } from './properties.ts';
import { Systemd, type SystemdOptions } from './systemd.ts';

/**
 * To be called before a process is started that is to join a cgroup of the user's systemd. An ordinary user may move
 * processes only within what was handed over, which is what that systemd has; a login session is outside. Its processes
 * get there by a scope that this systemd makes of them, so this one goes ahead, as `systemd-run --user --scope` does, and
 * what it starts can join. Source: cgroups(7), delegation containment.
 */
export function comeWithinReach(options: SystemdOptions): void {
  const hierarchies = parseHierarchies(readFile('/proc/self/mountinfo'), readFile('/proc/self/cgroup'));
  const [unified] = hierarchies;
  if (unified === undefined || modeOf(hierarchies) !== 'unified') return;
  const own = ownDirectory(unified);
  const systemd = new Systemd(options);
  const its = unified.mountPoint + systemd.controlGroup();
  if (own !== undefined && isWritable(`${commonParent(own, its)}/cgroup.procs`)) return;
  systemd.startUnit(`trunc-${process.pid}.scope`, [
    property('Description', 's', 'trunc, on its way to a container'),
    property('PIDs', 'au', [process.pid]),
    property('CollectMode', 's', 'inactive-or-failed'),
  ]);
}

/** Pure. The deepest directory that has both in it, or is one of them. */
export function commonParent(one: string, other: string): string {
  const parts = one.split('/');
  const others = other.split('/');
  let count = 0;
  while (count < parts.length && parts[count] === others[count]) count++;
  return parts.slice(0, count).join('/');
}
