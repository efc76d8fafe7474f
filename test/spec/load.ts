import t from 'tap';
import { RuntimeError } from '../../src/errors.ts';
import { configureLog } from '../../src/log.ts';
import { parseDocument, validateSpec } from '../../src/spec/load.ts';
import { complete, extended, minimal } from '../fixtures/good-configs.ts';

function failure(action: () => unknown): RuntimeError {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof RuntimeError) return thrown;
    throw thrown;
  }
  throw new Error('no error');
}

t.test('good documents', async (t) => {
  for (const [name, document] of Object.entries({ minimal, complete, extended })) {
    t.equal(validateSpec(document), document, name);
  }
});

t.test('every problem is on the one line', async (t) => {
  const error = failure(() => validateSpec({ ...minimal, root: {}, hostname: 1 }));
  t.equal(error.message, 'config.json: root.path: is missing; hostname: must be a string, found 1');
  t.match(error, { code: 'CONFIG_INVALID', field: 'root.path', exitCode: 1 });
});

t.test('problems beyond the schema', async (t) => {
  const error = failure(() => validateSpec({ ociVersion: '0.9', root: { path: '' } }));
  t.equal(
    error.message,
    'config.json: ociVersion: must be a version 1.x.y of the specification, found "0.9"; ' +
      'root.path: must not be empty; process: is missing',
  );
});

t.test('the rules have their say about what the schema finds in order', async (t) => {
  const process = { ...minimal.process, cwd: 'relative', args: 'sh' };
  const linux = { cgroupsPath: '/../x', resources: { pids: { limit: -2 }, memory: { limit: '1g' } } };
  const error = failure(() => validateSpec({ ...minimal, ociVersion: '0.9', process, linux }));
  t.match(error.message, /^config\.json: process\.args: must be a list, found "sh"; /);
  t.match(error.message, /linux\.resources\.memory\.limit: .*; ociVersion: .*; linux\.cgroupsPath: /);
  t.notMatch(error.message, /cwd|pids|process: is missing/, 'not about what is half understood');
});

t.test('no guesses where namespaces are wrong', async (t) => {
  const linux = { namespaces: [{ type: 'mnt' }], maskedPaths: ['/proc/kcore'] };
  const error = failure(() => validateSpec({ ...minimal, linux }));
  t.match(error.message, /^config\.json: linux\.namespaces\[0\]\.type: [^;]*: did you mean mount\?$/);
});

t.test('more than fits on a line', async (t) => {
  const lines: string[] = [];
  configureLog({ format: 'text', debug: true, sink: (line) => lines.push(line) });
  const mounts = new Array(300).fill({ destination: 7 });
  const error = failure(() => validateSpec({ ...minimal, mounts }));
  configureLog({ format: 'text', debug: false });
  t.match(error.message, /; and \d+ more$/);
  t.equal(error.hint, 'run it with --debug for all of them');
  t.equal(lines.length, 300);
  t.match(
    lines[299],
    /level=debug msg="config\.json: mounts\[299\]\.destination: must be a string, found 7"/,
  );
});

t.test('not an object', async (t) => {
  for (const document of [null, [], 'x', 1]) {
    const error = failure(() => validateSpec(document));
    t.match(error.message, /^config\.json: must be an object, found /);
    t.equal(error.field, undefined);
  }
});

t.test('not JSON', async (t) => {
  const error = failure(() => parseDocument('{\n  "ociVersion": 1.0.2\n}\n', '/b/config.json'));
  t.equal(error.code, 'CONFIG_INVALID');
  t.equal(
    error.message,
    `/b/config.json is not valid JSON: line 2, column 17: expected a value, found "1.0.2"`,
  );
});
