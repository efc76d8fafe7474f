// Runs on the host.
import { listDirectory } from '../linux/file.ts';
import { failedWith } from '../linux/path.ts';

const SIZES = '/sys/kernel/mm/hugepages';
const UNITS = ['KB', 'MB', 'GB'];

/** The sizes of huge pages that the kernel has, as in the names of the controller's files: `2MB`. */
export function hugePageSizes(): string[] {
  try {
    return listDirectory(SIZES).map(({ name }) =>
      pageSizeName(Number(/^hugepages-(\d+)kB$/.exec(name)?.[1])),
    );
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return [];
    throw error;
  }
}

/** 2048 (KiB) as `2MB`. */
function pageSizeName(kibibytes: number): string {
  let size = kibibytes;
  let unit = 0;
  for (; size % 1024 === 0 && unit < UNITS.length - 1; unit++) size /= 1024;
  return `${size}${UNITS[unit]}`;
}
