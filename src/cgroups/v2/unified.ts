// Pure.
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/**
 * linux.resources.unified: the values as they stand, a write for each line, since a file such as io.max takes one
 * device at a time. By the controller that the file belongs to, which is the name up to the dot.
 */
export function unified({ unified = {} }: Resources): [controller: string, CgroupWrite[]][] {
  return Object.entries(unified).map(([file, value]) => {
    const lines = value.split('\n').filter((line, index) => line !== '' || index === 0);
    const writes = lines.map((line) => write(file, line, `unified[${JSON.stringify(file)}]`));
    return [file.slice(0, file.indexOf('.')), writes];
  });
}
