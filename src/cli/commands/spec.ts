import { RuntimeError, within } from '../../errors.ts';
import { effectiveGroup, effectiveUser } from '../../linux/credentials.ts';
import { exists, writeFile } from '../../linux/file.ts';
import { failedWith } from '../../linux/path.ts';
import { join } from '../../posix-path.ts';
import { exampleSpec } from '../../spec/example.ts';
import type { Handler } from '../invocation.ts';
import type { specCommand } from '../table.ts';

export const handler: Handler<typeof specCommand> = ({ options: { bundle = '.', rootless } }) => {
  const example = exampleSpec({
    rootless,
    cgroupns: exists('/sys/fs/cgroup/cgroup.controllers'),
    euid: effectiveUser(),
    egid: effectiveGroup(),
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
