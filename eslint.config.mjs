// Lint rules: type-aware, zero warnings. Rules that only make numeric code longer are off.
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";

/** Names that the worker library declares globally; meeting one in a library is nearly always a missing variable. */
const accidentalGlobals = ["name", "origin", "location", "status", "close", "event", "length", "parent", "top"];

const noDefaultExport = {
  selector: "ExportDefaultDeclaration",
  message: "Name what you export; a default export has no fixed name.",
};

/** Functions of JavaScript that may differ between engines in the last bit, and with them weights, batches and records. */
const ofTheEngine = [
  ["acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "exp", "expm1", "hypot"],
  ["log", "log10", "log1p", "log2", "pow", "sin", "sinh", "tan", "tanh"],
].flat();
const portable = "Engines round it differently; see core/src/kernel/portable-math.ts.";

export default defineConfig(
  { ignores: ["**/.venv", "**/dist/", "**/generated/", "**/fixtures/", "docs/reference/", ".reports/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  ts.configs.strict,
  {
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      // TypeScript reports unknown names, in scripts as well.
      "no-undef": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // Interfaces use method syntax for its variance, and nothing here uses `this`, so taking a method off is safe.
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    // In scripts types are JSDoc casts, which the type check sees and these rules do not.
    files: ["**/*.mjs"],
    rules: {
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", ...accidentalGlobals],
      "no-restricted-syntax": ["error", noDefaultExport],
    },
  },
  {
    // The definitions of ops are what results are compared with, within a tolerance.
    files: ["packages/{core,layers,optim}/src/**/*.ts"],
    ignores: ["packages/core/src/ops/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        ...ofTheEngine.map((property) => ({ object: "Math", property, message: portable })),
      ],
      "no-restricted-syntax": [
        "error",
        noDefaultExport,
        // Powers of 2 are exact everywhere.
        { selector: 'BinaryExpression[operator="**"]:not([left.value=2])', message: portable },
      ],
    },
  },
);
