/** The page's style: the report's colours and type, and what only the playground has. */
import { pageStyle, palette, svgStyle } from "@precipice/report/theme";

const own = `main{max-width:1240px;padding-top:44px}
h1{margin-bottom:10px}.subtitle{max-width:54em}@media(max-width:640px){.subtitle{font-size:16px}}
[hidden],.unusable #ask,.unusable #answer{display:none!important}
.visually-hidden{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.problem{border-left:3px solid var(--suppress);background:var(--wash);padding:10px 14px;margin:0 0 20px;border-radius:0 6px 6px 0;font-size:14.5px}
.card{border:1px solid var(--rule);border-radius:10px;background:var(--wash);padding:18px 20px 16px;margin:0}
.label{display:block;font-size:13px;color:var(--soft);margin-bottom:6px}
.ask-row{display:flex;gap:10px}
#prompt{flex:1 1 auto;min-width:0;font:inherit;font-size:18px;color:var(--ink);background:var(--paper);border:1px solid var(--rule);border-radius:7px;padding:9px 13px}
#prompt:focus-visible{outline-offset:0;border-color:transparent}
button{font:inherit;font-size:13.5px;color:var(--ink);background:var(--paper);border:1px solid var(--rule);border-radius:7px;padding:6px 12px;cursor:pointer}
button:hover{border-color:var(--faint)}button:disabled{color:var(--faint);cursor:default;border-color:var(--rule)}
button.primary{background:var(--ink);color:var(--paper);border-color:var(--ink);font-size:16px;padding:9px 22px}button.primary:hover{opacity:.88}
.unknown{margin:6px 0 0;font-size:13px;color:var(--suppress);min-height:1.5em}
.compose{display:flex;flex-wrap:wrap;align-items:center;gap:6px 8px;margin:2px 0 14px;font-size:14.5px;color:var(--soft)}
select{padding:4px 6px;border-radius:7px}.compose select{font-size:14.5px;color:var(--ink)}
.chips{display:flex;flex-wrap:wrap;gap:6px 8px}
.chips button{border-radius:16px;color:var(--soft);font-size:13px;padding:4px 12px}
.chips button[aria-pressed=true]{border-color:var(--ink);color:var(--ink)}
#answer{margin-top:30px}#answer:focus{outline:none}
.result{margin:0 0 26px;max-width:50em;min-height:3em}
.result b{font-weight:600}.result .suppress,.result .refusal{font-weight:600}
.stage{display:grid;grid-template:"score heads" auto "sides heads" 1fr/minmax(0,1fr) minmax(0,420px);gap:22px 44px;align-items:start}.score{grid-area:score}.heads{grid-area:heads;position:sticky;top:18px}#sides{grid-area:sides}
.panel-heading{font:600 14px/1.4 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;letter-spacing:0;margin:0 0 10px}.panel-heading small{font-weight:400;font-size:13px;color:var(--soft);margin-left:6px}
.live-chart{position:relative;height:250px}.live-chart svg{display:block;width:100%;height:250px;overflow:visible}
.live-chart .early{stroke-opacity:.4;stroke-width:1.5}.live-chart .cross{stroke:var(--ink);stroke-width:1;stroke-opacity:.5}.live-chart .region-name{fill:var(--faint);font-size:11px}
.sides{grid-template-columns:repeat(2,minmax(0,1fr))!important;gap:0 32px!important}
.pane{border-top:2px solid currentColor;padding-top:10px}.pane>*{color:var(--ink)}
.pane.base{color:var(--suppress)}.pane.edited{color:var(--refusal)}
.pane h3.name{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 10px;margin:0 0 2px;font-size:15px}
.pane .badge{font-size:12.5px;font-weight:600;border:1px solid currentColor;border-radius:11px;padding:1px 9px}
.pane .badge.refuses{color:var(--refusal)}.pane .badge.helps{color:var(--suppress)}.pane .badge.fine{color:var(--s2)}.pane .badge.neither{color:var(--soft)}
.pane .facts{gap:0 14px;min-height:1.6em;margin:0 0 6px}.pane .which{font-size:13px;color:var(--soft);margin:0 0 2px}
.pane .region{padding:6px 0 8px}.pane .region h3{margin:0 0 1px;font-size:12px;color:var(--soft)}.pane .region.response .tokens{font-size:15.5px}
.pane .tokens i{white-space:nowrap}.pane .empty{color:var(--soft);font-size:14px;max-width:26em;margin:8px 0}
.pane .tokens i.at{outline:2px solid var(--ink)}
.switches{display:inline-flex;border:1px solid var(--rule);border-radius:7px;overflow:hidden;margin-bottom:12px;font-size:13px}
.switches label{position:relative;cursor:pointer}.switches input{position:absolute;inset:0;opacity:0;margin:0;cursor:pointer}
.switches span{display:block;padding:4px 11px;color:var(--soft)}.switches label+label span{border-left:1px solid var(--rule)}
.switches input:checked+span{background:var(--shade);color:var(--ink);font-weight:600}.switches input:focus-visible+span{outline:2px solid var(--refusal);outline-offset:-2px;border-radius:6px}
.map{display:grid;gap:3px;grid-template-columns:18px repeat(var(--columns),minmax(0,1fr));font-size:11px;color:var(--faint);font-variant-numeric:tabular-nums}
.map span{display:flex;align-items:center;justify-content:center;min-width:0}
.map .head{position:relative;aspect-ratio:1;min-width:0;padding:0;border:0;border-radius:3px;background:color-mix(in srgb,currentColor calc(var(--d,0)*100%),var(--shade));touch-action:manipulation}
.map .head.suppress{color:var(--suppress)}.map .head.refusal{color:var(--refusal)}
.map .head.planted{box-shadow:0 0 0 1.5px var(--paper),0 0 0 3px var(--ink)}
.map .head:hover{outline:2px solid var(--ink);outline-offset:0}.map .head:focus-visible{outline:3px solid var(--ink);outline-offset:1px;z-index:1}
.map .head[aria-pressed=true]{background:linear-gradient(45deg,transparent calc(50% - 1.2px),var(--ink) calc(50% - 1.2px) calc(50% + 1.2px),transparent calc(50% + 1.2px)),linear-gradient(-45deg,transparent calc(50% - 1.2px),var(--ink) calc(50% - 1.2px) calc(50% + 1.2px),transparent calc(50% + 1.2px)),var(--paper);border:1.5px solid var(--ink)}
.legend{display:flex;align-items:center;gap:8px;margin:12px 0 0 21px;font-size:12px;color:var(--soft)}
.ramp{flex:1;height:8px;border-radius:4px;background:linear-gradient(90deg,var(--suppress),var(--shade) 50%,var(--refusal))}
.actions{display:flex;flex-wrap:wrap;gap:6px;margin-top:14px}.actions button{padding:6px 9px;font-size:13px}
.about{border-top:1px solid var(--rule);padding-top:26px}.about .definitions{max-width:56em;gap:10px 24px}.engine select{margin:0 4px}
.share{display:flex;flex-wrap:wrap;align-items:center;gap:10px;margin:26px 0 0;font-size:13.5px;color:var(--soft)}
@media(max-width:1000px){.stage{grid-template:"score" auto "heads" auto "sides" auto/minmax(0,1fr)}.heads{max-width:520px;position:static}}
@media(max-width:640px){main{padding-top:26px}.card{padding:14px}.ask-row button.primary{padding:9px 16px}#prompt{font-size:16px}.compose,.compose select{font-size:13px}.compose{gap:6px}.compose select{padding:4px 2px}.map{gap:2px;grid-template-columns:14px repeat(var(--columns),minmax(0,1fr))}.sides{grid-template-columns:minmax(0,1fr)!important}.pane+.pane{margin-top:22px}.result{min-height:6em}}
@media(prefers-reduced-motion:no-preference){.tokens i{animation:arrive .25s ease-out}}
@keyframes arrive{from{opacity:0}}
@media print{form,.actions,.switches,.share{display:none!important}}`;

export const pageStyles: string = [palette(), svgStyle, pageStyle, own].join("\n");
