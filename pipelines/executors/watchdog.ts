/**
 * Ends stage processes whose engine is gone. A stage ends by itself when its standard input does, but only where it comes
 * to look: one that computes without a pause, or was stopped, would live on. So a shell waits for the end of a pipe that
 * the engine alone holds, and then kills what is left. It hears no signal of a terminal or of a cluster.
 */

const SCRIPT = `trap '' HUP INT QUIT TERM
all=' '
while read -r what pid; do
  case $what in
    +) all="$all$pid " ;;
    -) all="\${all%% "$pid" *} \${all#* "$pid" }" ;;
  esac
done
for pid in $all; do kill -9 "$pid"; done
`;

interface Shell {
  readonly child: Deno.ChildProcess;
  readonly input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
}

let shell: Shell | null = null;
let watched = 0;

/** Answers what is to be called once the process has ended. Windows has no such shell: there the end of the input is all. */
export function watch(pid: number): () => Promise<void> {
  if (Deno.build.os === "windows") return () => Promise.resolve();
  shell ??= start();
  const { child, input } = shell;
  watched++;
  // A shell that somebody has killed watches no more, and that ends no run.
  const say = (line: string) => input.write(new TextEncoder().encode(line)).catch(() => {});
  say(`+ ${pid}\n`);
  return async () => {
    await say(`- ${pid}\n`);
    if (--watched > 0) return;
    shell = null;
    await input.close().catch(() => {});
    await child.status;
  };
}

function start(): Shell {
  const child = new Deno.Command("sh", {
    args: ["-c", SCRIPT],
    clearEnv: true,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return { child, input: child.stdin.getWriter() };
}
