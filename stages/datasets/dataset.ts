/** The form in which every stage hands on labelled images. */
import type { ArtifactReader, JsonObject } from "../../pipelines/stage.ts";

/**
 * What a data set holds: `images` u8 [count, height, width, channels] and `labels` u8 [count]. Attributes: `classes`, the
 * names by label, and after preprocess `scaling` {subtract, divide}: a byte b means (b - subtract) / divide.
 */
export const LABELLED_IMAGES = {
  images: { dtype: "uint8", rank: 4 },
  labels: { dtype: "uint8", rank: 1 },
} as const;

export interface Dataset {
  readonly images: Uint8Array<ArrayBuffer>;
  readonly labels: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** [height, width, channels] */
  readonly shape: readonly [number, number, number];
  readonly classes: readonly string[];
  readonly attributes: JsonObject;
}

/** The names of the classes; throws if the attribute is not there. */
export function classesOf(attributes: JsonObject): string[] {
  const value = attributes["classes"];
  if (!Array.isArray(value) || value.length === 0 || !value.every((x) => typeof x === "string")) {
    throw new Error('Cannot read the data set: its attribute "classes" is not a list of names');
  }
  return [...value];
}

/** Throws at the first label that names no class. */
export function checkLabels(labels: Uint8Array, classes: number, where: string): void {
  const bad = labels.findIndex((label) => label >= classes);
  if (bad >= 0) {
    throw new Error(
      `Cannot read ${where}: label ${labels[bad]} of example ${bad} is out of range, wanted 0 to ${
        classes - 1
      }`,
    );
  }
}

/** Reads a whole data set and checks that its parts belong together. */
export async function readDataset(artifact: ArtifactReader, name: string): Promise<Dataset> {
  const images = artifact.tensor("images", "uint8"), labels = artifact.tensor("labels", "uint8");
  const [count = 0, height = 0, width = 0, channels = 0] = images.shape;
  if (labels.shape[0] !== count) {
    throw new Error(
      `Cannot read "${name}": ${count} images but ${labels.shape[0]} labels, wanted as many`,
    );
  }
  const classes = classesOf(artifact.attributes);
  const values = await labels.read();
  checkLabels(values, classes.length, `"${name}"`);
  return {
    images: await images.read(),
    labels: values,
    count,
    shape: [height, width, channels],
    classes,
    attributes: artifact.attributes,
  };
}
