import { join } from 'node:path';
import { RuntimeError, within } from '../../errors.ts';
import { exists, writeFile } from '../../linux/file.ts';
import { failedWith } from '../../linux/path.ts';
import { exampleSpec } from '../../spec/example.ts';
import type { Handler } from '../invocation.ts';
import type { specCommand } from '../table.ts';

export const handler: Handler<typeof specCommand> = ({ options: { bundle = '.', rootless } }) => {
  const example = exampleSpec({
    rootless,
    cgroupns: exists('/sys/fs/cgroup/cgroup.controllers'),
    euid: process.geteuid?.() ?? 0,
    egid: process.getegid?.() ?? 0,
  });
  const file = join(bundle, 'config.json');
  const text = `${JSON.stringify(example, null, '\t')}\n`;
  try {
    within('--bundle', () => writeFile(file, text, { exclusive: true }), { field: '--bundle' });
  } catch (thrown) {
    if (!failedWith(thrown, 'EEXIST')) throw thrown;
    throw new RuntimeError(`${file} exists already`, {
      code: 'FILE_EXISTS',
      errno: 'EEXIST',
      hint: 'remove it or give another --bundle',
    });
  }
  return 0;
};
