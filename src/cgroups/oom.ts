// Runs on the host.
import { openEventCounter, watchFile } from '../linux/event.ts';
import type { Fd } from '../linux/fd.ts';
import { O_RDONLY, openPath } from '../linux/path.ts';
import { readCgroupFileIfThere, writeCgroupFile } from './file.ts';

/** Where the kernel tells of processes that it has killed because the cgroup was out of memory. */
export interface OomWatch {
  /** Readable when the count may have grown. */
  fd: Fd;
  /** How many there have been. */
  count(): number;
}

/** Version 1: a file of the cgroup is tied to an event counter. Source: the kernel's cgroup-v1/memory.rst. */
export function watchOomV1(dir: string): OomWatch {
  const fd = openEventCounter();
  // The kernel wants the file open only while the two are being tied.
  using control = openPath(`${dir}/memory.oom_control`, O_RDONLY);
  writeCgroupFile(dir, { file: 'cgroup.event_control', value: `${fd.number} ${control.number}` });
  return { fd, count: () => oomKills(readCgroupFileIfThere(dir, 'memory.oom_control')) };
}

/** Version 2: the kernel notifies of changes of memory.events. */
export function watchOomV2(dir: string): OomWatch {
  const fd = watchFile(`${dir}/memory.events`);
  return { fd, count: () => oomKills(readCgroupFileIfThere(dir, 'memory.events')) };
}

function oomKills(text: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}
