/** All kinds of faults: as `deno task faults` tries them, and as `deno task test` does within a minute. */
import { configs } from "./configs.ts";
import { damage } from "./damage.ts";
import { data } from "./data.ts";
import { edits } from "./edits.ts";
import { files } from "./files.ts";
import { engines, kills } from "./kills.ts";
import type { Lab, Row } from "./lab.ts";
import { mounts } from "./mounts.ts";
import { stages } from "./stages.ts";
import { stores } from "./stores.ts";

interface Kind {
  readonly all: (lab: Lab) => Promise<Row>;
  readonly few: (lab: Lab) => Promise<Row>;
}

export const SUITE: Readonly<Record<string, Kind>> = {
  kills: { all: (lab) => kills(lab, 200), few: (lab) => kills(lab, 3) },
  files: { all: (lab) => files(lab, null), few: (lab) => files(lab, 3) },
  mounts: { all: (lab) => mounts(lab, 20), few: (lab) => mounts(lab, 1) },
  damage: { all: (lab) => damage(lab, null), few: (lab) => damage(lab, 2) },
  edits: { all: (lab) => edits(lab, 200), few: (lab) => edits(lab, 2) },
  stores: { all: (lab) => stores(lab, 200), few: (lab) => stores(lab, 4) },
  engines: { all: (lab) => engines(lab, 50), few: (lab) => engines(lab, 1) },
  configs: { all: (lab) => configs(lab, 10_000), few: (lab) => configs(lab, 200) },
  data: { all: (lab) => data(lab, 1000), few: (lab) => data(lab, 64) },
  stages: { all: (lab) => stages(lab, 200), few: (lab) => stages(lab, 4) },
};
