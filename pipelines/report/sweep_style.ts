/** What a sweep's page adds to the report's style. */
export const SWEEP_STYLE = `
.result{font-size:1.15rem}
tr.best>*{font-weight:600}
tbody tr.marked>*{background:color-mix(in srgb,var(--s1) 14%,transparent)}
#ranking-table td:first-child,#ranking-table th:first-child{text-align:right;padding-left:.3rem}
td.message{white-space:normal;min-width:9rem;max-width:28rem;overflow-wrap:anywhere}
#ranking .scroll{width:fit-content;min-width:100%;max-width:max(100%,min(100vw - 4rem,96rem));
position:relative;left:50%;translate:-50%}
#ranking-table{font-size:.82rem}#ranking-table th,#ranking-table td{padding-right:.85rem}
#winner-table td{max-width:30rem;white-space:normal}
#winner-table th[scope=row]{white-space:normal;overflow-wrap:anywhere;min-width:7rem}
th button,.pages button,.copied button,.chosen button{font:inherit;color:inherit;background:none;
border:0;padding:.1rem 0;cursor:pointer}
th button:hover,.pages button:hover:enabled,.chosen button:hover{text-decoration:underline}
th[aria-sort=ascending] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
.pages,.chosen{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;align-items:baseline;font-size:.85rem;
font-family:system-ui,sans-serif;font-variant-numeric:tabular-nums}
.pages button{color:var(--s1)}.pages.single button{display:none}.pages button:disabled{color:var(--soft);opacity:.6;cursor:default}
.chosen{position:sticky;top:0;background:var(--paper);z-index:3;padding:.55rem 0;
border-bottom:1px solid var(--rule);min-height:2.6rem}
.chosen output{color:var(--soft)}
.chosen button{color:var(--s1)}
.linked{overflow-x:auto;max-width:100%}
.linked .plot{position:relative;max-width:none}
.linked svg{max-width:none;position:relative;pointer-events:none}
.linked canvas{position:absolute;inset:0;width:100%;height:100%;cursor:crosshair}
.linked .axes text{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
.slices{grid-template-columns:repeat(auto-fill,minmax(min(100%,19.9rem),1fr))}
.copied{position:relative;max-width:46rem}.copied pre{white-space:pre;overflow:auto;max-height:32rem}
.copied button{position:absolute;top:-1.9rem;right:0;font:.82rem/1.5 system-ui,sans-serif;
color:var(--s1);background:var(--paper);padding:.1rem .5rem;border:1px solid var(--rule);border-radius:3px}
.values{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:.6rem 1.6rem;
font:.85rem/1.5 system-ui,sans-serif;margin:.6rem 0}
.values fieldset{border:0;padding:0;margin:0;min-width:0}.values legend{padding:0;color:var(--soft);
overflow-wrap:anywhere}
.values label{display:inline-flex;gap:.3rem;align-items:center;margin-right:.9rem;overflow-wrap:anywhere}
.values input[type=number]{width:6.6rem;font:inherit;color:inherit;background:transparent;
border:1px solid var(--rule);border-radius:3px;padding:.1rem .35rem}
.remark{border-left:3px solid var(--s2);padding-left:.8rem}
.keys{display:flex;flex-wrap:wrap;gap:.1rem 1.4rem;margin-bottom:.2rem}
#progress{overflow-x:auto}#progress svg{max-width:none}
thead td{border-bottom:1px solid var(--ink);border-top:1.5px solid var(--ink)}
@media(max-width:40rem){#cost-table th{white-space:normal}}
@media screen{[data-live] .marks{visibility:hidden}}
@media print{.linked canvas,.chosen,#values,#how,.pages,.copied button{display:none!important}
.linked,#progress{overflow:visible}#progress svg{max-width:100%}.linked .plot{width:100%!important}.linked svg{width:100%;height:auto}
.copied pre{max-height:none;overflow:visible;white-space:pre-wrap}#ranking .scroll{position:static;translate:none;
width:auto;max-width:none}#ranking-table{font-size:6pt}#ranking-table th,#ranking-table td{padding-right:.3rem}
#ranking-table td:not(.text){white-space:nowrap}#ranking-table{break-inside:auto}#ranking-table tr{break-inside:avoid}}
`.trim();
