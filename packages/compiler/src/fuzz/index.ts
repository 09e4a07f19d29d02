/** Random programs with models, for whoever can run them on one more engine. */
export { generateRecipe } from './generate.ts';
export { lowerRecipe, recipeMap } from './lower.ts';
export { evaluateRecipe, type Outcome } from './model.ts';
export { Random } from './random.ts';
export {
  bytesOf,
  compareOutcomes,
  type Input,
  keyOf,
  makeInput,
  type Variant,
  variants,
} from './run.ts';
