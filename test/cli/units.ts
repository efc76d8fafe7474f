import t from 'tap';
import { parseDuration, parseInteger, parseSize } from '../../src/cli/units.ts';

const sizes: [text: string, bytes: number][] = [
  ['0', 0],
  ['-1', -1],
  ['4096', 4096],
  ['512m', 512 * 1024 ** 2],
  ['512M', 512 * 1024 ** 2],
  ['1.5g', 1.5 * 1024 ** 3],
  ['100MiB', 100 * 1024 ** 2],
  ['3kb', 3072],
];
for (const [text, bytes] of sizes) t.equal(parseSize('--memory', text), bytes, text);
for (const text of ['', 'm', '-2', '1x', '1 mm', '1e3', '0x10', '99999999999p'])
  t.throws(() => parseSize('--memory', text), { code: 'USAGE' }, `size ${JSON.stringify(text)}`);

const times: [text: string, milliseconds: number][] = [
  ['500ms', 500],
  ['5s', 5000],
  ['1m30s', 90_000],
  ['0.5h', 1_800_000],
];
for (const [text, milliseconds] of times) t.equal(parseDuration('--interval', text), milliseconds, text);
for (const text of ['', '5', '0s', 's', '5s5', '-5s', '5 s'])
  t.throws(() => parseDuration('--interval', text), { code: 'USAGE' }, `time ${JSON.stringify(text)}`);

t.equal(parseInteger('--cpu-quota', '-1'), -1);
for (const text of ['', '1.5', '5x', '99999999999999999999'])
  t.throws(() => parseInteger('--cpu-quota', text), { code: 'USAGE' }, `number ${JSON.stringify(text)}`);
