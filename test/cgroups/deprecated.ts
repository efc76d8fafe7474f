import t from 'tap';
import { warnOfDeprecated } from '../../src/cgroups/deprecated.ts';
import { configureLog } from '../../src/log.ts';

const lines: string[] = [];
configureLog({ format: 'text', debug: false, sink: (line) => lines.push(line) });

warnOfDeprecated({});
warnOfDeprecated({ memory: { kernel: -1, kernelTCP: 5 } });
t.same(lines, []);
warnOfDeprecated({ memory: { kernel: 5 } });
t.match(lines, [/level=warning msg="linux\.resources\.memory\.kernel: .*5\.16"/]);
