import { chmodSync } from 'node:fs';
import t from 'tap';
import { runMapHelper } from '../../src/namespaces/map-helper.ts';

const mappings = [
  { containerID: 0, hostID: 7, size: 1 },
  { containerID: 1, hostID: 100_000, size: 65_536 },
];

/** A helper that is a script; the directory to look for it in. */
function helper(script: string): string {
  const directory = t.testdir({ newuidmap: `#!/bin/sh\n${script}\n` });
  chmodSync(`${directory}/newuidmap`, 0o755);
  return directory;
}

t.test('its arguments', async (t) => {
  const directory = helper('test "$*" = "42 0 7 1 1 100000 65536"');
  runMapHelper({ pid: 42, kind: 'uid', mappings, searchPath: `/no/where:relative::${directory}` });
  const other = { pid: 43, kind: 'uid', mappings, searchPath: directory } as const;
  t.throws(() => runMapHelper(other), { code: 'ID_MAP', message: /^newuidmap: .*1/, hint: /\/etc\/subuid/ });
});

t.test('what it says', async (t) => {
  const searchPath = helper('echo "newuidmap: uid range [0-1) not allowed" >&2; echo usage; exit 1');
  t.throws(() => runMapHelper({ pid: 1, kind: 'uid', mappings, searchPath }), {
    message: 'newuidmap: uid range [0-1) not allowed',
  });
});

t.test('none', async (t) => {
  const error = { code: 'ID_MAP', message: /needs newgidmap .*not on the PATH/, hint: /uidmap/ };
  t.throws(() => runMapHelper({ pid: 1, kind: 'gid', mappings, searchPath: '/no/where' }), error);
});
