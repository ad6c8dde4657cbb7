/** Options that every task of rows and columns has. */
import * as z from "zod";
import type { FormatOptions } from "./data-file.js";
import { filesField } from "./open-files.js";

export const tableFields = {
  files: filesField("Data files", "data.csv"),
  format: z
    .enum(["csv", "jsonLines"])
    .default("csv")
    .describe("csv: a line of names, then a row per line; jsonLines: an object per line."),
  delimiter: z
    .string()
    .length(1)
    .regex(/[^"\r\n]/, "one character, other than a quotation mark")
    .default(",")
    .describe("What stands between the cells of a CSV file."),
  badRows: z
    .enum(["error", "skip"])
    .default("error")
    .describe("Rows that cannot be used: the run does not begin and tells them, or they are left out and counted."),
};

export const formatOf = ({ format, delimiter }: FormatOptions): FormatOptions => ({ format, delimiter });
