import t from 'tap';
import { signalNumber } from '../../src/linux/signal.ts';

t.test('names and numbers', async (t) => {
  for (const text of ['9', 'KILL', 'SIGKILL', 'kill', 'sigKill']) t.equal(signalNumber(text), 9, text);
  t.equal(signalNumber('TERM'), 15);
  t.equal(signalNumber('SYS'), 31);
  t.equal(signalNumber('CLD'), 17);
  t.equal(signalNumber('RTMIN'), 34);
  t.equal(signalNumber('SIGRTMIN+3'), 37);
  t.equal(signalNumber('RTMAX-1'), 63);
  t.equal(signalNumber('64'), 64);
  t.equal(signalNumber('0'), 0, 'asks whether it can be signalled');
});

t.test('what is none', async (t) => {
  for (const text of ['', '65', '-9', '9.0', 'NOPE', 'SIG', 'RTMIN+31', '1e1']) {
    t.equal(signalNumber(text), undefined, text);
  }
});
