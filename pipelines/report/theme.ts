/**
 * How the report looks. Charts are drawn in the colours of `ROLES`, which are names in disguise: the
 * style sheet gives each its value for light, dark and paper, so that one drawing serves all three.
 */

/** [drawn as, light, dark]. Series colours are Okabe and Ito's, told apart by colour-blind readers. */
const TABLE = {
  ink: ["#1b1b1a", "#1b1b1a", "#e9e7e1"],
  soft: ["#6b6a66", "#63625e", "#a5a39c"],
  rule: ["#dddbd5", "#dddbd5", "#3a3936"],
  paper: ["#fdfcf9", "#fdfcf9", "#171716"],
  s1: ["#0071b1", "#0068a8", "#5bb0e6"],
  s2: ["#d45d00", "#c45200", "#f08c3c"],
  s3: ["#009d72", "#008560", "#3cc79d"],
  s4: ["#a8518a", "#a24a84", "#d996c0"],
  s5: ["#8a7400", "#826c00", "#d9c04a"],
  s6: ["#55575a", "#55575a", "#b4b6b9"],
} as const;

type Role = keyof typeof TABLE;

// Built from TABLE's own keys.
export const ROLES = Object.fromEntries(
  Object.entries(TABLE).map(([role, row]) => [role, row[0]]),
) as Readonly<Record<Role, string>>;

export const SERIES: readonly string[] = [
  ROLES.s1,
  ROLES.s2,
  ROLES.s3,
  ROLES.s4,
  ROLES.s5,
  ROLES.s6,
];

const SANS = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

/** What all charts share, as vega-lite's config. */
export const CHART_CONFIG = {
  background: "transparent",
  // As the style sheet has it, so that a reader's browser measures what it draws.
  font: SANS,
  view: { stroke: "transparent" },
  axis: {
    labelColor: ROLES.soft,
    titleColor: ROLES.soft,
    titleFontWeight: "normal",
    titleFontSize: 11,
    labelFontSize: 11,
    gridColor: ROLES.rule,
    domainColor: ROLES.rule,
    tickColor: ROLES.rule,
    tickSize: 4,
    labelPadding: 4,
  },
  // Only numbers may give way to one another; a class without its name is none.
  axisQuantitative: { labelOverlap: "greedy", labelSeparation: 8 },
  legend: {
    labelColor: ROLES.ink,
    labelLimit: 0,
    titleColor: ROLES.soft,
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: "normal",
    symbolStrokeWidth: 2,
  },
  title: { color: ROLES.ink, fontWeight: 600, fontSize: 13, anchor: "start" },
  text: { color: ROLES.ink, fontSize: 11 },
} as const;

/**
 * What is cut at a side has a shadow there. It stays while the content scrolls, and so does what covers it
 * at the content's own end.
 */
const shadow = (side: "left" | "right") => {
  const away = side === "left" ? "right" : "left";
  return `linear-gradient(to ${away},var(--paper) 40%,transparent) ${side}/3rem 100% local,` +
    `linear-gradient(to ${away},color-mix(in srgb,var(--ink) 30%,transparent),transparent) ` +
    `${side}/.8rem 100% scroll`;
};

const variables = (column: 1 | 2) =>
  Object.entries(TABLE).map(([role, row]) => `--${role}:${row[column]}`).join(";");

const recolour = Object.entries(TABLE).map(([role, row]) =>
  `svg [fill="${row[0]}"]{fill:var(--${role})}svg [stroke="${row[0]}"]{stroke:var(--${role})}`
).join("\n");

