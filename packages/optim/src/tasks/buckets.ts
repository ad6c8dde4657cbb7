/**
 * Sequences of different lengths as batches: those of about one length share a bucket, and every batch is from one bucket and
 * as long as it. So there are few sizes, each of which is compiled once, and little padding.
 */
import type { Seed } from "@latchgrad/layers";
import { SPLITS, type Split } from "../data/batch.js";
import { randomAt, randomOrder } from "./random.js";

export interface BucketPlan {
  readonly seed: Seed;
  /** Name of the task, so that two tasks do not share an order. */
  readonly task: string;
  /** How many buckets, of about equally many training sequences; or their lengths. */
  readonly buckets: number | readonly number[];
  /** The length of each sequence of each part. */
  readonly lengths: Readonly<Record<Split, readonly number[]>>;
}

/** Which sequences a batch has, by their number in the part, and how long it is. */
export interface BucketBatch {
  readonly numbers: readonly number[];
  readonly length: number;
}

export interface Buckets {
  batch(split: Split, index: number, size: number): BucketBatch;
  batchesPerEpoch(split: Split, size: number): number;
}

export function bucketsOf({ seed, task, buckets, lengths }: BucketPlan): Buckets {
  const borders = bordersOf(buckets, lengths);
  const members = Object.fromEntries(SPLITS.map((split) => [split, membersOf(lengths[split], borders)])) as Readonly<
    Record<Split, readonly Uint32Array[]>
  >;
  const batchesPerEpoch = (split: Split, size: number): number =>
    members[split].reduce((sum, { length }) => sum + Math.ceil(length / size), 0);

  let latest: { readonly epoch: number; readonly size: number; readonly batches: readonly BucketBatch[] } | undefined;
  /** All training batches of an epoch in their order; the latest are kept, because batches come in sequence. */
  function trainingBatches(epoch: number, size: number): readonly BucketBatch[] {
    if (latest?.epoch !== epoch || latest.size !== size) {
      const random = randomAt(seed, task, "order", epoch);
      const cut = members.train.flatMap((numbers, b) => {
        const order = randomOrder(numbers.length, random);
        return cutBatches(
          Array.from(order, (n) => numbers[n]),
          borders[b],
          size,
        );
      });
      latest = { epoch, size, batches: Array.from(randomOrder(cut.length, random), (n) => cut[n]) };
    }
    return latest.batches;
  }
  return {
    batchesPerEpoch,
    batch(split, index, size) {
      const perEpoch = batchesPerEpoch(split, size);
      const inEpoch = index % perEpoch;
      const batches =
        split === "train"
          ? trainingBatches((index - inEpoch) / perEpoch, size)
          : members[split].flatMap((numbers, b) => cutBatches([...numbers], borders[b], size));
      return batches[inEpoch];
    },
  };
}

const cutBatches = (numbers: readonly number[], length: number, size: number): readonly BucketBatch[] =>
  Array.from({ length: Math.ceil(numbers.length / size) }, (_, i) => ({
    numbers: numbers.slice(i * size, (i + 1) * size),
    length,
  }));

/** The lengths of the buckets in ascending order; the last one is long enough for every sequence. */
function bordersOf(buckets: BucketPlan["buckets"], lengths: BucketPlan["lengths"]): readonly number[] {
  const longest = SPLITS.reduce((most, split) => lengths[split].reduce((a, b) => Math.max(a, b), most), 1);
  const sorted = [...lengths.train].sort((a, b) => a - b);
  const asked =
    typeof buckets === "number"
      ? Array.from({ length: buckets - 1 }, (_, i) => sorted[Math.ceil(((i + 1) * sorted.length) / buckets) - 1])
      : buckets.filter((length) => length < longest);
  const last =
    typeof buckets === "number"
      ? longest
      : (buckets.filter((length) => length >= longest).sort((a, b) => a - b)[0] ?? longest);
  return [...new Set([...asked, last])].sort((a, b) => a - b);
}

/** For each bucket the numbers of its sequences. */
function membersOf(lengths: readonly number[], borders: readonly number[]): readonly Uint32Array[] {
  const members: number[][] = borders.map(() => []);
  lengths.forEach((length, number) => members[borders.findIndex((border) => length <= border)].push(number));
  return members.map((numbers) => Uint32Array.from(numbers));
}
