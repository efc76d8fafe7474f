import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { temp } from './sandbox.ts';

/** Whether this machine has its controllers in cgroup v1; a hybrid one counts. */
export const V1 = existsSync('/sys/fs/cgroup/memory');

/** A file of a cgroup, without the last newline: `v1` is CONTROLLER/FILE, `v2` the name of the file there. */
export function cgroupFile(cgroup: string, v1: string, v2: string): string {
  const [controller, file] = v1.split('/') as [string, string];
  const path = V1 ? `/sys/fs/cgroup/${controller}${cgroup}/${file}` : `/sys/fs/cgroup${cgroup}/${v2}`;
  return readFileSync(path, 'utf8').trim();
}

const HIERARCHIES = V1 ? readdirSync('/sys/fs/cgroup').map((name) => `/${name}`) : [''];
/** Counters and members, which change by themselves. */
const VOLATILE = /usage|failcnt|procs|tasks|threads|stat|pressure|peak|events|event_control|fmeter/;

/** The content of every file of a cgroup that can be written, and of devices.list; by hierarchy and name. */
export function settings(cgroup: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const hierarchy of HIERARCHIES) {
    const dir = `/sys/fs/cgroup${hierarchy}${cgroup}`;
    for (const file of existsSync(dir) ? readdirSync(dir) : []) {
      const mode = statSync(`${dir}/${file}`).mode & 0o777;
      if (file !== 'devices.list' && (VOLATILE.test(file) || mode !== 0o644)) continue;
      found[`${hierarchy}/${file}`] = settingIn(dir, file);
    }
  }
  return found;
}

/** In words that are the same for what is the same. */
function settingIn(dir: string, file: string): string {
  const content = readFileSync(`${dir}/${file}`, 'utf8');
  // An empty cpuset of version 2 is what the one above it is.
  if (content === '\n' && file.startsWith('cpuset.')) return readFileSync(`${dir}/${file}.effective`, 'utf8');
  // Both are no limit; of huge pages the kernel says the one first, and the other when it has been told.
  return content.replace('9223372036854771712', 'max');
}

/** The numbers of the disk that has the tests' files, if it is one; a partition has no limits of its own. */
export function disk(): { major: number; minor: number } | undefined {
  const { dev } = statSync(temp);
  const link = `/sys/dev/block/${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
  if (!existsSync(link)) return undefined;
  const path = realpathSync(link);
  const whole = existsSync(`${path}/partition`) ? dirname(path) : path;
  const [major = 0, minor = 0] = readFileSync(`${whole}/dev`, 'utf8').split(':').map(Number);
  return { major, minor };
}

/** The files of weights of I/O, as cgroupFile wants them, and what a weight of 300 is in them. */
export interface WeightFile {
  v1: string;
  v2: string;
  of300: string;
}

/** Those of this kernel: those of the scheduler BFQ are there while its module is loaded, version 2 has others as well. */
export function weightFile(): WeightFile | undefined {
  const has = (path: string) => existsSync(`/sys/fs/cgroup/${path}`);
  const v1 = 'blkio/blkio.bfq.weight';
  if (V1) return has('blkio/blkio.bfq.io_serviced') ? { v1, v2: '', of300: '300' } : undefined;
  if (has('system.slice/io.bfq.weight')) return { v1, v2: 'io.bfq.weight', of300: 'default 300' };
  return has('system.slice/io.weight') ? { v1, v2: 'io.weight', of300: 'default 2930' } : undefined;
}

/** The processor time that a cgroup has had, in seconds. */
export function processorTime(cgroup: string): number {
  if (V1) return Number(cgroupFile(cgroup, 'cpuacct/cpuacct.usage', '')) / 1e9;
  return Number(/^usage_usec (\d+)$/m.exec(cgroupFile(cgroup, '', 'cpu.stat'))?.[1]) / 1e6;
}