export const STYLE = `
:root{color-scheme:light;${variables(1)}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;${variables(2)}}}
${recolour}
svg .ink{fill:var(--ink)}svg .bar{fill:var(--soft)}
svg text{font-family:${SANS};font-variant-numeric:tabular-nums}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:17px/1.55 Charter,'Bitstream Charter','Sitka Text',Cambria,Georgia,serif}
main,header,footer{max-width:68rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:3.5rem}
h1{font-size:2.1rem;line-height:1.15;font-weight:600;letter-spacing:-.012em;margin:0 0 .5rem;
text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:1.35rem;font-weight:600;margin:3.2rem 0 .4rem;padding-top:.9rem;
border-top:1px solid var(--rule)}
section{scroll-margin-top:4rem}
h3{font:600 .95rem/1.4 ${SANS};margin:1.4rem 0 .3rem;overflow-wrap:anywhere}
p{max-width:46rem;margin:.4rem 0 .9rem}
.lead,.note,figcaption,caption{color:var(--soft)}
.lead{font-size:1.08rem}
.note,figcaption,caption{font:.82rem/1.5 ${SANS}}
a{color:var(--s1);text-underline-offset:.15em}
nav{font:.85rem/1.9 ${SANS};display:flex;flex-wrap:wrap;gap:0 1.1rem;margin-top:1rem}
nav a{text-decoration:none}nav a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--s1);outline-offset:2px}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem}
.filter{font:.88rem/1.5 ${SANS};border:0;padding:.7rem 0 .5rem;margin:1.4rem 0 0;display:flex;
flex-wrap:wrap;gap:.2rem 1.1rem;position:sticky;top:0;background:var(--paper);z-index:2;
border-bottom:1px solid var(--rule);min-width:0}
.filter legend{float:left;padding:0;margin:0;color:var(--soft)}
.filter label{display:inline-flex;gap:.4rem;align-items:center;cursor:pointer;min-height:1.6rem}
.key{display:inline-block;width:.7rem;height:.7rem;border-radius:50%}
.scroll{overflow-x:auto;max-width:100%}
.scroll,.chart{background:${shadow("left")},${shadow("right")};background-repeat:no-repeat}
table{border-collapse:collapse;font:.88rem/1.45 ${SANS};font-variant-numeric:tabular-nums lining-nums;
margin:.8rem 0 .3rem}
caption{text-align:left;caption-side:bottom;padding-top:.5rem}
th,td{padding:.36rem 1.1rem .36rem 0;text-align:right;vertical-align:baseline;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
th:first-child,td:first-child,.text{text-align:left}
thead th{font-weight:500;color:var(--soft);border-bottom:1px solid var(--ink);
border-top:1.5px solid var(--ink);vertical-align:bottom}
tbody th{font-weight:600}
tbody tr+tr>*{border-top:1px solid var(--rule)}
tbody tr:last-child>*{border-bottom:1.5px solid var(--ink)}
#asked table{margin-right:1px}#asked th[scope=row]{font-weight:400;color:var(--soft);vertical-align:top}
#asked td{vertical-align:top}#asked td.text{white-space:normal;min-width:7rem}
#lineage td.text{white-space:normal;overflow-wrap:anywhere;min-width:7rem}
td small,th small{color:var(--soft);font-weight:400;font-size:.92em}
code{font:.86em/1.4 ui-monospace,'Cascadia Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace;
overflow-wrap:anywhere}
pre{white-space:pre-wrap;background:color-mix(in srgb,var(--rule) 35%,transparent);padding:.7rem .9rem;
margin:.6rem 0}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr));gap:1.2rem 2rem}
.three{grid-template-columns:repeat(auto-fill,minmax(min(100%,18.5rem),1fr))}
.grid>*{min-width:0}
figure{margin:.6rem 0;min-width:0}
.chart{overflow-x:auto;max-width:100%}
.chart svg{max-width:none;height:auto;display:block;overflow:visible}
.flame>svg{display:block;width:100%}
.flame rect{stroke:var(--paper);fill:var(--soft)}
.flame .forward{fill:var(--s1)}.flame .backward{fill:var(--s2)}.flame .update{fill:var(--s3)}
.flame text{fill:var(--paper);font-size:12px}
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,18rem),1fr));gap:1rem 2rem}
.pictures{display:flex;flex-wrap:wrap;gap:3px;margin:.3rem 0}
img{image-rendering:pixelated;display:block;background:var(--rule)}
.pictures img,.strip img{width:38px;height:38px;object-fit:contain}
.strip{display:flex;gap:10px;align-items:center;margin:3px 0}
.kernels .pictures{display:grid;gap:6px;grid-template-columns:repeat(var(--columns),1fr);
max-width:calc(34px*var(--columns))}.kernels img{width:100%;height:auto;aspect-ratio:1}
details{margin:.6rem 0}summary{cursor:pointer;font:600 .95rem/1.6 ${SANS}}
#tip{position:fixed;z-index:9;pointer-events:none;background:var(--ink);color:var(--paper);
font:.8rem/1.45 ${SANS};font-variant-numeric:tabular-nums;padding:.35rem .6rem;border-radius:3px;
max-width:20rem;display:none;white-space:pre-line}
footer{padding-top:2rem;padding-bottom:4rem}
[hidden]{display:none!important}
@media(max-width:40rem){body{font-size:16px}main,header,footer{padding-left:1rem;padding-right:1rem}
header{padding-top:2rem}h1{font-size:1.65rem}}
@media print{@page{margin:16mm}body{font-size:10.5pt}.filter,nav,.skip,#tip{display:none!important}
main,header,footer{max-width:none;padding:0}h2,h3{break-after:avoid}
figure,table,.pair{break-inside:avoid}table{font-size:8pt}th,td{white-space:normal;padding-right:.55rem}a{color:inherit;text-decoration:none}
.grid{grid-template-columns:repeat(2,1fr)}.scroll,.chart{overflow:visible;background:none}
.chart svg{max-width:100%}details::details-content{content-visibility:visible;block-size:auto}}
`.trim();
