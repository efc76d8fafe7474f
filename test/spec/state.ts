import t from 'tap';
import { validate } from '../../src/spec/generated/validate-state.js';
import { OCI_VERSION, type State } from '../../src/spec/state.ts';

const state: State = {
  ociVersion: OCI_VERSION,
  id: 'x',
  status: 'running',
  pid: 5,
  bundle: '/b',
  annotations: { a: 'b' },
};

t.ok(validate(state));
t.ok(validate({ ...state, status: 'paused', owner: 'more is allowed' }));
for (const wrong of [
  { status: 'gone' },
  { pid: -1 },
  { pid: '5' },
  { bundle: undefined },
  { annotations: { a: 1 } },
]) {
  t.notOk(validate({ ...state, ...wrong }), JSON.stringify(wrong));
}
