import { mkdirSync } from 'node:fs';
import t from 'tap';
import { openNotify, passedLines } from '../../../src/container/caller/notify-socket.ts';
import { bindDatagrams } from '../../../src/linux/socket.ts';
import { minimal } from '../../fixtures/good-configs.ts';

const spec = { ...minimal, linux: { namespaces: [{ type: 'mount' }] } } as Parameters<typeof openNotify>[1];

t.test('what is passed on', async (t) => {
  t.same(passedLines('READY=1', 7), ['READY=1', 'MAINPID=7']);
  t.same(passedLines('STATUS=up\nREADY=1\n', 7), ['STATUS=up', 'READY=1', 'MAINPID=7'], 'anywhere in it');
  t.same(passedLines('WATCHDOG=1', 7), ['WATCHDOG=1'], 'the pid is told once');
  t.same(passedLines('MAINPID=1\nFDSTORE=1\nFDNAME=x\nBARRIER=1\nX_READY=1\n\nREADY', 7), []);
});

t.test('the socket that a killed `start` has left is replaced', async (t) => {
  const root = t.testdir({ c: {} });
  mkdirSync(`${root}/c/notify`);
  using _service = bindDatagrams(root, 'service');
  const options = { root, id: 'c', notifySocket: `${root}/service` };
  openNotify(options, spec)?.[Symbol.dispose]();
  using notify = openNotify(options, spec);
  t.ok(notify);
});
