import { features } from '../../container/features.ts';
import type { Handler } from '../invocation.ts';
import { print } from '../output.ts';
import type { featuresCommand } from '../table.ts';

export const handler: Handler<typeof featuresCommand> = () => {
  print(`${JSON.stringify(features(process.env), null, 4)}\n`);
  return 0;
};
