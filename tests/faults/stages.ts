/** Stages that do harm, beside honest ones: the engine ends in a defined way, and the others come to their digests. */
import { stageText } from "../run_stages.ts";
import { digests, type Workplace } from "../rig.ts";
import { DEFINE, hostileStage } from "./hostile.ts";
import type { Dice, Lab, Row } from "./lab.ts";

const HONEST = `
  first: { uses: ./honest.ts, with: { value: 4 } }
  second: { uses: ./honest.ts, with: { value: 5 }, inputs: { before: first.out } }
`;
const HOSTILE = `
  hostile: { uses: ./hostile.ts, resources: { time: 3s } }
  behind: { uses: ./honest.ts, with: { value: 6 }, inputs: { before: hostile.out } }
`;

/** Milliseconds after which a run hangs: its hostile stage has three seconds, and so has its `check`. */
const PATIENCE = 90_000;

export async function stages(lab: Lab, count: number): Promise<Row> {
  const honest = await lab.place();
  try {
    write(honest, "");
    const { code, stdout, stderr } = await honest.do(["run", path(honest)]);
    if (code !== 0) throw new Error(`The honest stages fail: ${stdout}${stderr}`);
    const wanted = digests(honest.store);
    return await lab.tries(
      "a hostile stage",
      count,
      (dice) => attempt(lab, dice, wanted),
    );
  } finally {
    await honest[Symbol.asyncDispose]();
  }
}

async function attempt(
  lab: Lab,
  dice: Dice,
  wanted: Readonly<Record<string, string>>,
): Promise<string | null> {
  const place = await lab.place();
  try {
    // The stranger's code names the artifact that it would like to be believed to have made.
    const hostile = hostileStage(dice, wanted["second.out"] ?? "");
    write(place, hostile);
    const wrong = await run(place, true) ?? await lab.bad(place) ?? others(place, wanted);
    if (wrong !== null) return `${wrong}\n${hostile}`;
    // A shared store serves what the stranger has left there.
    write(place, "");
    const after = await run(place, false) ?? await lab.bad(place) ?? others(place, wanted, true);
    return after === null ? null : `without the stranger ${after}\n${hostile}`;
  } finally {
    await place[Symbol.asyncDispose]();
  }
}

const path = (place: Workplace) => `${place.folder}/hostile.yaml`;

function write(place: Workplace, hostile: string): void {
  // They lie beside the store, outside of the project, and import nothing of it.
  const honest = stageText("").replace(/import \{ defineStage \}.*/, DEFINE);
  place.write("honest.ts", honest);
  if (hostile !== "") place.write("hostile.ts", hostile);
  place.write("hostile.yaml", `stages:${HONEST}${hostile === "" ? "" : HOSTILE}`);
}

/** Null if it ended as it may. */
async function run(place: Workplace, isHostile: boolean): Promise<string | null> {
  let timer: ReturnType<typeof setTimeout> | undefined, isLate = false;
  const { code, stdout, stderr } = await place.do([
    "run",
    path(place),
    "--keep-going",
    "--jobs",
    "2",
  ], {
    onStart: (engine) => {
      // How long it takes is what is tried.
      timer = setTimeout(() => {
        isLate = true;
        engine.kill("SIGKILL");
      }, PATIENCE);
    },
  });
  clearTimeout(timer);
  const said = (stdout + stderr).slice(-1500);
  if (isLate) return `it hangs: ${said}`;
  if (!(isHostile ? [0, 1, 2] : [0]).includes(code)) return `it ended with ${code}: ${said}`;
  // The engine's own files; a stage's stack names no folder.
  const stack = /^ +at .*\/pipelines\/.*$|^error: (?:Uncaught|\(in promise\)).*$/m.exec(
    stdout + stderr,
  );
  if (stack !== null) return `it shows a stack of the engine, "${stack[0]}": ${said}`;
  return null;
}

/** Null if what the honest stages came to is what they come to alone; a config that was refused ran none. */
function others(
  place: Workplace,
  wanted: Readonly<Record<string, string>>,
  mustBeThere = false,
): string | null {
  let found: Readonly<Record<string, string>>;
  try {
    found = digests(place.store);
  } catch {
    return mustBeThere ? "there was no run" : null;
  }
  for (const [name, digest] of Object.entries(wanted)) {
    if (found[name] !== digest) return `"${name}" is ${found[name]}, not ${digest}`;
  }
  return null;
}
