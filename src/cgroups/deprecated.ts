// Runs on the host.
import { log } from '../log.ts';
import type { Resources } from '../spec/config.ts';

/** Says what an administrator would otherwise look for in vain: a limit that the kernel takes but does not keep. */
export function warnOfDeprecated({ memory: { kernel = 0 } = {} }: Resources): void {
  if (kernel > 0) {
    log.warning('linux.resources.memory.kernel: Linux has had no limit of kernel memory alone since 5.16');
  }
}
