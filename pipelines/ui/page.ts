/** The page's frame and its looks; all that changes is put in by the script. */
import { html } from "../report/html.ts";
import { STYLE } from "../report/theme.ts";

/** `store`: its folder, which the page names. */
export function page(store: string): string {
  return html`
    <!doctype html>
    <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>Crisol</title>
      <link rel="icon" href="data:,">
      <link rel="stylesheet" href="/style.css">
      <script type="module" src="/ui/client/main.ts"></script>
      <a class="skip" href="#run">To the run</a>
      <header>
        <p class="note"><strong>Crisol</strong> <code>${store}</code>
    <span id="link" role="status">Connecting…</span></p>
      </header>
      <div id="frame">
        <nav aria-label="Runs">
          <h2>Runs</h2>
          <p class="note" id="follow"></p>
          <ul id="runs"></ul>
        </nav>
        <main id="run" tabindex="-1">
          <p class="lead" id="nothing">No run has told anything yet. What is run on this
    store appears here by itself; a run that finds everything done leaves no trace.</p>
          <div id="chosen" hidden>
            <h1 id="name"></h1>
            <p class="note" id="about"></p>
            <div id="done" role="progressbar" aria-label="Nodes that are done" aria-valuemin="0"></div>
            <p id="sum" class="note"></p>
            <p id="pages" class="note" hidden></p>
            <section id="stages">
              <h2>Stages</h2>
              <div class="scroll" id="graph"></div>
              <div id="cells"></div>
            </section>
            <section id="running" hidden>
              <h2>Running</h2>
              <div class="scroll"></div>
            </section>
            <section id="curves" hidden>
              <h2>Curves</h2>
              <div class="grid"></div>
            </section>
            <section id="best" hidden>
              <h2>Best so far</h2>
              <div class="scroll"></div>
            </section>
            <section id="failures" hidden>
              <h2>Failures</h2>
              <ul></ul>
            </section>
            <section id="notes" hidden>
              <h2>Said on the way</h2>
              <ul></ul>
            </section>
          </div>
        </main>
      </div>
      <dialog id="log" aria-labelledby="log-name">
        <form method="dialog"><h2 id="log-name"></h2>
    <span class="note" id="log-state" role="status"></span><button>Close</button></form>
        <pre tabindex="0"><code></code></pre>
      </dialog>
      <noscript><p class="lead">This page is drawn by its script.</p></noscript>
    </html>
  `.text;
}

export function pageStyle(): string {
  return STYLE + OWN;
}

