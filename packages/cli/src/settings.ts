/** `--set path=value`: changes to a document before it is read, so that they are checked like the rest of it. */
import { ConfigError, type Location } from "@latchgrad/core";
import { setValue } from "@latchgrad/optim";

/**
 * The document with settings such as "training.steps=100" or "layers.memory.cell.units=8" made. A step of a path is a
 * key, or for a list an index or the "name" of an element. A value is JSON, or else text. Throws ConfigError.
 */
export function withSettings(document: unknown, settings: readonly string[]): unknown {
  return settings.reduce((changed, setting) => {
    const at: Location = { kind: "value", name: `--set ${setting}` };
    const equals = setting.indexOf("=");
    const path = setting.slice(0, equals);
    if (equals < 1 || path.split(".").includes(""))
      throw new ConfigError([
        {
          code: "config.setting",
          problem: "a setting is a path, an equals sign and a value",
          at,
          hint: "for example training.steps=100",
        },
      ]);
    return setValue(changed, path, valueOf(setting.slice(equals + 1)), at);
  }, document);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
