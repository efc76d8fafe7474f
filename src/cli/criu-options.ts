import type { CriuFlags } from '../container/options.ts';
import { resolve } from '../posix-path.ts';
import type { Values } from './command.ts';
import { absolute } from './create-options.ts';
import type { criuOptions } from './table-checkpoint.ts';

/** What `checkpoint` and `restore` both ask of criu. Makes paths absolute. */
export function criuFlags(options: Values<typeof criuOptions>): CriuFlags {
  const { 'work-path': work, 'manage-cgroups-mode': mode } = options;
  return {
    imagePath: resolve(options['image-path'] ?? 'checkpoint'),
    workPath: absolute(work),
    tcpEstablished: options['tcp-established'],
    extUnixSk: options['ext-unix-sk'],
    shellJob: options['shell-job'],
    fileLocks: options['file-locks'],
    lazyPages: options['lazy-pages'],
    autoDedup: options['auto-dedup'],
    // The table's choices are the words that criu is asked by.
    manageCgroupsMode: mode as CriuFlags['manageCgroupsMode'],
  };
}