const OWN = `
header,main{max-width:none;margin:0;min-width:0}
header{padding-top:.6rem}
header p{max-width:none;margin:0;display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline}
#link{margin-left:auto}#link[data-down]{color:var(--s2);font-weight:600}
#frame{display:grid;grid-template-columns:17rem minmax(0,1fr)}
h2{margin-top:2rem}
nav{display:block;margin:0;padding:0 0 2rem 1.5rem;line-height:1.4}
nav h2{margin-top:1rem}
nav ul,#failures ul,#notes ul{list-style:none;margin:0;padding:0}
#runs{max-height:85vh;overflow-y:auto}
button{font:inherit;color:inherit;background:none;border:1px solid var(--rule);border-radius:3px;
padding:.1rem .55rem;cursor:pointer}
button:hover{border-color:var(--soft)}
#runs button{display:block;width:100%;text-align:left;border-width:0 0 0 3px;border-radius:0;
padding:.45rem .6rem;overflow-wrap:anywhere}
#runs button:hover{background:color-mix(in srgb,var(--rule) 35%,transparent)}
#runs [aria-current=true]{background:color-mix(in srgb,var(--rule) 55%,transparent)}
#runs small{display:block;color:var(--soft)}
main{padding-bottom:4rem}
main h1{margin-top:.8rem;font-size:1.7rem}
.badge{font:600 .8rem/1.4 system-ui,sans-serif;vertical-align:middle;border:1px solid;border-radius:1rem;
padding:.1rem .6rem;margin-left:.7rem;letter-spacing:0}
[data-state=running]{--state:var(--s1)}[data-state=ran],[data-state=done]{--state:var(--s3)}
[data-state=hit]{--state:var(--s6)}
[data-state=failed],[data-state=broken]{--state:var(--s2)}
[data-state=blocked],[data-state=cancelled],[data-state=interrupted],[data-state=silent]{--state:var(--s5)}
[data-state=waiting]{--state:var(--rule)}
.badge,.state{color:var(--state)}#runs button{border-color:var(--state)}
.state[data-state=waiting],.badge[data-state=waiting]{color:var(--soft)}
.bar{display:flex;height:.5rem;background:color-mix(in srgb,var(--rule) 60%,transparent);border-radius:2px;
overflow:hidden;min-width:5rem}
.bar i{display:block;background:var(--state);min-width:1px}.bar i[data-state=waiting]{visibility:hidden}
#done .bar{height:.8rem;margin:.5rem 0 .4rem}
#sum{max-width:none}
.graph{position:relative;margin:.6rem 0 1rem;font-family:system-ui,sans-serif}
.graph svg{position:absolute;inset:0;pointer-events:none}
.graph path{fill:none;stroke:var(--soft);stroke-width:1.2;opacity:.7}
.graph button{position:absolute;text-align:left;font-size:.82rem;line-height:1.35;padding:.35rem .6rem;
background:var(--paper);border-color:var(--soft);overflow:hidden}
.graph button[data-state=running]{border-color:var(--s1);box-shadow:0 0 0 1px var(--s1)}
.graph button[data-state=failed]{border-color:var(--s2);box-shadow:0 0 0 1px var(--s2)}
.graph button[aria-expanded=true]{background:color-mix(in srgb,var(--rule) 55%,var(--paper))}
.graph strong{display:block;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.graph small{color:var(--soft);display:block;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
#cells .scroll{max-height:28rem;overflow:auto}
.graph .bar{height:.35rem;margin:.2rem 0}
td .bar{width:8rem}td{vertical-align:middle}
td.wrap{white-space:normal;min-width:12rem;overflow-wrap:anywhere}
#failures li,#notes li{padding:.5rem 0;border-top:1px solid var(--rule);font:.88rem/1.45 system-ui,sans-serif;
overflow-wrap:anywhere}
#failures p{margin:.2rem 0;max-width:none;white-space:pre-line}
#notes time{color:var(--soft);margin-right:.6rem;font-variant-numeric:tabular-nums}
.curve svg{width:100%;height:auto;overflow:visible;display:block}
.curve circle{fill:var(--series)}.curve .dashed{stroke-dasharray:4 3}
.curve .line{fill:none;stroke-width:1.6;stroke-linejoin:round}
.curve .grid-line{stroke:var(--rule)}.curve text{fill:var(--soft);font-size:11px}
.curve ul{list-style:none;margin:.3rem 0 0;padding:0;font:.8rem/1.5 system-ui,sans-serif;display:flex;
flex-wrap:wrap;gap:0 1rem;font-variant-numeric:tabular-nums}
.curve li{overflow-wrap:anywhere}
.c0{--series:var(--s1)}.c1{--series:var(--s2)}.c2{--series:var(--s3)}.c3{--series:var(--s4)}
.c4{--series:var(--s5)}.c5{--series:var(--s6)}
.curve .line{stroke:var(--series)}.curve .key{background:var(--series);margin-right:.35rem}
dialog{width:min(70rem,94vw);height:86vh;padding:0;border:1px solid var(--soft);border-radius:4px;
background:var(--paper);color:var(--ink)}
dialog[open]{display:flex;flex-direction:column}
dialog::backdrop{background:#0008}
dialog form{display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:baseline;padding:.7rem 1rem;border-bottom:1px solid var(--rule);
font:.88rem/1.4 system-ui,sans-serif}
dialog h2{margin:0;padding:0;border:0;font-size:1.05rem;overflow-wrap:anywhere}
#log-state{margin-left:auto}
dialog pre{flex:1;margin:0;overflow:auto;background:none;font-size:.9rem;white-space:pre;unicode-bidi:plaintext}
@media(max-width:50rem){#frame{display:block}nav{padding:0 1rem}#runs{max-height:11rem}
nav h2{border:0;padding-top:0;margin-top:.6rem}
#running :is(th,td):nth-child(2){display:none}td .bar{width:4rem}td.wrap{min-width:9rem}
header,main{padding-left:1rem;padding-right:1rem}}
`;
