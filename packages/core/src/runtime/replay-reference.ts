/** Runs a graph once by the ops' definitions, for a finder. */
import { opOf } from "../graph/builder.js";
import { evaluateWatched, type RegionRun } from "../graph/evaluate.js";
import type { LoopStep } from "../errors/non-finite.js";
import type { Tensor } from "../shape/tensor.js";
import type { Replay } from "./locate.js";
import type { Seen } from "./finder.js";

const seen = ({ type, data }: Tensor): Seen => ({ type, data: () => data });

/** `valueOf`: inputs and state of the run that failed, by parameter. */
export const replayReference =
  (valueOf: (param: string) => Tensor): Replay =>
  (graph, finder) => {
    const inputs = graph.params.map(({ name }) => valueOf(name));
    finder.begin(inputs.map(seen));
    evaluateWatched(graph, inputs, ({ graph: where, node, inputs: operands, results, around }) => {
      const execution = { graph: where, node, operands: operands.map(seen), results: results.map(seen) };
      finder.see({ ...execution, steps: () => around.flatMap(stepOf) });
    });
  };

function stepOf({ node, inputs, turn }: RegionRun): readonly LoopStep[] {
  const op = opOf(node);
  const [loop] = node.names;
  const kind = op.kind === "region" ? op.structure(node.inputs.length, node.attrs).kind : undefined;
  if (kind === "while") return [{ loop, step: turn }];
  // The last parameter of a loop's body is the index of the step.
  return kind === "loop" ? [{ loop, step: inputs[inputs.length - 1].data[0] }] : [];
}
