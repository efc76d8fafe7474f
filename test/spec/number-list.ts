import t from 'tap';
import { bitmapOf, numbersIn } from '../../src/spec/number-list.ts';

t.same(numbersIn('0-3,7'), [0, 1, 2, 3, 7]);
t.same(numbersIn(' 4 '), [4]);
t.same(numbersIn(''), []);
t.same([...bitmapOf('0-1,9')], [3, 2]);
t.same([...bitmapOf('8')], [0, 1]);
t.same([...bitmapOf('')], []);
