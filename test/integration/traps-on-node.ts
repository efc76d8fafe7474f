// The same traps with our own code under Node.js; where RUNTIME names something, traps.ts does it.
import t from 'tap';

if (process.env.RUNTIME) t.plan(0, 'RUNTIME is set');
else {
  process.env.RUNTIME = 'node';
  await import('./traps.ts');
}
