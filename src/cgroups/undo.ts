// Pure.

/**
 * What to write to a file of a cgroup in order to have it as it was: `before` is what was read of it, `written` what has
 * been written meanwhile. An empty text is a value. Undefined: a file that keeps nothing, or nothing to take back.
 * Source: the kernel's cgroup-v2.rst and cgroup-v1/.
 */
export function undoOf(file: string, before: string, written: string): string | undefined {
  if (keepsNothing(file)) return undefined;
  if (file === 'cgroup.subtree_control') return undoControllers(before, written);
  if (file === 'memory.oom_control') return /^oom_kill_disable (\d)$/m.exec(before)?.[1];
  const absent = absentLine(file);
  if (absent === undefined) return before;
  const key = keyOf(written);
  const line = before.split('\n').find((line) => keyOf(line) === key);
  return line ?? (absent === '' ? undefined : `${key} ${absent}`);
}

/** Commands, moves of processes, and triggers. */
function keepsNothing(file: string): boolean {
  return (
    /^cgroup\.(procs|threads|type|kill)$/.test(file) ||
    /^(cpu|memory|io|irq)\.pressure$/.test(file) ||
    /\.(reclaim|peak)$/.test(file)
  );
}

/**
 * Of a file that has a line for each disk, interface or resource, and takes one at a time: what stands for no line, and
 * is empty where there is one for each. Undefined for a file with a single value.
 */
function absentLine(file: string): string | undefined {
  if (file.startsWith('blkio.throttle.')) return '0';
  if (file.endsWith('weight_device')) return 'default';
  switch (file) {
    case 'io.weight':
    case 'io.bfq.weight':
      return 'default';
    case 'io.max':
      return 'rbps=max wbps=max riops=max wiops=max';
    case 'io.latency':
      return 'target=max';
    case 'net_prio.ifpriomap':
    case 'rdma.max':
    case 'misc.max':
      return '';
    default:
      return file.startsWith('dmem.') ? '' : undefined;
  }
}

/** The first word; weights for all disks may be without their `default`. */
function keyOf(line: string): string {
  const [first = '', second] = line.trim().split(/\s+/);
  return second === undefined ? 'default' : first;
}

/** Read as `cpu io`, written as `+cpu -io`. */
function undoControllers(before: string, written: string): string | undefined {
  const enabled = before.split(' ');
  const changes: string[] = [];
  for (const word of written.trim().split(/\s+/)) {
    const name = word.slice(1);
    const wasEnabled = enabled.includes(name);
    if (wasEnabled !== word.startsWith('+')) changes.push(`${wasEnabled ? '+' : '-'}${name}`);
  }
  return changes.length === 0 ? undefined : changes.join(' ');
}
