/** What a person is told of diagnoses while a model is trained: that gradients began or ceased to vanish or explode. */
import { verdictInWords, type DiagnosisEvent, type GradientVerdict } from "@latchgrad/optim";
import { formatCount } from "./format.js";

/** Lines about a diagnosis, one for each layer whose gradient does something else than at the last one; none about what is steady from the start. */
export function gradientNews(): (event: DiagnosisEvent) => string {
  const latest = new Map<string, GradientVerdict["kind"]>();
  return ({ step, records }) => {
    const lines: string[] = [];
    for (const record of records) {
      if (record.kind !== "gradientFlow") continue;
      const { kind } = record.verdict;
      // Without a gradient there is nothing new to say.
      if (kind === "none") continue;
      const before = latest.get(record.layer) ?? "steady";
      latest.set(record.layer, kind);
      if (kind !== before) lines.push(`step ${formatCount(step)}  ${verdictInWords(record)}\n`);
    }
    return lines.join("");
  };
}
